// SPDX-License-Identifier: MIT
//
// Without the host port: the ranges are the test's.
#include "core/platform/nofault_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "core/platform/log.h"
#include "core/platform/nofault.h"
#include "gtest/gtest.h"

namespace {

alignas(64) uint8_t memory[256];

uintptr_t Memory(size_t offset) {
  return reinterpret_cast<uintptr_t>(memory) + offset;
}

bool Copy(void* to, uintptr_t from, size_t size) {
  memcpy(to, reinterpret_cast<const void*>(from), size);
  return true;
}

bool Fault(void* /*to*/, uintptr_t /*from*/, size_t /*size*/) { return false; }

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }

/// The first 64 bytes of the memory, and the last of all addresses.
size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {Memory(0), Memory(63)};
  (*ranges)[1] = {UINTPTR_MAX - 15, UINTPTR_MAX};
  return 2;
}

}  // extern "C"

namespace ebpf {
namespace {

TEST(NofaultRangesTest, AllBytesAreInOneRangeOrItIsNotTried) {
  EXPECT_TRUE(IsInNofaultRanges(Memory(0), 64));
  EXPECT_TRUE(IsInNofaultRanges(Memory(63), 1));
  EXPECT_FALSE(IsInNofaultRanges(Memory(63), 2));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0) - 1, 2));
  EXPECT_FALSE(IsInNofaultRanges(Memory(64), 1));
  EXPECT_FALSE(IsInNofaultRanges(0, 1));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0), 0));
}

TEST(NofaultRangesTest, ARangeMayEndWithTheLastAddress) {
  EXPECT_TRUE(IsInNofaultRanges(UINTPTR_MAX - 15, 16));
  EXPECT_TRUE(IsInNofaultRanges(UINTPTR_MAX, 1));
  EXPECT_FALSE(IsInNofaultRanges(UINTPTR_MAX - 15, 17));
  EXPECT_FALSE(IsInNofaultRanges(UINTPTR_MAX, SIZE_MAX));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0), SIZE_MAX));
}

TEST(NofaultRangesTest, ReadsAndWritesWhatIsThere) {
  memory[5] = 42;
  uint8_t byte = 0;
  EXPECT_TRUE(ReadByTrying(&Copy, &byte, Memory(5), 1));
  EXPECT_EQ(byte, 42);
  EXPECT_EQ(WriteByTrying(&Copy, Memory(6), &byte, 1), 0);
  EXPECT_EQ(memory[6], 42);
}

TEST(NofaultRangesTest, SaysSoWhereNothingIsOrNothingMayBeTried) {
  uint8_t byte = 0;
  EXPECT_FALSE(ReadByTrying(&Fault, &byte, Memory(5), 1));
  EXPECT_EQ(WriteByTrying(&Fault, Memory(5), &byte, 1), -14);
  EXPECT_FALSE(ReadByTrying(&Copy, &byte, Memory(64), 1));
  EXPECT_EQ(WriteByTrying(&Copy, Memory(64), &byte, 1), -14);
}

TEST(NofaultRangesTest, NoBytesAreEverywhere) {
  EXPECT_TRUE(ReadByTrying(&Fault, nullptr, 0, 0));
  EXPECT_EQ(WriteByTrying(&Fault, 0, nullptr, 0), 0);
}

}  // namespace
}  // namespace ebpf
