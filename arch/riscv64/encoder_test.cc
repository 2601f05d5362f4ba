// SPDX-License-Identifier: MIT
#include "arch/riscv64/encoder.h"

#include <cstdarg>
#include <cstdio>
#include <string>

#include "arch/riscv64/golden_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

constexpr const char* kNames[] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

__attribute__((format(printf, 1, 2))) std::string Text(const char* format,
                                                       ...) {
  char text[128];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

struct Named {
  const char* name;
  uint32_t insn;
};

class EncoderTest : public testing::Test {
 protected:
  void Expect(const std::string& text, uint32_t insn) {
    std::vector<uint8_t> bytes;
    for (unsigned i = 0; i < InsnSize(static_cast<uint16_t>(insn)); ++i) {
      bytes.push_back(static_cast<uint8_t>(insn >> (8 * i)));
    }
    if (bytes.size() == 2) {
      EXPECT_EQ(insn >> 16, 0u) << text;
    }
    golden_.Expect(text, Golden::Hex(bytes));
  }

  void ThreeRegisters();
  void Immediates();
  void Accesses();
  void Jumps();
  void Atomics();
  void Compressed();
  void CompressedAccesses();
  void CompressedJumps();

  Golden golden_{"encoder"};
};

void EncoderTest::ThreeRegisters() {
  const Named kInsns[] = {
      {"add", encode::kAdd},       {"sub", encode::kSub},
      {"sll", encode::kSll},       {"slt", encode::kSlt},
      {"sltu", encode::kSltu},     {"xor", encode::kXor},
      {"srl", encode::kSrl},       {"sra", encode::kSra},
      {"or", encode::kOr},         {"and", encode::kAnd},
      {"mul", encode::kMul},       {"mulhu", encode::kMulhu},
      {"div", encode::kDiv},       {"divu", encode::kDivu},
      {"rem", encode::kRem},       {"remu", encode::kRemu},
      {"addw", encode::kAddw},     {"subw", encode::kSubw},
      {"sllw", encode::kSllw},     {"srlw", encode::kSrlw},
      {"sraw", encode::kSraw},     {"mulw", encode::kMulw},
      {"divw", encode::kDivw},     {"divuw", encode::kDivuw},
      {"remw", encode::kRemw},     {"remuw", encode::kRemuw},
      {"sh1add", encode::kSh1Add}, {"sh2add", encode::kSh2Add},
      {"sh3add", encode::kSh3Add}, {"add.uw", encode::kAddUw}};
  const unsigned kRegs[][3] = {{0, 1, 2}, {31, 31, 31}, {10, 21, 8}, {8, 0, 7}};
  for (const Named& insn : kInsns) {
    for (const auto& [rd, rs1, rs2] : kRegs) {
      Expect(Text("%s %s, %s, %s", insn.name, kNames[rd], kNames[rs1],
                  kNames[rs2]),
             encode::Regs(insn.insn, rd, rs1, rs2));
    }
  }
  const Named kUnary[] = {{"sext.b", encode::kSextB},
                          {"sext.h", encode::kSextH},
                          {"rev8", encode::kRev8},
                          {"zext.h", encode::kZextH}};
  for (const Named& insn : kUnary) {
    for (const auto& [rd, rs1, rs2] : kRegs) {
      Expect(Text("%s %s, %s", insn.name, kNames[rd], kNames[rs1]),
             encode::Regs(insn.insn, rd, rs1, 0));
    }
  }
}

void EncoderTest::Immediates() {
  const Named kInsns[] = {{"addi", encode::kAddi},
                          {"xori", encode::kXori},
                          {"ori", encode::kOri},
                          {"andi", encode::kAndi},
                          {"addiw", encode::kAddiw}};
  for (const Named& insn : kInsns) {
    for (const int imm : {0, 1, -1, 2047, -2048, 0x555}) {
      Expect(Text("%s a5, t3, %d", insn.name, imm),
             encode::Imm(insn.insn, 15, 28, imm));
    }
  }
  const Named kShifts[] = {
      {"slli", encode::kSlli},   {"srli", encode::kSrli},
      {"srai", encode::kSrai},   {"rori", encode::kRori},
      {"slliw", encode::kSlliw}, {"srliw", encode::kSrliw},
      {"sraiw", encode::kSraiw}, {"roriw", encode::kRoriw}};
  for (const Named& insn : kShifts) {
    for (const int count : {1, 21, 31, 32, 63}) {
      if (count < 32 || std::string(insn.name).back() != 'w') {
        Expect(Text("%s s11, a0, %d", insn.name, count),
               encode::Imm(insn.insn, 27, 10, count));
      }
    }
  }
  for (const int imm : {0, 1, 0xfffff, 0x80000, 0x12345}) {
    Expect(Text("lui t6, %d", imm), encode::Lui(31, imm));
    Expect(Text("auipc ra, %d", imm), encode::Auipc(1, imm));
  }
  Expect("lui a0, 0xfffff", encode::Lui(10, -1));
}

void EncoderTest::Accesses() {
  const Named kLoads[] = {{"lb", encode::kLb},   {"lh", encode::kLh},
                          {"lw", encode::kLw},   {"ld", encode::kLd},
                          {"lbu", encode::kLbu}, {"lhu", encode::kLhu},
                          {"lwu", encode::kLwu}};
  const Named kStores[] = {{"sb", encode::kSb},
                           {"sh", encode::kSh},
                           {"sw", encode::kSw},
                           {"sd", encode::kSd}};
  for (const int offset : {0, 1, -1, 31, 32, 2047, -2048}) {
    for (const Named& insn : kLoads) {
      Expect(Text("%s s1, %d(s5)", insn.name, offset),
             encode::Imm(insn.insn, 9, 21, offset));
    }
    for (const Named& insn : kStores) {
      Expect(Text("%s t4, %d(a0)", insn.name, offset),
             encode::StoreTo(insn.insn, 29, 10, offset));
    }
    Expect(Text("jalr ra, %d(t3)", offset),
           encode::Imm(encode::kJalr, 1, 28, offset));
  }
}

void EncoderTest::Jumps() {
  const Named kBranches[] = {{"beq", encode::kBeq},   {"bne", encode::kBne},
                             {"blt", encode::kBlt},   {"bge", encode::kBge},
                             {"bltu", encode::kBltu}, {"bgeu", encode::kBgeu}};
  for (const Named& branch : kBranches) {
    for (const int distance : {2, -2, 30, 32, 2046, 2048, 4094, -4096, 1364}) {
      Expect(Text("%s a1, t6, %d", branch.name, distance),
             encode::Branch(branch.insn, 11, 31, distance));
    }
  }
  for (const int distance : {2, -2, 2046, 2048, 4096, 0xff800, 0xffffe,
                             -0x100000, 0x55554, -0x55554}) {
    Expect(Text("jal ra, %d", distance), encode::Jal(1, distance));
    Expect(Text("jal zero, %d", distance), encode::Jal(0, distance));
  }
}

void EncoderTest::Atomics() {
  const Named kAmos[] = {
      {"amoadd", encode::kAmoAdd}, {"amoswap", encode::kAmoSwap},
      {"amoxor", encode::kAmoXor}, {"amoor", encode::kAmoOr},
      {"amoand", encode::kAmoAnd}, {"sc", encode::kSc}};
  const Named kOrders[] = {{"", 0},
                           {".aq", encode::kAcquire},
                           {".rl", encode::kRelease},
                           {".aqrl", encode::kOrdered}};
  for (const Named& order : kOrders) {
    for (const bool wide : {false, true}) {
      const char* suffix = wide ? ".d" : ".w";
      for (const Named& amo : kAmos) {
        Expect(Text("%s%s%s a4, s3, (t3)", amo.name, suffix, order.name),
               encode::Atomic(amo.insn | order.insn, wide, 14, 28, 19));
      }
      Expect(Text("lr%s%s t5, (a1)", suffix, order.name),
             encode::Atomic(encode::kLr | order.insn, wide, 30, 11, 0));
    }
  }
  Expect("fence r, rw",
         encode::Fence(encode::kFenceRead,
                       encode::kFenceRead | encode::kFenceWrite));
  Expect("fence rw, w", encode::Fence(encode::kFenceRead | encode::kFenceWrite,
                                      encode::kFenceWrite));
}

void EncoderTest::Compressed() {
  const Named kImms[] = {{"addi", encode::kCAddi},
                         {"addiw", encode::kCAddiw},
                         {"li", encode::kCLi}};
  for (const int imm : {1, -1, 31, -32, 21}) {
    for (const unsigned rd : {1u, 10u, 31u}) {
      for (const Named& insn : kImms) {
        Expect(Text("c.%s %s, %d", insn.name, kNames[rd], imm),
               encode::ShortImm(insn.insn, rd, imm));
      }
      Expect(Text("c.lui %s, %d", kNames[rd], imm & 0xfffff),
             encode::ShortImm(encode::kCLui, rd, imm));
    }
    for (const unsigned rd : {8u, 15u}) {
      Expect(Text("c.andi %s, %d", kNames[rd], imm),
             encode::ShortImm(encode::kCAndi, rd - 8, imm));
    }
  }
  for (const unsigned count : {1u, 31u, 32u, 63u, 42u}) {
    Expect(Text("c.slli t3, %u", count),
           encode::ShortImm(encode::kCSlli, 28, count));
    Expect(Text("c.srli s1, %u", count),
           encode::ShortImm(encode::kCSrli, 1, count));
    Expect(Text("c.srai a3, %u", count),
           encode::ShortImm(encode::kCSrai, 5, count));
  }
  const Named kRegs[] = {{"sub", encode::kCSub},   {"xor", encode::kCXor},
                         {"or", encode::kCOr},     {"and", encode::kCAnd},
                         {"subw", encode::kCSubw}, {"addw", encode::kCAddw}};
  for (const Named& insn : kRegs) {
    Expect(Text("c.%s s0, a5", insn.name), encode::ShortRegs(insn.insn, 8, 15));
    Expect(Text("c.%s a2, s1", insn.name), encode::ShortRegs(insn.insn, 12, 9));
  }
  for (const unsigned rd : {1u, 15u, 31u}) {
    for (const unsigned rs : {2u, 22u, 31u}) {
      Expect(Text("c.mv %s, %s", kNames[rd], kNames[rs]),
             encode::TwoRegs(encode::kCMv, rd, rs));
      Expect(Text("c.add %s, %s", kNames[rd], kNames[rs]),
             encode::TwoRegs(encode::kCAdd, rd, rs));
    }
    Expect(Text("c.jr %s", kNames[rd]), encode::CJr(rd));
    Expect(Text("c.jalr %s", kNames[rd]), encode::CJalr(rd));
  }
}

void EncoderTest::CompressedAccesses() {
  for (const int offset : {0, 4, 8, 60, 64, 124}) {
    Expect(Text("c.lw a0, %d(s1)", offset),
           encode::ShortWord(encode::kCLw, 10, 9, offset));
    Expect(Text("c.sw s1, %d(a5)", offset),
           encode::ShortWord(encode::kCSw, 9, 15, offset));
  }
  for (const int offset : {0, 8, 16, 56, 64, 128, 248}) {
    Expect(Text("c.ld a5, %d(a0)", offset),
           encode::ShortDouble(encode::kCLd, 15, 10, offset));
    Expect(Text("c.sd a3, %d(a4)", offset),
           encode::ShortDouble(encode::kCSd, 13, 14, offset));
  }
  for (const int offset : {0, 8, 24, 32, 64, 256, 504}) {
    Expect(Text("c.ldsp s6, %d(sp)", offset), encode::CLdsp(22, offset));
    Expect(Text("c.sdsp ra, %d(sp)", offset), encode::CSdsp(1, offset));
  }
  for (const int imm : {16, -16, 32, 64, 128, 256, 496, -512}) {
    Expect(Text("c.addi16sp sp, %d", imm), encode::CAddi16sp(imm));
  }
  for (const int imm : {4, 8, 16, 32, 64, 128, 256, 512, 1020}) {
    Expect(Text("c.addi4spn s0, sp, %d", imm), encode::CAddi4spn(8, imm));
    Expect(Text("c.addi4spn a2, sp, %d", imm), encode::CAddi4spn(12, imm));
  }
}

void EncoderTest::CompressedJumps() {
  for (const int distance :
       {2, -2, 8, 16, 32, 64, 128, 256, 512, 1024, 2046, -2048, 0x2aa}) {
    Expect(Text("c.j %d", distance), encode::CJ(distance));
  }
  for (const int distance : {2, -2, 8, 16, 32, 64, 128, 254, -256, 0xaa}) {
    Expect(Text("c.beqz a5, %d", distance),
           encode::ShortBranch(false, 15, distance));
    Expect(Text("c.bnez s1, %d", distance),
           encode::ShortBranch(true, 9, distance));
  }
}

TEST_F(EncoderTest, EncodesAsLlvmDoes) {
  ThreeRegisters();
  Immediates();
  Accesses();
  Jumps();
  Atomics();
  Compressed();
  CompressedAccesses();
  CompressedJumps();
  golden_.ExpectAllUsed(500);
}

}  // namespace
}  // namespace ebpf::riscv64
