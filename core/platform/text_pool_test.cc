// SPDX-License-Identifier: MIT
//
// Without the host port: what is written is noted and not executed.
#include "core/platform/text_pool.h"

#include <stdlib.h>
#include <string.h>
#include <vector>

#include "core/platform/exec.h"
#include "core/platform/log.h"
#include "core/platform/text.h"
#include "gtest/gtest.h"

namespace {

struct Written {
  uintptr_t to;
  std::vector<uint8_t> bytes;
};
std::vector<Written> writes;

int masked = 0;

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }

uintptr_t ebpf_port_irq_save() { return static_cast<uintptr_t>(masked++); }
void ebpf_port_irq_restore(uintptr_t state) {
  masked = static_cast<int>(state);
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  EXPECT_EQ(masked, 0);
  EXPECT_TRUE(ebpf::text_pool.IsTaken(reinterpret_cast<uintptr_t>(to), size));
  const auto* begin = static_cast<const uint8_t*>(bytes);
  writes.push_back(
      {reinterpret_cast<uintptr_t>(to), std::vector(begin, begin + size)});
  return 0;
}

}  // extern "C"

namespace ebpf {
namespace {

uintptr_t Begin() { return reinterpret_cast<uintptr_t>(ebpf_exec_pool); }

bool IsFunction(uintptr_t address, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(&abort);
  return address >= begin && address + size <= begin + 16;
}

TEST(TextPoolTest, TextAndWhatIsTakenMayBePatched) {
  const auto function = reinterpret_cast<uintptr_t>(&abort);
  EXPECT_TRUE(MayPatch(function, 16, &IsFunction));
  EXPECT_FALSE(MayPatch(function, 17, &IsFunction));
  EXPECT_FALSE(MayPatch(Begin(), 4, &IsFunction));

  constexpr auto kAnywhere = [](uintptr_t, size_t) { return true; };
  void* const memory = ebpf_port_exec_alloc(64, Begin(), UINT64_MAX);
  const auto at = reinterpret_cast<uintptr_t>(memory);
  EXPECT_TRUE(MayPatch(at, 64, kAnywhere));
  // Partly the pool's: text or not, that is nobody's.
  EXPECT_FALSE(MayPatch(Begin() - 2, 4, kAnywhere));
  EXPECT_FALSE(MayPatch(Begin() + ExecPool::kSize - 2, 4, kAnywhere));
  EXPECT_TRUE(MayPatch(Begin() - 4, 4, kAnywhere));
  ebpf_port_exec_free(memory, 64);
  EXPECT_FALSE(MayPatch(at, 64, kAnywhere));
  writes.clear();
}

TEST(TextPoolTest, IsFullOfBreakpointsAndSoIsWhatComesBack) {
  constexpr size_t kSize = 10'000;  // more than is written at once
  ASSERT_EQ(ebpf_exec_pool_end - ebpf_exec_pool,
            static_cast<ptrdiff_t>(ExecPool::kSize));
  void* const memory = ebpf_port_exec_alloc(kSize, Begin(), UINT64_MAX);
  ASSERT_NE(memory, nullptr);
  const auto at = reinterpret_cast<uintptr_t>(memory);
  EXPECT_TRUE(text_pool.IsTaken(at, kSize));
  const std::vector<uint8_t> untouched(static_cast<uint8_t*>(memory),
                                       static_cast<uint8_t*>(memory) + kSize);
  writes.clear();
  ebpf_port_exec_free(memory, kSize);
  EXPECT_FALSE(text_pool.IsTaken(at, 1));
  std::vector<uint8_t> filled;
  for (const Written& written : writes) {
    EXPECT_EQ(written.to, at + filled.size());
    filled.insert(filled.end(), written.bytes.begin(), written.bytes.end());
  }
  EXPECT_EQ(filled, untouched);
}

TEST(TextPoolTest, RefusesWhatItHasNot) {
  EXPECT_EQ(ebpf_port_exec_alloc(0, Begin(), UINT64_MAX), nullptr);
  EXPECT_EQ(ebpf_port_exec_alloc(ExecPool::kSize + 1, Begin(), UINT64_MAX),
            nullptr);
  EXPECT_EQ(ebpf_port_exec_alloc(64, 0, 1 << 20), nullptr);
  ebpf_port_exec_free(nullptr, 64);
  EXPECT_EQ(masked, 0);
}

TEST(TextPoolTest, GivesAllOfItOnceAndAgain) {
  for (int round = 0; round < 2; ++round) {
    void* const all =
        ebpf_port_exec_alloc(ExecPool::kSize, Begin(), UINT64_MAX);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(all), Begin());
    EXPECT_EQ(ebpf_port_exec_alloc(1, Begin(), UINT64_MAX), nullptr);
    ebpf_port_exec_free(all, ExecPool::kSize);
  }
}

}  // namespace
}  // namespace ebpf
