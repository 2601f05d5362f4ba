// SPDX-License-Identifier: MIT
#include "core/interpreter/execute.h"

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "core/interpreter/test_program.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint8_t kCall = 0x85;
constexpr uint8_t kSubprogram = 1;
constexpr uint8_t kDirect = 15;

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

struct FunctionArguments {
  uint64_t values[5];
};
FunctionArguments* g_arguments;

uint64_t RecordingFunction(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,
                           uint64_t r5) {
  *g_arguments = {{r1, r2, r3, r4, r5}};
  return 0xfeed'0000'0000'0001;
}
uint64_t OtherFunction(uint64_t r1, uint64_t, uint64_t, uint64_t, uint64_t) {
  return r1 * 2;
}

TEST(ExecuteTest, CallDirectGivesFiveArgumentsAndTheResultIsR0) {
  TestProgram program;
  program.MovImm(1, 11).MovImm(2, 22).MovImm(3, 33).MovImm(4, 44);
  program.MovImm(5, -55).MovImm(6, 66);
  program.Raw(Insn(kCall, 0, kDirect, 0, 1));
  program.Raw(Insn(0x0f, 0, 6, 0, 0)).Mov(1, 0);
  program.Raw(Insn(kCall, 0, kDirect, 0, 0)).Exit();
  FunctionArguments arguments = {};
  g_arguments = &arguments;

  TestParts parts(program.insns());
  parts.SetDirectCalls({OtherFunction, RecordingFunction});
  const uint64_t result = parts.Run(nullptr);

  EXPECT_EQ(arguments.values[0], 11u);
  EXPECT_EQ(arguments.values[1], 22u);
  EXPECT_EQ(arguments.values[2], 33u);
  EXPECT_EQ(arguments.values[3], 44u);
  EXPECT_EQ(arguments.values[4], static_cast<uint64_t>(-55));
  EXPECT_EQ(result, 2 * (0xfeed'0000'0000'0001 + 66));
}

TEST(ExecuteTest, HelpersAreCalledByTheirNumber) {
  TestProgram program;  // bpf_ktime_get_ns twice
  program.Raw(Insn(kCall, 0, 0, 0, 5)).Mov(6, 0);
  program.Raw(Insn(kCall, 0, 0, 0, 5)).Raw(Insn(0x1f, 0, 6, 0, 0)).Exit();
  EXPECT_LT(RunProgram(program.insns(), nullptr), uint64_t{1} << 40);
}

TEST(ExecuteTest, ProgramStartsWithItsContextInR1) {
  uint64_t context = 0;
  EXPECT_EQ(RunProgram(TestProgram().Mov(0, 1).Exit().insns(), &context),
            reinterpret_cast<uint64_t>(&context));
}

TEST(ExecuteTest, ASubprogramHasItsOwnStackAndLeavesItsCallersRegisters) {
  TestProgram program;
  program.MovImm(6, 6).MovImm(7, 7).MovImm(8, 8).MovImm(9, 9);
  program.MovImm(1, 1000).StoreTo(10, -8, 1);  // caller's stack: 1000
  program.MovImm(2, 5);
  program.Raw(Insn(kCall, 0, kSubprogram, 0, 7));
  // r0 += r6 + r7 + r8 + r9 + *(r10 - 8)
  for (uint8_t reg : {6, 7, 8, 9}) {
    program.Raw(Insn(0x0f, 0, reg, 0, 0));
  }
  program.Raw(Insn(0x79, 1, 10, -8, 0)).Raw(Insn(0x0f, 0, 1, 0, 0)).Exit();
  // r0 = r1 + r2, with other values in what the caller wants back.
  program.Mov(0, 1).Raw(Insn(0x0f, 0, 2, 0, 0));
  program.MovImm(6, -1).MovImm(7, -1).MovImm(8, -1).MovImm(9, -1);
  program.StoreTo(10, -8, 6).Exit();

  EXPECT_EQ(RunProgram(program.insns(), nullptr), 1005 + 30 + 1000u);
}

// main and `depth` subprograms, each of which fills its 512 bytes with its
// number, calls the next and adds up what is left of them.
std::vector<isa::Insn> Nested(int depth) {
  TestProgram program;
  for (int level = 0; level <= depth; ++level) {
    program.MovImm(1, level + 1);
    for (int16_t at = 8; at <= 512; at += 8) {
      program.StoreTo(10, static_cast<int16_t>(-at), 1);
    }
    program.MovImm(6, 0);
    if (level < depth) {
      // To the next level: over what follows.
      program.Raw(Insn(kCall, 0, kSubprogram, 0, 1 + 2 * 64 + 2));
      program.Mov(6, 0);
    } else {
      program.MovImm(0, 0).MovImm(6, 0);  // as long
    }
    for (int16_t at = 8; at <= 512; at += 8) {
      program.Raw(Insn(0x79, 1, 10, static_cast<int16_t>(-at), 0));
      program.Raw(Insn(0x0f, 6, 1, 0, 0));
    }
    program.Mov(0, 6).Exit();
  }
  return program.insns();
}

TEST(ExecuteTest, EightFramesHaveStacksThatDoNotOverlap) {
  EXPECT_EQ(RunProgram(Nested(7), nullptr), 64u * (8 * 9 / 2));
}

TEST(ExecuteTest, StacksLieInTheRunContext) {
  // Of main, of what it calls, and of what that calls.
  TestProgram program;
  program.StoreTo(1, 0, 10).Raw(Insn(kCall, 0, kSubprogram, 0, 1)).Exit();
  program.StoreTo(1, 8, 10).Raw(Insn(kCall, 0, kSubprogram, 0, 1)).Exit();
  program.StoreTo(1, 16, 10).MovImm(0, 0).Exit();
  uint64_t tops[3];
  {
    TestParts parts(program.insns());
    parts.Run(tops);
    EXPECT_EQ(tops[0], parts.run().StackTop());
    EXPECT_EQ(tops[1], tops[0] - kMaxStackBytes - kFrameLinkBytes);
    EXPECT_EQ(tops[2], tops[1] - kMaxStackBytes - kFrameLinkBytes);
  }
  TestParts parts(program.insns());
  parts.SetFunctions({{0, 16, 0, false}, {3, 0, 1, false}, {6, 8, 2, false}});
  parts.Run(tops);
  EXPECT_EQ(tops[0], parts.run().StackTop());
  EXPECT_EQ(tops[1], tops[0] - 16 - kFrameLinkBytes);
  EXPECT_EQ(tops[2], tops[1] - kFrameLinkBytes);
}

TEST(ExecuteTest, ARunThatNobodyVerifiedEndsWithItsStack) {
  // Calls itself for ever.
  TestProgram program;
  program.Raw(Insn(kCall, 0, kSubprogram, 0, -1)).MovImm(0, 7).Exit();
  EXPECT_EQ(RunProgram(program.insns(), nullptr), 0u);
  TestParts parts(program.insns());
  parts.SetFunctions({{0, 0, 0, false}});
  EXPECT_EQ(parts.Run(nullptr), 0u);
}

TEST(ExecuteTest, JumpsGoBackwardsToo) {
  for (const bool long_goto : {false, true}) {
    TestProgram program;
    program.MovImm(0, 0).MovImm(1, 10);
    program.Raw(Insn(0x0f, 0, 1, 0, 0));             // 2: r0 += r1
    program.Raw(Insn(0x17, 1, 0, 0, 1));             // 3: r1 -= 1
    program.Raw(Insn(0x15, 1, 0, 1, 0));             // 4: if r1 == 0 goto 6
    program.Raw(long_goto ? Insn(0x06, 0, 0, 0, -4)  // 5: goto 2
                          : Insn(0x05, 0, 0, -4, 0));
    program.Exit();
    EXPECT_EQ(RunProgram(program.insns(), nullptr), 55u);
  }
}

TEST(ExecuteTest, MayGotoCountsDownAndJumpsAtZero) {
  TestProgram program;
  program.Raw(Insn(0x7a, 10, 0, -16, 3));  // *(u64 *)(r10 - 16) = 3
  program.MovImm(0, 0);
  program.Raw(Insn(0xe5, 0, 0, 2, -16));  // 2: may_goto +2
  program.Raw(Insn(0x07, 0, 0, 0, 1));    // r0 += 1
  program.Raw(Insn(0x05, 0, 0, -3, 0));   // goto 2
  program.Raw(Insn(0x79, 1, 10, -16, 0)).Raw(Insn(0x67, 1, 0, 0, 32));
  program.Raw(Insn(0x4f, 0, 1, 0, 0)).Exit();  // r0 |= what is left << 32
  EXPECT_EQ(RunProgram(program.insns(), nullptr), 3u);
}

TEST(ExecuteTest, LoadRunGivesTheRunContext) {
  TestParts parts(TestProgram().Raw(Insn(0xe7, 0, 0, 0, 0)).Exit().insns());
  EXPECT_EQ(parts.Run(nullptr), reinterpret_cast<uint64_t>(&parts.run()));
}

TEST(ExecuteTest, AProbedLoadOfWhatIsNotThereGivesZero) {
  int64_t word = -2;
  InsnFacts probed = {};
  probed.pointer = PointerKind::kProbed;
  for (const uint8_t opcode : {0x71, 0x69, 0x61, 0x79, 0x91, 0x89, 0x81}) {
    TestProgram program;
    program.MovImm(0, -1).Raw(Insn(opcode, 0, 1, 0, 0)).Exit();
    TestParts parts(program.insns());
    parts.SetFacts({InsnFacts{}, probed, InsnFacts{}});
    const uint64_t plain = RunProgram(program.insns(), &word);
    EXPECT_EQ(parts.Run(&word), plain) << int{opcode};
    EXPECT_EQ(parts.Run(reinterpret_cast<void*>(8)), 0u) << int{opcode};
  }
}

TEST(ExecuteTest, LoadsAndStoresNeedNoAlignment) {
  uint8_t bytes[24] = {};
  for (uint8_t i = 0; i < 24; ++i) {
    bytes[i] = i;
  }
  TestProgram program;
  program.Raw(Insn(0x79, 0, 1, 3, 0));   // r0 = *(u64 *)(r1 + 3)
  program.Raw(Insn(0x7b, 1, 0, 13, 0));  // *(u64 *)(r1 + 13) = r0
  program.Raw(Insn(0x61, 0, 1, 13, 0));  // r0 = *(u32 *)(r1 + 13)
  program.Exit();

  EXPECT_EQ(RunProgram(program.insns(), bytes), 0x06050403u);
  EXPECT_EQ(std::memcmp(bytes + 13, bytes + 3, 8), 0);
  EXPECT_EQ(bytes[12], 12);
  EXPECT_EQ(bytes[21], 21);
}

// Runs the same program on four CPUs at once; each adds 1 `kRounds` times.
TEST(ExecuteTest, AtomicsLoseNoUpdate) {
  constexpr int kRounds = 20000;
  struct {
    uint64_t plain, fetched, exchanged;
    uint32_t half[2];
  } counters = {};
  TestProgram program;
  program.MovImm(6, kRounds);
  program.MovImm(2, 1);                  // 1: the loop
  program.Raw(Insn(0xdb, 1, 2, 0, 0));   // lock plain += r2
  program.Raw(Insn(0xdb, 1, 2, 8, 1));   // r2 = fetch_add(fetched, r2)
  program.MovImm(2, 1);                  //
  program.Raw(Insn(0xc3, 1, 2, 28, 0));  // lock half[1] += w2
  program.Raw(Insn(0x79, 0, 1, 16, 0));  // 6: r0 = exchanged
  program.Mov(3, 0).Raw(Insn(0x07, 3, 0, 0, 1));
  program.Mov(4, 0);                        //
  program.Raw(Insn(0xdb, 1, 3, 16, 0xf1));  // r0 = cmpxchg(exchanged, r0, r3)
  program.Raw(Insn(0x5d, 0, 4, -6, 0));     // if r0 != r4 goto 6
  program.Raw(Insn(0x17, 6, 0, 0, 1));      // r6 -= 1
  program.Raw(Insn(0x55, 6, 0, -13, 0));    // if r6 != 0 goto 1
  program.MovImm(0, 0).Exit();

  SetHostCpuCount(5);
  std::vector<std::thread> cpus;
  for (int cpu = 0; cpu < 4; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(static_cast<uint32_t>(cpu) + 1);
      RunProgram(program.insns(), &counters);
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }

  EXPECT_EQ(counters.plain, 4u * kRounds);
  EXPECT_EQ(counters.fetched, 4u * kRounds);
  EXPECT_EQ(counters.exchanged, 4u * kRounds);
  EXPECT_EQ(counters.half[0], 0u);
  EXPECT_EQ(counters.half[1], 4u * kRounds);
}

}  // namespace
}  // namespace ebpf
