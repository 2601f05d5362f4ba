// SPDX-License-Identifier: MIT
//
// Programs for tests, written as bpf_insn macros are in C.
#pragma once

#include <cstdint>
#include <vector>

#include "core/isa/insn.h"
#include "core/verifier/test_maps.h"

namespace ebpf::verifier {

using Code = std::vector<isa::Insn>;

enum Reg : uint8_t { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

/// Sizes of loads and stores, as they stand in the opcode.
enum Size : uint8_t { kW = 0x00, kH = 0x08, kB = 0x10, kDW = 0x18 };

/// Operations of arithmetic and of jumps. [RFC 9669, sections 4.1 and 4.3]
enum AluCode : uint8_t {
  kAdd = 0x00,
  kSub = 0x10,
  kMul = 0x20,
  kDiv = 0x30,
  kOr = 0x40,
  kAnd = 0x50,
  kLsh = 0x60,
  kRsh = 0x70,
  kNeg = 0x80,
  kMod = 0x90,
  kXor = 0xa0,
  kMov = 0xb0,
  kArsh = 0xc0
};
enum JumpCode : uint8_t {
  kJeq = 0x10,
  kJgt = 0x20,
  kJge = 0x30,
  kJset = 0x40,
  kJne = 0x50,
  kJsgt = 0x60,
  kJsge = 0x70,
  kJlt = 0xa0,
  kJle = 0xb0,
  kJslt = 0xc0,
  kJsle = 0xd0
};

// Linux's numbers of helpers.
enum Helper : int {
  kMapLookup = 1,
  kMapUpdate = 2,
  kMapDelete = 3,
  kKtime = 5,
  kTracePrintk = 6,
  kRandom = 7,
  kCpuId = 8,
  kTailCall = 12,
  kComm = 16,
  kProbeRead = 113,
  kProbeReadStr = 115,
  kRingOutput = 130,
  kRingReserve = 131,
  kRingSubmit = 132,
  kRingDiscard = 133,
  kRingQuery = 134,
  kForEach = 164,
  kLoop = 181,
};

inline isa::Insn Raw(unsigned opcode, unsigned dst, unsigned src, int offset,
                     int64_t imm) {
  isa::Insn insn{};
  insn.opcode = static_cast<uint8_t>(opcode);
  insn.dst = dst & 0xf;
  insn.src = src & 0xf;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = static_cast<int32_t>(imm);
  return insn;
}

inline isa::Insn AluImm(AluCode code, Reg dst, int64_t imm, int offset = 0) {
  return Raw(0x07u | code, dst, 0, offset, imm);
}
inline isa::Insn AluReg(AluCode code, Reg dst, Reg src, int offset = 0) {
  return Raw(0x0fu | code, dst, src, offset, 0);
}
inline isa::Insn Alu32Imm(AluCode code, Reg dst, int64_t imm, int offset = 0) {
  return Raw(0x04u | code, dst, 0, offset, imm);
}
inline isa::Insn Alu32Reg(AluCode code, Reg dst, Reg src, int offset = 0) {
  return Raw(0x0cu | code, dst, src, offset, 0);
}
inline isa::Insn MovImm(Reg dst, int64_t imm) { return AluImm(kMov, dst, imm); }
inline isa::Insn MovReg(Reg dst, Reg src) { return AluReg(kMov, dst, src); }
inline isa::Insn Mov32Imm(Reg dst, int64_t imm) {
  return Alu32Imm(kMov, dst, imm);
}
inline isa::Insn Mov32Reg(Reg dst, Reg src) { return Alu32Reg(kMov, dst, src); }
inline isa::Insn Negate(Reg dst) { return Raw(0x87, dst, 0, 0, 0); }
inline isa::Insn ByteSwap(Reg dst, int bits) {
  return Raw(0xd7, dst, 0, 0, bits);
}

inline isa::Insn Load(Size size, Reg dst, Reg src, int offset) {
  return Raw(0x61u | size, dst, src, offset, 0);
}
inline isa::Insn LoadSigned(Size size, Reg dst, Reg src, int offset) {
  return Raw(0x81u | size, dst, src, offset, 0);
}
inline isa::Insn Store(Size size, Reg dst, int offset, Reg src) {
  return Raw(0x63u | size, dst, src, offset, 0);
}
inline isa::Insn StoreImm(Size size, Reg dst, int offset, int64_t imm) {
  return Raw(0x62u | size, dst, 0, offset, imm);
}

/// `operation`: kAdd..., or with kFetch; kXchg, kCmpXchg.
inline constexpr int kFetch = 0x01;
inline constexpr int kXchg = 0xe1;
inline constexpr int kCmpXchg = 0xf1;
inline isa::Insn Atomic(Size size, int operation, Reg dst, int offset,
                        Reg src) {
  return Raw(0xc3u | size, dst, src, offset, operation);
}

inline isa::Insn JumpImm(JumpCode code, Reg dst, int64_t imm, int offset) {
  return Raw(0x05u | code, dst, 0, offset, imm);
}
inline isa::Insn JumpReg(JumpCode code, Reg dst, Reg src, int offset) {
  return Raw(0x0du | code, dst, src, offset, 0);
}
inline isa::Insn Jump32Imm(JumpCode code, Reg dst, int64_t imm, int offset) {
  return Raw(0x06u | code, dst, 0, offset, imm);
}
inline isa::Insn Jump32Reg(JumpCode code, Reg dst, Reg src, int offset) {
  return Raw(0x0eu | code, dst, src, offset, 0);
}
inline isa::Insn Goto(int offset) { return Raw(0x05, 0, 0, offset, 0); }
inline isa::Insn GotoLong(int64_t imm) { return Raw(0x06, 0, 0, 0, imm); }
inline isa::Insn Call(int64_t helper) { return Raw(0x85, 0, 0, 0, helper); }
inline isa::Insn CallLocal(int64_t imm) { return Raw(0x85, 0, 1, 0, imm); }
inline isa::Insn Exit() { return Raw(0x95, 0, 0, 0, 0); }

/// A program of instructions and of groups of them.
struct Part {
  Part(const isa::Insn& insn) : insns{insn} {}   // NOLINT
  Part(const Code& program) : insns(program) {}  // NOLINT
  Code insns;
};
inline Code Join(std::initializer_list<Part> parts) {
  Code all;
  for (const Part& part : parts) {
    all.insert(all.end(), part.insns.begin(), part.insns.end());
  }
  return all;
}

inline Code LoadImm64(Reg dst, uint64_t value) {
  return {Raw(0x18, dst, 0, 0, static_cast<int32_t>(value)),
          Raw(0, 0, 0, 0, static_cast<int32_t>(value >> 32))};
}
/// The address of the map with this index; of its value plus `offset`.
inline Code LoadMap(Reg dst, int map) {
  return {Raw(0x18, dst, isa::kPseudoMapFd, 0, map), Raw(0, 0, 0, 0, 0)};
}
inline Code LoadMapValue(Reg dst, int map, int offset = 0) {
  return {Raw(0x18, dst, isa::kPseudoMapValue, 0, map),
          Raw(0, 0, 0, 0, offset)};
}
/// The address of the function that is `distance` instructions behind the
/// second slot's... first slot's next.
inline Code LoadFunction(Reg dst, int64_t distance) {
  return {Raw(0x18, dst, isa::kPseudoFunc, 0, distance), Raw(0, 0, 0, 0, 0)};
}

// Pieces of programs.

/// r0 = 0; exit
inline Code Return0() { return {MovImm(R0, 0), Exit()}; }

/// r0 = bpf_map_lookup_elem(map, &key), the key zero on the stack.
inline Code Lookup(int map) {
  return Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8),
               LoadMap(R1, map), Call(kMapLookup)});
}
/// The same, and the end of the program if there is none.
inline Code LookupOrExit(int map) {
  return Join({Lookup(map), JumpImm(kJne, R0, 0, 1), Exit()});
}
/// r0 = bpf_ringbuf_reserve(ring, size, 0)
inline Code Reserve(int size) {
  return Join({LoadMap(R1, kRing), MovImm(R2, size), MovImm(R3, 0),
               Call(kRingReserve)});
}
/// bpf_ringbuf_submit or discard of the record in `reg`, flags 0.
inline Code Release(Reg reg, int helper = kRingSubmit) {
  return Join({MovReg(R1, reg), MovImm(R2, 0), Call(helper)});
}

}  // namespace ebpf::verifier
