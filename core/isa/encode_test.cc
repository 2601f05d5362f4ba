// SPDX-License-Identifier: MIT
#include "core/isa/encode.h"

#include <cstring>
#include <vector>

#include "core/isa/golden_file.h"
#include "gtest/gtest.h"

namespace ebpf::isa {
namespace {

DecodedInsn WithAllFields(Op op) {
  DecodedInsn insn;
  insn.op = op;
  insn.slots = InfoOf(op).family == Family::kLoadImm64 ? 2 : 1;
  insn.dst = 9;
  insn.src = 6;
  insn.offset = -0x1234;
  insn.imm = -0x12345678;
  insn.next_imm = 0x7eadbeef;
  return insn;
}

TEST(EncodeTest, EncodingAndDecodingAreInverseOverTheWholeTable) {
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    SCOPED_TRACE(InfoOf(op).name);
    const DecodedInsn insn = WithAllFields(op);
    Insn first[2] = {};
    ASSERT_EQ(Encode(insn, Insns(first)), Status::kOk);

    DecodedInsn decoded;
    ASSERT_EQ(DecodeFixed(ConstInsns(first, insn.slots), 0, decoded),
              DecodeError::kNone);
    EXPECT_EQ(decoded.op, op);
    EXPECT_EQ(decoded.slots, insn.slots);

    Insn second[2] = {};
    ASSERT_EQ(Encode(decoded, Insns(second)), Status::kOk);
    EXPECT_EQ(std::memcmp(first, second, sizeof(first)), 0);
  }
}

TEST(EncodeTest, UsedFieldsSurviveTheWayThere) {
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const OpInfo& info = InfoOf(op);
    SCOPED_TRACE(info.name);
    const DecodedInsn insn = WithAllFields(op);
    Insn slots[2] = {};
    ASSERT_EQ(Encode(insn, Insns(slots)), Status::kOk);
    const auto used = [&](Field field) { return (info.operands & field) != 0; };
    EXPECT_EQ(slots[0].dst, used(kDst) ? insn.dst : 0);
    EXPECT_EQ(slots[0].src, info.selector == kSrc ? info.value
                            : used(kSrc)          ? insn.src
                                                  : 0);
    EXPECT_EQ(slots[0].offset, info.selector == kOffset ? info.value
                               : used(kOffset)          ? insn.offset
                                                        : 0);
    EXPECT_EQ(slots[0].imm, info.selector == kImm ? info.value
                            : used(kImm)          ? insn.imm
                                                  : 0);
    EXPECT_EQ(slots[1].imm, used(kNextImm) ? insn.next_imm : 0);
  }
}

TEST(EncodeTest, MakesTheBytesThatLlvmMade) {
  for (const GoldenInsn& golden : ReadGolden("sample.golden")) {
    DecodedInsn insn;
    ASSERT_EQ(
        Decode(ConstInsns(golden.slots.data(), golden.slots.size()), 0, insn),
        DecodeError::kNone);
    std::vector<Insn> again(insn.slots);
    ASSERT_EQ(Encode(insn, Insns(again.data(), again.size())), Status::kOk);
    EXPECT_EQ(std::memcmp(again.data(), golden.slots.data(),
                          again.size() * sizeof(Insn)),
              0)
        << golden.text;
  }
}

TEST(EncodeTest, RefusesWhatIsNoRegister) {
  DecodedInsn insn = WithAllFields(Op::kAdd64Reg);
  Insn out[1] = {};
  insn.dst = 11;
  EXPECT_EQ(Encode(insn, Insns(out)), Status::kInvalid);
  insn.dst = 0;
  insn.src = 16;
  EXPECT_EQ(Encode(insn, Insns(out)), Status::kInvalid);
}

TEST(EncodeTest, RefusesASpanWithoutRoomForTwoSlots) {
  Insn out[1] = {};
  EXPECT_EQ(Encode(WithAllFields(Op::kLoadImm64), Insns(out)),
            Status::kNoSpace);
  EXPECT_EQ(out[0].opcode, 0);
}

}  // namespace
}  // namespace ebpf::isa
