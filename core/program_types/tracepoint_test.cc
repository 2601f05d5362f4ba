// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(TracepointTypeTest, EventsAreReadBehindTheirFirstWord) {
  constexpr uint32_t kType = BPF_PROG_TYPE_TRACEPOINT;
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 7, 1), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 8, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 10, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 8184, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 8192, 1), ContextValue::kRefused);
  EXPECT_FALSE(Writes(kType, 8, 8));
}

TEST(RawTracepointTypeTest, TwelveArgumentsAreRead) {
  constexpr uint32_t kType = BPF_PROG_TYPE_RAW_TRACEPOINT;
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 88, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 96, 8), ContextValue::kRefused);
  EXPECT_FALSE(Writes(kType, 0, 8));
}

TEST(RawTracepointTypeTest, TheFirstArgumentOfTheWritableIsABuffer) {
  constexpr uint32_t kType = BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE;
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kBuffer);
  EXPECT_EQ(Reads(kType, 0, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 8, 8), ContextValue::kScalar);
}

TEST(PerfEventTypeTest, RegistersAreReadAtOnceAndTheSampleInParts) {
  constexpr uint32_t kType = BPF_PROG_TYPE_PERF_EVENT;
  EXPECT_EQ(Reads(kType, 160, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 160, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(kType, 168, 8), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 172, 4), ContextValue::kScalar);
  EXPECT_EQ(Reads(kType, 184, 8), ContextValue::kRefused);
  EXPECT_EQ(Ask(kType, 172, 4).field_offset, 168u);
}

}  // namespace
}  // namespace ebpf
