// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(TracingTypeTest, ArgumentsAreForBtfToSay) {
  for (const uint32_t type :
       {BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_STRUCT_OPS}) {
    EXPECT_EQ(Reads(type, 0, 8), ContextValue::kTypedArgument);
    EXPECT_EQ(Reads(type, 88, 8), ContextValue::kTypedArgument);
    EXPECT_EQ(Reads(type, 96, 8), ContextValue::kRefused);
    EXPECT_EQ(Reads(type, 4, 8), ContextValue::kRefused);
    EXPECT_FALSE(Writes(type, 0, 8));
  }
}

TEST(TracingTypeTest, AnExtensionHasNoContextOfItsOwn) {
  EXPECT_EQ(Reads(BPF_PROG_TYPE_EXT, 0, 8), ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
