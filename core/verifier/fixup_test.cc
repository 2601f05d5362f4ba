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
    status_ = Fixup({insns, maps_->span(),
                     Span<const InsnFacts>(facts.data(), facts.size()),
                     findings, options_.type},
                    allocator, log, fixed);
    const StringView text = log.writer().text();
    log_ = std::string(text.data(), text.size());
    functions_.assign(fixed.functions.span().begin(),
                      fixed.functions.span().end());
    origins_.assign(fixed.original_indices.span().begin(),
                    fixed.original_indices.span().end());
    insns_.assign(fixed.insns.span().begin(), fixed.insns.span().end());
    direct_calls_.assign(fixed.direct_calls.span().begin(),
                         fixed.direct_calls.span().end());
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

  static std::string Hex(size_t number) {
    char text[20];
    std::snprintf(text, sizeof(text), "%zx", number);
    return text;
  }

  Status status_ = Status::kOk;
  std::vector<isa::Insn> insns_;
  std::vector<DirectCall> direct_calls_;
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

/// What the addresses that inlined code holds are called in listings.
class InlineTest : public FixupTest {
 protected:
  /// The listing with the addresses of maps' memory replaced by names.
  std::string Inlined(const Code& code) {
    std::string listing = Fixed(code);
    for (const auto& [map, name] : {std::pair{int{verifier::kArray}, "array"},
                                    {int{kPerCpu}, "blocks"}}) {
      ArrayLayout layout;
      EXPECT_TRUE(maps_->span()[static_cast<size_t>(map)]->GetLayout(layout));
      const void* address = layout.blocks != nullptr
                                ? static_cast<const void*>(layout.blocks)
                                : layout.base;
      char text[32];
      std::snprintf(
          text, sizeof(text), "0x%llx ll",
          static_cast<unsigned long long>(reinterpret_cast<uint64_t>(address)));
      const size_t at = listing.find(text);
      if (at != std::string::npos) {
        listing.replace(at, std::string(text).size(), name);
      }
    }
    return listing;
  }
  std::string Inlined(std::initializer_list<Part> parts) {
    return Inlined(Join(parts));
  }
  static Code KeyOnStack() {
    return {StoreImm(kW, R10, -4, 0), MovReg(R2, R10), AluImm(kAdd, R2, -4)};
  }
};

TEST_F(InlineTest, LookupsInArraysAreBoundsChecksAndSums) {
  EXPECT_EQ(Inlined({KeyOnStack(), LoadMap(R1, kArray), Call(kMapLookup),
                     MovImm(R0, 0), Exit()}),
            "*(u32 *)(r10 - 0x4) = 0x0\n"
            "r2 = r10\n"
            "r2 += -0x4\n"
            "ld_pseudo r1, 0x1, 0x0\n"
            "w0 = *(u32 *)(r2 + 0x0)\n"
            "if w0 >= 0x1 goto +0x5\n"
            "r0 <<= 0x4\n"
            "r1 = array\n"
            "r0 += r1\n"
            "goto +0x1\n"
            "r0 = 0x0\n"
            "r0 = 0x0\n"
            "exit\n");
}

TEST_F(InlineTest, LookupsInPerCpuArraysGoByTheCpu) {
  EXPECT_EQ(Inlined({KeyOnStack(), LoadMap(R1, kPerCpu), Call(kMapLookup),
                     MovImm(R0, 0), Exit()}),
            "*(u32 *)(r10 - 0x4) = 0x0\n"
            "r2 = r10\n"
            "r2 += -0x4\n"
            "ld_pseudo r1, 0x1, 0x5\n"
            "w0 = *(u32 *)(r2 + 0x0)\n"
            "if w0 >= 0x4 goto +0xa\n"
            "r0 <<= 0x3\n"
            "r1 = run\n"
            "w1 = *(u32 *)(r1 + 0x" +
                Hex(offsetof(RunContext, cpu)) +
                ")\n"
                "r1 <<= 0x3\n"
                "r2 = blocks\n"
                "r1 += r2\n"
                "r1 = *(u64 *)(r1 + 0x0)\n"
                "r0 += r1\n"
                "goto +0x1\n"
                "r0 = 0x0\n"
                "r0 = 0x0\n"
                "exit\n");
}

TEST_F(InlineTest, LookupsInHashesAreDirectCalls) {
  EXPECT_EQ(Fixed({LookupOrExit(kHash), Lookup(kHash), Return0()}),
            "*(u64 *)(r10 - 0x8) = 0x0\n"
            "r2 = r10\n"
            "r2 += -0x8\n"
            "ld_pseudo r1, 0x1, 0x1\n"
            "call_direct 0x0\n"
            "if r0 != 0x0 goto +0x1\n"
            "exit\n"
            "*(u64 *)(r10 - 0x8) = 0x0\n"
            "r2 = r10\n"
            "r2 += -0x8\n"
            "ld_pseudo r1, 0x1, 0x1\n"
            "call_direct 0x0\n"
            "r0 = 0x0\n"
            "exit\n");
  ASSERT_EQ(direct_calls_.size(), 1u);
  EXPECT_EQ(direct_calls_[0], maps_->span()[kHash]->direct_lookup());
}

TEST_F(InlineTest, LookupsInOneOfTwoMapsStayCalls) {
  const std::string listing =
      Fixed({Load(kDW, R6, R1, 0), StoreImm(kDW, R10, -8, 0), MovReg(R2, R10),
             AluImm(kAdd, R2, -8), LoadMap(R1, kArray), JumpImm(kJeq, R6, 0, 2),
             LoadMap(R1, kHash), Call(kMapLookup), Return0()});
  EXPECT_NE(listing.find("call 0x1\n"), std::string::npos) << listing;
}

TEST_F(InlineTest, ALoopCallsItsFunction) {
  EXPECT_EQ(Fixed({MovImm(R1, 4), LoadFunction(R2, 6), MovImm(R3, 0),
                   MovImm(R4, 0), Call(kLoop), MovImm(R0, 0), Exit(),
                   StoreImm(kDW, R10, -8, 0), MovImm(R0, 1), Exit()}),
            "r1 = 0x4\n"
            "r2 = 0x0 ll\n"
            "r3 = 0x0\n"
            "r4 = 0x0\n"
            "r0 = -0x16\n"
            "if r4 != 0x0 goto +0x12\n"
            "r0 = -0x7\n"
            "if w1 > 0x800000 goto +0x10\n"
            "*(u64 *)(r10 - 0x18) = r6\n"
            "*(u64 *)(r10 - 0x10) = r7\n"
            "*(u64 *)(r10 - 0x8) = r8\n"
            "w6 = w1\n"
            "r7 = 0x0\n"
            "r8 = r3\n"
            "if r7 >= r6 goto +0x5\n"
            "r1 = r7\n"
            "r2 = r8\n"
            "call 0x8\n"
            "r7 += 0x1\n"
            "if r0 == 0x0 goto -0x6\n"
            "r0 = r7\n"
            "r6 = *(u64 *)(r10 - 0x18)\n"
            "r7 = *(u64 *)(r10 - 0x10)\n"
            "r8 = *(u64 *)(r10 - 0x8)\n"
            "r0 = 0x0\n"
            "exit\n"
            "*(u64 *)(r10 - 0x8) = 0x0\n"
            "r0 = 0x1\n"
            "exit\n");
  ASSERT_EQ(functions_.size(), 2u);
  EXPECT_EQ(functions_[0].stack_bytes, 24u);
  EXPECT_EQ(functions_[1].stack_bytes, 8u);
  EXPECT_EQ(functions_[1].depth, 1u);
}

/// A function takes its address, and another one may be called: both stay.
TEST_F(InlineTest, LoopsStayCallsWhereSomeFunctionIsNotKnown) {
  const std::string listing =
      Fixed({Load(kDW, R6, R1, 0), MovImm(R1, 4), MovImm(R3, 0), MovImm(R4, 0),
             LoadFunction(R2, 7), JumpImm(kJeq, R6, 0, 2), LoadFunction(R2, 6),
             Call(kLoop), Return0(), Return0(), MovImm(R0, 1), Exit()});
  EXPECT_NE(listing.find("call 0xb5\n"), std::string::npos) << listing;
  EXPECT_NE(listing.find("ld_pseudo r2, 0x4, 0x7\n"), std::string::npos);
  EXPECT_EQ(functions_.size(), 3u);
}

TEST_F(InlineTest, LoopsStayCallsWhereTheirStackHasNoRoom) {
  const std::string listing =
      Fixed({StoreImm(kDW, R10, -256, 0), MovImm(R1, 4), LoadFunction(R2, 6),
             MovImm(R3, 0), MovImm(R4, 0), Call(kLoop), Return0(),
             StoreImm(kDW, R10, -240, 0), Return0()});
  EXPECT_EQ(status_, Status::kOk) << log_;
  EXPECT_NE(listing.find("call 0xb5\n"), std::string::npos) << listing;
  EXPECT_EQ(functions_[0].stack_bytes, 256u);
  EXPECT_EQ(log_.find("Too large"), std::string::npos) << log_;
}

TEST_F(FixupTest, MayGotoCountsInASlotBelowTheStack) {
  // Loops go on behind the beginning; callers do not.
  EXPECT_EQ(
      Fixed({CallLocal(2), MovImm(R0, 0), Exit(), StoreImm(kDW, R10, -8, 0),
             Raw(0xe5, 0, 0, 1, 0), Goto(-3), Return0()}),
      "call 0x2\n"
      "r0 = 0x0\n"
      "exit\n"
      "*(u64 *)(r10 - 0x10) = 0x800000\n"
      "*(u64 *)(r10 - 0x8) = 0x0\n"
      "may_goto +0x1\n"
      "goto -0x3\n"
      "r0 = 0x0\n"
      "exit\n");
  EXPECT_EQ(insns_[5].imm, -16);
  EXPECT_EQ(functions_[0].stack_bytes, 0u);
  EXPECT_EQ(functions_[1].stack_bytes, 16u);
  EXPECT_EQ(functions_[1].start, 3u);
  EXPECT_EQ(facts_[3].pointer, PointerKind::kStack);
}

TEST_F(FixupTest, MayGotoNeedsRoomOnTheStack) {
  Fixed({StoreImm(kDW, R10, -512, 0), Raw(0xe5, 0, 0, 1, 0), Goto(-2),
         Return0()});
  EXPECT_EQ(status_, Status::kAccess);
  EXPECT_TRUE(
      HasLine(log_, "combined stack size of 1 calls is 520. Too large"));
}

TEST_F(FixupTest, TailCallsAreInstructions) {
  const Code tail =
      Join({LoadMap(R2, kPrograms), MovImm(R3, 2), Call(kTailCall)});
  EXPECT_EQ(Fixed({tail, Return0()}),
            "ld_pseudo r2, 0x1, 0x6\n"
            "r3 = 0x2\n"
            "tail_call\n"
            "r0 = 0x0\n"
            "exit\n");
  EXPECT_TRUE(functions_[0].reaches_tail_call);
  // main -> a, b; b -> c, which makes it.
  Fixed({CallLocal(3), CallLocal(4), MovImm(R0, 0), Exit(), Return0(),
         CallLocal(1), Exit(), MovImm(R1, 0), Return0()});
  for (const ProgramFunction& function : functions_) {
    EXPECT_FALSE(function.reaches_tail_call);
  }
  Fixed({MovReg(R6, R1), CallLocal(4), MovReg(R1, R6), CallLocal(4),
         MovImm(R0, 0), Exit(), Return0(), CallLocal(1), Exit(), tail,
         Return0()});
  ASSERT_EQ(functions_.size(), 4u);
  EXPECT_TRUE(functions_[0].reaches_tail_call);
  EXPECT_FALSE(functions_[1].reaches_tail_call);
  EXPECT_TRUE(functions_[2].reaches_tail_call);
  EXPECT_TRUE(functions_[3].reaches_tail_call);
  EXPECT_EQ(functions_[3].depth, 2u);
}

TEST_F(FixupTest, GotosThatBecomeTooLongBecomeLongOnes) {
  // 4000 lookups between a goto and its target, and no conditional jump over
  // them: they are inlined.
  Code body;
  for (int i = 0; i < 4000; ++i) {
    body.insert(body.end(), {MovReg(R1, R6), MovReg(R2, R7), Call(kMapLookup)});
  }
  const auto program = [&](const Code& jump) {
    return Join({Load(kDW, R8, R1, 0), StoreImm(kDW, R10, -8, 0),
                 LoadMap(R6, kArray), MovReg(R7, R10), AluImm(kAdd, R7, -8),
                 jump, body, Return0()});
  };
  const int length = static_cast<int>(body.size());
  const std::string inlined =
      Fixed(program({JumpImm(kJeq, R8, 0, 1), Goto(length)}));
  EXPECT_EQ(status_, Status::kOk);
  EXPECT_NE(inlined.find("gotol +"), std::string::npos);
  EXPECT_EQ(inlined.find("call 0x1\n"), std::string::npos);
  // A conditional jump cannot be so long: nothing is inlined.
  const std::string plain = Fixed(program({JumpImm(kJeq, R8, 0, length)}));
  EXPECT_EQ(status_, Status::kOk);
  EXPECT_NE(plain.find("call 0x1\n"), std::string::npos);
}

TEST_F(FixupTest, EachAllocationMayFail) {
  const Code code = Join({Call(kCpuId), LookupOrExit(kHash), CallLocal(1),
                          Exit(), Raw(0xe5, 0, 0, 1, 0), Goto(-2), Return0()});
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

TEST_F(FixupTest, PointersOfContextsAreLoadedFromWhereTheyAre) {
  SetType(6);  // xdp
  EXPECT_EQ(Fixed({Load(kW, R2, R1, 0), Load(kW, R3, R1, 4),
                   Load(kW, R4, R1, 8), Load(kW, R5, R1, 12), Return0()}),
            "r2 = *(u64 *)(r1 + 0x0)\n"
            "r3 = *(u64 *)(r1 + 0x8)\n"
            "r4 = *(u64 *)(r1 + 0x10)\n"
            "w5 = *(u32 *)(r1 + 0x24)\n"
            "r0 = 0x0\n"
            "exit\n");
  EXPECT_FALSE(facts_[0].no_zero_extension);
  EXPECT_EQ(facts_[0].pointer, PointerKind::kContext);
}

TEST_F(FixupTest, PartsOfFieldsOfContextsStayParts) {
  SetType(3);  // sched_cls
  EXPECT_EQ(Fixed({Load(kB, R2, R1, 9), Load(kH, R2, R1, 10),
                   LoadSigned(kW, R2, R1, 8), StoreImm(kW, R1, 8, 7),
                   Store(kDW, R1, 48, R2), Load(kDW, R2, R1, 168), Return0()}),
            "w2 = *(u8 *)(r1 + 0x21)\n"
            "w2 = *(u16 *)(r1 + 0x22)\n"
            "r2 = *(s32 *)(r1 + 0x20)\n"
            "*(u32 *)(r1 + 0x20) = 0x7\n"
            "*(u64 *)(r1 + 0x48) = r2\n"
            "r2 = *(u64 *)(r1 + 0xc0)\n"
            "r0 = 0x0\n"
            "exit\n");
}

TEST_F(FixupTest, OtherContextsStayWhatTheyAre) {
  const char* const text =
      "r2 = *(u64 *)(r1 + 0x8)\n"
      "r0 = 0x0\n"
      "exit\n";
  EXPECT_EQ(Fixed({Load(kDW, R2, R1, 8), Return0()}), text);
}

}  // namespace
}  // namespace ebpf::verifier
