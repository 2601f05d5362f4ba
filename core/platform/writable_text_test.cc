// SPDX-License-Identifier: MIT
//
// Without the host port: the kernel's text is an array of two pages and a
// read-only one.
#include "core/platform/writable_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <vector>

#include "core/platform/exec.h"
#include "core/platform/exec_pool.h"
#include "core/platform/log.h"
#include "core/platform/page_access.h"
#include "core/platform/text.h"
#include "core/platform/text_pool.h"
#include "gtest/gtest.h"

namespace {

constexpr size_t kPage = 4096;

alignas(kPage) uint8_t text[3 * kPage];
uintptr_t read_only = 0;
uint32_t cpu_count = 1;
std::vector<std::pair<uintptr_t, size_t>> flushed;
int flushed_elsewhere = 0;

uintptr_t Text() { return reinterpret_cast<uintptr_t>(text); }

}  // namespace

constinit const ebpf::WritableText ebpf::writable_text = {
    .is_text =
        [](uintptr_t address, size_t size) {
          return address >= Text() && address + size <= Text() + sizeof text;
        },
    .flush = [](uintptr_t address,
                size_t size) { flushed.emplace_back(address, size); },
    .flush_elsewhere = [] { ++flushed_elsewhere; }};

bool ebpf::MayWritePage(uintptr_t address) {
  return address / kPage != read_only / kPage;
}

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uint32_t ebpf_port_cpu_count() { return cpu_count; }
uintptr_t ebpf_port_irq_save() { return 0; }
void ebpf_port_irq_restore(uintptr_t /*state*/) {}

}  // extern "C"

namespace ebpf {
namespace {

class WritableTextTest : public testing::Test {
 protected:
  WritableTextTest() {
    read_only = Text() + 2 * kPage;
    cpu_count = 1;
    flushed.clear();
    flushed_elsewhere = 0;
    for (size_t i = 0; i < sizeof bytes_; ++i) {
      bytes_[i] = static_cast<uint8_t>(i + 1);
    }
  }

  uint8_t bytes_[3 * kPage];
};

TEST_F(WritableTextTest, WritesTextOfAnyAlignmentAndNothingBeside) {
  for (size_t size = 1; size <= 64; ++size) {
    for (size_t offset = 0; offset < 4; ++offset) {
      memset(text, 0, sizeof text);
      flushed.clear();
      const uintptr_t to = Text() + kPage - 32 + offset;
      ASSERT_EQ(ebpf_port_text_write(to, bytes_, size), 0);
      std::vector<uint8_t> expected(sizeof text);
      memcpy(expected.data() + (to - Text()), bytes_, size);
      ASSERT_EQ(memcmp(text, expected.data(), sizeof text), 0);
      ASSERT_EQ(flushed.size(), 1u);
      EXPECT_EQ(flushed[0], std::pair(to, size));
    }
  }
  EXPECT_EQ(flushed_elsewhere, 0);
}

TEST_F(WritableTextTest, RefusesWhatIsNoTextOrReadOnly) {
  memset(text, 0, sizeof text);
  EXPECT_EQ(ebpf_port_text_write(Text(), bytes_, 0), -22);
  EXPECT_EQ(ebpf_port_text_write(Text(), bytes_, 65), -22);
  EXPECT_EQ(ebpf_port_text_write(Text() - 1, bytes_, 4), -14);
  EXPECT_EQ(ebpf_port_text_write(Text() + 2 * kPage - 2, bytes_, 4), -14);
  EXPECT_EQ(ebpf_port_text_write(Text() + 2 * kPage, bytes_, 4), -14);
  EXPECT_EQ(ebpf_port_exec_write(text, bytes_, 4), -14);
  EXPECT_EQ(std::vector<uint8_t>(text, text + sizeof text),
            std::vector<uint8_t>(sizeof text));
  EXPECT_TRUE(flushed.empty());
}

TEST_F(WritableTextTest, WritesExecutableMemoryThatIsTaken) {
  ASSERT_EQ(mprotect(const_cast<uint8_t*>(ebpf_exec_pool), ExecPool::kSize,
                     PROT_READ | PROT_WRITE | PROT_EXEC),
            0);
  const auto begin = reinterpret_cast<uintptr_t>(ebpf_exec_pool);
  void* const memory = ebpf_port_exec_alloc(2 * kPage, begin, UINT64_MAX);
  ASSERT_NE(memory, nullptr);
  const auto at = reinterpret_cast<uintptr_t>(memory);
  EXPECT_EQ(ebpf_port_exec_write(memory, bytes_, 2 * kPage), 0);
  EXPECT_EQ(memcmp(memory, bytes_, 2 * kPage), 0);
  EXPECT_EQ(flushed_elsewhere, 0);
  EXPECT_EQ(ebpf_port_text_write(at, bytes_ + 8, 8), 0);
  EXPECT_EQ(memcmp(memory, bytes_ + 8, 8), 0);
  cpu_count = 2;
  EXPECT_EQ(ebpf_port_exec_write(memory, bytes_, 8), 0);
  EXPECT_EQ(flushed_elsewhere, 1);
  // Its last page, of which it is two bytes.
  read_only = at + kPage;
  EXPECT_EQ(
      ebpf_port_exec_write(reinterpret_cast<void*>(at + kPage - 2), bytes_, 4),
      -14);
  read_only = 0;
  ebpf_port_exec_free(memory, 2 * kPage);
  EXPECT_EQ(ebpf_port_text_write(at, bytes_, 8), -14);
  EXPECT_EQ(ebpf_port_exec_write(memory, bytes_, 8), -14);
}

}  // namespace
}  // namespace ebpf
