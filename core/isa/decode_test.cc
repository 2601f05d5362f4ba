// SPDX-License-Identifier: MIT
#include "core/isa/decode.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::isa {
namespace {

DecodeError ErrorOf(const std::vector<Insn>& insns, size_t index = 0) {
  DecodedInsn out;
  return DecodeFixed(ConstInsns(insns.data(), insns.size()), index, out);
}

DecodeError ErrorOfClients(const std::vector<Insn>& insns) {
  DecodedInsn out;
  return Decode(ConstInsns(insns.data(), insns.size()), 0, out);
}

Op OpOf(const Insn& insn) {
  DecodedInsn out;
  EXPECT_EQ(Decode(ConstInsns(&insn, 1), 0, out), DecodeError::kNone);
  return out.op;
}

// An encoding of `op` with every field that must be 0 at 0.
std::vector<Insn> Plain(Op op) {
  const OpInfo& info = InfoOf(op);
  Insn insn{};
  insn.opcode = info.opcode;
  if (info.selector == kSrc) {
    insn.src = info.value & 0xf;
  } else if (info.selector == kOffset) {
    insn.offset = static_cast<int16_t>(info.value);
  } else if (info.selector == kImm) {
    insn.imm = info.value;
  }
  std::vector<Insn> insns{insn};
  if (info.family == Family::kLoadImm64) {
    insns.push_back(Insn{});
  }
  return insns;
}

// Calls `check(op, used or selected fields)` for every instruction.
template <typename F>
void ForEachOp(F check) {
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    SCOPED_TRACE(InfoOf(op).name);
    check(op, InfoOf(op).operands | InfoOf(op).selector);
  }
}

TEST(DecodeTest, TakesEveryInstructionOfTheTable) {
  ForEachOp([](Op op, int) {
    DecodedInsn out;
    const std::vector<Insn> insns = Plain(op);
    EXPECT_EQ(DecodeFixed(ConstInsns(insns.data(), insns.size()), 0, out),
              DecodeError::kNone);
    EXPECT_EQ(out.op, op);
    EXPECT_EQ(out.slots, insns.size());
  });
}

TEST(DecodeTest, TakesFromClientsAllButInternalInstructions) {
  ForEachOp([](Op op, int) {
    const OpInfo& info = InfoOf(op);
    const DecodeError error = ErrorOfClients(Plain(op));
    if (info.family != Family::kInternal) {
      EXPECT_EQ(error, DecodeError::kNone);
    } else if (info.selector == kSrc) {
      EXPECT_EQ(error, DecodeError::kSrc);
    } else {
      EXPECT_EQ(error, DecodeError::kOpcode);
    }
  });
}

TEST(DecodeTest, LeavesThePlaceOfMayGotosCountToFixup) {
  const Insn insn{0xe5, 0, 0, 3, -8};
  EXPECT_EQ(ErrorOfClients({insn}), DecodeError::kImm);
  DecodedInsn out;
  EXPECT_EQ(DecodeFixed(ConstInsns(&insn, 1), 0, out), DecodeError::kNone);
  EXPECT_EQ(out.op, Op::kMayGoto);
  EXPECT_EQ(out.imm, -8);
  EXPECT_EQ(out.jump_offset(), 3);
}

TEST(DecodeTest, RefusesADestinationThatIsReservedOrNoRegister) {
  ForEachOp([](Op op, int free) {
    std::vector<Insn> insns = Plain(op);
    insns[0].dst = (free & kDst) != 0 ? 11 : 1;
    EXPECT_EQ(ErrorOf(insns), DecodeError::kDst);
    insns[0].dst = 15;
    EXPECT_EQ(ErrorOf(insns), DecodeError::kDst);
  });
}

TEST(DecodeTest, RefusesASourceThatIsReservedUnknownOrNoRegister) {
  ForEachOp([](Op op, int free) {
    std::vector<Insn> insns = Plain(op);
    insns[0].src = (free & kSrc) != 0 ? 11 : 1;
    EXPECT_EQ(ErrorOf(insns), DecodeError::kSrc);
    insns[0].src = 15;  // of a call it is fixup's
    EXPECT_EQ(ErrorOfClients(insns), DecodeError::kSrc);
  });
}

TEST(DecodeTest, RefusesAnOffsetThatIsReservedOrUnknown) {
  ForEachOp([](Op op, int) {
    if ((InfoOf(op).operands & kOffset) != 0) {
      return;
    }
    for (const int16_t offset : {2, 7, -1, -32768, 64}) {
      std::vector<Insn> insns = Plain(op);
      insns[0].offset = offset;
      EXPECT_EQ(ErrorOf(insns), DecodeError::kOffset) << offset;
    }
  });
}

TEST(DecodeTest, RefusesAnImmediateThatIsReservedOrUnknown) {
  ForEachOp([](Op op, int) {
    if ((InfoOf(op).operands & kImm) != 0) {
      return;
    }
    for (const int32_t imm : {2, 8, -1, INT32_MIN, 128, 0xf0, 0xe0, 0x101}) {
      std::vector<Insn> insns = Plain(op);
      insns[0].imm = imm;
      EXPECT_EQ(ErrorOf(insns), DecodeError::kImm) << imm;
    }
  });
}

// By RFC 9669, section 3 on, and Linux's bpf.h for what is younger: what is
// defined, counted without the table.
TEST(DecodeTest, KnowsExactlyTheOpcodesOfTheStandardAndLinux) {
  std::vector<bool> expected(256);
  for (int source = 0; source <= 8; source += 8) {
    for (int alu : {0x04, 0x07}) {
      for (int code = 0; code <= 0xc; ++code) {
        expected[code << 4 | source | alu] = code != 8 || source == 0;
      }
    }
    for (int jump : {0x05, 0x06}) {
      for (int code = 1; code <= 0xd; ++code) {
        expected[code << 4 | source | jump] = code != 8 && code != 9;
      }
    }
  }
  for (int opcode : {0xd4, 0xdc, 0xd7,              // byte order
                     0x05, 0x06, 0x85, 0x8d, 0x95,  // control
                     0x18, 0x71, 0x69, 0x61, 0x79, 0x91, 0x89, 0x81, 0x72, 0x6a,
                     0x62, 0x7a, 0x73, 0x6b, 0x63, 0x7b, 0xc3, 0xdb,  // atomics
                     0xd3, 0xcb,  // ordered accesses of 8 and 16 bits
                     0xe5,        // may_goto
                     0x30, 0x28, 0x20, 0x50, 0x48, 0x40}) {
    expected[opcode] = true;
  }
  for (int opcode = 0; opcode < 256; ++opcode) {
    Insn insn{};
    insn.opcode = static_cast<uint8_t>(opcode);
    const bool known = ErrorOfClients({insn, Insn{}}) != DecodeError::kOpcode;
    EXPECT_EQ(known, expected[opcode]) << std::hex << opcode;
  }
}

TEST(DecodeTest, TellsInstructionsOfOneOpcodeApart) {
  EXPECT_EQ(OpOf({0x3f, 1, 2, 0, 0}), Op::kDiv64Reg);
  EXPECT_EQ(OpOf({0x3f, 1, 2, 1, 0}), Op::kSDiv64Reg);
  EXPECT_EQ(OpOf({0xbf, 1, 2, 32, 0}), Op::kMovSx3264Reg);
  EXPECT_EQ(OpOf({0xdb, 1, 2, 8, 0xf1}), Op::kAtomicCmpXchg64);
  EXPECT_EQ(OpOf({0x85, 0, 1, 0, -1}), Op::kCallSubprogram);
  EXPECT_EQ(OpOf({0xd3, 1, 2, 8, 0x100}), Op::kLoadAcquireU8);
  EXPECT_EQ(OpOf({0xc3, 1, 2, 8, 0x110}), Op::kStoreReleaseU32);
  EXPECT_EQ(ErrorOf({{0xd3, 1, 2, 8, 0x01}}), DecodeError::kImm);
  EXPECT_EQ(ErrorOf({{0xe5, 0, 1, 8, 0}}), DecodeError::kSrc);
  EXPECT_EQ(ErrorOf({{0xbc, 1, 2, 32, 0}}), DecodeError::kOffset);
  EXPECT_EQ(ErrorOf({{0xdb, 1, 2, 8, 0x10}}), DecodeError::kImm);
  EXPECT_EQ(ErrorOf({{0x85, 0, 3, 0, 1}}), DecodeError::kSrc);
}

TEST(DecodeTest, RefusesLdImm64WithoutItsSecondSlot) {
  EXPECT_EQ(ErrorOf({{0x18, 1, 0, 0, 1}}), DecodeError::kTruncated);
  EXPECT_EQ(ErrorOf({{0x95, 0, 0, 0, 0}, {0x18, 1, 0, 0, 1}}, 1),
            DecodeError::kTruncated);
}

TEST(DecodeTest, RefusesASecondSlotWithMoreThanAnImmediate) {
  for (const Insn& second : {Insn{1, 0, 0, 0, 0}, Insn{0, 1, 0, 0, 0},
                             Insn{0, 0, 1, 0, 0}, Insn{0, 0, 0, 1, 0}}) {
    EXPECT_EQ(ErrorOf({{0x18, 1, 0, 0, 1}, second}), DecodeError::kSecondSlot);
  }
}

TEST(DecodeTest, RefusesASecondImmediateThatHasNoMeaning) {
  const auto with_source = [](uint8_t source) {
    Insn first{0x18, 1, 0, 0, 1};
    first.src = source & 0xf;
    return ErrorOf({first, {0, 0, 0, 0, 5}});
  };
  EXPECT_EQ(with_source(kPseudoMapFd), DecodeError::kSecondSlot);
  EXPECT_EQ(with_source(kPseudoFunc), DecodeError::kSecondSlot);
  EXPECT_EQ(with_source(kPseudoMapIdx), DecodeError::kSecondSlot);
  EXPECT_EQ(with_source(kPseudoNone), DecodeError::kNone);
  EXPECT_EQ(with_source(kPseudoMapValue), DecodeError::kNone);
}

TEST(DecodeTest, PutsTheTwoHalvesOfAConstantTogether) {
  const Insn insns[] = {{0x18, 1, 0, 0, -2}, {0, 0, 0, 0, 0x7fffffff}};
  DecodedInsn out;
  ASSERT_EQ(Decode(ConstInsns(insns), 0, out), DecodeError::kNone);
  EXPECT_EQ(out.imm64(), 0x7fffffff'fffffffeu);
}

TEST(DecodeTest, JumpOffsetIsImmForLongGotoOnly) {
  DecodedInsn out;
  const Insn long_goto{0x06, 0, 0, 0, -70000};
  ASSERT_EQ(Decode(ConstInsns(&long_goto, 1), 0, out), DecodeError::kNone);
  EXPECT_EQ(out.jump_offset(), -70000);
  const Insn branch{0x15, 1, 0, -7, 99};
  ASSERT_EQ(Decode(ConstInsns(&branch, 1), 0, out), DecodeError::kNone);
  EXPECT_EQ(out.jump_offset(), -7);
}

TEST(DecodeTest, NeverReadsBeyondTheEndWhateverTheBytes) {
  std::mt19937_64 random(1);
  size_t accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    uint64_t raw = random();
    if (i % 2 == 0) {
      raw &= 0x0000'0000'0000'0fff;
    }
    std::vector<Insn> insns(1);  // its own allocation, for ASan
    static_assert(sizeof(raw) == sizeof(Insn));
    __builtin_memcpy(insns.data(), &raw, sizeof(raw));
    accepted += ErrorOf(insns) == DecodeError::kNone;
  }
  EXPECT_GT(accepted, 1000u);
}

TEST(DecodeTest, EachErrorHasATextOfItsOwn) {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(DecodeError::kSecondSlot); ++i) {
    const std::string text = DecodeErrorText(static_cast<DecodeError>(i));
    EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 0) << text;
    texts.push_back(text);
  }
}

}  // namespace
}  // namespace ebpf::isa
