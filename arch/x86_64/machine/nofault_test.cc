// SPDX-License-Identifier: MIT
#include "arch/x86_64/machine/nofault.h"

#include <string.h>

#include "gtest/gtest.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf::x86_64 {
namespace {

TEST(NofaultTest, CopiesAtEveryAlignment) {
  uint8_t from[64];
  for (unsigned i = 0; i < 64; ++i) {
    from[i] = static_cast<uint8_t>(i * 7);
  }
  for (unsigned from_at = 0; from_at < 8; ++from_at) {
    for (unsigned to_at = 0; to_at < 8; ++to_at) {
      for (unsigned size = 0; size < 40; ++size) {
        uint8_t to[64] = {};
        EXPECT_TRUE(ebpf_copy_nofault(
            to + to_at, reinterpret_cast<uintptr_t>(from + from_at), size));
        EXPECT_EQ(memcmp(to + to_at, from + from_at, size), 0);
        EXPECT_EQ(to[to_at + size], 0);
      }
    }
  }
}

TEST(NofaultTest, StopsAtAPageThatIsNotThere) {
  const HostTraps traps;
  HostGuardedMemory memory(4096);
  memset(memory.data(), 0x5a, memory.size());
  const auto end = reinterpret_cast<uintptr_t>(memory.data()) + memory.size();
  for (unsigned there = 0; there < 20; ++there) {
    alignas(8) uint8_t to[32] = {};
    EXPECT_FALSE(ebpf_copy_nofault(to, end - there, 24));
    for (unsigned i = 0; i < 32; ++i) {
      EXPECT_EQ(to[i], i < there ? 0x5a : 0) << there << " " << i;
    }
    EXPECT_TRUE(ebpf_copy_nofault(to, end - there, there));
  }
  uint64_t to;
  EXPECT_FALSE(ebpf_copy_nofault(&to, 0, 8));
  EXPECT_FALSE(ebpf_copy_nofault(&to, 1, 1));
  EXPECT_FALSE(ebpf_copy_nofault(&to, uintptr_t{1} << 63, 8));  // no address
  EXPECT_FALSE(ebpf_copy_nofault(&to, UINTPTR_MAX, 1));
}

TEST(NofaultTest, StoresStopAtAPageThatIsNotThere) {
  const HostTraps traps;
  HostGuardedMemory memory(4096);
  uint8_t* const end = memory.data() + memory.size();
  alignas(8) uint8_t from[32];
  memset(from, 0x5a, sizeof(from));
  const auto from_at = reinterpret_cast<uintptr_t>(from);
  for (unsigned there = 0; there < 20; ++there) {
    memset(memory.data(), 0, memory.size());
    EXPECT_FALSE(ebpf_copy_nofault(end - there, from_at, 24));
    for (unsigned i = 1; i <= 24; ++i) {
      EXPECT_EQ(*(end - i), i <= there ? 0x5a : 0) << there << " " << i;
    }
    EXPECT_TRUE(ebpf_copy_nofault(end - there, from_at, there));
  }
  EXPECT_FALSE(ebpf_copy_nofault(nullptr, from_at, 8));
  EXPECT_FALSE(ebpf_copy_nofault(reinterpret_cast<void*>(uintptr_t{1} << 63),
                                 from_at, 1));
}

TEST(NofaultTest, ClaimsItsOwnAccessesOnly) {
  for (const uint8_t* access :
       {ebpf_copy_nofault_load8, ebpf_copy_nofault_load1,
        ebpf_copy_nofault_store8, ebpf_copy_nofault_store1}) {
    auto own = reinterpret_cast<uint64_t>(access);
    EXPECT_TRUE(NofaultFixup(own));
    EXPECT_EQ(own, reinterpret_cast<uintptr_t>(ebpf_copy_nofault_fault));
  }
  auto pc = reinterpret_cast<uintptr_t>(&ebpf_copy_nofault);
  EXPECT_FALSE(NofaultFixup(pc));
}

}  // namespace
}  // namespace ebpf::x86_64
