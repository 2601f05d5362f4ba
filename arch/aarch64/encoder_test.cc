// SPDX-License-Identifier: MIT
#include "arch/aarch64/encoder.h"

#include <cstdarg>
#include <set>
#include <string>
#include <vector>

#include "arch/aarch64/golden_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

using encode::Condition;
using encode::PairMode;
using encode::Shift;

__attribute__((format(printf, 1, 2))) std::string Text(const char* format,
                                                       ...) {
  char text[128];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

/// "x7", "wzr".
std::string R(bool wide, unsigned reg) {
  return (wide ? "x" : "w") + (reg == 31 ? "zr" : std::to_string(reg));
}

class EncoderTest : public testing::Test {
 protected:
  void Expect(const std::string& text, uint32_t insn) {
    golden_.Expect(text, Golden::Hex({static_cast<uint8_t>(insn),
                                      static_cast<uint8_t>(insn >> 8),
                                      static_cast<uint8_t>(insn >> 16),
                                      static_cast<uint8_t>(insn >> 24)}));
  }

  void ThreeRegisters();
  void ShiftedRegisters();
  void TwoRegisters();
  void Immediates();
  void Masks();
  void Accesses();
  void Pairs();
  void Atomics();
  void Jumps();

  Golden golden_{"encoder"};
};

void EncoderTest::ThreeRegisters() {
  const struct {
    const char* name;
    uint32_t insn;
  } kInsns[] = {
      {"add", encode::kAdd},   {"sub", encode::kSub},   {"subs", encode::kSubs},
      {"and", encode::kAnd},   {"ands", encode::kAnds}, {"orr", encode::kOrr},
      {"orn", encode::kOrn},   {"eor", encode::kEor},   {"mul", encode::kMul},
      {"udiv", encode::kUdiv}, {"sdiv", encode::kSdiv}, {"lsl", encode::kLslv},
      {"lsr", encode::kLsrv},  {"asr", encode::kAsrv}};
  const unsigned kRegs[][3] = {{0, 1, 2}, {7, 19, 25}, {30, 30, 30}};
  for (const bool wide : {false, true}) {
    for (const auto& regs : kRegs) {
      const std::string d = R(wide, regs[0]);
      const std::string n = R(wide, regs[1]);
      const std::string m = R(wide, regs[2]);
      for (const auto& insn : kInsns) {
        Expect(std::string(insn.name) + " " + d + ", " + n + ", " + m,
               encode::ThreeRegs(insn.insn, wide, regs[0], regs[1], regs[2]));
      }
      Expect("msub " + d + ", " + n + ", " + m + ", " + R(wide, 9),
             encode::Msub(wide, regs[0], regs[1], regs[2], 9));
      Expect("mov " + d + ", " + m, encode::Mov(wide, regs[0], regs[2]));
      for (const unsigned count : {1u, 31u}) {
        Expect(
            "extr " + d + ", " + n + ", " + m + ", #" + std::to_string(count),
            encode::Extr(wide, regs[0], regs[1], regs[2], count));
      }
    }
  }
  Expect("umulh x1, x19, x30", encode::Umulh(1, 19, 30));
  Expect("add x1, x16, w17, sxtw", encode::AddSxtw(1, 16, 17));
  Expect("csel x7, x22, x7, eq", encode::Csel(7, 22, 7, Condition::kEq));
  Expect("csel x7, x22, x0, le", encode::Csel(7, 22, 0, Condition::kLe));
}

void EncoderTest::ShiftedRegisters() {
  const struct {
    const char* name;
    uint32_t insn;
  } kInsns[] = {{"add", encode::kAdd},
                {"sub", encode::kSub},
                {"and", encode::kAnd},
                {"orr", encode::kOrr},
                {"eor", encode::kEor}};
  const char* const kShifts[] = {"lsl", "lsr", "asr"};
  for (const bool wide : {false, true}) {
    for (const auto& insn : kInsns) {
      for (unsigned shift = 0; shift < 3; ++shift) {
        for (const unsigned count : {1u, wide ? 63u : 31u}) {
          Expect(std::string(insn.name) + " " + R(wide, 4) + ", " +
                     R(wide, 19) + ", " + R(wide, 10) + ", " + kShifts[shift] +
                     " #" + std::to_string(count),
                 encode::Shifted(insn.insn, wide, 4, 19, 10,
                                 static_cast<Shift>(shift), count));
        }
      }
    }
  }
  Expect("eor x4, x19, x10, ror #43",
         encode::Shifted(encode::kEor, true, 4, 19, 10, Shift::kRor, 43));
}

void EncoderTest::TwoRegisters() {
  for (const bool wide : {false, true}) {
    const std::string d = R(wide, 3);
    const std::string n = R(wide, 21);
    const unsigned last = wide ? 63 : 31;
    Expect("rev16 " + d + ", " + n, encode::Rev16(wide, 3, 21));
    Expect("rev " + d + ", " + n, encode::Rev(wide, 3, 21));
    for (const unsigned count : {0u, 1u, 17u, last}) {
      const std::string text = d + ", " + n + ", #" + std::to_string(count);
      Expect("lsl " + text, encode::Lsl(wide, 3, 21, count));
      Expect("lsr " + text, encode::Lsr(wide, 3, 21, count));
      Expect("asr " + text, encode::Asr(wide, 3, 21, count));
    }
    Expect("sxtb " + d + ", " + R(false, 21), encode::Sbfm(wide, 3, 21, 0, 7));
    Expect("sxth " + d + ", " + R(false, 21), encode::Sbfm(wide, 3, 21, 0, 15));
    for (const unsigned lsb : {0u, 5u, 30u}) {
      Expect("ubfx " + d + ", " + n + ", #" + std::to_string(lsb) + ", #2",
             encode::Ubfm(wide, 3, 21, lsb, lsb + 1));
    }
  }
  Expect("uxtb w3, w21", encode::Ubfm(false, 3, 21, 0, 7));
  Expect("uxth w3, w21", encode::Ubfm(false, 3, 21, 0, 15));
  Expect("sxtw x3, w21", encode::Sbfm(true, 3, 21, 0, 31));
  Expect("ubfx x3, x21, #40, #24", encode::Ubfm(true, 3, 21, 40, 63));
}

void EncoderTest::Immediates() {
  const struct {
    const char* name;
    uint32_t insn;
  } kAdds[] = {{"add", encode::kAddImm},
               {"sub", encode::kSubImm},
               {"adds", encode::kAddsImm},
               {"subs", encode::kSubsImm}};
  for (const bool wide : {false, true}) {
    for (const auto& insn : kAdds) {
      for (const unsigned imm : {0u, 1u, 4095u}) {
        const std::string text = std::string(insn.name) + " " + R(wide, 12) +
                                 ", " + R(wide, 25) + ", #" +
                                 std::to_string(imm);
        Expect(text, encode::AddSubImm(insn.insn, wide, 12, 25, imm));
        Expect(text + ", lsl #12",
               encode::AddSubImm(insn.insn, wide, 12, 25, imm, true));
      }
    }
    for (unsigned half = 0; half < (wide ? 4u : 2u); ++half) {
      for (const unsigned imm : {0u, 0x1234u, 0xffffu}) {
        const std::string text = R(wide, 16) + ", #" + std::to_string(imm) +
                                 ", lsl #" + std::to_string(16 * half);
        Expect("movz " + text,
               encode::MoveWide(encode::kMovz, wide, 16, imm, half));
        Expect("movn " + text,
               encode::MoveWide(encode::kMovn, wide, 16, imm, half));
        Expect("movk " + text,
               encode::MoveWide(encode::kMovk, wide, 16, imm, half));
      }
    }
  }
  Expect("mov x29, sp", encode::AddSubImm(encode::kAddImm, true, 29, 31, 0));
  Expect("brk #3775", encode::Brk(3775));
}

void EncoderTest::Masks() {
  const uint64_t kMasks[] = {1,
                             0xff,
                             0xffff,
                             0x7fffffff,
                             0xffffffff,
                             0x8000000000000000,
                             0xfffffffffffffffe,
                             0x7fffffffffffffff,
                             0xff00,
                             0x0ff0000000000000,
                             0xf00000000000000f,
                             0xffffffff00000000,
                             0x0000ffff0000ffff,
                             0x00ff00ff00ff00ff,
                             0x0f0f0f0f0f0f0f0f,
                             0x3333333333333333,
                             0x5555555555555555,
                             0xaaaaaaaaaaaaaaaa,
                             0xe1e1e1e1e1e1e1e1,
                             0x8001800180018001};
  for (const uint64_t mask : kMasks) {
    const auto encoded = encode::EncodeBitmask(mask);
    ASSERT_TRUE(encoded.valid) << mask;
    const std::string text =
        Text("x1, x2, #0x%llx", static_cast<unsigned long long>(mask));
    Expect("and " + text,
           encode::LogicalImm(encode::kAndImm, true, 1, 2, encoded.bits));
    Expect("ands " + text,
           encode::LogicalImm(encode::kAndsImm, true, 1, 2, encoded.bits));
  }
  for (const uint32_t mask : {1u, 0xffu, 0x80000000u, 0xfffffffeu, 0xf00fu << 4,
                              0x00ff00ffu, 0x55555555u, 0xc0000003u}) {
    const auto encoded =
        encode::EncodeBitmask(mask | static_cast<uint64_t>(mask) << 32);
    if (!encoded.valid) {
      continue;
    }
    const std::string text = Text("w1, w2, #0x%x", mask);
    Expect("orr " + text,
           encode::LogicalImm(encode::kOrrImm, false, 1, 2, encoded.bits));
    Expect("eor " + text,
           encode::LogicalImm(encode::kEorImm, false, 1, 2, encoded.bits));
  }
}

void EncoderTest::Accesses() {
  const struct {
    const char* store;
    const char* load;
    const char* load_signed;
    const char* infix;
    bool wide;
  } kSizes[] = {{"str", "ldr", "ldrs", "b", false},
                {"str", "ldr", "ldrs", "h", false},
                {"str", "ldr", "ldrs", "", false},
                {"str", "ldr", nullptr, "", true}};
  for (unsigned size = 0; size < 4; ++size) {
    const auto& names = kSizes[size];
    for (const uint32_t kind :
         {encode::kStore, encode::kLoad, encode::kLoadSigned}) {
      const bool is_signed = kind == encode::kLoadSigned;
      if (is_signed && names.load_signed == nullptr) {
        continue;
      }
      std::string stem = kind == encode::kStore ? "st" : "ld";
      const std::string suffix =
          is_signed ? std::string("s") + (size == 2 ? "w" : names.infix)
                    : names.infix;
      const std::string t = R(names.wide || is_signed, 7);
      for (const unsigned imm : {0u, 1u, 4095u}) {
        Expect(stem + "r" + suffix + " " + t + ", [x19, #" +
                   std::to_string(imm << size) + "]",
               encode::AccessScaled(kind, size, 7, 19, imm));
      }
      for (const int imm : {-256, -1, 255}) {
        Expect(stem + "ur" + suffix + " " + t + ", [x25, #" +
                   std::to_string(imm) + "]",
               encode::AccessUnscaled(kind, size, 7, 25, imm));
      }
      Expect(stem + "r" + suffix + " " + t + ", [x0, x11]",
             encode::AccessIndexed(kind, size, 7, 0, 11, false));
      Expect(stem + "r" + suffix + " " + t + ", [x0, x11, lsl #" +
                 std::to_string(size) + "]",
             encode::AccessIndexed(kind, size, 7, 0, 11, true));
    }
  }
}

void EncoderTest::Pairs() {
  for (const bool wide : {false, true}) {
    for (const int imm : {-64, 0, 2, 63}) {
      const std::string regs = R(wide, 19) + ", " + R(wide, 20);
      const std::string offset = std::to_string(imm * (wide ? 8 : 4));
      for (const uint32_t kind : {encode::kStore, encode::kLoad}) {
        const std::string name = kind == encode::kStore ? "stp " : "ldp ";
        Expect(name + regs + ", [sp, #" + offset + "]",
               encode::Pair(PairMode::kOffset, kind, wide, 19, 20, 31, imm));
        Expect(name + regs + ", [sp, #" + offset + "]!",
               encode::Pair(PairMode::kPreIndex, kind, wide, 19, 20, 31, imm));
        Expect(name + regs + ", [sp], #" + offset,
               encode::Pair(PairMode::kPostIndex, kind, wide, 19, 20, 31, imm));
      }
    }
  }
  Expect("str x19, [sp, #-16]!", encode::StorePreIndex(19, 31, -16));
  Expect("ldr x19, [sp], #16", encode::LoadPostIndex(19, 31, 16));
}

void EncoderTest::Atomics() {
  const char* const kSuffixes[] = {"b", "h", "", ""};
  const struct {
    const char* name;
    uint32_t insn;
  } kInsns[] = {{"ldadd", encode::kLdadd},
                {"ldclr", encode::kLdclr},
                {"ldeor", encode::kLdeor},
                {"ldset", encode::kLdset},
                {"swp", encode::kSwp}};
  for (unsigned size = 0; size < 4; ++size) {
    const std::string suffix = kSuffixes[size];
    const bool wide = size == 3;
    const std::string t = R(wide, 4);
    const std::string s = R(wide, 12);
    Expect("ldar" + suffix + " " + t + ", [x16]", encode::Ldar(size, 4, 16));
    Expect("stlr" + suffix + " " + t + ", [x16]", encode::Stlr(size, 4, 16));
    Expect("ldxr" + suffix + " " + t + ", [x16]", encode::Ldxr(size, 4, 16));
    Expect("stxr" + suffix + " w13, " + t + ", [x16]",
           encode::Stxr(size, 13, 4, 16, false));
    Expect("stlxr" + suffix + " w13, " + t + ", [x16]",
           encode::Stxr(size, 13, 4, 16, true));
    Expect("casal" + suffix + " " + s + ", " + t + ", [x16]",
           encode::Casal(size, 12, 4, 16));
    for (const auto& insn : kInsns) {
      Expect(std::string(insn.name) + suffix + " " + s + ", " + t + ", [x1]",
             encode::AtomicOp(insn.insn, false, size, 12, 4, 1));
      Expect(std::string(insn.name) + "al" + suffix + " " + s + ", " + t +
                 ", [x1]",
             encode::AtomicOp(insn.insn, true, size, 12, 4, 1));
    }
  }
  Expect("stadd x12, [x1]",
         encode::AtomicOp(encode::kLdadd, false, 3, 12, 31, 1));
  Expect("stclr w12, [x1]",
         encode::AtomicOp(encode::kLdclr, false, 2, 12, 31, 1));
  Expect("dmb ish", encode::kDmbIsh);
}

void EncoderTest::Jumps() {
  const char* const kNames[] = {"eq", "ne", "hs", "lo", "",   "",   "",
                                "",   "hi", "ls", "ge", "lt", "gt", "le"};
  for (unsigned condition = 0; condition < 14; ++condition) {
    if (kNames[condition][0] != 0) {
      Expect(std::string("b.") + kNames[condition] + " #-1048576",
             encode::BCond(static_cast<Condition>(condition)) |
                 encode::Imm19(-(1 << 18)));
    }
  }
  for (const int64_t bytes :
       {int64_t{-134217728}, int64_t{-4}, int64_t{4}, int64_t{134217724}}) {
    Expect("b #" + std::to_string(bytes),
           encode::kB | encode::Imm26(bytes / 4));
    Expect("bl #" + std::to_string(bytes),
           encode::kBl | encode::Imm26(bytes / 4));
  }
  for (const bool wide : {false, true}) {
    Expect("cbz " + R(wide, 22) + ", #1048572",
           encode::Cbz(wide, false, 22) | encode::Imm19((1 << 18) - 1));
    Expect("cbnz " + R(wide, 22) + ", #-4",
           encode::Cbz(wide, true, 22) | encode::Imm19(-1));
  }
  for (const unsigned bit : {0u, 31u, 32u, 63u}) {
    const std::string text = R(bit > 31, 2) + ", #" + std::to_string(bit);
    Expect("tbz " + text + ", #32764",
           encode::Tbz(false, 2, bit) | encode::Imm14((1 << 13) - 1));
    Expect("tbnz " + text + ", #-32768",
           encode::Tbz(true, 2, bit) | encode::Imm14(-(1 << 13)));
  }
  Expect("br x11", encode::Br(11));
  Expect("blr x16", encode::Blr(16));
  Expect("ret", encode::kRet);
  for (const int bytes : {-1048576, -1, 2, 1048575}) {
    Expect("adr x3, #" + std::to_string(bytes), encode::Adr(3, bytes));
  }
}

TEST_F(EncoderTest, MakesTheBytesOfLlvmsAssembler) {
  ThreeRegisters();
  ShiftedRegisters();
  TwoRegisters();
  Immediates();
  Masks();
  Accesses();
  Pairs();
  Atomics();
  Jumps();
  golden_.ExpectAllUsed(500);
}

/// [arm/arm: DecodeBitMasks], the way back.
uint64_t DecodeBitmask(uint32_t bits) {
  const unsigned n = bits >> 22 & 1;
  const unsigned immr = bits >> 16 & 63;
  const unsigned imms = bits >> 10 & 63;
  const unsigned combined = n << 6 | (~imms & 63);
  unsigned length = 6;
  while ((combined >> length & 1) == 0) {
    --length;
  }
  const unsigned size = 1u << length;
  const unsigned ones = (imms & (size - 1)) + 1;
  const unsigned rotation = immr & (size - 1);
  uint64_t mask = 0;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((bit + rotation) % size < ones) {
      mask |= uint64_t{1} << bit;
    }
  }
  return mask;
}

/// All that the manual's rule makes.
std::set<uint64_t> AllMasks() {
  std::set<uint64_t> masks;
  for (unsigned size = 2; size <= 64; size *= 2) {
    for (unsigned ones = 1; ones < size; ++ones) {
      for (unsigned rotation = 0; rotation < size; ++rotation) {
        uint64_t mask = 0;
        for (unsigned bit = 0; bit < 64; ++bit) {
          if ((bit + rotation) % size < ones) {
            mask |= uint64_t{1} << bit;
          }
        }
        masks.insert(mask);
      }
    }
  }
  return masks;
}

TEST(EncodeBitmaskTest, FindsAllMasksThereAre) {
  const std::set<uint64_t> masks = AllMasks();
  EXPECT_EQ(masks.size(), 5334u);
  for (const uint64_t mask : masks) {
    const auto encoded = encode::EncodeBitmask(mask);
    ASSERT_TRUE(encoded.valid) << mask;
    ASSERT_EQ(DecodeBitmask(encoded.bits), mask);
  }
}

TEST(EncodeBitmaskTest, FindsNoOthers) {
  const std::set<uint64_t> masks = AllMasks();
  EXPECT_FALSE(encode::EncodeBitmask(0).valid);
  EXPECT_FALSE(encode::EncodeBitmask(~uint64_t{0}).valid);
  for (const uint64_t mask : masks) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      const uint64_t close = mask ^ uint64_t { 1 } << bit;
      ASSERT_EQ(encode::EncodeBitmask(close).valid, masks.count(close) == 1)
          << close;
    }
  }
}

}  // namespace
}  // namespace ebpf::aarch64
