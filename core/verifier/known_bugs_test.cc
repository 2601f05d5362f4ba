// SPDX-License-Identifier: MIT
//
// The classes of mistakes that Linux's verifier had, by a CVE of each: what the
// program that used it did must be refused, its harmless sister accepted.
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class KnownBugsTest : public VerifierTest {
 protected:
  /// r6 = the address of a value of 16 bytes, r7 an unknown number.
  Code WithNumber(const Code& code) {
    return Join({MovReg(R9, R1), LookupOrExit(kArray), MovReg(R6, R0),
                 Load(kDW, R7, R9, 0), code});
  }
  /// ... then a byte at r6 + r7.
  Code Indexing(const Code& code) {
    return WithNumber(
        Join({code, AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Exit()}));
  }
  const std::string kUnbounded =
      "math between map_value pointer and register with unbounded min value "
      "is not allowed";
  const std::string kFar =
      "R6 unbounded memory access, make sure to bounds check any such access";
  const std::string kOutside =
      "R6 max value is outside of the allowed memory range";
};

TEST_F(KnownBugsTest, Cve2017_16995_SignOfA32BitConstant) {
  // w2 = -1 is not r2 = -1: the branch is taken, and must be walked.
  Rejects({Mov32Imm(R2, -1), JumpImm(kJne, R2, -1, 2), MovImm(R0, 0), Exit(),
           Load(kDW, R0, R2, 0), Exit()},
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(KnownBugsTest, Cve2017_16996_TruncatedRegisters) {
  // (1 << 32) + 3 in 32 bits is 3, and as 64 bits is not.
  Rejects(Indexing(Join({LoadImm64(R7, (uint64_t{1} << 32) + 3)})),
          Status::kInvalid,
          "math between map_value pointer and 4294967299 is not allowed");
  Accepts(Indexing(
      Join({LoadImm64(R7, (uint64_t{1} << 32) + 3), Mov32Reg(R7, R7)})));
}

TEST_F(KnownBugsTest, Cve2017_17852_32BitArithmeticWraps) {
  // In 64 bits 2^31 + 2^31 is 2^32; in 32 it is 0.
  Rejects(Indexing({LoadImm64(R2, 0x80000000)[0], LoadImm64(R2, 0x80000000)[1],
                    MovReg(R7, R2), AluReg(kAdd, R7, R2)}),
          Status::kInvalid,
          "math between map_value pointer and 4294967296 is not allowed");
  Accepts(Indexing({LoadImm64(R2, 0x80000000)[0], LoadImm64(R2, 0x80000000)[1],
                    MovReg(R7, R2), Alu32Reg(kAdd, R7, R2)}));
}

TEST_F(KnownBugsTest, Cve2017_17853_SignedBoundsOfShifts) {
  Rejects(Indexing({AluImm(kArsh, R7, 1), AluImm(kRsh, R7, 59)}),
          Status::kAccess, kOutside);
}

TEST_F(KnownBugsTest, Cve2017_17854_PointersPlusHugeNumbers) {
  Rejects(Indexing({MovImm(R7, 1 << 30)}), Status::kInvalid,
          "math between map_value pointer and 1073741824 is not allowed");
}

TEST_F(KnownBugsTest, Cve2017_17855_PointersAsSizesAndIndices) {
  Rejects(
      WithNumber({MovReg(R2, R10), AluReg(kAdd, R6, R2), Return0()[0], Exit()}),
      Status::kAccess, "R6 pointer += pointer prohibited");
}

TEST_F(KnownBugsTest, Cve2017_17856_MisalignedStackPointers) {
  Rejects(
      {MovReg(R2, R10), AluImm(kAdd, R2, -9), Store(kDW, R2, 0, R1), Return0()},
      Status::kAccess, "misaligned stack access off 0+-9+0 size 8");
}

TEST_F(KnownBugsTest, Cve2017_17857_VariableOffsetsIntoTheStack) {
  Rejects({Load(kDW, R3, R1, 0), AluImm(kAnd, R3, 0x400), MovReg(R2, R10),
           AluImm(kAdd, R2, -8), AluReg(kAdd, R2, R3), StoreImm(kDW, R2, 0, 1),
           Return0()},
          Status::kInvalid,
          "invalid variable-offset write to stack R2 var_off=(0x0; 0x400) "
          "off=-8 size=8");
}

TEST_F(KnownBugsTest, Cve2017_17862_DeadBranchesAreNotWalkedFrom) {
  Accepts({MovImm(R6, 0), JumpImm(kJeq, R6, 0, 1), MovReg(R6, R7), Return0()});
}

TEST_F(KnownBugsTest, Cve2018_18445_Shift32LooksAtLowerHalf) {
  Rejects(Indexing(Join({LoadImm64(R7, uint64_t{7} << 32), AluImm(kRsh, R7, 31),
                         AluImm(kAdd, R7, 2)})),
          Status::kAccess,
          "R6 min value is outside of the allowed memory range");
  Accepts(Indexing(
      Join({LoadImm64(R7, uint64_t{7} << 32), Alu32Imm(kRsh, R7, 31)})));
}

TEST_F(KnownBugsTest, Cve2020_8835_32BitBoundsAreNot64BitBounds) {
  Rejects(Indexing({Jump32Imm(kJle, R7, 15, 2), MovImm(R0, 0), Exit()}),
          Status::kInvalid, kUnbounded);
  Accepts(Indexing(
      {Mov32Reg(R7, R7), Jump32Imm(kJle, R7, 15, 2), MovImm(R0, 0), Exit()}));
}

TEST_F(KnownBugsTest, Cve2020_27194_OrOf64BitsBounds32Bits) {
  // umax of 64 bits cut to 32 is no bound of the lower half.
  Rejects(Indexing(Join({LoadImm64(R2, 0x600000002), JumpReg(kJlt, R7, R2, 2),
                         MovImm(R0, 0), Exit(), JumpImm(kJgt, R7, 0, 2),
                         MovImm(R0, 0), Exit(), AluImm(kOr, R7, 0),
                         Mov32Reg(R7, R7), AluImm(kRsh, R7, 1)})),
          Status::kAccess, kFar);
}

TEST_F(KnownBugsTest, Cve2021_3490_BitwiseOperationsOf32Bits) {
  // r7 is 0 or 0x600000001 with some bits more; not what its lower half says.
  for (AluCode code : {kAnd, kXor}) {
    Rejects(Indexing(Join({LoadImm64(R2, 0x600000001), AluReg(kAnd, R7, R2),
                           AluReg(code, R7, R2), AluImm(kRsh, R7, 2)})),
            Status::kAccess, kFar);
  }
  Rejects(Indexing(Join({LoadImm64(R2, 0x600000001), AluReg(kAnd, R7, R2),
                         AluReg(kOr, R7, R2), AluImm(kRsh, R7, 2)})),
          Status::kInvalid,
          "math between map_value pointer and 6442450944 is not allowed");
}

TEST_F(KnownBugsTest, Cve2021_3444_ModuloIn32BitsZeroExtends) {
  // x %= 0 leaves x, in 32 bits its lower half.
  Rejects(Indexing({MovImm(R2, 0), MovImm(R7, -1), Alu32Reg(kMod, R7, R2)}),
          Status::kAccess, kFar, OnLinux::kOtherText);
}

TEST_F(KnownBugsTest, Cve2021_3600_DivisorsAre32Bits) {
  Rejects(Indexing(Join({LoadImm64(R2, uint64_t{1} << 32), MovImm(R7, 5),
                         Alu32Reg(kDiv, R7, R2)})),
          Status::kAccess, kFar, OnLinux::kOtherText);
}

TEST_F(KnownBugsTest, Cve2021_31440_SignedBoundsOf32BitsFrom64) {
  // A positive number's lower half is any: 0xffffffff, for one.
  Rejects(Indexing({JumpImm(kJsgt, R7, 0, 2), MovImm(R0, 0), Exit(),
                    Mov32Reg(R7, R7)}),
          Status::kAccess, kFar);
  Rejects(Indexing({JumpImm(kJsgt, R7, 0, 2), MovImm(R0, 0), Exit(),
                    Jump32Imm(kJsgt, R7, 15, 1), Goto(2), MovImm(R0, 0), Exit(),
                    Mov32Reg(R7, R7)}),
          Status::kAccess, kFar);
}

TEST_F(KnownBugsTest, Cve2021_4204_ReleaseOfSomethingElse) {
  Rejects({LookupOrExit(kArray), Release(R0), Return0()}, Status::kAccess,
          "R1 type=map_value expected=ringbuf_mem");
  Rejects({MovReg(R1, R10), MovImm(R2, 0), Call(kRingSubmit), Return0()},
          Status::kAccess, "R1 type=fp expected=ringbuf_mem");
}

TEST_F(KnownBugsTest, Cve2021_34866_RingHelpersTakeRings) {
  Rejects({StoreImm(kDW, R10, -8, 0), LoadMap(R1, kHash), MovReg(R2, R10),
           AluImm(kAdd, R2, -8), MovImm(R3, 8), MovImm(R4, 0),
           Call(kRingOutput), Return0()},
          Status::kInvalid,
          "cannot pass map_type 1 into func bpf_ringbuf_output#130");
}

TEST_F(KnownBugsTest, Cve2022_23222_ArithmeticOnPointersThatMayBeNull) {
  Rejects({Lookup(kArray), AluImm(kAdd, R0, 8), JumpImm(kJne, R0, 0, 1), Exit(),
           Load(kDW, R0, R0, 0), Exit()},
          Status::kAccess,
          "R0 pointer arithmetic on map_value_or_null prohibited, null-check "
          "it first");
  Rejects({Reserve(8), MovReg(R6, R0), AluImm(kAdd, R6, 1), Return0()},
          Status::kAccess,
          "R6 pointer arithmetic on ringbuf_mem_or_null prohibited, "
          "null-check it first");
}

TEST_F(KnownBugsTest, Cve2022_0500_ReadOnlyMemoryIsNotWritten) {
  for (int offset : {0, 8}) {
    Rejects({LoadMapValue(R6, kReadOnly, offset), StoreImm(kB, R6, 0, 1),
             Return0()},
            Status::kAccess,
            "write into map forbidden, value_size=16 off=" +
                std::to_string(offset) + " size=1");
  }
}

TEST_F(KnownBugsTest, Cve2023_2163_PathsThatDifferInWhatBoundsWereLearntOf) {
  // r6 and r9 are linked on one path only; the bound is learnt of r9.
  const auto joined = [&](bool linked) {
    Code filler;
    for (int i = 0; i < 10; ++i) {
      filler.push_back(MovImm(R3, i));
    }
    return Join({Load(kDW, R6, R1, 0), Load(kDW, R8, R1, 8),
                 Load(kDW, R5, R1, 16), JumpImm(kJset, R5, 1, 2),
                 MovReg(R9, R6), Goto(1),
                 linked ? MovReg(R9, R6) : MovReg(R9, R8), filler, Goto(0),
                 filler, JumpImm(kJle, R9, 15, 2), MovImm(R0, 0), Exit(),
                 LoadMapValue(R4, kArray), AluReg(kAdd, R4, R6),
                 Load(kB, R0, R4, 0), Exit()});
  };
  Accepts(joined(true));
  Rejects(joined(false), Status::kInvalid, kUnbounded);
}

TEST_F(KnownBugsTest, Cve2023_52462_SpillsThatArePartlyOverwritten) {
  Rejects({Store(kDW, R10, -8, R1), StoreImm(kW, R10, -8, 0),
           Load(kDW, R2, R10, -8), Load(kDW, R0, R2, 0), Exit()},
          Status::kAccess, "R2 invalid mem access 'scalar'");
}

TEST_F(KnownBugsTest, Cve2024_41003_ConstantsBecomeConstantOnBothSides) {
  // r7 > 5 and r7 <= 5, both 32 and 64 bits, do not contradict each other.
  Rejects(Indexing({Jump32Imm(kJgt, R7, 5, 3), JumpImm(kJgt, R7, 5, 0),
                    MovImm(R0, 0), Exit(), AluImm(kRsh, R7, 58)}),
          Status::kAccess, kOutside);
}

TEST_F(KnownBugsTest, Cve2024_49861_HelpersDoNotWriteReadOnlyMaps) {
  Rejects({LoadMapValue(R1, kReadOnly), MovImm(R2, 8), MovImm(R3, 0),
           Call(kProbeRead), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=8");
  Rejects({LoadMapValue(R1, kReadOnly), MovImm(R2, 16), Call(kComm), Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=16");
}

TEST_F(KnownBugsTest, SpilledScalarIds2024_NarrowSpillsAreNoCopies) {
  Rejects(Indexing({Store(kH, R10, -16, R7), Load(kH, R2, R10, -16),
                    JumpImm(kJlt, R2, 16, 2), MovImm(R0, 0), Exit()}),
          Status::kInvalid, kUnbounded);
}

}  // namespace
}  // namespace ebpf::verifier
