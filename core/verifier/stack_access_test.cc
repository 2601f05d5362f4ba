// SPDX-License-Identifier: MIT
//
// What is stored on the stack by its size, place and type, and what a load of
// each size then finds.
#include "core/verifier/stack_access.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class StackAccessTest : public VerifierTest {};

TEST_F(StackAccessTest, OnlyWhatWasWrittenIsRead) {
  // Linux gives the privileged the bytes of whoever was there before.
  Rejects({Load(kDW, R0, R10, -8), Exit()}, Status::kAccess,
          "invalid read from stack off -8+0 size 8", OnLinux::kAccepts);
  Rejects({StoreImm(kW, R10, -8, 0), Load(kDW, R0, R10, -8), Exit()},
          Status::kAccess, "invalid read from stack off -8+4 size 8",
          OnLinux::kAccepts);
  Accepts({StoreImm(kW, R10, -8, 1), StoreImm(kW, R10, -4, 1),
           Load(kDW, R0, R10, -8), Exit()});
  Accepts({StoreImm(kDW, R10, -16, 1), Load(kB, R0, R10, -9), Exit()});
}

TEST_F(StackAccessTest, UninitializedBytesAreReadOnRequest) {
  options_.allow_uninitialized_stack = true;
  Accepts({Load(kDW, R0, R10, -8), Exit()});
  Accepts({StoreImm(kW, R10, -8, 0), Load(kDW, R0, R10, -8), Exit()});
  Rejects({Load(kDW, R2, R10, -8), Load(kDW, R0, R2, 0), Exit()},
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(StackAccessTest, StackIsFiveHundredAndTwelveBytes) {
  Accepts({StoreImm(kDW, R10, -512, 0), Return0()});
  Accepts({StoreImm(kB, R10, -1, 0), Return0()});
  Rejects({StoreImm(kDW, R10, -520, 0), Return0()}, Status::kAccess,
          "invalid write to stack R10 off=-520 size=8");
  Rejects({StoreImm(kDW, R10, 0, 0), Return0()}, Status::kAccess,
          "invalid write to stack R10 off=0 size=8");
  Rejects({Load(kB, R0, R10, 0), Exit()}, Status::kAccess,
          "invalid read from stack R10 off=0 size=1");
  Rejects({Load(kB, R0, R10, -513), Exit()}, Status::kAccess,
          "invalid read from stack R10 off=-513 size=1");
  Rejects({MovReg(R2, R10), AluImm(kAdd, R2, 8), StoreImm(kDW, R2, -8, 0),
           Return0()},
          Status::kAccess, "invalid write to stack R2 off=0 size=8");
}

TEST_F(StackAccessTest, AccessesAreAligned) {
  Rejects({StoreImm(kDW, R10, -12, 0), Return0()}, Status::kAccess,
          "misaligned stack access off 0+0+-12 size 8");
  Rejects({StoreImm(kW, R10, -6, 0), Return0()}, Status::kAccess,
          "misaligned stack access off 0+0+-6 size 4");
  Rejects({MovReg(R2, R10), AluImm(kAdd, R2, -7), Load(kH, R0, R2, 0), Exit()},
          Status::kAccess, "misaligned stack access off 0+-7+0 size 2");
  Accepts({StoreImm(kH, R10, -6, 0), StoreImm(kB, R10, -7, 0), Return0()});
}

TEST_F(StackAccessTest, SpilledPointersComeBack) {
  Accepts({LookupOrExit(kArray), Store(kDW, R10, -16, R0),
           Load(kDW, R6, R10, -16), Load(kDW, R1, R6, 8), Return0()});
  Accepts({Store(kDW, R10, -16, R1), Load(kDW, R6, R10, -16),
           Load(kDW, R0, R6, 0), Exit()});
  Accepts({Store(kDW, R10, -8, R10), Load(kDW, R6, R10, -8),
           StoreImm(kDW, R6, -16, 0), Return0()});
}

TEST_F(StackAccessTest, PointersAreSpilledAndFilledWhole) {
  for (Size size : {kB, kH, kW}) {
    Rejects({Store(size, R10, -8, R10), Return0()}, Status::kAccess,
            "invalid size of register spill");
    Rejects({Store(kDW, R10, -8, R10), Load(size, R0, R10, -8), Exit()},
            Status::kAccess, "invalid size of register fill");
  }
}

TEST_F(StackAccessTest, OverwrittenPointersAreNumbers) {
  Rejects({Store(kDW, R10, -8, R1), StoreImm(kB, R10, -8, 0),
           Load(kDW, R6, R10, -8), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
  Rejects({Store(kDW, R10, -8, R1), StoreImm(kW, R10, -4, 0),
           Load(kDW, R6, R10, -8), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
  Rejects({Store(kDW, R10, -8, R1), StoreImm(kDW, R10, -8, 0),
           Load(kDW, R6, R10, -8), Load(kDW, R0, R6, 0), Exit()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(StackAccessTest, PartlyWrittenBytesAreNotKnownToBeWritten) {
  // A helper writes up to 7 of them: none is certain to be.
  const Code code = {Load(kDW, R2, R1, 0),  AluImm(kAnd, R2, 7),
                     MovReg(R1, R10),       AluImm(kAdd, R1, -8),
                     MovImm(R3, 0),         Call(kProbeRead),
                     Load(kB, R0, R10, -5), Exit()};
  options_.allow_uninitialized_stack = true;
  Accepts(code);
  EXPECT_EQ(Judge(code, kLogStates).log.find(" fp-8="), std::string::npos);
}

/// So long that a state is kept, and compared with those of later paths.
Code OnAndOn() {
  const Code ten(10, MovImm(R5, 0));
  return Join({ten, Goto(0), ten});
}

/// r0 + a byte that `code` leaves in r7 is read from a value of 16 bytes.
class StackNumberTest : public VerifierTest {
 protected:
  Code Indexing(const Code& code) {
    return Join({MovReg(R9, R1), LookupOrExit(kArray), MovReg(R6, R0),
                 Load(kDW, R7, R9, 0), code, AluReg(kAdd, R6, R7),
                 Load(kB, R0, R6, 0), Return0()});
  }
};

TEST_F(StackNumberTest, SpilledNumbersKeepTheirBounds) {
  for (Size size : {kB, kH, kW, kDW}) {
    Accepts(Indexing(Join({AluImm(kAnd, R7, 15), Store(size, R10, -16, R7),
                           Load(size, R7, R10, -16)})));
  }
  Accepts(Indexing({StoreImm(kDW, R10, -16, 15), Load(kDW, R7, R10, -16)}));
  Accepts(Indexing({StoreImm(kB, R10, -16, 15), Load(kB, R7, R10, -16)}));
}

TEST_F(StackNumberTest, NarrowerLoadsTakeTheLowBytes) {
  Accepts(Indexing({AluImm(kAnd, R7, 15), Store(kDW, R10, -16, R7),
                    Load(kB, R7, R10, -16)}));
  Rejects(Indexing({AluImm(kAnd, R7, 15), Store(kDW, R10, -16, R7),
                    Load(kB, R7, R10, -15)}),
          Status::kAccess,
          "R6 max value is outside of the allowed memory range");
  Accepts(Indexing(
      {MovImm(R7, 0x10f), Store(kDW, R10, -16, R7), Load(kB, R7, R10, -16)}));
}

TEST_F(StackNumberTest, SignedLoadsTakeTheLowBytes) {
  // Linux keeps what fits the width, or knows the width only.
  Accepts(Indexing({AluImm(kLsh, R7, 32), Store(kDW, R10, -16, R7),
                    LoadSigned(kW, R7, R10, -16)}),
          OnLinux::kRefuses);
  Accepts(Indexing({AluImm(kAnd, R7, 15), Store(kDW, R10, -16, R7),
                    LoadSigned(kB, R7, R10, -16)}));
  const auto sign = [this](Size size, int64_t number) {
    return Indexing({MovImm(R7, number), Store(kDW, R10, -16, R7),
                     LoadSigned(size, R7, R10, -16)});
  };
  const std::string text = "invalid access to map value, value_size=16 off=";
  Rejects(sign(kB, 0x80), Status::kAccess, text + "-128 size=1",
          OnLinux::kOtherText);
  Rejects(sign(kH, 0x8000), Status::kAccess, text + "-32768 size=1",
          OnLinux::kOtherText);
  // The second path leaves another low half.
  Rejects(Indexing(Join({Load(kDW, R8, R9, 8), AluImm(kLsh, R7, 32),
                         JumpImm(kJeq, R8, 0, 1), Goto(1), MovImm(R7, 77),
                         Store(kDW, R10, -16, R7), OnAndOn(),
                         LoadSigned(kW, R7, R10, -16)})),
          Status::kAccess, text + "77 size=1", OnLinux::kOtherText);
}

TEST_F(StackNumberTest, WiderLoadsKnowNothing) {
  Rejects(Indexing({AluImm(kAnd, R7, 15), StoreImm(kDW, R10, -16, 1),
                    Store(kW, R10, -16, R7), Load(kDW, R7, R10, -16)}),
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
}

TEST_F(StackNumberTest, ZeroBytesStayZero) {
  // Linux keeps the first as a one-byte number, which the second ends.
  Accepts(Indexing({StoreImm(kB, R10, -16, 0), StoreImm(kB, R10, -15, 0),
                    Load(kH, R7, R10, -16)}),
          OnLinux::kRefuses);
  Accepts(Indexing({StoreImm(kDW, R10, -16, 0), Load(kW, R7, R10, -12)}));
  Accepts(Indexing(
      {MovImm(R7, 0), Store(kDW, R10, -16, R7), Load(kH, R7, R10, -14)}));
}

TEST_F(StackNumberTest, BytesOfOneLoadMayBeOfSeveralStores) {
  Rejects(Indexing({StoreImm(kB, R10, -16, 1), StoreImm(kB, R10, -15, 0),
                    Load(kH, R7, R10, -16)}),
          Status::kAccess,
          "R6 max value is outside of the allowed memory range");
}

/// r2 = fp - 16 + an unknown multiple of 4 below 16 (or `mask`).
class VariableStackTest : public VerifierTest {
 protected:
  Code WithVariable(const Code& before, const Code& after, int mask = 12,
                    int offset = -16) {
    return Join({before, Load(kDW, R3, R1, 0), AluImm(kAnd, R3, mask),
                 MovReg(R2, R10), AluImm(kAdd, R2, offset),
                 AluReg(kAdd, R2, R3), after, Return0()});
  }
  const Code kFill = {StoreImm(kDW, R10, -16, 0), StoreImm(kDW, R10, -8, 0)};
};

TEST_F(VariableStackTest, LoadsNeedAllBytesWritten) {
  Accepts(WithVariable(kFill, {Load(kW, R0, R2, 0)}));
  Rejects(WithVariable({StoreImm(kDW, R10, -16, 0)}, {Load(kW, R0, R2, 0)}),
          Status::kAccess,
          "invalid read from stack R2 var_off (0x0; 0xc)+8 size 4",
          OnLinux::kAccepts);
}

TEST_F(VariableStackTest, BoundsHoldForAllOffsets) {
  Rejects(WithVariable({}, {StoreImm(kW, R2, 0, 1)}, 28), Status::kInvalid,
          "invalid variable-offset write to stack R2 var_off=(0x0; 0x1c) "
          "off=-16 size=4");
  Rejects(WithVariable({}, {StoreImm(kW, R2, 0, 1)}, 12, -516), Status::kAccess,
          "invalid variable-offset write to stack R2 var_off=(0x0; 0xc) "
          "off=-516 size=4");
  Rejects({MovReg(R2, R10), Load(kDW, R3, R1, 0), AluReg(kAdd, R2, R3),
           StoreImm(kB, R2, 0, 0), Return0()},
          Status::kInvalid,
          "math between fp pointer and register with unbounded min value is "
          "not allowed");
  Rejects({MovReg(R2, R10), Load(kW, R3, R1, 0), AluReg(kAdd, R2, R3),
           StoreImm(kB, R2, 0, 0), Return0()},
          Status::kAccess,
          "invalid unbounded variable-offset write to stack R2");
}

TEST_F(VariableStackTest, StoresDoNotInitialize) {
  Rejects(WithVariable({}, {StoreImm(kW, R2, 0, 1), Load(kW, R0, R10, -16)}),
          Status::kAccess, "invalid read from stack off -16+0 size 4",
          OnLinux::kAccepts);
}

TEST_F(VariableStackTest, StoresMayHitSpilledRegisters) {
  Rejects(WithVariable(Join({kFill, Store(kDW, R10, -8, R1)}),
                       {StoreImm(kW, R2, 0, 1), Load(kDW, R4, R10, -8),
                        Load(kDW, R0, R4, 0)}),
          Status::kAccess, "R4 invalid mem access 'scalar'");
  Accepts(WithVariable(
      Join({kFill, Store(kDW, R10, -24, R1)}),
      {StoreImm(kW, R2, 0, 1), Load(kDW, R4, R10, -24), Load(kDW, R0, R4, 0)}));
}

TEST_F(VariableStackTest, StoresEndKnownZeros) {
  Rejects({LookupOrExit(kArray), MovReg(R6, R0), Load(kDW, R3, R0, 0),
           StoreImm(kDW, R10, -16, 0), AluImm(kAnd, R3, 4), MovReg(R2, R10),
           AluImm(kAdd, R2, -16), AluReg(kAdd, R2, R3), StoreImm(kW, R2, 0, 77),
           Load(kW, R7, R10, -16), AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0),
           Exit()},
          Status::kAccess,
          "R6 unbounded memory access, make sure to bounds check any such "
          "access");
}

/// r0 of a value of 16 bytes is indexed by 4 bytes somewhere in fp[-16, 0),
/// which `fill` has filled; r4 is an unknown number.
Code IndexedBySomewhere(std::initializer_list<Part> fill) {
  return Join({MovReg(R9, R1), LookupOrExit(kArray), Load(kDW, R3, R9, 0),
               Load(kDW, R4, R9, 8), Join(fill), OnAndOn(),
               AluImm(kAnd, R3, 12), MovReg(R2, R10), AluImm(kAdd, R2, -16),
               AluReg(kAdd, R2, R3), Load(kW, R7, R2, 0), AluReg(kAdd, R0, R7),
               Load(kB, R0, R0, 0), Return0()});
}

TEST_F(VariableStackTest, AmongZerosAnyLoadIsZero) {
  // Linux looks for bytes that are 0, not for spilled registers.
  Accepts(IndexedBySomewhere({kFill}), OnLinux::kRefuses);
  const std::string text =
      "R0 unbounded memory access, make sure to bounds check any such access";
  Rejects(IndexedBySomewhere({kFill, StoreImm(kB, R10, -9, 1)}),
          Status::kAccess, text);
  Rejects(IndexedBySomewhere({kFill, Store(kW, R10, -8, R4)}), Status::kAccess,
          text);
  // All of them have to be zeros on each path, also on the second one.
  Rejects(IndexedBySomewhere({kFill, JumpImm(kJeq, R4, 0, 1), Goto(1),
                              StoreImm(kDW, R10, -16, 77)}),
          Status::kAccess, text);
}

TEST_F(VariableStackTest, AtomicsMayHitAnySlot) {
  // Linux's atomic operations are at known places of the stack.
  const Code one = {MovImm(R4, 1), Atomic(kW, kAdd, R2, 0, R4)};
  Accepts(WithVariable(kFill, one), OnLinux::kRefuses);
  Rejects(WithVariable({StoreImm(kDW, R10, -16, 0)}, one), Status::kAccess,
          "invalid read from stack R2 var_off (0x0; 0xc)+8 size 4",
          OnLinux::kOtherText);
  Rejects(
      WithVariable(Join({kFill, Store(kDW, R10, -8, R1)}),
                   Join({one, Load(kDW, R5, R10, -8), Load(kDW, R0, R5, 0)})),
      Status::kAccess, "R5 invalid mem access 'scalar'", OnLinux::kOtherText);
  // What is fetched among pointers is a number.
  for (const int operation : {kAdd | kFetch, kXchg, kCmpXchg}) {
    const Reg fetched = operation == kCmpXchg ? R0 : R4;
    Rejects(WithVariable(
                {Store(kDW, R10, -16, R1), Store(kDW, R10, -8, R1)},
                {MovImm(R0, 0), MovImm(R4, 1),
                 Atomic(kDW, operation, R2, 0, R4), Load(kDW, R5, fetched, 0)},
                8),
            Status::kAccess,
            "R" + std::to_string(fetched) + " invalid mem access 'scalar'",
            OnLinux::kOtherText);
  }
}

TEST_F(VariableStackTest, AtomicsEndKnownNumbers) {
  for (const int known : {0, 5}) {
    Rejects({LookupOrExit(kArray), MovReg(R6, R0), Load(kDW, R3, R0, 0),
             StoreImm(kDW, R10, -16, known), AluImm(kAnd, R3, 4),
             MovReg(R2, R10), AluImm(kAdd, R2, -16), AluReg(kAdd, R2, R3),
             MovImm(R4, 77), Atomic(kW, kOr, R2, 0, R4), Load(kW, R7, R10, -16),
             AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Exit()},
            Status::kAccess,
            "R6 unbounded memory access, make sure to bounds check any such "
            "access",
            OnLinux::kOtherText);
  }
}

TEST_F(VariableStackTest, AlignmentHoldsForAllOffsets) {
  Rejects(WithVariable(kFill, {Load(kW, R0, R2, 0)}, 7), Status::kAccess,
          "misaligned stack access off (0x0; 0x7)+-16+0 size 4");
  Accepts(WithVariable(kFill, {Load(kB, R0, R2, 0)}, 7));
}

TEST_F(StackAccessTest, CalleesUseTheirCallersStack) {
  // r1 = fp - 8 of the caller, written by the callee, read by the caller.
  Accepts({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallLocal(2),
           Load(kDW, R0, R10, -8), Exit(), StoreImm(kDW, R1, 0, 7), Return0()});
  Rejects({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallLocal(2),
           Load(kDW, R0, R10, -8), Exit(), StoreImm(kW, R1, 0, 7), Return0()},
          Status::kAccess, "invalid read from stack off -8+4 size 8",
          OnLinux::kAccepts);
}

TEST_F(StackAccessTest, CalleesLeaveNoStackPointersBehind) {
  Rejects({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallLocal(2),
           Load(kDW, R0, R10, -8), Exit(), Store(kDW, R1, 0, R10), Return0()},
          Status::kInvalid,
          "cannot spill pointers to stack into stack frame of the caller");
}

}  // namespace
}  // namespace ebpf::verifier
