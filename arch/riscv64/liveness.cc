// SPDX-License-Identifier: MIT
//
// arch/riscv64/liveness.h's implementation: the ways from a place are walked
// forwards, each with the set of registers that nothing has touched on it yet.
// A place that is jumped to is walked from again only with registers that were
// not in the set before. [riscv/psabi: Integer Register Convention]
#include "arch/riscv64/liveness.h"

#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/pt_regs.h"

namespace ebpf::riscv64 {
namespace {

using Next = InsnEffect::Next;

constexpr RegisterSet kResults = SetOf(kA0) | SetOf(kA0 + 1);
constexpr RegisterSet kKeptByCalls = SetOf(5) | SetOf(6);  // t0, t1

/// One instruction of `code`; size 0: there is none.
struct Decoded {
  unsigned size = 0;
  uint32_t insn = 0;
  InsnEffect effect;
};

Decoded DecodeAt(ConstBytes code, size_t at) {
  Decoded decoded;
  if (!code.Contains(at, 2)) {
    return decoded;
  }
  const uint32_t half = code[at] | uint32_t{code[at + 1]} << 8;
  const unsigned size = InsnSize(static_cast<uint16_t>(half));
  if (size == 0 || !code.Contains(at, size)) {
    return decoded;
  }
  decoded.size = size;
  decoded.insn = half;
  if (size == 4) {
    decoded.insn |= uint32_t{code[at + 2]} << 16 | uint32_t{code[at + 3]} << 24;
  }
  decoded.effect = EffectOf(decoded.insn, size);
  return decoded;
}

/// Whether the instruction loads a whole register from the stack.
bool IsLoadFromStack(const Decoded &decoded) {
  if (decoded.size == 2) {
    return CompressedOpcode(static_cast<uint16_t>(decoded.insn)) == kCLdsp;
  }
  return Opcode(decoded.insn) == kOpLoad && Funct3(decoded.insn) == 3 &&
         Rs1(decoded.insn) == kSp;
}

/// What the callers of a function do not read when it returns.
RegisterSet DeadAtReturn(ConstBytes code) {
  RegisterSet written = 0;
  RegisterSet restored = 0;
  size_t at = 0;
  while (at < code.size()) {
    const Decoded decoded = DecodeAt(code, at);
    if (decoded.size == 0) {
      return 0;
    }
    (IsLoadFromStack(decoded) ? restored : written) |= decoded.effect.writes;
    at += decoded.size;
  }
  return written & kTemporaries & ~restored & ~kResults;
}

class Walk {
 public:
  Walk(ConstBytes code, RegisterSet at_return)
      : code_(code), at_return_(at_return) {}

  RegisterSet DeadFrom(size_t offset) {
    Reach(offset, kTemporaries);
    while (live_ != kTemporaries) {
      Place *place = places_;
      while (place != places_ + count_ && place->fresh == 0) {
        ++place;
      }
      if (place == places_ + count_) {
        return kTemporaries & ~live_;
      }
      const RegisterSet fresh = place->fresh;
      place->fresh = 0;
      GoFrom(place->offset, fresh);
    }
    return 0;
  }

 private:
  static constexpr unsigned kMaxPlaces = 48;
  static constexpr unsigned kMaxSteps = 2048;

  struct Place {
    uint32_t offset;
    RegisterSet seen;   // with these the way was, or will be, walked from here
    RegisterSet fresh;  // of those: will be
  };

  /// A way leads to `offset` on which nothing has touched `open`.
  void Reach(size_t offset, RegisterSet open) {
    open &= ~live_;
    Place *place = places_;
    while (place != places_ + count_ && place->offset != offset) {
      ++place;
    }
    if (place == places_ + kMaxPlaces) {
      live_ |= open;
      return;
    }
    if (place == places_ + count_) {
      ++count_;
      *place = {static_cast<uint32_t>(offset), 0, 0};
    }
    place->fresh |= open & ~place->seen;
    place->seen |= open;
  }

  void GoFrom(size_t at, RegisterSet open) {
    while ((open &= ~live_) != 0) {
      const Decoded decoded = DecodeAt(code_, at);
      if (decoded.size == 0 || ++steps_ > kMaxSteps) {
        live_ |= open;
        return;
      }
      if (!Pass(decoded, at, open)) {
        return;
      }
      at += decoded.size;
    }
  }

  /// Takes from `open` what an instruction decides. Whether the way goes on
  /// behind it.
  bool Pass(const Decoded &decoded, size_t at, RegisterSet &open) {
    const InsnEffect &effect = decoded.effect;
    switch (effect.next) {
      case Next::kCall:
        live_ |= open & ~kKeptByCalls;
        open &= kKeptByCalls;
        return true;
      case Next::kReturn:
        live_ |= open & ~at_return_;
        return false;
      case Next::kIndirect:
      case Next::kUnknown:
        live_ |= open;
        return false;
      default:
        break;
    }
    if (effect.may_fault) {
      live_ |= open;
      return false;
    }
    live_ |= open & effect.reads;
    open &= ~(effect.reads | effect.writes);
    if (effect.next == Next::kFollowing) {
      return true;
    }
    const auto target = at + static_cast<uint64_t>(effect.distance);
    if (target < code_.size()) {
      Reach(target, open);
    } else {
      live_ |= open;
    }
    return effect.next == Next::kBranch;
  }

  const ConstBytes code_;
  const RegisterSet at_return_;
  RegisterSet live_ = 0;
  unsigned count_ = 0;
  unsigned steps_ = 0;
  Place places_[kMaxPlaces];
};

}  // namespace

RegisterSet DeadAt(ConstBytes code, size_t offset) {
  return Walk(code, DeadAtReturn(code)).DeadFrom(offset);
}

RegisterSet DeadWithin(ConstBytes code, size_t offset) {
  return Walk(code, 0).DeadFrom(offset);
}

}  // namespace ebpf::riscv64
