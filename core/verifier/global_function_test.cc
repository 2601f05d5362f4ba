// SPDX-License-Identifier: MIT
#include "core/verifier/global_function.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class GlobalFunctionTest : public TypedTest {
 protected:
  /// main calls "other", which takes these; both begin where they do.
  void SetOther(const TypeWriter::Members& params, uint32_t start) {
    const uint32_t main = Main();
    other_ = Global("other", params);
    SetFunctions({{0, main}, {start, other_}});
  }
  uint32_t other_ = 0;
};

TEST_F(GlobalFunctionTest, ItIsVerifiedForAnyNumber) {
  SetOther({{"n", long_}}, 3);
  const auto masked = [](Code mask) {
    return Join({MovImm(R1, 3), CallLocal(1), Exit(), mask,
                 LoadMapValue(R2, kArray), AluReg(kAdd, R2, R1),
                 Load(kB, R0, R2, 0), Exit()});
  };
  Accepts(masked({AluImm(kAnd, R1, 15)}));
  // 3 would do, but others may call it, too.
  Rejects(masked({MovReg(R1, R1)}), Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(GlobalFunctionTest, ItsResultIsAnyNumber) {
  SetOther({{"n", long_}}, 7);
  Rejects(Join({MovImm(R1, 3), CallLocal(5), LoadMapValue(R2, kArray),
                AluReg(kAdd, R2, R0), Load(kB, R0, R2, 0), Exit(),
                MovImm(R0, 0), Exit()}),
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(GlobalFunctionTest, NobodyLooksAtOneThatNobodyCalls) {
  SetOther({{"n", long_}}, 5);
  Accepts(Join({MovImm(R0, 0), JumpImm(kJeq, R0, 0, 2), MovImm(R1, 0),
                CallLocal(1), Exit(), Load(kDW, R0, R1, 0), Exit()}));
}

TEST_F(GlobalFunctionTest, WhatIsCalledByOneIsVerifiedToo) {
  const uint32_t main = Main();
  const uint32_t first = Global("first", {{"n", long_}});
  const uint32_t second = Global("second", {{"n", long_}});
  SetFunctions({{0, main}, {3, first}, {5, second}});
  Rejects(Join({MovImm(R1, 3), CallLocal(1), Exit(), CallLocal(1), Exit(),
                Load(kDW, R0, R1, 0), Exit()}),
          Status::kAccess, "R1 invalid mem access 'scalar'");
}

TEST_F(GlobalFunctionTest, ArgumentsAreWhatThePrototypeSays) {
  SetOther({{"n", long_}}, 2);
  const Code code = {CallLocal(1), Exit(), MovImm(R0, 0), Exit()};
  Rejects(code, Status::kInvalid, "R1 is not a scalar");
  Rejects(code, Status::kInvalid,
          "Caller passes invalid args into func#1 ('other')");
}

TEST_F(GlobalFunctionTest, MemoryMayBeNullUnlessTagged) {
  const auto program = [](Code check) {
    return Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10),
                 AluImm(kAdd, R1, -8), CallLocal(1), Exit(), MovImm(R0, 0),
                 check, Load(kDW, R0, R1, 0), Exit()});
  };
  SetOther({{"p", types_.Pointer(long_)}}, 5);
  Rejects(program({}), Status::kAccess, "R1 invalid mem access 'mem_or_null'");
  Accepts(program({JumpImm(kJne, R1, 0, 1), Exit()}));
}

TEST_F(GlobalFunctionTest, TaggedMemoryIsNotNull) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {{"p", types_.Pointer(long_)}});
  types_.Tag("arg:nonnull", other, 0);
  SetFunctions({{0, main}, {5, other}});
  Accepts(
      Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10), AluImm(kAdd, R1, -8),
            CallLocal(1), Exit(), Load(kDW, R0, R1, 0), Exit()}));
  Rejects(Join({MovImm(R1, 0), MovImm(R2, 0), MovImm(R3, 0), CallLocal(1),
                Exit(), Load(kDW, R0, R1, 0), Exit()}),
          Status::kInvalid, "arg#0 is expected to be non-NULL");
}

TEST_F(GlobalFunctionTest, MemoryIsAsLargeAsItsType) {
  SetOther({{"p", types_.Pointer(long_)}}, 5);
  const auto program = [](int passed, int loaded) {
    return Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10),
                 AluImm(kAdd, R1, passed), CallLocal(1), Exit(), MovImm(R0, 0),
                 JumpImm(kJeq, R1, 0, 1), Load(kW, R0, R1, loaded), Exit()});
  };
  Accepts(program(-8, 4));
  Rejects(program(-8, 8), Status::kAccess,
          "invalid access to memory, mem_size=8 off=8 size=4");
  Rejects(program(-4, 0), Status::kInvalid,
          "Caller passes invalid args into func#1 ('other')");
}

TEST_F(GlobalFunctionTest, WhatItMayWriteItsCallerForgets) {
  SetOther({{"p", types_.Pointer(long_)}}, 9);
  Rejects(
      Join({StoreImm(kDW, R10, -8, 1), MovReg(R1, R10), AluImm(kAdd, R1, -8),
            CallLocal(5), LoadMapValue(R2, kArray), Load(kDW, R1, R10, -8),
            AluReg(kAdd, R2, R1), Exit(), MovImm(R0, 0), Exit()}),
      Status::kInvalid,
      "math between map_value pointer and register with unbounded min "
      "value is not allowed");
}

TEST_F(GlobalFunctionTest, WritesToAPacketsDynptrMoveIt) {
  // Linux 6.18 does not see it.
  TypeWriter k;
  const uint32_t word = k.Int("unsigned long", 8);
  const uint32_t dynptr = k.Struct("bpf_dynptr", {{"n", word}, {"m", word}});
  const uint32_t skb = k.Struct("__sk_buff", {{"n", word}});
  const uint32_t from_skb = k.Function(
      "bpf_dynptr_from_skb",
      k.Prototype(k.Int("int", 4), {{"s", k.Pointer(skb)},
                                    {"flags", word},
                                    {"ptr__uninit", k.Pointer(dynptr)}}));
  SetKernel(k);
  options_.type = FindProgramType(3);  // sched_cls
  SetOther(
      {{"skb", types_.Pointer(types_.Struct("__sk_buff", {{"n", long_}}))}}, 9);
  const Code start = {Load(kW, R7, R1, 76),
                      Load(kW, R2, R1, 80),
                      MovReg(R3, R7),
                      AluImm(kAdd, R3, 8),
                      JumpReg(kJgt, R3, R2, 2),
                      CallLocal(3),
                      StoreImm(kB, R7, 3, 0),
                      MovImm(R0, 0),
                      Exit()};
  const Code make = Join({MovReg(R3, R10), AluImm(kAdd, R3, -16), MovImm(R2, 0),
                          CallKernel(from_skb)});
  // bpf_dynptr_write
  const Code write =
      Join({StoreImm(kDW, R10, -24, 0), MovReg(R1, R10), AluImm(kAdd, R1, -16),
            MovImm(R2, 0), MovReg(R3, R10), AluImm(kAdd, R3, -24),
            MovImm(R4, 8), MovImm(R5, 0), Call(202)});
  Accepts(Join({start, make, Return0()}));
  Rejects(Join({start, make, write, Return0()}), Status::kAccess,
          "R7 invalid mem access 'scalar'");
}

TEST_F(GlobalFunctionTest, ContextsAreKnownByTheirTag) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {{"ctx", types_.Pointer(0)}});
  types_.Tag("arg:ctx", other, 0);
  SetFunctions({{0, main}, {3, other}});
  Accepts({MovImm(R2, 0), CallLocal(1), Exit(), Load(kDW, R0, R1, 0), Exit()});
  Rejects({MovImm(R1, 0), CallLocal(1), Exit(), MovImm(R0, 0), Exit()},
          Status::kInvalid, "arg#0 expects pointer to ctx");
}

TEST_F(GlobalFunctionTest, ItsExitGivesANumber) {
  SetOther({{"ctx", types_.Pointer(types_.Struct("pt_regs", {}))}}, 2);
  Rejects({CallLocal(1), Exit(), MovReg(R0, R1), Exit()}, Status::kInvalid,
          "At subprogram exit the register R0 is not a scalar value (ctx)");
  Rejects({CallLocal(1), Exit(), Exit()}, Status::kAccess, "R0 !read_ok");
}

TEST_F(GlobalFunctionTest, TrustedArgumentsAreTheKernels) {
  AttachTo(26, AttachType::kTraceRawTp, task_newtask_);
  const uint32_t main = Main();
  const uint32_t other =
      Global("other",
             {{"p", types_.Pointer(types_.Struct("task_struct___local", {}))}});
  types_.Tag("arg:trusted", other, 0);
  SetFunctions({{0, main}, {4, other}});
  const auto program = [](Code first) {
    return Join({first, CallLocal(1), Exit(), Load(kDW, R0, R1, 0), Exit()});
  };
  Accepts(program({Load(kDW, R1, R1, 0), MovImm(R2, 0)}));
  Rejects(program({MovImm(R1, 0), MovImm(R2, 0)}), Status::kAccess,
          "R1 type=scalar expected=ptr_, trusted_ptr_, rcu_ptr_");
}

TEST_F(GlobalFunctionTest, LogTellsWhichAreVerified) {
  SetOther({{"n", long_}}, 3);
  const Verdict verdict = Judge(
      {MovImm(R1, 3), CallLocal(1), Exit(), MovImm(R0, 0), Exit()}, kLogStates);
  EXPECT_EQ(verdict.status, Status::kOk);
  EXPECT_TRUE(
      HasLine(verdict.log, "Func#1 ('other') is global and assumed valid."))
      << verdict.log;
  EXPECT_TRUE(HasLine(verdict.log, "Validating other() func#1..."));
  EXPECT_TRUE(HasLine(
      verdict.log,
      "Func#1 ('other') is safe for any args that match its prototype"));
}

TEST_F(GlobalFunctionTest, StaticFunctionsAreWalkedFromEachCall) {
  const uint32_t main = Main();
  const uint32_t other = types_.Function(
      "other", types_.Prototype(int_, {{"n", long_}}), btf::Linkage::kStatic);
  SetFunctions({{0, main}, {3, other}});
  Accepts(Join({MovImm(R1, 3), CallLocal(1), Exit(), LoadMapValue(R2, kArray),
                AluReg(kAdd, R2, R1), Load(kB, R0, R2, 0), Exit()}));
}

}  // namespace
}  // namespace ebpf::verifier
