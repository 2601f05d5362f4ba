// SPDX-License-Identifier: MIT
//
// x86-64's instructions that the macro assembler uses, one method each.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/registers.h"
#include "core/base/bits.h"
#include "core/machine/code_buffer.h"

namespace ebpf::x86_64 {

/// base + (index << scale) + offset; any base, any index but rsp, which says
/// that there is none.
struct Memory {
  static constexpr uint8_t kNoIndex = kRsp;
  uint8_t base;
  uint8_t index = kNoIndex;
  uint8_t scale = 0;
  int32_t offset = 0;
};

enum class AluCode : uint8_t {
  kAdd = 0,
  kOr = 1,
  kAnd = 4,
  kSub = 5,
  kXor = 6,
  kCmp = 7,
};

enum class ShiftCode : uint8_t {
  kRol = 0,
  kShl = 4,
  kShr = 5,
  kSar = 7,
};

/// Of one operand; mul, div and idiv are of rdx:rax besides.
enum class UnaryCode : uint8_t {
  kNot = 2,
  kNeg = 3,
  kMul = 4,
  kDiv = 6,
  kIdiv = 7,
};

/// Of Jcc and CMOVcc. The lowest bit inverts.
enum class Condition : uint8_t {
  kB = 2,
  kAe = 3,
  kE = 4,
  kNe = 5,
  kBe = 6,
  kA = 7,
  kS = 8,
  kNs = 9,
  kL = 12,
  kGe = 13,
  kLe = 14,
  kG = 15,
};

/// Appends single instructions. `wide`: 64 bits, else 32. Operands in Intel's
/// order. Of several encodings the shortest, and LLVM's among those.
/// [intel/vol2: Instruction Format, and by each instruction's name]
class Encoder {
 public:
  explicit Encoder(machine::CodeBuffer& buffer) : buffer_(buffer) {}

  size_t size() const { return buffer_.size(); }

  // Of registers.

  void Mov(bool wide, unsigned to, unsigned from) {
    TwoRegs(0x89, wide, from, to);
  }
  void Alu(AluCode code, bool wide, unsigned to, unsigned from) {
    TwoRegs(Base(code) | 1, wide, from, to);
  }
  void Test(bool wide, unsigned a, unsigned b) { TwoRegs(0x85, wide, b, a); }
  void Imul(bool wide, unsigned to, unsigned from) {
    TwoRegs0f(0xaf, wide, to, from);
  }
  void Cmov(Condition if_so, bool wide, unsigned to, unsigned from) {
    TwoRegs0f(0x40 | static_cast<uint32_t>(if_so), wide, to, from);
  }
  void Unary(UnaryCode code, bool wide, unsigned reg) {
    TwoRegs(0xf7, wide, static_cast<unsigned>(code), reg);
  }
  void Inc(bool wide, unsigned reg) { TwoRegs(0xff, wide, 0, reg); }
  void Dec(bool wide, unsigned reg) { TwoRegs(0xff, wide, 1, reg); }
  void ShiftByCl(ShiftCode code, bool wide, unsigned reg) {
    TwoRegs(0xd3, wide, static_cast<unsigned>(code), reg);
  }
  void Bswap(bool wide, unsigned reg) {
    Emit(Wide(wide) | reg >> 3, 0x0f | (0xc8 | (reg & 7)) << 8, 2);
  }
  void Movzx8(unsigned to, unsigned from) {
    ModRm(ByteRex(from) | Rex(false, to, from), 0xb60f, 2, to, from);
  }
  /// From bits 8..15 of rax, rcx, rdx or rbx. Precondition: to < 8.
  void MovzxSecond(unsigned to, unsigned from) {
    ModRm(0, 0xb60f, 2, to, from + 4);
  }
  void Movzx16(unsigned to, unsigned from) { TwoRegs0f(0xb7, false, to, from); }
  void Movsx8(bool wide, unsigned to, unsigned from) {
    ModRm(ByteRex(from) | Rex(wide, to, from), 0xbe0f, 2, to, from);
  }
  void Movsx16(bool wide, unsigned to, unsigned from) {
    TwoRegs0f(0xbf, wide, to, from);
  }
  void Movsxd(unsigned to, unsigned from) { TwoRegs(0x63, true, to, from); }
  /// edx:eax (rdx:rax) = eax (rax), sign-extended: CDQ, CQO.
  void Cdq(bool wide) { Emit(Wide(wide), 0x99, 1); }

  // With a constant.

  void MovImm32(unsigned to, uint32_t imm) {
    Emit(to >> 3, 0xb8 | (to & 7) | uint64_t{imm} << 8, 5);
  }
  /// Sign-extended to 64 bits.
  void MovImmSigned(unsigned to, int32_t imm) {
    Emit(Wide(true) | to >> 3,
         0xc7 | (0xc0 | (to & 7)) << 8 | uint64_t{Bits(imm)} << 16, 6);
  }
  void MovImm64(unsigned to, uint64_t imm) {
    Emit(Wide(true) | to >> 3, 0xb8 | (to & 7), 1);
    buffer_.Append(imm, 8);
  }
  void Alu(AluCode code, bool wide, unsigned to, int32_t imm) {
    const uint32_t rex = Wide(wide) | to >> 3;
    const uint32_t modrm = 0xc0 | static_cast<uint32_t>(code) << 3 | (to & 7);
    if (IsInt8(imm)) [[likely]] {
      Emit(rex, 0x83 | modrm << 8 | (Bits(imm) & 0xff) << 16, 3);
    } else if (to == kRax) {
      Emit(rex, Base(code) | 5 | uint64_t{Bits(imm)} << 8, 5);
    } else {
      Emit(rex, 0x81 | modrm << 8 | uint64_t{Bits(imm)} << 16, 6);
    }
  }
  void Test(bool wide, unsigned reg, int32_t imm) {
    if (reg == kRax) {
      Emit(Wide(wide), 0xa9 | uint64_t{Bits(imm)} << 8, 5);
    } else {
      Emit(Wide(wide) | reg >> 3,
           0xf7 | (0xc0 | (reg & 7)) << 8 | uint64_t{Bits(imm)} << 16, 6);
    }
  }
  void Test8(unsigned reg, uint32_t imm) {
    if (reg == kRax) {
      Emit(0, 0xa8 | imm << 8, 2);
    } else {
      Emit(ByteRex(reg) | reg >> 3, 0xf6 | (0xc0 | (reg & 7)) << 8 | imm << 16,
           3);
    }
  }
  void Imul(bool wide, unsigned to, unsigned from, int32_t imm) {
    const uint32_t modrm = 0xc0 | (to & 7) << 3 | (from & 7);
    if (IsInt8(imm)) {
      Emit(Rex(wide, to, from), 0x6b | modrm << 8 | (Bits(imm) & 0xff) << 16,
           3);
    } else {
      Emit(Rex(wide, to, from), 0x69 | modrm << 8 | uint64_t{Bits(imm)} << 16,
           6);
    }
  }
  /// Precondition: 0 < count < 64.
  void Shift(ShiftCode code, bool wide, unsigned reg, unsigned count) {
    const uint32_t modrm = 0xc0 | static_cast<uint32_t>(code) << 3 | (reg & 7);
    if (count == 1) {
      Emit(Wide(wide) | reg >> 3, 0xd1 | modrm << 8, 2);
    } else {
      Emit(Wide(wide) | reg >> 3, 0xc1 | modrm << 8 | count << 16, 3);
    }
  }
  /// The low 16 bits; the others stay.
  void Rol16(unsigned reg, unsigned count) {
    Prefix(0x66);
    Shift(ShiftCode::kRol, false, reg, count);
  }

  // BMI2. They leave the flags.

  /// SHLX, SHRX, SARX.
  void ShiftX(ShiftCode code, bool wide, unsigned to, unsigned from,
              unsigned count) {
    const unsigned pp = code == ShiftCode::kShl   ? 1
                        : code == ShiftCode::kSar ? 2
                                                  : 3;
    Vex(2, pp, wide, 0xf7, to, count, from, 0, 0);
  }
  void Rorx(bool wide, unsigned to, unsigned from, unsigned count) {
    Vex(3, 3, wide, 0xf0, to, 0, from, count, 1);
  }
  /// high:low = rdx * from; where both are one register, it is high.
  void Mulx(bool wide, unsigned high, unsigned low, unsigned from) {
    Vex(2, 3, wide, 0xf6, high, low, from, 0, 0);
  }

  // Of memory.

  void Lea(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0x8d, 1, to, from);
  }
  void Load(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0x8b, 1, to, from);
  }
  void LoadZx8(unsigned to, const Memory& from) {
    Access(0, 0xb60f, 2, to, from);
  }
  void LoadZx16(unsigned to, const Memory& from) {
    Access(0, 0xb70f, 2, to, from);
  }
  void LoadSx8(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0xbe0f, 2, to, from);
  }
  void LoadSx16(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0xbf0f, 2, to, from);
  }
  void LoadSx32(unsigned to, const Memory& from) {
    Access(Wide(true), 0x63, 1, to, from);
  }
  void Movbe(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0xf0380f, 3, to, from);
  }
  void Store8(const Memory& to, unsigned from) {
    Access(ByteRex(from), 0x88, 1, from, to);
  }
  void Store16(const Memory& to, unsigned from) {
    Prefix(0x66);
    Access(0, 0x89, 1, from, to);
  }
  void Store(bool wide, const Memory& to, unsigned from) {
    Access(Wide(wide), 0x89, 1, from, to);
  }
  void StoreImm8(const Memory& to, int32_t imm) {
    Access(0, 0xc6, 1, 0, to, imm, 1);
  }
  void StoreImm16(const Memory& to, int32_t imm) {
    Prefix(0x66);
    Access(0, 0xc7, 1, 0, to, imm, 2);
  }
  void StoreImm(bool wide, const Memory& to, int32_t imm) {
    Access(Wide(wide), 0xc7, 1, 0, to, imm, 4);
  }
  void Alu(AluCode code, bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), Base(code) | 3, 1, to, from);
  }
  void Alu(AluCode code, bool wide, const Memory& to, unsigned from) {
    Access(Wide(wide), Base(code) | 1, 1, from, to);
  }
  void Alu(AluCode code, bool wide, const Memory& to, int32_t imm) {
    const bool short_form = IsInt8(imm);
    Access(Wide(wide), short_form ? 0x83 : 0x81, 1, static_cast<unsigned>(code),
           to, imm, short_form ? 1 : 4);
  }
  void Imul(bool wide, unsigned to, const Memory& from) {
    Access(Wide(wide), 0xaf0f, 2, to, from);
  }

  // Of memory, atomic: Lock() comes right before all but Xchg.

  void Lock() { Prefix(0xf0); }
  void Xadd(bool wide, const Memory& to, unsigned reg) {
    Access(Wide(wide), 0xc10f, 2, reg, to);
  }
  void Xchg(bool wide, const Memory& to, unsigned reg) {
    Access(Wide(wide), 0x87, 1, reg, to);
  }
  /// Compares with rax.
  void Cmpxchg(bool wide, const Memory& to, unsigned from) {
    Access(Wide(wide), 0xb10f, 2, from, to);
  }

  // Control flow. Distances are counted from the instruction's end.

  void Jcc8(Condition if_so, int32_t distance) {
    Emit(0, 0x70 | static_cast<uint32_t>(if_so) | (Bits(distance) & 0xff) << 8,
         2);
  }
  void Jcc32(Condition if_so, int32_t distance) {
    Emit(0,
         0x0f | (0x80 | static_cast<uint32_t>(if_so)) << 8 |
             uint64_t{Bits(distance)} << 16,
         6);
  }
  void Jmp8(int32_t distance) {
    Emit(0, 0xeb | (Bits(distance) & 0xff) << 8, 2);
  }
  void Jmp32(int32_t distance) {
    Emit(0, 0xe9 | uint64_t{Bits(distance)} << 8, 5);
  }
  void Call32(int32_t distance) {
    Emit(0, 0xe8 | uint64_t{Bits(distance)} << 8, 5);
  }
  void JmpTo(unsigned reg) { TwoRegs(0xff, false, 4, reg); }
  void CallTo(unsigned reg) { TwoRegs(0xff, false, 2, reg); }
  /// to = rip + distance.
  void LeaRip(unsigned to, int32_t distance) {
    Emit(Rex(true, to, 0),
         0x8d | (0x05 | (to & 7) << 3) << 8 | uint64_t{Bits(distance)} << 16,
         6);
  }
  void Ret() { Emit(0, 0xc3, 1); }
  void Push(unsigned reg) { Emit(reg >> 3, 0x50 | (reg & 7), 1); }
  void Pop(unsigned reg) { Emit(reg >> 3, 0x58 | (reg & 7), 1); }

  static constexpr bool IsInt8(int64_t value) {
    return value >= INT8_MIN && value <= INT8_MAX;
  }

 private:
  /// Says nothing, but that a byte register is sil or dil, not dh or bh.
  static constexpr uint32_t kEmptyRex = 0x40;

  static constexpr uint32_t Bits(int32_t value) {
    return static_cast<uint32_t>(value);
  }
  static constexpr uint32_t Base(AluCode code) {
    return static_cast<uint32_t>(code) << 3;
  }
  static constexpr uint32_t Wide(bool wide) { return uint32_t{wide} << 3; }
  static constexpr uint32_t Rex(bool wide, unsigned reg, unsigned rm) {
    return Wide(wide) | (reg >> 3) << 2 | rm >> 3;
  }
  static constexpr uint32_t ByteRex(unsigned reg) {
    return reg >= kRsp ? kEmptyRex : 0;
  }

  void Prefix(uint8_t prefix) { buffer_.Append(prefix, 1); }

  /// `rex`, if there is one, and the low `size` (1..7) bytes of `body`.
  void Emit(uint32_t rex, uint64_t body, size_t size) {
    const bool has_rex = rex != 0;
    const uint64_t with_rex = body << 8 | kEmptyRex | rex;
    buffer_.Append(has_rex ? with_rex : body, size + has_rex);
  }
  void ModRm(uint32_t rex, uint32_t opcode, unsigned size, unsigned reg,
             unsigned rm) {
    Emit(rex, opcode | (0xc0 | (reg & 7) << 3 | (rm & 7)) << (8 * size),
         size + 1);
  }
  void TwoRegs(uint32_t opcode, bool wide, unsigned reg, unsigned rm) {
    ModRm(Rex(wide, reg, rm), opcode, 1, reg, rm);
  }
  void TwoRegs0f(uint32_t opcode, bool wide, unsigned reg, unsigned rm) {
    ModRm(Rex(wide, reg, rm), 0x0f | opcode << 8, 2, reg, rm);
  }

  /// The form of three bytes, whose fields for registers are inverted.
  void Vex(unsigned map, unsigned pp, bool wide, uint32_t opcode, unsigned reg,
           unsigned vvvv, unsigned rm, unsigned imm, unsigned imm_size) {
    const uint32_t first =
        map | (reg >= 8 ? 0 : 0x80) | 0x40 | (rm >= 8 ? 0 : 0x20);
    const uint32_t second = (wide ? 0x80 : 0) | (~vvvv & 15) << 3 | pp;
    const uint32_t modrm = 0xc0 | (reg & 7) << 3 | (rm & 7);
    buffer_.Append(0xc4 | first << 8 | second << 16 | opcode << 24 |
                       uint64_t{modrm | imm << 8} << 32,
                   5 + imm_size);
  }

  static void Write64(uint8_t* at, uint64_t value) {
    value = LittleEndian(value);
    __builtin_memcpy(at, &value, sizeof(value));
  }
  static void Write32(uint8_t* at, uint32_t value) {
    value = LittleEndian(value);
    __builtin_memcpy(at, &value, sizeof(value));
  }

  /// `opcode` has `size` (1..3) bytes, the constant `imm_size` (0..4).
  void Access(uint32_t rex, uint32_t opcode, unsigned size, unsigned reg,
              const Memory& memory, int32_t imm = 0, unsigned imm_size = 0) {
    const unsigned base = memory.base & 7;
    const unsigned index = memory.index;
    rex |= (reg >> 3) << 2 | (index >> 3) << 1 | memory.base >> 3;
    // No offset, one of a byte, one of four. rbp and r13 as a base have one.
    unsigned mod = 0;
    unsigned offset_size = 0;
    if (memory.offset != 0 || base == kRbp) {
      const bool is_byte = IsInt8(memory.offset);
      mod = is_byte ? 1 : 2;
      offset_size = is_byte ? 1 : 4;
    }
    const bool has_sib = index != Memory::kNoIndex || base == kRsp;
    const uint64_t modrm = mod << 6 | (reg & 7) << 3 | (has_sib ? kRsp : base);
    const uint64_t sib = uint32_t{memory.scale} << 6 | (index & 7) << 3 | base;
    const bool has_rex = rex != 0;
    uint64_t head = opcode | (modrm | sib << 8) << (8 * size);
    head = has_rex ? head << 8 | kEmptyRex | rex : head;

    uint8_t* const start = buffer_.next();
    Write64(start, head);
    uint8_t* at = start + size + 1 + has_sib + has_rex;
    Write32(at, Bits(memory.offset));
    at += offset_size;
    Write32(at, Bits(imm));
    at += imm_size;
    buffer_.Advance(static_cast<size_t>(at - start));
  }

  machine::CodeBuffer& buffer_;
};

}  // namespace ebpf::x86_64
