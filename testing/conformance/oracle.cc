// SPDX-License-Identifier: MIT
//
// RFC 9669, section by section.
#include "testing/conformance/oracle.h"

#include <cstring>

namespace ebpf::oracle {
namespace {

// Section 3.2: instruction classes.
enum Class : uint8_t { kLd, kLdx, kSt, kStx, kAlu, kJmp, kJmp32, kAlu64 };

// Section 4.1, table "arithmetic instructions"; offset 0 if not said.
enum AluCode : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kOr,
  kAnd,
  kLsh,
  kRsh,
  kNeg,
  kMod,
  kXor,
  kMov,
  kArsh,
  kEnd,
};

// Section 4.3, table "jump instructions".
enum JumpCode : uint8_t {
  kJa,
  kJeq,
  kJgt,
  kJge,
  kJset,
  kJne,
  kJsgt,
  kJsge,
  kCall,
  kExit,
  kJlt,
  kJle,
  kJslt,
  kJsle,
};

// Section 5, tables "mode modifier" and "size modifier".
constexpr uint8_t kModeImm = 0, kModeMem = 3, kModeMemsx = 4, kModeAtomic = 6;

// Section 5.3; the last two are Linux's, in its documentation of the
// instruction set: "load_acquire" and "store_release".
constexpr int32_t kFetch = 0x01, kXchg = 0xe1, kCmpxchg = 0xf1;
constexpr int32_t kLoadAcquire = 0x100, kStoreRelease = 0x110;

unsigned SizeOf(uint8_t opcode) {
  switch (opcode >> 3 & 3) {
    case 0:
      return 4;  // W
    case 1:
      return 2;  // H
    case 2:
      return 1;  // B
    default:
      return 8;  // DW
  }
}

uint64_t Low(uint64_t value, unsigned bytes) {
  return bytes == 8 ? value : value & ((uint64_t{1} << (8 * bytes)) - 1);
}

int64_t Signed(uint64_t value, unsigned bytes) {
  switch (bytes) {
    case 1:
      return static_cast<int8_t>(value);
    case 2:
      return static_cast<int16_t>(value);
    case 4:
      return static_cast<int32_t>(value);
    default:
      return static_cast<int64_t>(value);
  }
}

uint64_t Reversed(uint64_t value, unsigned bytes) {
  uint64_t reversed = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    reversed = reversed << 8 | (value >> (8 * i) & 0xff);
  }
  return reversed;
}

/// Signed division "rounds towards zero"; the one that overflows gives the
/// dividend, and 0 as the remainder (section 4.1).
uint64_t SignedDivide(int64_t a, int64_t b, bool remainder) {
  if (b == 0) {
    return remainder ? static_cast<uint64_t>(a) : 0;
  }
  if (b == -1) {
    return remainder ? 0 : 0 - static_cast<uint64_t>(a);
  }
  return static_cast<uint64_t>(remainder ? a % b : a / b);
}

uint64_t UnsignedDivide(uint64_t a, uint64_t b, bool remainder) {
  if (b == 0) {
    return remainder ? a : 0;
  }
  return remainder ? a % b : a / b;
}

/// Section 4.1 for `bytes` of 4 or 8. False: no such instruction.
bool Arithmetic(unsigned code, int16_t offset, bool from_register,
                unsigned bytes, uint64_t dst, uint64_t src, uint64_t& result) {
  const uint64_t a = Low(dst, bytes);
  const uint64_t b = Low(src, bytes);
  const unsigned count = static_cast<unsigned>(b & (8 * bytes - 1));
  const bool has_offset = code == kDiv || code == kMod || code == kMov;
  if (offset != 0 && !has_offset) {
    return false;
  }
  switch (code) {
    case kAdd:
      result = a + b;
      break;
    case kSub:
      result = a - b;
      break;
    case kMul:
      result = a * b;
      break;
    case kDiv:
    case kMod:
      if (offset == 0) {
        result = UnsignedDivide(a, b, code == kMod);
      } else if (offset == 1) {
        result = SignedDivide(Signed(a, bytes), Signed(b, bytes), code == kMod);
      } else {
        return false;
      }
      break;
    case kOr:
      result = a | b;
      break;
    case kAnd:
      result = a & b;
      break;
    case kLsh:
      result = a << count;
      break;
    case kRsh:
      result = a >> count;
      break;
    case kNeg:
      if (from_register) {
        return false;
      }
      result = 0 - a;
      break;
    case kXor:
      result = a ^ b;
      break;
    case kMov:
      if (offset == 0) {
        result = b;
      } else if (from_register && (offset == 8 || offset == 16 ||
                                   (offset == 32 && bytes == 8))) {
        result =
            static_cast<uint64_t>(Signed(b, static_cast<unsigned>(offset) / 8));
      } else {
        return false;
      }
      break;
    case kArsh:
      result = static_cast<uint64_t>(Signed(a, bytes) >> count);
      break;
    default:
      return false;
  }
  result = Low(result, bytes);  // "the upper 32 bits are zeroed"
  return true;
}

/// Section 4.2.
bool ByteSwap(uint8_t opcode, int32_t imm, uint64_t& dst) {
  if (imm != 16 && imm != 32 && imm != 64) {
    return false;
  }
  const auto bytes = static_cast<unsigned>(imm) / 8;
  const bool source_bit = (opcode & 8) != 0;
  if ((opcode & 7) == kAlu64) {
    dst = Reversed(dst, bytes);  // unconditionally; the source bit is reserved
    return !source_bit;
  }
  // To little-endian on a little-endian machine, to big-endian on one.
  dst = source_bit ? Reversed(dst, bytes) : Low(dst, bytes);
  return true;
}

bool Compare(unsigned code, unsigned bytes, uint64_t dst, uint64_t src,
             bool& holds) {
  const uint64_t a = Low(dst, bytes);
  const uint64_t b = Low(src, bytes);
  const int64_t sa = Signed(a, bytes);
  const int64_t sb = Signed(b, bytes);
  switch (code) {
    case kJeq:
      holds = a == b;
      return true;
    case kJgt:
      holds = a > b;
      return true;
    case kJge:
      holds = a >= b;
      return true;
    case kJset:
      holds = (a & b) != 0;
      return true;
    case kJne:
      holds = a != b;
      return true;
    case kJsgt:
      holds = sa > sb;
      return true;
    case kJsge:
      holds = sa >= sb;
      return true;
    case kJlt:
      holds = a < b;
      return true;
    case kJle:
      holds = a <= b;
      return true;
    case kJslt:
      holds = sa < sb;
      return true;
    case kJsle:
      holds = sa <= sb;
      return true;
    default:
      return false;
  }
}

uint8_t* Find(State& state, uint64_t address, unsigned size) {
  for (const Memory& memory : state.memory) {
    if (address - memory.address <= memory.size - size) {
      return memory.bytes + (address - memory.address);
    }
  }
  return nullptr;
}

uint64_t ReadFrom(const uint8_t* at, unsigned size) {
  uint64_t value = 0;
  std::memcpy(&value, at, size);  // little-endian hosts
  return value;
}

/// Sections 5.1 and 5.2.
Result LoadOrStore(const Insn& insn, bool load, bool sign_extends,
                   uint64_t value, State& state) {
  const unsigned size = SizeOf(insn.opcode);
  const unsigned base = load ? insn.src() : insn.dst();
  const uint64_t address =
      state.regs[base] + static_cast<uint64_t>(int64_t{insn.offset});
  uint8_t* at = Find(state, address, size);
  if (at == nullptr) {
    return Result::kFault;
  }
  if (load) {
    const uint64_t loaded = ReadFrom(at, size);
    state.regs[insn.dst()] =
        sign_extends ? static_cast<uint64_t>(Signed(loaded, size)) : loaded;
  } else {
    std::memcpy(at, &value, size);
  }
  return Result::kDone;
}

/// Section 5.3.
Result AtomicOperation(const Insn& insn, State& state) {
  const unsigned size = SizeOf(insn.opcode);
  if (insn.imm == kLoadAcquire) {
    return LoadOrStore(insn, true, false, 0, state);
  }
  if (insn.imm == kStoreRelease) {
    return LoadOrStore(insn, false, false, state.regs[insn.src()], state);
  }
  const uint64_t address =
      state.regs[insn.dst()] + static_cast<uint64_t>(int64_t{insn.offset});
  uint8_t* at = Find(state, address, size);
  if (size < 4) {
    return Result::kUndefined;
  }
  if (at == nullptr) {
    return Result::kFault;
  }
  const uint64_t old = ReadFrom(at, size);
  const uint64_t operand = Low(state.regs[insn.src()], size);
  uint64_t value = 0;
  switch (insn.imm & ~kFetch) {
    case 0x00:
      value = old + operand;
      break;
    case 0x40:
      value = old | operand;
      break;
    case 0x50:
      value = old & operand;
      break;
    case 0xa0:
      value = old ^ operand;
      break;
    case kXchg & ~kFetch:
      value = operand;
      break;
    case kCmpxchg & ~kFetch:
      value = old == Low(state.regs[0], size) ? operand : old;
      break;
    default:
      return Result::kUndefined;
  }
  const bool exchanges = (insn.imm & 0xe0) == 0xe0;
  if (exchanges && (insn.imm & kFetch) == 0) {
    return Result::kUndefined;
  }
  std::memcpy(at, &value, size);
  if (insn.imm == kCmpxchg) {
    state.regs[0] = old;  // "zero-extended"
  } else if ((insn.imm & kFetch) != 0) {
    state.regs[insn.src()] = old;
  }
  return Result::kDone;
}

Result MemoryInsn(const Insn& insn, State& state) {
  const unsigned mode = insn.opcode >> 5;
  switch (insn.opcode & 7) {
    case kLdx:
      if (mode == kModeMem || (mode == kModeMemsx && SizeOf(insn.opcode) < 8)) {
        return LoadOrStore(insn, true, mode == kModeMemsx, 0, state);
      }
      return Result::kUndefined;
    case kSt:
      return mode == kModeMem
                 ? LoadOrStore(insn, false, false,
                               static_cast<uint64_t>(int64_t{insn.imm}), state)
                 : Result::kUndefined;
    default:
      return mode == kModeMem      ? LoadOrStore(insn, false, false,
                                                 state.regs[insn.src()], state)
             : mode == kModeAtomic ? AtomicOperation(insn, state)
                                   : Result::kUndefined;
  }
}

Result AluInsn(const Insn& insn, State& state) {
  const unsigned bytes = (insn.opcode & 7) == kAlu64 ? 8 : 4;
  const unsigned code = insn.opcode >> 4;
  uint64_t& dst = state.regs[insn.dst()];
  if (code == kEnd) {
    return ByteSwap(insn.opcode, insn.imm, dst) ? Result::kDone
                                                : Result::kUndefined;
  }
  const bool from_register = (insn.opcode & 8) != 0;
  const uint64_t src = from_register ? state.regs[insn.src()]
                                     : static_cast<uint64_t>(int64_t{insn.imm});
  return Arithmetic(code, insn.offset, from_register, bytes, dst, src, dst)
             ? Result::kDone
             : Result::kUndefined;
}

/// Section 4.3. `jump`: how far, in slots.
Result JumpInsn(const Insn& insn, const State& state, int64_t& jump,
                bool& exits) {
  const bool is_32 = (insn.opcode & 7) == kJmp32;
  const unsigned code = insn.opcode >> 4;
  const bool from_register = (insn.opcode & 8) != 0;
  if (code == kJa) {
    jump = is_32 ? insn.imm : insn.offset;
    return from_register ? Result::kUndefined : Result::kDone;
  }
  if (code == kExit && !is_32 && !from_register) {
    exits = true;
    return Result::kDone;
  }
  const uint64_t src = from_register ? state.regs[insn.src()]
                                     : static_cast<uint64_t>(int64_t{insn.imm});
  bool holds = false;
  if (!Compare(code, is_32 ? 4 : 8, state.regs[insn.dst()], src, holds)) {
    return Result::kUndefined;
  }
  jump = holds ? insn.offset : 0;
  return Result::kDone;
}

}  // namespace

Result Run(const std::vector<Insn>& code, State& state, unsigned steps) {
  const auto size = static_cast<int64_t>(code.size());
  int64_t pc = 0;
  while (pc != size) {
    if (pc < 0 || pc > size) {
      return Result::kUndefined;
    }
    if (steps-- == 0) {
      return Result::kTooLong;
    }
    const Insn& insn = code[static_cast<size_t>(pc++)];
    Result result = Result::kDone;
    int64_t jump = 0;
    bool exits = false;
    switch (insn.opcode & 7) {
      case kLd:  // section 5.4: the 64-bit constant
        if (insn.opcode >> 3 != (kModeImm << 2 | 3) || insn.src() != 0 ||
            pc == size) {
          return Result::kUndefined;
        }
        state.regs[insn.dst()] =
            Low(static_cast<uint64_t>(int64_t{insn.imm}), 4) |
            static_cast<uint64_t>(int64_t{code[static_cast<size_t>(pc)].imm})
                << 32;
        ++pc;
        break;
      case kAlu:
      case kAlu64:
        result = AluInsn(insn, state);
        break;
      case kJmp:
      case kJmp32:
        result = JumpInsn(insn, state, jump, exits);
        break;
      default:
        result = MemoryInsn(insn, state);
        break;
    }
    if (result != Result::kDone) {
      return result;
    }
    if (exits) {
      return Result::kDone;
    }
    pc += jump;
  }
  return Result::kDone;
}

}  // namespace ebpf::oracle
