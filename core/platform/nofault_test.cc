// SPDX-License-Identifier: MIT
//
// The defaults, without the host port: the ranges and the copy are the test's.
#include "core/platform/nofault.h"

#include <stdlib.h>
#include <string.h>

#include "core/platform/log.h"
#include "core/platform/nofault_ranges.h"
#include "gtest/gtest.h"

namespace {

alignas(64) uint8_t memory[256];

uintptr_t Memory(size_t offset) {
  return reinterpret_cast<uintptr_t>(memory) + offset;
}

bool faults = false;

}  // namespace

extern "C" {

/// In place of arch/.
bool ebpf_copy_nofault(void* to, uintptr_t from, size_t size) {
  if (!faults) {
    memcpy(to, reinterpret_cast<const void*>(from), size);
  }
  return !faults;
}

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

TEST(NofaultTest, AllBytesAreInOneRangeOrItIsNotTried) {
  EXPECT_TRUE(IsInNofaultRanges(Memory(0), 64));
  EXPECT_TRUE(IsInNofaultRanges(Memory(63), 1));
  EXPECT_FALSE(IsInNofaultRanges(Memory(63), 2));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0) - 1, 2));
  EXPECT_FALSE(IsInNofaultRanges(Memory(64), 1));
  EXPECT_FALSE(IsInNofaultRanges(0, 1));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0), 0));
}

TEST(NofaultTest, ARangeMayEndWithTheLastAddress) {
  EXPECT_TRUE(IsInNofaultRanges(UINTPTR_MAX - 15, 16));
  EXPECT_TRUE(IsInNofaultRanges(UINTPTR_MAX, 1));
  EXPECT_FALSE(IsInNofaultRanges(UINTPTR_MAX - 15, 17));
  EXPECT_FALSE(IsInNofaultRanges(UINTPTR_MAX, SIZE_MAX));
  EXPECT_FALSE(IsInNofaultRanges(Memory(0), SIZE_MAX));
}

TEST(NofaultTest, ReadsAndWritesWhereOneMayTry) {
  memory[5] = 42;
  uint8_t byte = 0;
  EXPECT_TRUE(ebpf_port_read_nofault(&byte, Memory(5), 1));
  EXPECT_EQ(byte, 42);
  EXPECT_EQ(ebpf_port_write_nofault(Memory(6), &byte, 1), 0);
  EXPECT_EQ(memory[6], 42);
}

TEST(NofaultTest, TouchesNothingElsewhere) {
  memory[64] = 7;
  uint8_t byte = 1;
  EXPECT_FALSE(ebpf_port_read_nofault(&byte, Memory(64), 1));
  EXPECT_EQ(byte, 1);
  EXPECT_EQ(ebpf_port_write_nofault(Memory(64), &byte, 1), -14);
  EXPECT_EQ(memory[64], 7);
}

TEST(NofaultTest, SaysSoWhereACopyFaults) {
  uint8_t byte = 1;
  faults = true;
  EXPECT_FALSE(ebpf_port_read_nofault(&byte, Memory(5), 1));
  EXPECT_EQ(ebpf_port_write_nofault(Memory(5), &byte, 1), -14);
  EXPECT_TRUE(ebpf_port_read_nofault(nullptr, 0, 0));
  faults = false;
}

TEST(NofaultTest, NoBytesAreEverywhere) {
  EXPECT_TRUE(ebpf_port_read_nofault(nullptr, 0, 0));
  EXPECT_EQ(ebpf_port_write_nofault(0, nullptr, 0), 0);
}

}  // namespace
}  // namespace ebpf
