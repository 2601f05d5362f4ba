// SPDX-License-Identifier: MIT
#include "core/verifier/alu.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

/// Arithmetic is judged by what it lets a program do: with r6 = the address of
/// a value of 16 bytes and r7 = an unknown number of 64 bits, `code` makes r8
/// an offset from which a byte is read.
class AluTest : public VerifierTest {
 protected:
  Code Indexing(const Code& code) {
    return Join({MovReg(R9, R1), LookupOrExit(kArray), MovReg(R6, R0),
                 Load(kDW, R7, R9, 0), MovReg(R8, R7), code,
                 AluReg(kAdd, R6, R8), Load(kB, R0, R6, 0), Return0()});
  }
  void InBounds(std::initializer_list<Part> parts,
                OnLinux on_linux = OnLinux::kSame) {
    Accepts(Indexing(Join(parts)), on_linux);
  }
  void OutOfBounds(std::initializer_list<Part> parts, const std::string& text) {
    Rejects(Indexing(Join(parts)), Status::kAccess, text);
  }
  void TooFar(std::initializer_list<Part> parts, const std::string& text) {
    Rejects(Indexing(Join(parts)), Status::kInvalid, text);
  }
};

const char kUnbounded[] =
    "math between map_value pointer and register with unbounded min value is "
    "not allowed";
const char kOutside[] = "R6 max value is outside of the allowed memory range";

TEST_F(AluTest, ReadsNeedWrittenRegisters) {
  Rejects({MovReg(R0, R2), Exit()}, Status::kAccess, "R2 !read_ok");
  Rejects({AluImm(kAdd, R2, 1), Return0()}, Status::kAccess, "R2 !read_ok");
  Rejects({MovImm(R2, 0), AluReg(kAdd, R2, R3), Return0()}, Status::kAccess,
          "R3 !read_ok");
  Rejects({Negate(R2), Return0()}, Status::kAccess, "R2 !read_ok");
  Rejects({ByteSwap(R5, 16), Return0()}, Status::kAccess, "R5 !read_ok");
}

TEST_F(AluTest, FramePointerIsNotWritten) {
  const std::string text = "frame pointer is read only";
  Rejects({MovImm(R10, 0), Return0()}, Status::kAccess, text);
  Rejects({AluImm(kAdd, R10, 8), Return0()}, Status::kAccess, text);
  Rejects({MovReg(R10, R1), Return0()}, Status::kAccess, text);
  Rejects({Negate(R10), Return0()}, Status::kAccess, text);
  Rejects({LoadImm64(R10, 1), Return0()}, Status::kAccess, text);
}

TEST_F(AluTest, MasksBound) {
  InBounds({AluImm(kAnd, R8, 15)});
  OutOfBounds({AluImm(kAnd, R8, 31)}, kOutside);
  InBounds({AluImm(kAnd, R8, 7), AluImm(kAdd, R8, 8)});
  OutOfBounds({AluImm(kAnd, R8, 7), AluImm(kAdd, R8, 9)}, kOutside);
}

TEST_F(AluTest, ShiftsBound) {
  InBounds({AluImm(kRsh, R8, 60)});
  OutOfBounds({AluImm(kRsh, R8, 59)}, kOutside);
  InBounds({AluImm(kAnd, R8, 3), AluImm(kLsh, R8, 2)});
  InBounds({Alu32Imm(kRsh, R8, 28)});
  OutOfBounds({AluImm(kLsh, R8, 32), AluImm(kRsh, R8, 59)}, kOutside);
  InBounds({AluImm(kLsh, R8, 32), AluImm(kRsh, R8, 60)});
  // Below the register's width only.
  TooFar({MovImm(R2, 64), MovImm(R8, 1), AluReg(kLsh, R8, R2)}, kUnbounded);
  InBounds({MovImm(R2, 3), MovImm(R8, 1), AluReg(kLsh, R8, R2)});
}

TEST_F(AluTest, SignedShiftKeepsTheSign) {
  OutOfBounds({AluImm(kArsh, R8, 60)},
              "R6 min value is negative, either use unsigned index or do a if "
              "(index >=0) check.");
  InBounds({AluImm(kArsh, R8, 61), AluImm(kAdd, R8, 4)});
}

TEST_F(AluTest, SmallSignedNumbersAreShiftedToTheLeftWithTheirBounds) {
  // Linux keeps signed bounds where it is by 32, the idiom of compilers.
  const Code small = {AluImm(kAnd, R8, 31), AluImm(kSub, R8, 15)};
  InBounds(
      {small, AluImm(kLsh, R8, 16), AluImm(kArsh, R8, 32), AluImm(kAdd, R8, 1)},
      OnLinux::kRefuses);
  InBounds({small, AluImm(kLsh, R8, 32), AluImm(kArsh, R8, 33),
            AluImm(kAdd, R8, 8), AluImm(kRsh, R8, 1)});
  OutOfBounds({small, AluImm(kLsh, R8, 32), AluImm(kArsh, R8, 32),
               AluImm(kAdd, R8, 15)},
              kOutside);
  const std::string negative =
      "R6 min value is negative, either use unsigned index or do a if (index "
      ">=0) check.";
  Rejects(Indexing(Join({small, AluImm(kLsh, R8, 16), AluImm(kArsh, R8, 32)})),
          Status::kAccess, negative, OnLinux::kOtherText);
  OutOfBounds(
      {small, AluImm(kLsh, R8, 60), AluImm(kArsh, R8, 60), AluImm(kAdd, R8, 7)},
      negative);
}

TEST_F(AluTest, ProductsAndSumsAreBounded) {
  InBounds({AluImm(kAnd, R8, 3), AluImm(kMul, R8, 5)});
  OutOfBounds({AluImm(kAnd, R8, 3), AluImm(kMul, R8, 6)}, kOutside);
  InBounds({AluImm(kAnd, R8, 3), MovReg(R2, R8), AluReg(kAdd, R8, R2),
            AluReg(kAdd, R8, R2)});
}

TEST_F(AluTest, OrAndXorAreBounded) {
  InBounds({AluImm(kAnd, R8, 7), AluImm(kOr, R8, 8)});
  InBounds({AluImm(kAnd, R8, 7), AluImm(kXor, R8, 9)});
  OutOfBounds({AluImm(kAnd, R8, 15), AluImm(kOr, R8, 16)},
              "R6 min value is outside of the allowed memory range");
  OutOfBounds({AluImm(kAnd, R8, 24), AluImm(kXor, R8, 1)}, kOutside);
}

TEST_F(AluTest, ThirtyTwoBitResultsHaveNoUpperHalf) {
  InBounds({Mov32Reg(R8, R8), AluImm(kRsh, R8, 28)});
  InBounds({Alu32Imm(kAnd, R8, 15)});
  InBounds({MovImm(R8, -1), Alu32Imm(kAdd, R8, 1)});
  InBounds({Mov32Imm(R8, -1), AluImm(kRsh, R8, 28)});
  // CVE-2017-16995: the 64-bit move extends the sign.
  TooFar({MovImm(R8, -1), AluImm(kRsh, R8, 28)},
         "math between map_value pointer and 68719476735 is not allowed");
}

TEST_F(AluTest, DivisionsAreUnknown) {
  TooFar({AluImm(kMod, R8, 4)}, kUnbounded);
  TooFar({AluImm(kAnd, R8, 15), AluImm(kDiv, R8, 2)}, kUnbounded);
}

TEST_F(AluTest, ByteSwapsMoveKnownBits) {
  OutOfBounds({AluImm(kAnd, R8, 15), ByteSwap(R8, 16)}, kOutside);
  InBounds({ByteSwap(R8, 16), AluImm(kRsh, R8, 12)});
  InBounds({ByteSwap(R8, 32), AluImm(kRsh, R8, 28)});
  InBounds({AluImm(kAnd, R8, 0xf00), ByteSwap(R8, 16)});
  InBounds({AluImm(kAnd, R8, 15), Raw(0xd4, R8, 0, 0, 16)});  // le16
  OutOfBounds({AluImm(kAnd, R8, 15), Raw(0xdc, R8, 0, 0, 16)}, kOutside);
}

TEST_F(AluTest, SignExtendingMovesAreBounded) {
  InBounds({AluReg(kMov, R8, R8, 8), AluImm(kAnd, R8, 15)});
  OutOfBounds({AluReg(kMov, R8, R8, 8)},
              "R6 min value is negative, either use unsigned index or do a if "
              "(index >=0) check.");
  InBounds({AluImm(kAnd, R8, 15), AluReg(kMov, R8, R8, 32)});
  InBounds({AluImm(kAnd, R8, 15), Alu32Reg(kMov, R8, R8, 8)});
}

TEST_F(AluTest, NegationsAreBounded) {
  InBounds({AluImm(kAnd, R8, 15), Negate(R8), AluImm(kAdd, R8, 15)},
           OnLinux::kSame);
}

TEST_F(AluTest, PartsOfAddressesAreNumbers) {
  Accepts({MovReg(R2, R10), Mov32Reg(R3, R2), MovReg(R0, R3), Exit()});
  Accepts({MovReg(R2, R10), Negate(R2), MovReg(R0, R2), Exit()});
  Accepts({MovReg(R2, R10), ByteSwap(R2, 64), MovReg(R0, R2), Exit()});
  Rejects({Mov32Reg(R2, R10), Load(kDW, R0, R2, -8), Exit()}, Status::kAccess,
          "R2 invalid mem access 'scalar'");
}

TEST_F(AluTest, FactsTellOfDivisorsThatAreNotZero) {
  const Code code = Join({MovReg(R9, R1), Load(kDW, R7, R9, 0), MovImm(R0, 100),
                          AluReg(kDiv, R0, R7), AluImm(kDiv, R0, 3),
                          AluImm(kOr, R7, 1), AluReg(kMod, R0, R7), Exit()});
  const Verdict verdict = Judge(code);
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_FALSE(verdict.facts[3].divisor_non_zero);
  EXPECT_TRUE(verdict.facts[4].divisor_non_zero);
  EXPECT_TRUE(verdict.facts[6].divisor_non_zero);
  EXPECT_FALSE(verdict.facts[7].divisor_non_zero);
}

TEST_F(AluTest, FactsHoldOnAllPaths) {
  const Code code = Join({Load(kDW, R7, R1, 0), Load(kDW, R6, R1, 8),
                          MovImm(R0, 9), JumpImm(kJeq, R6, 0, 1),
                          AluImm(kOr, R7, 1), AluReg(kDiv, R0, R7), Exit()});
  const Verdict verdict = Judge(code);
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_FALSE(verdict.facts[5].divisor_non_zero);
}

TEST_F(AluTest, ThirtyTwoBitDivisorIsTheLowerHalf) {
  const Code code =
      Join({LoadImm64(R7, uint64_t{1} << 32), MovImm(R0, 9),
            Alu32Reg(kDiv, R0, R7), AluReg(kDiv, R0, R7), Exit()});
  const Verdict verdict = Judge(code);
  ASSERT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_FALSE(verdict.facts[3].divisor_non_zero);
  EXPECT_TRUE(verdict.facts[4].divisor_non_zero);
}

TEST_F(AluTest, ConstantsThatNobodyComputesWithAreNotLookedAt) {
  Accepts(
      {MovImm(R0, 0), JumpImm(kJeq, R0, 0, 1), AluImm(kDiv, R0, 0), Exit()});
  Rejects({MovImm(R0, 0), AluImm(kDiv, R0, 0), Exit()}, Status::kInvalid,
          "div by zero");
}

}  // namespace
}  // namespace ebpf::verifier
