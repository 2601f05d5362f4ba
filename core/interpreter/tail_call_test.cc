// SPDX-License-Identifier: MIT
//
// Tail calls in the interpreter: where they go, what stays, and their limits.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "core/interpreter/test_program.h"
#include "core/maps/prog_array_map.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint8_t kCall = 0x85;
constexpr uint8_t kSubprogram = 1;

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

class TailCallTest : public testing::Test {
 protected:
  TailCallTest() {
    SetHostCpuCount(4);
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
    MapSpec spec;
    spec.type = MapType::kProgArray;
    spec.key_size = spec.value_size = 4;
    spec.max_entries = 4;
    map_ = *CreateMap(spec, PortAllocator());
  }
  ~TailCallTest() override {
    for (uint32_t i = 0; i < 4; ++i) {
      (void)array().Clear(i);
    }
    map_ = {};
    ExitRunContexts();
    ExitReadSections();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }

  ProgArrayMap& array() { return static_cast<ProgArrayMap&>(*map_); }

  // r2 = the array, r3 = index, tail_call
  TestProgram& TailCall(TestProgram& program, int32_t index) {
    program.Constant(2, reinterpret_cast<uint64_t>(map_.get()));
    return program.MovImm(3, index).Raw(Insn(0xf5, 0, 0, 0, 0));
  }

  void Put(uint32_t index, Program& program) {
    program.Acquire();
    ASSERT_EQ(array().Set(index, program.tail_call_target()), Status::kOk);
  }

  Ref<Map> map_;
};

TEST_F(TailCallTest, GoesOnWhereThereIsNoProgram) {
  for (const int32_t index : {0, 3, 4, -1}) {
    TestProgram program;
    TailCall(program, index).MovImm(0, 7).Exit();
    TestParts parts(program.insns(), PortAllocator());
    EXPECT_EQ(parts.Run(nullptr), 7u) << index;
    EXPECT_EQ(parts.run().tail_calls, 0u);
  }
}

TEST_F(TailCallTest, LooksAtTheLowHalfOfTheIndexAlone) {
  TestParts target(TestProgram().MovImm(0, 5).Exit().insns(), PortAllocator());
  Put(2, target.program());
  TestProgram program;
  program.Constant(2, reinterpret_cast<uint64_t>(map_.get()));
  program.Constant(3, 0x7'0000'0002).Raw(Insn(0xf5, 0, 0, 0, 0));
  program.MovImm(0, 7).Exit();
  EXPECT_EQ(RunProgram(program.insns(), nullptr), 5u);
}

TEST_F(TailCallTest, TheOtherProgramHasContextAndStackAndDoesNotReturn) {
  // *r1 = r10, and the caller's mark on the stack.
  TestProgram callee;
  callee.StoreTo(1, 0, 10).Raw(Insn(0x79, 0, 10, -8, 0)).Exit();
  TestParts target(callee.insns(), PortAllocator());
  Put(1, target.program());
  TestProgram caller;
  caller.Raw(Insn(0x7a, 10, 0, -8, 0x55));
  TailCall(caller, 1).MovImm(0, 7).Exit();
  TestParts parts(caller.insns(), PortAllocator());
  uint64_t stack = 0;
  EXPECT_EQ(parts.Run(&stack), 0x55u);
  EXPECT_EQ(stack, parts.run().StackTop());
  EXPECT_EQ(parts.run().program, &target.program());
  EXPECT_EQ(parts.run().tail_calls, 1u);
}

TEST_F(TailCallTest, ReturnsToTheCallerOfASubprogram) {
  // The other program has a subprogram of its own.
  TestProgram callee;
  callee.MovImm(6, -1).MovImm(9, -1).Raw(Insn(kCall, 0, kSubprogram, 0, 1));
  callee.Exit();
  callee.MovImm(0, 30).Exit();
  TestParts target(callee.insns(), PortAllocator());
  Put(0, target.program());
  // main: r6 = 6, r9 = 9; r0 = sub() + r6 + r9; and calls a function again,
  // whose address is in its own image.
  TestProgram caller;
  caller.MovImm(6, 6).MovImm(9, 9).Raw(Insn(kCall, 0, kSubprogram, 0, 3));
  caller.Raw(Insn(0x0f, 0, 6, 0, 0)).Raw(Insn(0x0f, 0, 9, 0, 0)).Exit();
  TailCall(caller, 0).MovImm(0, 7).Exit();
  EXPECT_EQ(RunProgram(caller.insns(), nullptr), 45u);
}

TEST_F(TailCallTest, ThirtyThreeInARunAndNoMore) {
  // *r1 += 1 before each.
  TestProgram program;
  program.Raw(Insn(0x79, 6, 1, 0, 0)).Raw(Insn(0x07, 6, 0, 0, 1));
  program.StoreTo(1, 0, 6);
  TailCall(program, 0).MovImm(0, 7).Exit();
  TestParts parts(program.insns(), PortAllocator());
  Put(0, parts.program());
  uint64_t count = 0;
  EXPECT_EQ(parts.Run(&count), 7u);
  EXPECT_EQ(count, 34u);
  EXPECT_EQ(parts.run().tail_calls, 33u);
}

TEST_F(TailCallTest, TheLimitHoldsAcrossSubprograms) {
  // Linux's test for it: main calls a subprogram that calls main's program as
  // its tail, twice. *r1 counts the entries.
  TestProgram program;
  program.Mov(6, 1).Raw(Insn(0x79, 7, 1, 0, 0)).Raw(Insn(0x07, 7, 0, 0, 1));
  program.StoreTo(1, 0, 7);
  program.Raw(Insn(kCall, 0, kSubprogram, 0, 4)).Mov(1, 6);
  program.Raw(Insn(kCall, 0, kSubprogram, 0, 2)).MovImm(0, 1).Exit();
  TailCall(program, 0).MovImm(0, 0).Exit();
  TestParts parts(program.insns(), PortAllocator());
  parts.SetFunctions({{0, 0, 0, true}, {9, 0, 1, true}});
  Put(0, parts.program());
  uint64_t count = 0;
  EXPECT_EQ(parts.Run(&count), 1u);
  EXPECT_EQ(count, 34u);
  EXPECT_EQ(parts.run().tail_calls, 33u);
  EXPECT_EQ(parts.run().frames_left, 33u);
}

TEST_F(TailCallTest, FailsWhereTooManyFramesWouldBeLeft) {
  for (const uint8_t depth : {1, 2, 5, 7}) {
    TestProgram program;
    program.Raw(Insn(0x79, 7, 1, 0, 0)).Raw(Insn(0x07, 7, 0, 0, 1));
    program.StoreTo(1, 0, 7).Raw(Insn(kCall, 0, kSubprogram, 0, 2));
    program.MovImm(0, 1).Exit();
    TailCall(program, 0).MovImm(0, 0).Exit();
    TestParts parts(program.insns(), PortAllocator());
    // Says that it may be deeper than it is.
    parts.SetFunctions({{0, 0, 0, true}, {6, 0, depth, true}});
    Put(0, parts.program());
    uint64_t count = 0;
    EXPECT_EQ(parts.Run(&count), 1u);
    const uint32_t calls = std::min(33u, kMaxFramesLeft / depth);
    EXPECT_EQ(count, calls + 1u) << int{depth};
    EXPECT_EQ(parts.run().tail_calls, calls);
    EXPECT_EQ(parts.run().frames_left, calls * depth);
    ASSERT_EQ(array().Clear(0), Status::kOk);
  }
}

TEST_F(TailCallTest, WithNothingKnownNoFrameIsLost) {
  TestProgram program;
  program.Raw(Insn(kCall, 0, kSubprogram, 0, 2)).MovImm(0, 1).Exit();
  TailCall(program, 0).MovImm(0, 0).Exit();
  TestParts parts(program.insns(), PortAllocator());
  Put(0, parts.program());
  EXPECT_EQ(parts.Run(nullptr), 1u);
  EXPECT_EQ(parts.run().frames_left, 35u);
}

// One CPU runs, the other puts a new program each time.
TEST_F(TailCallTest, TheTargetIsReplacedWhileItRuns) {
  TestProgram loop;  // runs for a while: 200 rounds
  loop.MovImm(1, 200).MovImm(0, 0).Raw(Insn(0x07, 0, 0, 0, 1));
  loop.Raw(Insn(0x2d, 1, 0, -2, 0)).Exit();
  TestProgram caller;
  TailCall(caller, 0).MovImm(0, 7).Exit();
  TestParts parts(caller.insns(), PortAllocator());
  Program& program = parts.program();
  std::atomic<bool> done{false};
  std::atomic<uint64_t> runs{0};
  std::thread runner([&] {
    const HostCpu cpu(1);
    while (!done) {
      const uint64_t result = program.Run(nullptr);
      EXPECT_TRUE(result == 200 || result == 7) << result;
      runs += result == 200 ? 1 : 0;
    }
  });
  std::thread owner([&] {
    const HostCpu cpu(2);
    for (int i = 0; i < 100 || runs < 100; ++i) {
      TestParts next(loop.insns(), PortAllocator());
      Put(0, next.program());
      std::this_thread::yield();
    }
    done = true;
    EXPECT_EQ(array().Clear(0), Status::kOk);
  });
  owner.join();
  runner.join();
  EXPECT_GE(runs, 100u);
}

}  // namespace
}  // namespace ebpf
