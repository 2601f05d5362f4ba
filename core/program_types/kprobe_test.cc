// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint32_t kType = BPF_PROG_TYPE_KPROBE;
constexpr uint32_t kPtRegs = 168;

TEST(KprobeTypeTest, EveryAlignedReadOfTheRegistersIsAScalar) {
  for (const uint32_t size : {1u, 2u, 4u, 8u}) {
    for (uint32_t offset = 0; offset < kPtRegs; ++offset) {
      EXPECT_EQ(Reads(kType, offset, size), offset % size == 0
                                                ? ContextValue::kScalar
                                                : ContextValue::kRefused)
          << offset << " " << size;
      EXPECT_FALSE(Writes(kType, offset, size));
    }
  }
}

TEST(KprobeTypeTest, ReadsBeyondTheRegistersAreRefused) {
  EXPECT_EQ(Reads(kType, 168, 1), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 168, 8), ContextValue::kRefused);
  // The last word of a context that is no multiple of 8.
  ContextQuery query = {160, 8, false};
  query.context_size = 164;
  EXPECT_EQ(FindProgramType(kType)->access(query).value,
            ContextValue::kRefused);
}

}  // namespace
}  // namespace ebpf
