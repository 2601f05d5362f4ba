// SPDX-License-Identifier: MIT
#include "tools/cli/llvm_disassembler.h"

#include "gtest/gtest.h"
#include "tools/cli/engines.h"

namespace ebpf::cli {
namespace {

std::vector<MachineInsn> Read(const char* machine,
                              const std::vector<uint8_t>& code) {
  return DisassembleMachineCode(*FindMachine(machine), code, 0x1000);
}

TEST(LlvmDisassemblerTest, ReadsEachCpu) {
  const auto x86 = Read("x86_64", {0x48, 0x89, 0xc8, 0xc3});
  ASSERT_EQ(x86.size(), 2u);
  EXPECT_EQ(x86[0].text, "mov rax, rcx");
  EXPECT_EQ(x86[0].size, 3);
  EXPECT_EQ(x86[1].offset, 3u);
  EXPECT_EQ(x86[1].text, "ret");

  const auto arm = Read("aarch64", {0xc0, 0x03, 0x5f, 0xd6});
  ASSERT_EQ(arm.size(), 1u);
  EXPECT_EQ(arm[0].text, "ret");

  const auto riscv = Read("riscv64", {0x82, 0x80});
  ASSERT_EQ(riscv.size(), 1u);
  EXPECT_EQ(riscv[0].text, "ret");
}

TEST(LlvmDisassemblerTest, ReadsWhatBackEndsMayUse) {
  EXPECT_EQ(Read("aarch64", {0x41, 0x00, 0x20, 0xf8})[0].text,
            "ldadd x0, x1, [x2]");
  EXPECT_EQ(Read("riscv64", {0xb3, 0x22, 0x73, 0x20})[0].text,
            "sh1add t0, t1, t2");
}

TEST(LlvmDisassemblerTest, ShowsBytesThatAreNoInstruction) {
  const auto insns = Read("x86_64", {0x06, 0xc3});
  ASSERT_EQ(insns.size(), 2u);
  EXPECT_EQ(insns[0].text, ".byte 0x06");
  EXPECT_EQ(insns[1].text, "ret");
}

}  // namespace
}  // namespace ebpf::cli
