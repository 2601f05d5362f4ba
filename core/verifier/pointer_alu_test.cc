// SPDX-License-Identifier: MIT
//
// Each type of pointer with each operation, and the bounds on what is added.
#include "core/verifier/pointer_alu.h"

#include <map>

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class PointerAluTest : public VerifierTest {
 protected:
  /// r6 = a pointer of the type, r7 = 8 or an unknown number.
  Code WithPointer(const std::string& type, const Code& code) {
    Code get;
    Code end;
    if (type == "ctx") {
      get = {MovReg(R6, R1)};
    } else if (type == "fp") {
      get = {MovReg(R6, R10)};
    } else if (type == "map_ptr") {
      get = LoadMap(R6, kArray);
    } else if (type == "map_value") {
      get = Join({MovReg(R8, R1), LookupOrExit(kArray), MovReg(R6, R0),
                  MovReg(R1, R8)});
    } else if (type == "map_value_or_null") {
      get = Join(
          {MovReg(R8, R1), Lookup(kArray), MovReg(R6, R0), MovReg(R1, R8)});
    } else if (type == "ringbuf_mem") {
      get = Join({MovReg(R8, R1), Reserve(16), JumpImm(kJne, R0, 0, 1), Exit(),
                  MovReg(R6, R0), MovReg(R9, R0), MovReg(R1, R8)});
      end = Release(R9);
    }
    return Join({get, Load(kDW, R7, R1, 0), code, end, Return0()});
  }
};

const char* const kTypes[] = {
    "ctx", "fp", "map_ptr", "map_value", "map_value_or_null", "ringbuf_mem"};

TEST_F(PointerAluTest, OnlySumsAndDifferencesWithNumbersAreAllowed) {
  const std::map<AluCode, std::string> kRefused = {
      {kMul, "*="},  {kDiv, "/="}, {kOr, "|="},  {kAnd, "&="},   {kLsh, "<<="},
      {kRsh, ">>="}, {kMod, "%="}, {kXor, "^="}, {kArsh, "s>>="}};
  for (const char* type : kTypes) {
    for (const auto& [code, symbol] : kRefused) {
      SCOPED_TRACE(std::string(type) + symbol);
      std::string text =
          "R6 pointer arithmetic with " + symbol + " operator prohibited";
      if (code == kOr || code == kAnd || code == kXor) {
        text = "R6 bitwise operator " + symbol + " on pointer prohibited";
      }
      if (std::string(type) == "map_ptr") {
        text = "R6 pointer arithmetic on map_ptr prohibited";
      }
      if (std::string(type) == "map_value_or_null") {
        text =
            "R6 pointer arithmetic on map_value_or_null prohibited, "
            "null-check it first";
      }
      Rejects(WithPointer(type, {AluImm(code, R6, 1)}), Status::kAccess, text);
    }
  }
}

TEST_F(PointerAluTest, ConstantsMoveMostPointers) {
  for (const char* type : {"ctx", "fp", "map_value", "ringbuf_mem"}) {
    SCOPED_TRACE(type);
    Accepts(WithPointer(type, {AluImm(kAdd, R6, 8), AluImm(kAdd, R6, -16)}));
  }
  for (const char* type : {"ctx", "map_value", "ringbuf_mem"}) {
    SCOPED_TRACE(type);
    Accepts(WithPointer(type, {AluImm(kSub, R6, 8)}));
  }
}

TEST_F(PointerAluTest, StackPointersAreNotSubtractedFrom) {
  Rejects(WithPointer("fp", {AluImm(kSub, R6, 8)}), Status::kAccess,
          "R6 subtraction from stack pointer prohibited");
}

TEST_F(PointerAluTest, MapPointersStayWhereTheyAre) {
  Accepts(WithPointer("map_ptr", {AluImm(kAdd, R6, 0)}));
  Rejects(WithPointer("map_ptr", {AluImm(kAdd, R6, 8)}), Status::kAccess,
          "R6 pointer arithmetic on map_ptr prohibited");
  Rejects(WithPointer("map_ptr", {AluReg(kAdd, R6, R7)}), Status::kAccess,
          "R6 pointer arithmetic on map_ptr prohibited");
}

TEST_F(PointerAluTest, NullIsCheckedForFirst) {
  Rejects(WithPointer("map_value_or_null", {AluImm(kAdd, R6, 8)}),
          Status::kAccess,
          "R6 pointer arithmetic on map_value_or_null prohibited, null-check "
          "it first");
  Rejects({Reserve(8), AluImm(kAdd, R0, 1), Return0()}, Status::kAccess,
          "R0 pointer arithmetic on ringbuf_mem_or_null prohibited, "
          "null-check it first");
}

TEST_F(PointerAluTest, ThirtyTwoBitsOfAPointerAreNoPointer) {
  Rejects(WithPointer("fp", {Alu32Imm(kAdd, R6, 8)}), Status::kAccess,
          "R6 32-bit pointer arithmetic prohibited");
  Accepts(WithPointer("fp", {Alu32Imm(kSub, R6, 8)}));
  Rejects(WithPointer("fp", {Alu32Imm(kSub, R6, 8), Load(kB, R0, R6, 0)}),
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(PointerAluTest, DifferencesOfPointersAreNumbers) {
  Accepts(WithPointer("map_value", {AluReg(kSub, R6, R10)}));
  Rejects(
      WithPointer("map_value", {AluReg(kSub, R6, R10), Load(kB, R0, R6, 0)}),
      Status::kAccess, "R6 invalid mem access 'scalar'");
  Rejects(WithPointer("map_value", {AluReg(kAdd, R6, R10)}), Status::kAccess,
          "R6 pointer += pointer prohibited");
  Rejects(WithPointer("fp", {AluReg(kAnd, R6, R10)}), Status::kAccess,
          "R6 pointer &= pointer prohibited");
}

TEST_F(PointerAluTest, ANumberPlusAPointerIsThePointer) {
  Accepts(WithPointer("map_value", {MovImm(R7, 8), AluReg(kAdd, R7, R6),
                                    Load(kDW, R0, R7, 0)}));
  Rejects(WithPointer("map_value", {MovImm(R7, 8), AluReg(kSub, R7, R6)}),
          Status::kAccess, "R7 tried to subtract pointer from scalar");
}

TEST_F(PointerAluTest, OffsetsStayFarFromWrapping) {
  Rejects(WithPointer("map_value", {MovImm(R7, 1 << 29), AluReg(kAdd, R6, R7)}),
          Status::kInvalid,
          "math between map_value pointer and 536870912 is not allowed");
  Rejects(
      WithPointer("map_value", {MovImm(R7, -(1 << 29)), AluReg(kAdd, R6, R7)}),
      Status::kInvalid,
      "math between map_value pointer and -536870912 is not allowed");
  Rejects(WithPointer("map_value", {AluImm(kAdd, R6, (1 << 29) - 1),
                                    AluImm(kAdd, R6, (1 << 29) - 1)}),
          Status::kInvalid,
          "map_value pointer offset 1073741822 is not allowed");
  Rejects(WithPointer("map_value", {AluImm(kSub, R6, (1 << 29) - 1),
                                    AluImm(kSub, R6, (1 << 29) - 1)}),
          Status::kInvalid,
          "map_value pointer offset -1073741822 is not allowed");
  Rejects(WithPointer("map_value", {AluReg(kAdd, R6, R7)}), Status::kInvalid,
          "math between map_value pointer and register with unbounded min "
          "value is not allowed");
  Rejects(
      WithPointer("map_value", {JumpImm(kJsge, R7, 1 << 30, 2), MovImm(R0, 0),
                                Exit(), AluReg(kAdd, R6, R7)}),
      Status::kInvalid,
      "value 1073741824 makes map_value pointer be out of bounds");
}

TEST_F(PointerAluTest, BoundedNumbersMovePointersBothWays) {
  Accepts(WithPointer("map_value", {AluImm(kAnd, R7, 7), AluReg(kAdd, R6, R7),
                                    Load(kDW, R0, R6, 0)}));
  // The variable part may be negative: as in Linux, then it has no upper bound.
  Rejects(WithPointer("map_value", {AluImm(kAnd, R7, 7), AluImm(kAdd, R6, 7),
                                    AluReg(kSub, R6, R7), Load(kB, R0, R6, 1)}),
          Status::kAccess,
          "R6 unbounded memory access, make sure to bounds check any such "
          "access");
  Rejects(WithPointer("map_value", {AluImm(kAnd, R7, 7), AluReg(kSub, R6, R7),
                                    Load(kB, R0, R6, 0)}),
          Status::kAccess,
          "R6 min value is negative, either use unsigned index or do a if "
          "(index >=0) check.");
}

}  // namespace
}  // namespace ebpf::verifier
