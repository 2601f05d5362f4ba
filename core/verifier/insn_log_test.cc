// SPDX-License-Identifier: MIT
#include "core/verifier/insn_log.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

std::string Text(const Code& code) {
  char buffer[256];
  TextWriter writer(buffer, sizeof(buffer));
  WriteInsn(writer, isa::ConstInsns(code.data(), code.size()), 0);
  return std::string(writer.text().data(), writer.text().size());
}

struct Case {
  Code code;
  const char* text;
};

class InsnLogTest : public VerifierTest {};

const Case kCases[] = {
    {{MovImm(R0, -1)}, "(b7) r0 = -1"},
    {{Mov32Imm(R1, 7)}, "(b4) w1 = 7"},
    {{MovReg(R2, R10)}, "(bf) r2 = r10"},
    {{AluImm(kAdd, R2, -8)}, "(07) r2 += -8"},
    {{Alu32Reg(kMul, R3, R4)}, "(2c) w3 *= w4"},
    {{AluImm(kArsh, R3, 4)}, "(c7) r3 s>>= 4"},
    {{AluReg(kDiv, R3, R4, 1)}, "(3f) r3 s/= r4"},
    {{AluImm(kMod, R3, 5, 1)}, "(97) r3 s%= 5"},
    {{AluReg(kMov, R3, R4, 8)}, "(bf) r3 = (s8)r4"},
    {{Alu32Reg(kMov, R3, R4, 16)}, "(bc) w3 = (s16)w4"},
    {{Negate(R5)}, "(87) r5 = -r5"},
    {{ByteSwap(R6, 64)}, "(d7) r6 = bswap64 r6"},
    {{Raw(0xd4, 1, 0, 0, 16)}, "(d4) r1 = le16 r1"},
    {{Raw(0xdc, 1, 0, 0, 32)}, "(dc) r1 = be32 r1"},
    {{Load(kH, R1, R2, -4)}, "(69) r1 = *(u16 *)(r2 -4)"},
    {{LoadSigned(kW, R1, R2, 0)}, "(81) r1 = *(s32 *)(r2 +0)"},
    {{Store(kB, R10, -1, R3)}, "(73) *(u8 *)(r10 -1) = r3"},
    {{StoreImm(kDW, R10, -8, -2)}, "(7a) *(u64 *)(r10 -8) = -2"},
    {{Atomic(kDW, kAdd, R1, 8, R2)}, "(db) lock *(u64 *)(r1 +8) += r2"},
    {{Atomic(kW, kXor, R1, 0, R2)}, "(c3) lock *(u32 *)(r1 +0) ^= r2"},
    {{Atomic(kW, kOr | kFetch, R1, 0, R2)},
     "(c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)"},
    {{Atomic(kDW, kXchg, R1, 0, R2)},
     "(db) r2 = atomic64_xchg((u64 *)(r1 +0), r2)"},
    {{Atomic(kDW, kCmpXchg, R1, 0, R2)},
     "(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)"},
    {{Atomic(kDW, 0x77, R1, 0, R2)}, "(db) BUG_db"},
    {{JumpImm(kJeq, R0, 0, 1)}, "(15) if r0 == 0x0 goto pc+1"},
    {{JumpImm(kJsgt, R0, -1, -2)}, "(65) if r0 s> 0xffffffff goto pc-2"},
    {{Jump32Reg(kJset, R0, R1, 3)}, "(4e) if w0 & w1 goto pc+3"},
    {{Goto(-1)}, "(05) goto pc-1"},
    {{GotoLong(70000)}, "(06) gotol pc+70000"},
    {{Raw(0xe5, 0, 0, 4, 0)}, "(e5) may_goto pc+4"},
    {{Call(kMapLookup)}, "(85) call bpf_map_lookup_elem#1"},
    {{Call(195896080)}, "(85) call unknown#195896080"},
    {{CallLocal(2)}, "(85) call pc+2"},
    {{Raw(0x85, 0, 2, 0, 77)}, "(85) call kernel-function#77"},
    {{Exit()}, "(95) exit"},
    {LoadImm64(R10, 0xbad2310), "(18) r10 = 0xbad2310"},
    {LoadImm64(R1, 0x123456789a), "(18) r1 = 0x123456789a"},
    {LoadMap(R1, 3), "(18) r1 = map[3]"},
    {LoadMapValue(R1, 3, 16), "(18) r1 = map[3][0]+16"},
    {{Raw(0x20, 0, 0, 0, 12)}, "(20) r0 = *(u32 *)skb[12]"},
    {{Raw(0x50, 0, 7, 0, 1)}, "(50) r0 = *(u8 *)skb[r7 + 1]"},
    {{Raw(0xb7, 15, 0, 0, 1)}, "(b7) r15 = 1"},
    {{Raw(0x18, 1, 0, 0, 1)}, "(18) r1 = 0x1"},  // cut off
};

TEST(InsnTextTest, ReadsAsInLinux) {
  for (const Case& c : kCases) {
    EXPECT_EQ(Text(c.code), c.text);
  }
}

TEST(InsnTextTest, AnyBytesHaveAText) {
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    for (int imm : {0, 1, -1, 0x7fffffff}) {
      EXPECT_NE(Text({Raw(opcode, 15, 15, -1, imm)}), "");
    }
  }
}

TEST_F(InsnLogTest, ClientsFindWhatTheirLoadersLeftUnresolved) {
  EXPECT_TRUE(HasLine(Judge(Join({LoadImm64(R10, 0xbad2310), Return0()})).log,
                      "0: (18) r10 = 0xbad2310"));
  EXPECT_TRUE(HasLine(Judge(Join({Call(195896080), Return0()})).log,
                      "0: (85) call unknown#195896080"));
}

}  // namespace
}  // namespace ebpf::verifier
