// SPDX-License-Identifier: MIT
#include "testing/host_port/host_text.h"

#include <errno.h>
#include <string.h>
#include <string>

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/may_probe.h"
#include "core/platform/nofault.h"
#include "core/platform/symbol_name.h"
#include "core/platform/text.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_symbols.h"

// A function of this program that no compiler can do without.
extern "C" [[gnu::noinline]] int HostTextTestSubject(int x) {
  asm volatile("" : "+r"(x));
  return x + 1;
}

namespace ebpf {
namespace {

constexpr uint8_t kCode[] = {0x90, 0x90, 0xc3};

struct Write {
  uint64_t to;
  const void* bytes;
  size_t size;

  static int Do(void* argument) {
    auto* write = static_cast<Write*>(argument);
    return ebpf_port_text_write(write->to, write->bytes, write->size);
  }
  int Run() {
    int result = 1;
    EXPECT_EQ(ebpf_port_stop_machine(Do, this, &result), 0);
    return result;
  }
};

TEST(HostTextTest, CanBeReadAndWrittenThroughTheAliasOnly) {
  HostText text("text", kCode);
  EXPECT_TRUE(EqualBytes(text.bytes(), kCode));
  constexpr uint8_t kPause[] = {0xf3, 0x90};
  EXPECT_EQ((Write{text.address(), kPause, 2}.Run()), 0);
  EXPECT_EQ(memcmp(text.bytes().data(), kPause, 2), 0);
  EXPECT_DEATH(*reinterpret_cast<volatile uint8_t*>(text.address()) = 0, "");
  static uint8_t data[] = {1};
  EXPECT_EQ((Write{reinterpret_cast<uint64_t>(data), kPause, 1}.Run()),
            -EFAULT);
}

TEST(HostTextDeathTest, RefusesToWriteOutsideOfARendezvous) {
  HostText text("text", kCode);
  EXPECT_DEATH((void)ebpf_port_text_write(text.address(), kCode, 1),
               "outside of a rendezvous");
}

TEST(HostTextTest, GivesExecutableMemoryNearAnAddress) {
  const auto near = reinterpret_cast<uintptr_t>(&HostTextTestSubject);
  constexpr uint64_t kReach = 1 << 27;
  void* memory = ebpf_port_exec_alloc(64, near, kReach);
  ASSERT_NE(memory, nullptr);
  const auto at = reinterpret_cast<uintptr_t>(memory);
  EXPECT_LT(at > near ? at + 63 - near : near - at, kReach);
  EXPECT_EQ(HostExecBytes(), 64u);
  constexpr uint8_t kReturnSeven[] = {0xb8, 7, 0, 0, 0, 0xc3};
  EXPECT_EQ((Write{at, kReturnSeven, sizeof(kReturnSeven)}.Run()), 0);
  EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 7);
  ebpf_port_exec_free(memory, 64);
  EXPECT_EQ(HostExecBytes(), 0u);
  uint8_t byte;
  EXPECT_FALSE(ebpf_port_read_nofault(&byte, at, 1));
}

TEST(HostTextTest, TheProgramsOwnTextCanBeProbed) {
  const auto function = reinterpret_cast<uintptr_t>(&HostTextTestSubject);
  EXPECT_TRUE(ebpf::MayProbe(function, 1));
  EXPECT_EQ(HostTextTestSubject(4), 5);  // now in other pages
  EXPECT_FALSE(
      ebpf::MayProbe(reinterpret_cast<uintptr_t>(&ebpf_port_cpu_id), 1));
  static int data;
  EXPECT_FALSE(ebpf::MayProbe(reinterpret_cast<uintptr_t>(&data), 1));
  SetHostTextSupport(false);
  EXPECT_FALSE(ebpf::MayProbe(function, 1));
  SetHostTextSupport(true);
}

TEST(HostSymbolsTest, FindsThisProgramsFunctionsByNameAndAddress) {
  ebpf_symbol symbol = {};
  const std::string name = "HostTextTestSubject";
  ASSERT_TRUE(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
  EXPECT_EQ(symbol.address, reinterpret_cast<uintptr_t>(&HostTextTestSubject));
  EXPECT_GT(symbol.size, 0u);
  ebpf_symbol found = {};
  ASSERT_TRUE(
      ebpf_port_symbol_by_address(symbol.address + symbol.size - 1, &found));
  char text[64];
  EXPECT_TRUE(ReadSymbolName(found, text) == name.c_str());
  EXPECT_FALSE(ebpf_port_symbol_by_name("nobody", 6, &symbol));
  EXPECT_FALSE(ebpf_port_symbol_by_address(1, &symbol));
}

TEST(HostSymbolsTest, ATestsOwnComeFirstAndGo) {
  ebpf_symbol symbol = {};
  AddHostSymbol("HostTextTestSubject", 0x1000, 16);
  ASSERT_TRUE(ebpf_port_symbol_by_name("HostTextTestSubject", 19, &symbol));
  EXPECT_EQ(symbol.address, 0x1000u);
  EXPECT_TRUE(ebpf_port_symbol_by_address(0x100f, &symbol));
  EXPECT_FALSE(ebpf_port_symbol_by_address(0x1010, &symbol));
  RemoveHostSymbol(0x1000);
  ASSERT_TRUE(ebpf_port_symbol_by_name("HostTextTestSubject", 19, &symbol));
  EXPECT_NE(symbol.address, 0x1000u);
}

TEST(HostGuardedMemoryTest, FaultsRightBeforeAndBehind) {
  HostGuardedMemory memory(100);
  EXPECT_EQ(memory.size(), 4096u);
  const auto begin = reinterpret_cast<uintptr_t>(memory.data());
  uint8_t byte;
  EXPECT_TRUE(ebpf_port_read_nofault(&byte, begin, 1));
  EXPECT_TRUE(ebpf_port_read_nofault(&byte, begin + 4095, 1));
  EXPECT_FALSE(ebpf_port_read_nofault(&byte, begin - 1, 1));
  EXPECT_FALSE(ebpf_port_read_nofault(&byte, begin + 4096, 1));
}

}  // namespace
}  // namespace ebpf
