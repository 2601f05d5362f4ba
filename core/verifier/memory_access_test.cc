// SPDX-License-Identifier: MIT
#include "core/verifier/memory_access.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class MemoryAccessTest : public VerifierTest {};

TEST_F(MemoryAccessTest, NumbersAreNoAddresses) {
  Rejects({MovImm(R2, 0), Load(kDW, R0, R2, 0), Exit()}, Status::kAccess,
          "R2 invalid mem access 'scalar'");
  Rejects({MovImm(R2, 0), Store(kDW, R2, 0, R2), Return0()}, Status::kAccess,
          "R2 invalid mem access 'scalar'");
  Rejects({MovImm(R2, 0), StoreImm(kB, R2, 0, 1), Return0()}, Status::kAccess,
          "R2 invalid mem access 'scalar'");
  Rejects({LoadImm64(R2, 0xffff800000000000), Load(kB, R0, R2, 0), Exit()},
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(MemoryAccessTest, UnwrittenRegistersAreNoAddresses) {
  Rejects({Load(kDW, R0, R2, 0), Exit()}, Status::kAccess, "R2 !read_ok");
  Rejects({Store(kDW, R2, 0, R1), Return0()}, Status::kAccess, "R2 !read_ok");
  Rejects({Store(kDW, R10, -8, R2), Return0()}, Status::kAccess, "R2 !read_ok");
  Rejects({StoreImm(kDW, R2, 0, 1), Return0()}, Status::kAccess, "R2 !read_ok");
}

TEST_F(MemoryAccessTest, NothingIsLoadedIntoTheFramePointer) {
  Rejects({Load(kDW, R10, R1, 0), Return0()}, Status::kAccess,
          "frame pointer is read only");
}

TEST_F(MemoryAccessTest, ContextIsReadWithinItsSize) {
  Accepts({Load(kDW, R0, R1, 0), Exit()});
  Accepts({Load(kDW, R0, R1, 160), Exit()});
  Accepts({Load(kW, R0, R1, 164), Exit()});
  Accepts({Load(kB, R0, R1, 167), Exit()});
  Rejects({Load(kDW, R0, R1, 168), Exit()}, Status::kAccess,
          "invalid bpf_context access off=168 size=8");
  Rejects({Load(kDW, R0, R1, 164), Exit()}, Status::kAccess,
          "invalid bpf_context access off=164 size=8");
  Rejects({Load(kDW, R0, R1, 4), Exit()}, Status::kAccess,
          "invalid bpf_context access off=4 size=8");
  Rejects({Load(kDW, R0, R1, -8), Exit()}, Status::kAccess,
          "invalid bpf_context access off=-8 size=8");
}

TEST_F(MemoryAccessTest, ContextIsNotWritten) {
  Rejects({StoreImm(kDW, R1, 0, 1), Return0()}, Status::kAccess,
          "invalid bpf_context access off=0 size=8");
  Rejects({Store(kDW, R1, 8, R1), Return0()}, Status::kAccess,
          "invalid bpf_context access off=8 size=8");
  Rejects({MovImm(R2, 1), Atomic(kDW, kAdd, R1, 0, R2), Return0()},
          Status::kAccess, "BPF_ATOMIC stores into R1 ctx is not allowed");
}

TEST_F(MemoryAccessTest, ContextPointerIsUsedAsItWasGiven) {
  Rejects({AluImm(kAdd, R1, 8), Load(kDW, R0, R1, 0), Exit()}, Status::kAccess,
          "dereference of modified ctx ptr R1 off=8 disallowed");
  Rejects({AluImm(kAdd, R1, -8), Load(kDW, R0, R1, 8), Exit()}, Status::kAccess,
          "negative offset ctx ptr R1 off=-8 disallowed");
  Accepts(
      {AluImm(kAdd, R1, 8), AluImm(kSub, R1, 8), Load(kDW, R0, R1, 0), Exit()});
  Rejects({Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 8), AluReg(kAdd, R1, R2),
           Load(kDW, R0, R1, 0), Exit()},
          Status::kAccess, "variable ctx access var_off=(0x0; 0x8) disallowed");
}

TEST_F(MemoryAccessTest, MapPointersAreLookedIntoByTheKernelsTypesOnly) {
  // Linux has BTF; map_use_test.cc gives some.
  const std::string text =
      "map_ptr access not supported without CONFIG_DEBUG_INFO_BTF";
  Rejects({LoadMap(R2, kArray), Load(kDW, R0, R2, 0), Exit()},
          Status::kNotSupportedLinux, text, OnLinux::kAccepts);
  Rejects({LoadMap(R2, kArray), StoreImm(kDW, R2, 0, 0), Return0()},
          Status::kNotSupportedLinux, text, OnLinux::kOtherText);
}

TEST_F(MemoryAccessTest, OneInstructionGoesThroughOneKindOfPointer) {
  Rejects({StoreImm(kDW, R10, -8, 0), Load(kDW, R2, R1, 0), MovReg(R6, R1),
           JumpImm(kJeq, R2, 0, 2), MovReg(R6, R10), AluImm(kAdd, R6, -8),
           Load(kDW, R0, R6, 0), Exit()},
          Status::kInvalid, "same insn cannot be used with different pointers");
  Accepts({LookupOrExit(kArray), MovReg(R6, R0), Load(kDW, R2, R0, 0),
           JumpImm(kJeq, R2, 0, 2), MovReg(R6, R10), AluImm(kAdd, R6, -8),
           Load(kDW, R0, R6, 0), Exit()});
}

TEST_F(MemoryAccessTest, FactsTellWhatAPointerPointsTo) {
  const Code code = Join({StoreImm(kDW, R10, -8, 1), Load(kDW, R2, R1, 0),
                          Load(kDW, R3, R10, -8), LookupOrExit(kArray),
                          Load(kDW, R4, R0, 0), Return0()});
  const Verdict verdict = Judge(code);
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_EQ(verdict.facts[0].pointer, PointerKind::kStack);
  EXPECT_EQ(verdict.facts[1].pointer, PointerKind::kContext);
  EXPECT_EQ(verdict.facts[2].pointer, PointerKind::kStack);
  EXPECT_EQ(verdict.facts[4].pointer, PointerKind::kUnknown);
  EXPECT_EQ(verdict.facts[11].pointer, PointerKind::kMemory);
}

TEST_F(MemoryAccessTest, AFactOfOnePathIsNone) {
  const Code code =
      Join({LookupOrExit(kArray), MovReg(R6, R0), Load(kDW, R2, R0, 0),
            JumpImm(kJeq, R2, 0, 2), MovReg(R6, R10), AluImm(kAdd, R6, -8),
            Load(kDW, R0, R6, 0), Exit()});
  const Verdict verdict = Judge(code);
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_EQ(verdict.facts[code.size() - 2].pointer, PointerKind::kUnknown);
}

TEST_F(MemoryAccessTest, AtomicsWorkOnStackAndMapValues) {
  for (Size size : {kW, kDW}) {
    for (int operation :
         {int{kAdd}, int{kOr}, int{kAnd}, int{kXor}, kAdd | kFetch,
          kOr | kFetch, kAnd | kFetch, kXor | kFetch, kXchg, kCmpXchg}) {
      SCOPED_TRACE(operation);
      Accepts({MovImm(R0, 1), MovImm(R2, 1), StoreImm(kDW, R10, -8, 0),
               Atomic(size, operation, R10, -8, R2), Return0()});
      Accepts({LookupOrExit(kArray), MovReg(R6, R0), MovImm(R0, 1),
               MovImm(R2, 1), Atomic(size, operation, R6, 8, R2), Return0()});
    }
  }
}

TEST_F(MemoryAccessTest, AtomicsReadAndWrite) {
  Rejects({MovImm(R2, 1), Atomic(kDW, kAdd, R10, -8, R2), Return0()},
          Status::kAccess, "invalid read from stack off -8+0 size 8",
          OnLinux::kAccepts);
  Rejects({MovImm(R2, 1), LoadMapValue(R6, kReadOnly),
           Atomic(kDW, kAdd, R6, 0, R2), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=8");
  Rejects({MovImm(R2, 1), LoadMapValue(R6, kWriteOnly),
           Atomic(kDW, kAdd, R6, 0, R2), Return0()},
          Status::kAccess,
          "read from map forbidden, value_size=16 off=0 size=8");
}

TEST_F(MemoryAccessTest, AtomicsAreAligned) {
  Rejects({MovImm(R2, 1), LoadMapValue(R6, kArray),
           Atomic(kDW, kAdd, R6, 4, R2), Return0()},
          Status::kAccess, "misaligned value access off 0+0+4 size 8");
  Accepts({MovImm(R2, 1), LoadMapValue(R6, kArray), Atomic(kW, kAdd, R6, 4, R2),
           Return0()});
  Rejects({MovImm(R2, 1), StoreImm(kDW, R10, -8, 0),
           Atomic(kDW, kAdd, R10, -4, R2), Return0()},
          Status::kAccess, "misaligned stack access off 0+0+-4 size 8");
}

TEST_F(MemoryAccessTest, WhatAnAtomicFetchesIsAnUnknownNumber) {
  Rejects({LookupOrExit(kArray), MovReg(R6, R0), MovImm(R2, 0),
           StoreImm(kDW, R10, -16, 0), Atomic(kDW, kAdd | kFetch, R6, 0, R2),
           AluReg(kAdd, R6, R2), Return0()},
          Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
  Rejects({StoreImm(kDW, R10, -8, 0), MovImm(R2, 0),
           Atomic(kDW, kXchg, R10, -8, R2), Load(kB, R0, R2, 0), Exit()},
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(MemoryAccessTest, CompareAndExchangeUsesR0) {
  Rejects({StoreImm(kDW, R10, -8, 0), MovImm(R2, 0),
           Atomic(kDW, kCmpXchg, R10, -8, R2), Exit()},
          Status::kAccess, "R0 !read_ok");
  Accepts({StoreImm(kDW, R10, -8, 0), MovImm(R2, 0), MovImm(R0, 0),
           Atomic(kDW, kCmpXchg, R10, -8, R2), Exit()});
}

TEST_F(MemoryAccessTest, SixtyFourBitAtomicsDoNotFetchIntoTheFramePointer) {
  Rejects(
      {StoreImm(kDW, R10, -8, 0), Atomic(kDW, kXchg, R10, -8, R10), Return0()},
      Status::kAccess, "frame pointer is read only");
}

isa::Insn LoadAcquire(Size size, Reg dst, Reg src, int offset) {
  return Raw(0xc3u | size, dst, src, offset, 0x100);
}
isa::Insn StoreRelease(Size size, Reg dst, int offset, Reg src) {
  return Raw(0xc3u | size, dst, src, offset, 0x110);
}

TEST_F(MemoryAccessTest, OrderedAccessesAreLoadsAndStores) {
  for (Size size : {kB, kH, kW, kDW}) {
    Accepts({MovImm(R2, 1), StoreRelease(size, R10, -8, R2),
             LoadAcquire(size, R0, R10, -8), Exit()});
  }
  Accepts({LookupOrExit(kArray), LoadAcquire(kDW, R2, R0, 8),
           StoreRelease(kW, R0, 0, R2), Return0()});
  // Pointers too.
  Accepts({StoreRelease(kDW, R10, -8, R1), LoadAcquire(kDW, R2, R10, -8),
           Load(kDW, R0, R2, 0), Exit()});
  Rejects({LookupOrExit(kReadOnly), MovImm(R2, 0), StoreRelease(kB, R0, 0, R2),
           Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=1");
  Rejects(
      {StoreImm(kDW, R10, -8, 0), LoadAcquire(kDW, R10, R10, -8), Return0()},
      Status::kAccess, "frame pointer is read only");
  Rejects({LoadAcquire(kDW, R0, R2, 0), Exit()}, Status::kAccess,
          "R2 !read_ok");
}

TEST_F(MemoryAccessTest, OrderedAccessesAreNotOfTheContext) {
  Rejects({LoadAcquire(kDW, R0, R1, 0), Exit()}, Status::kAccess,
          "BPF_ATOMIC loads from R1 ctx is not allowed");
  Rejects({MovImm(R2, 0), StoreRelease(kDW, R1, 0, R2), Return0()},
          Status::kAccess, "invalid bpf_context access off=0 size=8");
}

TEST_F(MemoryAccessTest, OrderedAccessesAreAligned) {
  Rejects({LookupOrExit(kArray), LoadAcquire(kDW, R2, R0, 1), Return0()},
          Status::kAccess, "misaligned value access off 0+0+1 size 8");
  Rejects({LookupOrExit(kArray), MovImm(R2, 0), StoreRelease(kH, R0, 1, R2),
           Return0()},
          Status::kAccess, "misaligned value access off 0+0+1 size 2");
}

}  // namespace
}  // namespace ebpf::verifier
