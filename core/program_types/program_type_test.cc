// SPDX-License-Identifier: MIT
#include "core/program_types/program_type.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint32_t kPtRegsSize = 168;

ContextValue Access(uint32_t type, uint32_t offset, uint32_t size, bool write,
                    uint32_t context_size = kPtRegsSize) {
  return FindProgramType(type)
      ->access({offset, size, write, 0, context_size})
      .value;
}

// Numbers of Linux's enum bpf_prog_type, names of libbpf.
TEST(ProgramTypeTest, EachRowIsFoundUnderItsNumber) {
  ASSERT_NE(FindProgramType(1), nullptr);
  EXPECT_EQ(FindProgramType(1)->name, std::string("socket_filter"));
  EXPECT_EQ(FindProgramType(1)->id, ProgramTypeId::kSocketFilter);
  ASSERT_NE(FindProgramType(2), nullptr);
  EXPECT_EQ(FindProgramType(2)->name, std::string("kprobe"));
  EXPECT_EQ(FindProgramType(2)->id, ProgramTypeId::kKprobe);
}

TEST(ProgramTypeTest, UnknownNumbersAreNull) {
  for (const uint32_t number : {0u, 3u, 32u, 33u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_EQ(FindProgramType(number), nullptr) << number;
  }
}

TEST(KprobeTypeTest, EveryAlignedReadOfTheRegistersIsAScalar) {
  for (const uint32_t size : {1u, 2u, 4u, 8u}) {
    for (uint32_t offset = 0; offset < kPtRegsSize; ++offset) {
      EXPECT_EQ(Access(2, offset, size, false), offset % size == 0
                                                    ? ContextValue::kScalar
                                                    : ContextValue::kRefused)
          << offset << " " << size;
    }
  }
}

TEST(KprobeTypeTest, ReadsBeyondTheRegistersAreRefused) {
  EXPECT_EQ(Access(2, 168, 1, false), ContextValue::kRefused);
  EXPECT_EQ(Access(2, 168, 8, false), ContextValue::kRefused);
  EXPECT_EQ(Access(2, 0xfffffff8u, 8, false), ContextValue::kRefused);
  // The last word of a context that is no multiple of 8.
  EXPECT_EQ(Access(2, 160, 8, false, 164), ContextValue::kRefused);
}

TEST(KprobeTypeTest, WritesAreRefused) {
  for (uint32_t offset = 0; offset < kPtRegsSize; offset += 8) {
    EXPECT_EQ(Access(2, offset, 8, true), ContextValue::kRefused);
  }
}

TEST(SocketFilterTypeTest, TheContextCannotBeAccessed) {
  for (const bool write : {false, true}) {
    for (uint32_t offset = 0; offset < 200; offset += 4) {
      EXPECT_EQ(Access(1, offset, 4, write), ContextValue::kRefused);
    }
  }
}

}  // namespace
}  // namespace ebpf
