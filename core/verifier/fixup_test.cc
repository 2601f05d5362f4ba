// SPDX-License-Identifier: MIT
//
// Listings of what becomes of programs. That they still do the same is for
// testing/fuzzing, which runs both.
#include "core/verifier/fixup.h"

#include "core/isa/disassemble.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class FixupTest : public VerifierTest {
 protected:
  /// Verified and fixed up; what functions there are is in `functions_`.
  std::string Fixed(const Code& code) {
    FailingAllocator allocator;
    Findings findings(allocator);
    std::vector<InsnFacts> facts(code.size());
    std::vector<char> buffer(1 << 16);
    Log log(kLogPath, buffer.data(), buffer.size());
    Stats stats;
    const isa::ConstInsns insns(code.data(), code.size());
    const Status verdict =
        Verify(insns, maps_->span(), options_, allocator, log,
               Span<InsnFacts>(facts.data(), facts.size()), stats, &findings);
    EXPECT_EQ(verdict, Status::kOk) << log.writer().text().data();
    FixedProgram fixed(allocator);
    status_ =
        Fixup({insns, maps_->span(),
               Span<const InsnFacts>(facts.data(), facts.size()), findings},
              allocator, log, fixed);
    const StringView text = log.writer().text();
    log_ = std::string(text.data(), text.size());
    functions_.assign(fixed.functions.span().begin(),
                      fixed.functions.span().end());
    origins_.assign(fixed.original_indices.span().begin(),
                    fixed.original_indices.span().end());
    facts_.assign(fixed.facts.span().begin(), fixed.facts.span().end());
    return Listing(fixed.insns.span());
  }
  std::string Fixed(std::initializer_list<Part> parts) {
    return Fixed(Join(parts));
  }

  static std::string Listing(isa::ConstInsns insns) {
    std::string all;
    for (size_t i = 0; i < insns.size();) {
      isa::DecodedInsn insn;
      if (isa::DecodeFixed(insns, i, insn) != isa::DecodeError::kNone) {
        return all + "what is no instruction\n";
      }
      char line[128];
      TextWriter writer(line, sizeof(line));
      isa::Disassemble(insn, writer);
      all += std::string(writer.text().data(), writer.text().size()) + "\n";
      i += insn.slots;
    }
    return all;
  }

  Status status_ = Status::kOk;
  std::string log_;
  std::vector<ProgramFunction> functions_;
  std::vector<uint32_t> origins_;
  std::vector<InsnFacts> facts_;
};

TEST_F(FixupTest, PlainInstructionsStay) {
  EXPECT_EQ(Fixed({LoadImm64(R1, 0x1'0000'0002), LoadMap(R2, kArray),
                   StoreImm(kDW, R10, -8, 1), MovReg(R0, R1), Exit()}),
            "r1 = 0x100000002 ll\n"
            "ld_pseudo r2, 0x1, 0x0\n"
            "*(u64 *)(r10 - 0x8) = 0x1\n"
            "r0 = r1\n"
            "exit\n");
  EXPECT_EQ(origins_, (std::vector<uint32_t>{0, 0, 2, 2, 4, 5, 6}));
  EXPECT_EQ(facts_[4].pointer, PointerKind::kStack);
}

TEST_F(FixupTest, WhatNoPathReachesIsLeftOut) {
  // A helper that is not there among it.
  EXPECT_EQ(Fixed({MovImm(R0, 1), JumpImm(kJne, R0, 0, 3), Call(195896080),
                   LoadImm64(R0, 5), Exit()}),
            "r0 = 0x1\n"
            "exit\n");
  EXPECT_EQ(origins_, (std::vector<uint32_t>{0, 5}));
}

TEST_F(FixupTest, DecidedJumpsAreNotAsked) {
  EXPECT_EQ(
      Fixed({MovImm(R0, 1), JumpImm(kJeq, R0, 0, 1), MovImm(R0, 2), Exit()}),
      "r0 = 0x1\n"
      "r0 = 0x2\n"
      "exit\n");
  // One that always goes back.
  EXPECT_EQ(Fixed({MovImm(R6, 0), Goto(2), MovImm(R0, 1), Exit(),
                   JumpImm(kJeq, R6, 0, -3), MovImm(R0, 7), Exit()}),
            "r6 = 0x0\n"
            "goto +0x2\n"
            "r0 = 0x1\n"
            "exit\n"
            "goto -0x3\n");
}

TEST_F(FixupTest, JumpsToTheNextInstructionGo) {
  EXPECT_EQ(Fixed({Load(kDW, R0, R1, 0), JumpImm(kJeq, R0, 0, 0), Goto(0),
                   GotoLong(0), Exit()}),
            "r0 = *(u64 *)(r1 + 0x0)\n"
            "exit\n");
}

TEST_F(FixupTest, JumpsKeepTheirTargets) {
  EXPECT_EQ(Fixed({Load(kDW, R6, R1, 0), MovImm(R0, 1), JumpImm(kJeq, R6, 0, 4),
                   JumpImm(kJeq, R0, 1, 1), MovImm(R0, 2), AluImm(kAdd, R6, 1),
                   GotoLong(0), MovReg(R0, R6), Exit()}),
            "r6 = *(u64 *)(r1 + 0x0)\n"
            "r0 = 0x1\n"
            "if r6 == 0x0 goto +0x1\n"
            "r6 += 0x1\n"
            "r0 = r6\n"
            "exit\n");
}

TEST_F(FixupTest, FunctionsThatNobodyCallsGo) {
  EXPECT_EQ(Fixed({MovImm(R0, 1), JumpImm(kJne, R0, 0, 1), CallLocal(2),
                   CallLocal(3), Exit(), Return0(), MovImm(R0, 7), Exit()}),
            "r0 = 0x1\n"
            "call 0x1\n"
            "exit\n"
            "r0 = 0x7\n"
            "exit\n");
  ASSERT_EQ(functions_.size(), 2u);
  EXPECT_EQ(functions_[0].start, 0u);
  EXPECT_EQ(functions_[1].start, 3u);
}

TEST_F(FixupTest, FunctionsHaveTheirStacksAndDepths) {
  // main -> a -> c, main -> b, b -> c.
  Fixed({StoreImm(kB, R10, -1, 0), CallLocal(3), CallLocal(4), MovImm(R0, 0),
         Exit(),                                            // main
         CallLocal(4), Exit(),                              // a
         StoreImm(kDW, R10, -24, 0), CallLocal(1), Exit(),  // b
         Return0()});                                       // c
  ASSERT_EQ(functions_.size(), 4u);
  EXPECT_EQ(functions_[0].stack_bytes, 8u);
  EXPECT_EQ(functions_[1].stack_bytes, 0u);
  EXPECT_EQ(functions_[2].stack_bytes, 24u);
  const uint8_t depths[] = {0, 1, 1, 2};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(functions_[i].depth, depths[i]) << i;
    EXPECT_FALSE(functions_[i].reaches_tail_call);
  }
}

TEST_F(FixupTest, TheCpusNumberIsLoadedFromTheRun) {
  EXPECT_EQ(
      Fixed({Call(kCpuId), Exit()}),
      "r0 = run\n"
      "w0 = *(u32 *)(r0 + 0x" +
          [] {
            char text[8];
            std::snprintf(text, sizeof(text), "%zx", offsetof(RunContext, cpu));
            return std::string(text);
          }() +
          ")\n"
          "exit\n");
  EXPECT_EQ(origins_, (std::vector<uint32_t>{0, 0, 1}));
  EXPECT_EQ(facts_[1].pointer, PointerKind::kMemory);
}

TEST_F(FixupTest, EachAllocationMayFail) {
  const Code code = Join({Call(kCpuId), CallLocal(1), Exit(), Return0()});
  const isa::ConstInsns insns(code.data(), code.size());
  FailingAllocator port;
  Findings findings(port);
  std::vector<InsnFacts> facts(code.size());
  Log log;
  Stats stats;
  ASSERT_EQ(
      Verify(insns, maps_->span(), options_, port, log,
             Span<InsnFacts>(facts.data(), facts.size()), stats, &findings),
      Status::kOk);
  ForEachFailingAllocation("Fixup", [&](FailingAllocator& allocator) {
    Status status;
    {
      FixedProgram fixed(allocator);
      status =
          Fixup({insns, maps_->span(),
                 Span<const InsnFacts>(facts.data(), facts.size()), findings},
                allocator, log, fixed);
    }
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    EXPECT_EQ(allocator.outstanding_blocks(), 0u);
  });
}

}  // namespace
}  // namespace ebpf::verifier
