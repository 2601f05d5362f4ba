// SPDX-License-Identifier: MIT
//
// testing/mutants/mutator.h's implementation.
#include "testing/mutants/mutator.h"

#include <algorithm>
#include <initializer_list>
#include <random>

namespace ebpf::mutants {
namespace {

using isa::Insn;

constexpr uint8_t kWide = 0x18;
constexpr uint8_t kCall = 0x85;
constexpr uint8_t kExit = 0x95;
constexpr Insn kNothing = {0x05, 0, 0, 0, 0};  // goto +0

// Classes of opcodes. [RFC 9669]
constexpr unsigned kLdx = 1;
constexpr unsigned kSt = 2;
constexpr unsigned kStx = 3;
constexpr unsigned kAlu32 = 4;
constexpr unsigned kJmp = 5;
constexpr unsigned kJmp32 = 6;
constexpr unsigned kAlu64 = 7;
unsigned ClassOf(const Insn& insn) { return insn.opcode & 7; }

bool IsJump(const Insn& insn) {
  return (ClassOf(insn) == kJmp || ClassOf(insn) == kJmp32) &&
         insn.opcode != kCall && insn.opcode != kExit;
}
bool IsAlu(const Insn& insn) {
  return ClassOf(insn) == kAlu32 || ClassOf(insn) == kAlu64;
}
bool IsLocalCall(const Insn& insn) {
  return insn.opcode == kCall && insn.src == 1;
}

/// Spoils one instruction of a program.
class Spoiler {
 public:
  Spoiler(uint64_t seed, Code& code) : random_(seed), code_(code) {
    for (size_t i = 0; i < code.size(); ++i) {
      starts_.push_back(i);
      i += code[i].opcode == kWide ? 1 : 0;
    }
  }

  /// 1, sometimes 2 or 3.
  size_t Times() {
    const size_t twice = Below(3) == 0 ? 1 : 0;
    const size_t again = Below(8) == 0 ? 1 : 0;
    return 1 + twice + again;
  }
  void Once() {
    const size_t at = starts_[Below(starts_.size())];
    if (code_[at].opcode == kWide) {
      SpoilWide(at);
    } else if (code_[at].opcode == kCall) {
      SpoilCall(at);
    } else {
      SpoilOther(at);
    }
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  template <typename T>
  T Pick(std::initializer_list<T> list) {
    return *(list.begin() + Below(list.size()));
  }
  uint8_t AnyRegister() { return static_cast<uint8_t>(Below(11)); }
  int32_t OtherNumber(int32_t old);
  int16_t OtherOffset(int16_t old);
  Insn Common();

  /// The instructions that are like the one at `at`, without it.
  template <typename Like>
  std::vector<size_t> Others(size_t at, Like like) const {
    std::vector<size_t> found;
    for (const size_t i : starts_) {
      if (i != at && like(code_[i])) {
        found.push_back(i);
      }
    }
    return found;
  }

  void SpoilWide(size_t at);
  void SpoilCall(size_t at);
  void SpoilOther(size_t at);
  void Replace(size_t at);
  void SpoilOpcode(Insn& insn);
  void SpoilOperand(Insn& insn);

  std::mt19937_64 random_;
  Code& code_;
  std::vector<size_t> starts_;
};

int32_t Spoiler::OtherNumber(int32_t old) {
  const uint32_t bit = uint32_t{1} << Below(32);
  const auto sum = [old](int32_t more) {
    return static_cast<int32_t>(static_cast<uint32_t>(old) +
                                static_cast<uint32_t>(more));
  };
  switch (Below(8)) {
    case 0:
      return sum(Pick({1, -1}));
    case 1:
      return Pick({0, -1});
    case 2:
      return static_cast<int32_t>(0 - static_cast<uint32_t>(old));
    case 3:
      return sum(Pick({8, -8, 4, -4, 16, -16}));
    case 4:
      return static_cast<int32_t>(bit);
    case 5:
      return static_cast<int32_t>(bit - 1);
    case 6:
      return static_cast<int32_t>(random_());
    default:
      return old ^ (1 << Below(8));
  }
}

int16_t Spoiler::OtherOffset(int16_t old) {
  switch (Below(5)) {
    case 0:
      return static_cast<int16_t>(old + Pick({1, -1, 2, -2, 4, -4, 8, -8}));
    case 1:
      return 0;
    case 2:
      return static_cast<int16_t>(-old);
    case 3:
      return static_cast<int16_t>(old + Pick({16, -16, 32, 64, 100, 1000}));
    default:
      return static_cast<int16_t>(static_cast<int>(Below(64)) * 8 - 256);
  }
}

/// What many programs have somewhere.
Insn Spoiler::Common() {
  const auto a = static_cast<uint8_t>(Below(10));
  const uint8_t b = AnyRegister();
  const auto slot = static_cast<int16_t>(-8 * static_cast<int>(1 + Below(8)));
  const auto near = static_cast<int16_t>(Below(4));
  const int32_t v = Pick<int32_t>({0, 1, -1, 8, -8, 16, 64, -64, 512, 7});
  return Pick<Insn>({{0xbf, a, b, 0, 0},     // a = b
                     {0xbf, a, b, 32, 0},    // a = (s32)b
                     {0xbc, a, b, 0, 0},     // w_a = w_b
                     {0xb7, a, 0, 0, v},     // a = v
                     {0x07, a, 0, 0, v},     // a += v
                     {0x0f, a, b, 0, 0},     // a += b
                     {0x0c, a, b, 0, 0},     // w_a += w_b
                     {0x57, a, 0, 0, v},     // a &= v
                     {0x67, a, 0, 0, 32},    // a <<= 32
                     {0x77, a, 0, 0, 32},    // a >>= 32
                     {0xc7, a, 0, 0, 32},    // a s>>= 32
                     {0x87, a, 0, 0, 0},     // a = -a
                     {0xd4, a, 0, 0, 16},    // a = le16 a
                     {0x7b, b, a, slot, 0},  // *(u64 *)(b + slot) = a
                     {0x7b, b, a, 0, 0},
                     {0x63, b, a, slot, 0},  // *(u32 *)(b + slot) = a
                     {0x7a, b, 0, slot, v},  // *(u64 *)(b + slot) = v
                     {0x79, a, b, slot, 0},  // a = *(u64 *)(b + slot)
                     {0x79, a, b, 0, 0},
                     {0x61, a, b, 4, 0},     // a = *(u32 *)(b + 4)
                     {0x15, a, 0, near, v},  // if a == v goto near
                     {0x2d, a, b, near, 0},  // if a > b goto near
                     {0xa5, a, 0, near, v},  // if a < v goto near
                     {0x05, 0, 0, static_cast<int16_t>(near - 2), 0},
                     {0xe5, 0, 0, static_cast<int16_t>(near - 2), 0},
                     {kExit, 0, 0, 0, 0}});
}

void Spoiler::SpoilWide(size_t at) {
  Insn& insn = code_[at];
  switch (Below(4)) {
    case 0:
      insn.dst = static_cast<uint8_t>(Below(10)) & 15;
      return;
    case 1:
      insn = code_[at + 1] = kNothing;
      // Two instructions now.
      return;
    default:
      break;
  }
  // What another one loads, if neither is a function.
  constexpr uint8_t kFunction = isa::kPseudoFunc;
  const std::vector<size_t> others = Others(at, [](const Insn& other) {
    return other.opcode == kWide && other.src != kFunction;
  });
  if (insn.src == kFunction) {
    return;
  }
  if (others.empty()) {
    code_[at + 1].imm = OtherNumber(code_[at + 1].imm);
    return;
  }
  const size_t from = others[Below(others.size())];
  const uint8_t dst = insn.dst;
  insn = code_[from];
  insn.dst = dst & 15;
  code_[at + 1] = code_[from + 1];
}

void Spoiler::SpoilCall(size_t at) {
  Insn& insn = code_[at];
  if (IsLocalCall(insn)) {
    return;
  }
  switch (Below(3)) {
    case 0:
      insn = kNothing;
      return;
    case 1:
      if (insn.src == 0) {
        insn.imm = 1 + static_cast<int32_t>(Below(211));
        return;
      }
      [[fallthrough]];
    default: {
      // Another function of this kind that the program calls.
      const uint8_t kind = insn.src;
      const std::vector<size_t> others = Others(at, [kind](const Insn& other) {
        return other.opcode == kCall && other.src == kind;
      });
      if (!others.empty()) {
        insn = code_[others[Below(others.size())]];
      }
    }
  }
}

/// By nothing, by another one, or by what stands behind it.
void Spoiler::Replace(size_t at) {
  const auto may_move = [](const Insn& insn) {
    return insn.opcode != kWide && !IsLocalCall(insn);
  };
  switch (Below(3)) {
    case 0:
      code_[at] = kNothing;
      return;
    case 1: {
      const std::vector<size_t> others = Others(at, may_move);
      if (!others.empty()) {
        code_[at] = code_[others[Below(others.size())]];
      }
      return;
    }
    default: {
      const auto next = std::find(starts_.begin(), starts_.end(), at) + 1;
      if (next != starts_.end() && may_move(code_[*next])) {
        std::swap(code_[at], code_[*next]);
      }
    }
  }
}

void Spoiler::SpoilOpcode(Insn& insn) {
  const unsigned kind = ClassOf(insn);
  switch (Below(4)) {
    case 0:  // another width
      insn.opcode = static_cast<uint8_t>(kind <= kStx ? (insn.opcode & ~0x18) |
                                                            Below(4) << 3
                                                      : insn.opcode ^ 3);
      return;
    case 1:  // another operation
      if (IsAlu(insn) || IsJump(insn)) {
        insn.opcode =
            static_cast<uint8_t>((insn.opcode & 0x0f) | Below(14) << 4);
      } else if (kind == kLdx) {
        insn.opcode ^= 0xe0;  // sign-extending, or not
      } else if (kind == kStx) {
        insn.opcode =
            static_cast<uint8_t>((insn.opcode & 0x1f) | Pick({0x60, 0xc0}));
        insn.imm = Pick(
            {0, 1, 0x40, 0x50, 0xa0, 0xe1, 0xf1, 0x41, 0x51, 0x100, 0x110});
      }
      return;
    case 2:  // a number for a register, or the other way round
      if (kind == kSt || kind == kStx) {
        insn.opcode ^= 1;
        insn.src = kind == kSt ? AnyRegister() & 15 : 0;
        insn.imm = kind == kSt ? 0 : OtherNumber(0);
      } else if (kind >= kAlu32 && insn.opcode != kExit) {
        insn.opcode ^= 8;
        const bool by_register = (insn.opcode & 8) != 0;
        insn.src = by_register ? AnyRegister() & 15 : 0;
        insn.imm = by_register ? 0 : OtherNumber(8);
      }
      return;
    default:  // a move that extends the sign
      if ((insn.opcode & 0xf8) == 0xb8) {
        insn.offset = Pick<int16_t>({8, 16, 32, 0});
      }
  }
}

void Spoiler::SpoilOperand(Insn& insn) {
  switch (Below(4)) {
    case 0:
      insn.dst = AnyRegister() & 15;
      return;
    case 1:
      insn.src = AnyRegister() & 15;
      return;
    case 2:
      insn.imm = OtherNumber(insn.imm);
      return;
    default:
      insn.offset = IsJump(insn)
                        ? static_cast<int16_t>(
                              insn.offset + Pick({1, -1, 2, -2, 3, -3, 5, -5}))
                        : OtherOffset(insn.offset);
  }
}

void Spoiler::SpoilOther(size_t at) {
  switch (Below(7)) {
    case 0:
    case 1:
      return Replace(at);
    case 2:
    case 3:
      return SpoilOpcode(code_[at]);
    case 4:
      code_[at] = Common();
      return;
    default:
      return SpoilOperand(code_[at]);
  }
}

}  // namespace

Code Spoilt(const Code& code, uint64_t seed) {
  Code spoilt = code;
  if (!spoilt.empty()) {
    Spoiler first(seed, spoilt);
    const size_t times = first.Times();
    first.Once();
    for (size_t i = 1; i < times; ++i) {
      Spoiler(seed + i * 0x9e3779b97f4a7c15, spoilt).Once();
    }
  }
  return spoilt;
}

}  // namespace ebpf::mutants
