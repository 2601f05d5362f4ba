// SPDX-License-Identifier: MIT
#include "core/verifier/callback.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class CallbackTest : public VerifierTest {
 protected:
  /// bpf_loop(count, function, context, 0), then `after`; the function is
  /// `body`. `context` is the offset of the stack that it is given, or 0.
  static Code Loop(int count, int context, const Code& after,
                   const Code& body) {
    const Code given = context == 0
                           ? Code{MovImm(R3, 0)}
                           : Code{MovReg(R3, R10), AluImm(kAdd, R3, context)};
    return Join({given, MovImm(R4, 0), MovImm(R1, count),
                 LoadFunction(R2, static_cast<int64_t>(after.size()) + 2),
                 Call(kLoop), after, body});
  }
  static Code ForEach(int map, const Code& body) {
    return Join({LoadMap(R1, map), LoadFunction(R2, 6), MovImm(R3, 0),
                 MovImm(R4, 0), Call(kForEach), Return0(), body});
  }
  /// The loop's count, unknown.
  static Code UnknownCount(Code code) {
    for (isa::Insn& insn : code) {
      if (insn.opcode == 0xb7 && insn.dst == R1) {
        insn = Load(kW, R1, R6, 0);
      }
    }
    return Join({MovReg(R6, R1), code});
  }
};

TEST_F(CallbackTest, AFunctionIsCalledWithANumberAndAContext) {
  Accepts(Loop(4, 0, Return0(), Return0()));
  Accepts(Loop(4, 0, Return0(), {MovImm(R0, 1), Exit()}));
  Rejects(Loop(4, 0, Return0(), {Load(kDW, R0, R1, 0), Exit()}),
          Status::kAccess, "R1 invalid mem access 'scalar'");
  Rejects(Loop(4, 0, Return0(), {MovReg(R0, R3), Exit()}), Status::kAccess,
          "R3 !read_ok");
  Rejects(Loop(4, 0, Return0(), {MovReg(R0, R6), Exit()}), Status::kAccess,
          "R6 !read_ok");
  Rejects(Loop(4, 0, {Exit()}, {MovReg(R0, R2), Exit(), Exit()}),
          Status::kInvalid, "unreachable insn 9");
}

TEST_F(CallbackTest, ArgumentsAreWhatTheHelperAsks) {
  Rejects(Join({MovImm(R1, 4), MovImm(R2, 6), MovImm(R3, 0), MovImm(R4, 0),
                Call(kLoop), Return0()}),
          Status::kAccess, "R2 type=scalar expected=func");
  Rejects(Join({MovReg(R3, R1), MovImm(R1, 4), LoadFunction(R2, 5),
                MovImm(R4, 0), Call(kLoop), Return0(), Return0()}),
          Status::kAccess, "R3 type=ctx expected=fp");
  Rejects(Join({MovImm(R1, 4), LoadFunction(R2, 6), MovImm(R3, 5),
                MovImm(R4, 0), Call(kLoop), Return0(), Return0()}),
          Status::kAccess, "R3 type=scalar expected=fp");
  Rejects(
      Join({MovImm(R1, 4), LoadFunction(R2, 7), AluImm(kAdd, R2, 8),
            MovImm(R3, 0), MovImm(R4, 0), Call(kLoop), Return0(), Return0()}),
      Status::kAccess, "dereference of modified func ptr R2 off=8 disallowed");
}

TEST_F(CallbackTest, FunctionsAreNamedByAStaticOne) {
  Rejects(Join({MovImm(R1, 4), LoadFunction(R2, -2), MovImm(R3, 0),
                MovImm(R4, 0), Call(kLoop), Return0()}),
          Status::kInvalid, "callback function not static",
          OnLinux::kOtherText);
  Rejects(Join({MovImm(R1, 4), LoadFunction(R2, 60), MovImm(R3, 0),
                MovImm(R4, 0), Call(kLoop), Return0()}),
          Status::kInvalid, "call to invalid destination");
}

TEST_F(CallbackTest, AFunctionsAddressIsAPointerToNothing) {
  Rejects({LoadFunction(R2, 4), Load(kDW, R0, R2, 0), MovImm(R0, 0), Exit(),
           Return0()},
          Status::kAccess, "R2 invalid mem access 'func'");
  Accepts({LoadFunction(R0, 2), Exit(), Return0()});
  // Nobody calls it: it is not walked.
  Accepts({LoadFunction(R2, 3), Return0(), Load(kDW, R0, R9, 0), Exit()});
  Accepts({LoadFunction(R1, 10), CallLocal(2), Return0(), MovReg(R2, R1),
           MovImm(R1, 4), MovImm(R3, 0), MovImm(R4, 0), Call(kLoop), Exit(),
           Return0()});
}

TEST_F(CallbackTest, TheResultIsZeroOrOne) {
  Rejects(Loop(4, 0, Return0(), {MovImm(R0, 2), Exit()}), Status::kInvalid,
          "At callback return the register R0 has smin=2 smax=2 should have "
          "been in [0, 1]");
  Rejects(Loop(4, 0, Return0(), {MovReg(R0, R1), Exit()}), Status::kInvalid,
          "At callback return the register R0 has unknown scalar value should "
          "have been in [0, 1]");
  Rejects(Loop(4, 0, Return0(), {Exit()}), Status::kAccess,
          "R0 not a scalar value");
  Rejects(Loop(4, 0, Return0(), {MovReg(R0, R10), Exit()}), Status::kInvalid,
          "cannot return stack pointer to the caller");
  Rejects(ForEach(kHash, {MovReg(R0, R3), Exit()}), Status::kAccess,
          "R0 not a scalar value");
  Accepts(Loop(4, 0, Return0(), {MovReg(R0, R1), AluImm(kAnd, R0, 1), Exit()}));
}

TEST_F(CallbackTest, ALoopOfNoneIsNotWalked) {
  Accepts(Loop(0, 0, Return0(), {Load(kDW, R0, R9, 0), Exit()}));
}

TEST_F(CallbackTest, WhatHappensInACallHappensBeforeTheNext) {
  // The second call finds what the first one left.
  const Code after = Return0();
  const Code body =
      Join({Load(kDW, R3, R2, 0), JumpImm(kJeq, R3, 0, 2), Load(kDW, R0, R9, 0),
            Exit(), StoreImm(kDW, R2, 0, 1), Return0()});
  Rejects(Join({StoreImm(kDW, R10, -8, 0), Loop(4, -8, after, body)}),
          Status::kAccess, "R9 !read_ok");
  Accepts(Join({StoreImm(kDW, R10, -8, 0), Loop(1, -8, after, body)}));
}

TEST_F(CallbackTest, TheCallerFindsWhatCallsLeft) {
  const Code after = Join({Load(kDW, R1, R10, -8), JumpImm(kJne, R1, 0, 2),
                           Return0(), Load(kDW, R0, R9, 0), Exit()});
  const Code body = Join({StoreImm(kDW, R2, 0, 1), Return0()});
  Rejects(Join({StoreImm(kDW, R10, -8, 0), Loop(4, -8, after, body)}),
          Status::kAccess, "R9 !read_ok");
  Accepts(Join({StoreImm(kDW, R10, -8, 0), Loop(0, -8, after, body)}));
}

/// value[i++] while i is below a bound, which `i` on the stack does not cross;
/// `bound` 0: no check.
Code Indexed(int bound) {
  const Code check = bound == 0 ? Code{} : Code{JumpImm(kJge, R6, bound, 4)};
  return Join({MovReg(R7, R2), LookupOrExit(kArray), Load(kDW, R6, R7, 0),
               check, AluReg(kAdd, R0, R6), StoreImm(kB, R0, 0, 1),
               AluImm(kAdd, R6, 1), Store(kDW, R7, 0, R6), Return0()});
}

Code WithZero(Code code) {
  // LookupOrExit leaves r0 at its exit, which is not 0 or 1 as far as is known:
  // it is null there.
  return Join({StoreImm(kDW, R10, -8, 0), code});
}

TEST_F(CallbackTest, CountersAreFollowedAsFarAsTheLoopGoes) {
  Accepts(WithZero(Loop(16, -8, Return0(), Indexed(0))));
  Rejects(WithZero(Loop(17, -8, Return0(), Indexed(0))), Status::kAccess,
          "invalid access to map value, value_size=16 off=16 size=1");
}

TEST_F(CallbackTest, CountersWithABoundConverge) {
  Accepts(WithZero(Loop(1000000, -8, Return0(), Indexed(16))));
  const Verdict verdict =
      Judge(WithZero(Loop(1000000, -8, Return0(), Indexed(16))));
  EXPECT_LT(verdict.stats.insns_processed, 500u);
}

TEST_F(CallbackTest, NumbersThatDoNotMatterDoNotKeepALoopGoing) {
  const Code body =
      Join({Load(kDW, R3, R2, 0), AluImm(kAdd, R3, 1), AluImm(kMul, R3, 3),
            Store(kDW, R2, 0, R3), Return0()});
  const Code code = WithZero(Loop(1 << 23, -8, Return0(), body));
  Accepts(code);
  EXPECT_LT(Judge(code).stats.insns_processed, 200u);
}

TEST_F(CallbackTest, NumbersThatStayAreKeptBesideOnesThatChange) {
  // The caller's number has a copy; what is counted never ends, and matters
  // here, since a function is given it.
  const Code after = Join({LoadMapValue(R8, kArray), AluReg(kAdd, R8, R6),
                           StoreImm(kB, R8, 0, 1), Return0()});
  const Code counts =
      Join({Load(kDW, R1, R2, 0), AluImm(kAdd, R1, 1), Store(kDW, R2, 0, R1),
            CallLocal(2), Return0(), Return0()});
  const Code bounded = Join({Load(kDW, R7, R1, 0), AluImm(kAnd, R7, 15),
                             MovReg(R6, R7), StoreImm(kDW, R10, -8, 0)});
  Accepts(Join({bounded, Loop(1 << 22, -8, after, counts)}));
  // That they are copies of each other is kept, too.
  const Code by_copy =
      Join({JumpImm(kJgt, R7, 3, 5), MovReg(R8, R10), AluReg(kAdd, R8, R6),
            StoreImm(kB, R8, -8, 1), Return0(), Return0()});
  const Code unbounded =
      Join({Load(kDW, R7, R1, 0), MovReg(R6, R7), StoreImm(kDW, R10, -8, 0)});
  Accepts(Join({unbounded, Loop(1 << 22, -8, by_copy, counts)}));
  Rejects(Join({bounded, MovImm(R7, 3), Loop(1 << 22, -8, by_copy, counts)}),
          Status::kInvalid,
          "invalid variable-offset write to stack R8 var_off=(0x0; 0xf) off=-8 "
          "size=1");
}

TEST_F(CallbackTest, BranchesInCallsMeetAgain) {
  // Without that: 2^24 paths.
  Code body = {MovImm(R6, 0)};
  for (int bit = 0; bit < 24; ++bit) {
    body.push_back(Call(kRandom));
    body.push_back(JumpImm(kJset, R0, 1, 1));
    body.push_back(AluImm(kAdd, R6, 1));
  }
  body = Join({body, MovImm(R0, 0), Exit()});
  Accepts(Loop(1 << 20, 0, Return0(), body));
}

TEST_F(CallbackTest, LoopsInLoopsConverge) {
  // Calls the inner function, which is behind it.
  const Code outer = Join({MovImm(R3, 0), MovImm(R4, 0), MovImm(R1, 1 << 20),
                           LoadFunction(R2, 4), Call(kLoop), Return0()});
  const Code innermost = Join({MovReg(R0, R1), AluImm(kAnd, R0, 1), Exit()});
  const Code code = Loop(1 << 20, 0, Return0(), Join({outer, innermost}));
  Accepts(code);
  EXPECT_LT(Judge(code).stats.insns_processed, 300u);
}

TEST_F(CallbackTest, EndlessLoopsAroundAndInCallsAreFound) {
  // L: bpf_loop(); goto L, which Linux overlooks.
  Rejects({MovImm(R1, 4), LoadFunction(R2, 5), MovImm(R3, 0), MovImm(R4, 0),
           Call(kLoop), Goto(-7), Return0()},
          Status::kInvalid, "infinite loop detected at insn 5",
          OnLinux::kAccepts);
  Rejects(Loop(4, 0, Return0(), {MovImm(R0, 0), Goto(-1), Exit()}),
          Status::kInvalid, "unreachable insn 10", OnLinux::kSame);
  Rejects(Loop(4, 0, Return0(),
               {MovImm(R0, 0), JumpImm(kJeq, R1, 5, 1), Goto(-2), Exit()}),
          Status::kInvalid, "infinite loop detected at insn 9",
          OnLinux::kOtherText);
}

/// A loop that would end only if its calls, which it repeats, changed what it
/// looks at: they change it back and forth.
TEST_F(CallbackTest, ALoopThatCallsUndoIsEndless) {
  // do { v = 1; bpf_loop(4, {v = 0}) } while (true)
  const Code around = Join(
      {StoreImm(kDW, R10, -8, 1), MovReg(R3, R10), AluImm(kAdd, R3, -8),
       MovImm(R4, 0), MovImm(R1, 4), LoadFunction(R2, 4), Call(kLoop),
       Load(kDW, R1, R10, -8), Goto(-10), StoreImm(kDW, R2, 0, 0), Return0()});
  const Verdict verdict = Judge(around);
  EXPECT_EQ(verdict.status, Status::kInvalid) << verdict.log;
}

TEST_F(CallbackTest, CallsAreNotDeeperThanEightFrames) {
  // A function that loops over itself.
  Rejects(Loop(4, 0, Return0(),
               Join({MovImm(R1, 4), LoadFunction(R2, -2), MovImm(R3, 0),
                     MovImm(R4, 0), Call(kLoop), Return0()})),
          Status::kTooBig, "the call stack of 9 frames is too deep");
}

TEST_F(CallbackTest, StacksOfFunctionsThatAreCalledBackCount) {
  const Code body = Join({StoreImm(kDW, R10, -256, 0), Return0()});
  Accepts(Join({StoreImm(kDW, R10, -256, 0), Loop(4, 0, Return0(), body)}));
  Rejects(Join({StoreImm(kDW, R10, -272, 0), Loop(4, 0, Return0(), body)}),
          Status::kAccess, "combined stack size of 2 calls is 528. Too large",
          OnLinux::kAccepts);
}

TEST_F(CallbackTest, RecordsHeldByTheCallerStayHeld) {
  Accepts({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
           Loop(4, 0, Join({Release(R6), Return0()}), Return0())});
}

TEST_F(CallbackTest, RecordsTakenInCallsAreGivenBackThere) {
  Rejects(Loop(4, 0, Return0(),
               Join({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Return0()})),
          Status::kInvalid, "Unreleased reference id=2 alloc_insn=12");
  Accepts(Loop(4, 0, Return0(),
               Join({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Release(R0),
                     Return0()})));
}

TEST_F(CallbackTest, WalksOverMapsGiveKeysAndValues) {
  Accepts(ForEach(kArray, Join({Load(kW, R4, R2, 0), Load(kDW, R5, R3, 8),
                                StoreImm(kDW, R3, 0, 1), Return0()})));
  Accepts(ForEach(kHash, Return0()));
  Accepts(ForEach(kPerCpu, Return0()));
  // The map, too.
  Accepts(ForEach(kHash, Join({Call(kMapDelete), Return0()})));
  Rejects(ForEach(kHash, {MovReg(R0, R5), Exit()}), Status::kAccess,
          "R5 !read_ok");
}

TEST_F(CallbackTest, OnlyMapsWithKeysAreWalkedOver) {
  for (int map : {kRing, kPrograms}) {
    Rejects(ForEach(map, Return0()), Status::kNotSupportedLinux,
            "callback function not allowed for map");
  }
}

TEST_F(CallbackTest, KeysAreReadOnly) {
  Rejects(ForEach(kArray, Join({StoreImm(kW, R2, 0, 0), Return0()})),
          Status::kAccess, "write to change key R2 not allowed");
  Rejects(ForEach(kHash, Join({MovImm(R0, 0), Atomic(kDW, kAdd, R2, 0, R0),
                               Return0()})),
          Status::kAccess, "write to change key R2 not allowed");
  Rejects(ForEach(kHash, Join({MovReg(R1, R2), MovImm(R2, 8), MovReg(R3, R10),
                               Call(kProbeRead), Return0()})),
          Status::kAccess, "R1 cannot write into map_key");
}

TEST_F(CallbackTest, KeysHaveTheirSize) {
  Rejects(ForEach(kArray, Join({Load(kDW, R4, R2, 0), Return0()})),
          Status::kAccess,
          "invalid access to map key, key_size=4 off=0 size=8");
  Rejects(ForEach(kHash, Join({Load(kB, R4, R2, -1), Return0()})),
          Status::kAccess,
          "invalid access to map key, key_size=8 off=-1 size=1");
  Accepts(ForEach(
      kHash, Join({Load(kW, R4, R2, 0), AluImm(kAnd, R4, 7),
                   AluReg(kAdd, R2, R4), Load(kB, R0, R2, 0), Return0()})));
}

TEST_F(CallbackTest, KeysAndValuesAreThere) {
  Accepts(ForEach(kHash, Join({JumpImm(kJne, R2, 0, 2), Load(kDW, R0, R9, 0),
                               Exit(), JumpImm(kJne, R3, 0, 2),
                               Load(kDW, R0, R9, 0), Exit(), Return0()})));
  // Passed on and kept like other pointers.
  Accepts(ForEach(kHash, Join({Store(kDW, R10, -8, R2), Load(kDW, R3, R10, -8),
                               Load(kDW, R0, R3, 0), Return0()})));
  Accepts(ForEach(kHash, Join({Call(kMapLookup), Return0()})));
}

/// An array's key is on the stack of the helper, which is gone when the caller
/// would read it. Linux's is, too.
TEST_F(CallbackTest, KeysEndWithTheCall) {
  const auto keeping = [](const Code& body) {
    return Join({StoreImm(kDW, R10, -8, 0), LoadMap(R1, kArray),
                 LoadFunction(R2, 10), MovReg(R3, R10), AluImm(kAdd, R3, -8),
                 MovImm(R4, 0), Call(kForEach), Load(kDW, R6, R10, -8),
                 JumpImm(kJeq, R6, 0, 1), Load(kW, R0, R6, 0), Return0(),
                 body});
  };
  Rejects(keeping({Store(kDW, R4, 0, R2), MovImm(R0, 0), Exit()}),
          Status::kInvalid,
          "cannot keep a callback's map key in stack frame of the caller",
          OnLinux::kAccepts);
  // Not by a function that is called by the one that is called back, either.
  Rejects(keeping({MovReg(R1, R4), CallLocal(2), MovImm(R0, 0), Exit(),
                   Store(kDW, R1, 0, R2), MovImm(R0, 0), Exit()}),
          Status::kInvalid,
          "cannot keep a callback's map key in stack frame of the caller",
          OnLinux::kAccepts);
  // It may give it back to the one that is called back.
  Accepts(
      ForEach(kArray, Join({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallLocal(4),
                            Load(kDW, R2, R10, -8), Load(kW, R3, R2, 0),
                            Return0(), Store(kDW, R1, 0, R2), Return0()})));
}

TEST_F(CallbackTest, FixupIsToldWhatIsCalledOnAllPaths) {
  const auto note = [&](const Code& code, size_t at) {
    FailingAllocator allocator;
    Findings findings(allocator);
    Log log;
    Stats stats;
    std::vector<InsnFacts> facts(code.size());
    EXPECT_EQ(
        Verify(isa::ConstInsns(code.data(), code.size()), maps_->span(),
               options_, allocator, log,
               Span<InsnFacts>(facts.data(), facts.size()), stats, &findings),
        Status::kOk);
    EXPECT_TRUE(findings.graph[0].Has(0, 1));
    return findings.calls[at];
  };
  const Code loop = Loop(4, 0, Return0(), Return0());
  ASSERT_TRUE(note(loop, 5).known());
  EXPECT_EQ(note(loop, 5).what(), 8u);
  // One of two.
  const Code two =
      Join({Load(kDW, R6, R1, 0), MovImm(R1, 4), MovImm(R3, 0), MovImm(R4, 0),
            LoadFunction(R2, 7), JumpImm(kJeq, R6, 0, 2), LoadFunction(R2, 6),
            Call(kLoop), Return0(), Return0(), Return0()});
  EXPECT_FALSE(note(two, 9).known());
}

}  // namespace
}  // namespace ebpf::verifier
