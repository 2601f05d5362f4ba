// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SyscallTypeTest, TheContextIsMemory) {
  constexpr uint32_t kType = BPF_PROG_TYPE_SYSCALL;
  for (const uint32_t size : {1u, 2u, 4u, 8u}) {
    for (const uint32_t offset : {0u, 8u, 1000u, 65528u}) {
      EXPECT_EQ(Reads(kType, offset, size), ContextValue::kScalar);
      EXPECT_TRUE(Writes(kType, offset, size));
    }
  }
  EXPECT_EQ(Reads(kType, 4, 8), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 0xffff, 1), ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
