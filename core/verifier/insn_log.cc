// SPDX-License-Identifier: MIT
//
// Written from the fields, not from what they decode to: what is no instruction
// is shown, too. Clients look here for calls and constants that tell what a
// loader could not resolve.
#include "core/verifier/insn_log.h"

#include "core/helpers/prototype.h"

namespace ebpf::verifier {
namespace {

using isa::Insn;

// The parts of an opcode. [RFC 9669, section 3]
enum Class : uint8_t { kLd, kLdx, kSt, kStx, kAlu, kJmp, kJmp32, kAlu64 };
enum Mode : uint8_t {
  kImmediate = 0x00,
  kAbsolute = 0x20,
  kIndirect = 0x40,
  kMemory = 0x60,
  kMemorySigned = 0x80,
  kAtomic = 0xc0
};
constexpr uint8_t kSourceIsReg = 0x08;
constexpr uint8_t kDoubleWord = 0x18;
constexpr uint8_t kNegate = 0x80;
constexpr uint8_t kEnd = 0xd0;
constexpr uint8_t kMove = 0xb0;
constexpr uint8_t kCall = 0x80;
constexpr uint8_t kExit = 0x90;
constexpr uint8_t kGoto = 0x00;
constexpr uint8_t kMayGoto = 0xe0;
// Atomic operations, in imm. [RFC 9669, section 5.3]
constexpr int32_t kFetch = 0x01;
constexpr int32_t kExchange = 0xe1;
constexpr int32_t kCompareExchange = 0xf1;
constexpr int32_t kLoadAcquire = 0x100;
constexpr int32_t kStoreRelease = 0x110;

constexpr const char* kClassNames[] = {"ld",  "ldx", "st",    "stx",
                                       "alu", "jmp", "jmp32", "alu64"};
constexpr const char* kAluSigns[] = {
    "+=",  "-=", "*=", "/=", "|=",   "&=",     "<<=",   ">>=",
    "neg", "%=", "^=", "=",  "s>>=", "endian", nullptr, nullptr};
constexpr const char* kJumpSigns[] = {
    "jmp",  "==",   ">", ">=", "&",  "!=",  "s>",    "s>=",
    "call", "exit", "<", "<=", "s<", "s<=", nullptr, nullptr};

uint8_t ClassOf(const Insn& insn) { return insn.opcode & 0x07; }
uint8_t ModeOf(const Insn& insn) { return insn.opcode & 0xe0; }
uint8_t CodeOf(const Insn& insn) { return insn.opcode & 0xf0; }
bool IsDoubleWord(const Insn& insn) {
  return (insn.opcode & kDoubleWord) == kDoubleWord;
}

/// "u32", "s8": what a load or store moves.
const char* TypeOf(const Insn& insn, bool is_signed) {
  constexpr const char* kUnsigned[] = {"u32", "u16", "u8", "u64"};
  constexpr const char* kSigned[] = {"s32", "s16", "s8", "s64"};
  const unsigned size = (insn.opcode & kDoubleWord) >> 3;
  return is_signed ? kSigned[size] : kUnsigned[size];
}

/// One instruction on its way into the log.
class InsnText {
 public:
  InsnText(TextWriter& writer, isa::ConstInsns insns, uint32_t index,
           const btf::Btf* kernel)
      : writer_(writer),
        insns_(insns),
        index_(index),
        insn_(insns[index]),
        kernel_(kernel) {}

  void Put() {
    writer_.Put('(');
    writer_.PutHex(insn_.opcode, 2).Put(") ");
    switch (ClassOf(insn_)) {
      case kAlu:
      case kAlu64:
        return PutAlu();
      case kLdx:
        return PutLoad();
      case kSt:
      case kStx:
        return PutStore();
      case kJmp:
      case kJmp32:
        return PutJump();
      default:
        return PutLegacyLoad();
    }
  }

 private:
  void Reg(unsigned number, bool wide = true) {
    writer_.Put(wide ? 'r' : 'w');
    writer_.PutUnsigned(number);
  }

  void Signed(int64_t value) {
    writer_.Put(value < 0 ? "" : "+").PutSigned(value);
  }

  /// "(u32 *)(r10 -4)"
  void Address(unsigned base, bool is_signed = false) {
    writer_.Put("(").Put(TypeOf(insn_, is_signed)).Put(" *)(");
    Reg(base);
    writer_.Put(' ');
    Signed(insn_.offset);
    writer_.Put(')');
  }

  void Unknown() { writer_.Put("BUG_").PutHex(insn_.opcode, 2); }

  void PutEnd() {
    Reg(insn_.dst);
    const bool swaps = ClassOf(insn_) == kAlu64;
    const bool big = (insn_.opcode & kSourceIsReg) != 0;
    writer_.Put(" = ").Put(swaps ? "bswap" : big ? "be" : "le");
    writer_.PutSigned(insn_.imm).Put(" ");
    Reg(insn_.dst);
  }

  /// Whether the instruction is one of another meaning, by its offset.
  bool PutSpecialMove() {
    constexpr int16_t kCastAddressSpace = 1;
    constexpr int16_t kPerCpuAddress = -1;
    const bool move = insn_.opcode == (kAlu64 | kMove | kSourceIsReg);
    if (move && insn_.offset == kCastAddressSpace) {
      Reg(insn_.dst);
      writer_.Put(" = addr_space_cast(");
      Reg(insn_.src);
      writer_.Put(", ").PutUnsigned(static_cast<uint32_t>(insn_.imm) >> 16);
      writer_.Put(", ").PutUnsigned(insn_.imm & 0xffff).Put(")");
      return true;
    }
    if (move && insn_.offset == kPerCpuAddress) {
      Reg(insn_.dst);
      writer_.Put(" = &(void __percpu *)(");
      Reg(insn_.src);
      writer_.Put(')');
      return true;
    }
    return false;
  }

  void PutAlu() {
    const uint8_t code = CodeOf(insn_);
    const bool wide = ClassOf(insn_) == kAlu64;
    if (code == kEnd) {
      return PutEnd();
    }
    if (PutSpecialMove()) {
      return;
    }
    Reg(insn_.dst, wide);
    if (code == kNegate) {
      writer_.Put(" = -");
      return Reg(insn_.dst, wide);
    }
    const bool from_reg = (insn_.opcode & kSourceIsReg) != 0;
    const bool divides = code == 0x30 || code == 0x90;
    const char* sign = kAluSigns[code >> 4];
    writer_.Put(' ');
    if (divides && insn_.offset == 1) {
      writer_.Put('s');
    }
    writer_.Put(sign != nullptr ? sign : "?").Put(" ");
    if (!from_reg) {
      writer_.PutSigned(insn_.imm);
      return;
    }
    if (code == kMove && insn_.offset != 0) {
      writer_.Put("(s").PutSigned(insn_.offset).Put(")");
    }
    Reg(insn_.src, wide);
  }

  void PutLoad() {
    const uint8_t mode = ModeOf(insn_);
    if (mode != kMemory && mode != kMemorySigned) {
      return Unknown();
    }
    Reg(insn_.dst);
    writer_.Put(" = *");
    Address(insn_.src, mode == kMemorySigned);
  }

  void PutStore() {
    if (ClassOf(insn_) == kStx && ModeOf(insn_) == kAtomic) {
      return PutAtomic();
    }
    if (ModeOf(insn_) != kMemory) {
      return Unknown();
    }
    writer_.Put('*');
    Address(insn_.dst);
    writer_.Put(" = ");
    if (ClassOf(insn_) == kStx) {
      return Reg(insn_.src);
    }
    writer_.PutSigned(insn_.imm);
  }

  /// "r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)"
  void PutFetch(unsigned result, const char* name, bool compares) {
    Reg(result);
    writer_.Put(" = atomic").Put(IsDoubleWord(insn_) ? "64_" : "_");
    writer_.Put(name).Put("(");
    Address(insn_.dst);
    writer_.Put(compares ? ", r0, " : ", ");
    Reg(insn_.src);
    writer_.Put(')');
  }

  void PutAtomic() {
    constexpr const char* kNames[] = {
        "fetch_add", nullptr, nullptr, nullptr, "fetch_or", "fetch_and",
        nullptr,     nullptr, nullptr, nullptr, "fetch_xor"};
    switch (insn_.imm) {
      case kExchange:
        return PutFetch(insn_.src, "xchg", false);
      case kCompareExchange:
        return PutFetch(0, "cmpxchg", true);
      case kLoadAcquire:
        Reg(insn_.dst);
        writer_.Put(" = load_acquire(");
        Address(insn_.src);
        writer_.Put(')');
        return;
      case kStoreRelease:
        writer_.Put("store_release(");
        Address(insn_.dst);
        writer_.Put(", ");
        Reg(insn_.src);
        writer_.Put(')');
        return;
      default:
        break;
    }
    const uint32_t code = static_cast<uint32_t>(insn_.imm & ~kFetch) >> 4;
    const bool known =
        code <= 0xa && (insn_.imm & 0xe) == 0 && kNames[code] != nullptr;
    if (!known) {
      return Unknown();
    }
    if ((insn_.imm & kFetch) != 0) {
      return PutFetch(insn_.src, kNames[code], false);
    }
    writer_.Put("lock *");
    Address(insn_.dst);
    writer_.Put(" ").Put(kAluSigns[code]).Put(" ");
    Reg(insn_.src);
  }

  void PutKernelFunction() {
    StringView name;
    if (kernel_ != nullptr) {
      const Result<btf::Type> type =
          kernel_->TypeAt(static_cast<btf::TypeId>(insn_.imm));
      const Result<StringView> found =
          type.ok() ? kernel_->Name(type->name) : type.status();
      name = found.ok() ? *found : name;
    }
    writer_.Put(name.empty() ? StringView("kernel-function") : name);
  }

  void PutCall() {
    writer_.Put("call ");
    if (insn_.src == isa::kCallSubprogram) {
      writer_.Put("pc");
      return Signed(insn_.imm);
    }
    if (insn_.src == isa::kCallKernel) {
      PutKernelFunction();
    } else {
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn_.imm));
      writer_.Put(helper != nullptr ? "bpf_" : "unknown");
      writer_.Put(helper != nullptr ? helper->name : "");
    }
    writer_.Put("#").PutSigned(insn_.imm);
  }

  void PutJump() {
    const uint8_t code = CodeOf(insn_);
    const bool wide = ClassOf(insn_) == kJmp;
    if (wide && code == kCall) {
      return PutCall();
    }
    if (wide && code == kExit) {
      writer_.Put("exit");
      return;
    }
    if (code == kGoto) {
      writer_.Put(wide ? "goto pc" : "gotol pc");
      return Signed(wide ? insn_.offset : insn_.imm);
    }
    if (wide && code == kMayGoto) {
      writer_.Put("may_goto pc");
      return Signed(insn_.offset);
    }
    const char* sign = kJumpSigns[code >> 4];
    writer_.Put("if ");
    Reg(insn_.dst, wide);
    writer_.Put(" ").Put(sign != nullptr ? sign : "?").Put(" ");
    if ((insn_.opcode & kSourceIsReg) != 0) {
      Reg(insn_.src, wide);
    } else {
      writer_.Put("0x").PutHex(static_cast<uint32_t>(insn_.imm));
    }
    writer_.Put(" goto pc");
    Signed(insn_.offset);
  }

  /// A constant of 64 bits, or an access to a packet.
  void PutLegacyLoad() {
    const uint8_t mode = ModeOf(insn_);
    if (mode == kAbsolute || mode == kIndirect) {
      writer_.Put("r0 = *(").Put(TypeOf(insn_, false)).Put(" *)skb[");
      if (mode == kIndirect) {
        Reg(insn_.src);
        writer_.Put(" + ");
      }
      writer_.PutSigned(insn_.imm).Put("]");
      return;
    }
    if (mode != kImmediate || !IsDoubleWord(insn_)) {
      writer_.Put(kClassNames[ClassOf(insn_)]);
      return;
    }
    const uint32_t upper = index_ + 1 < insns_.size()
                               ? static_cast<uint32_t>(insns_[index_ + 1].imm)
                               : 0;
    Reg(insn_.dst);
    if (insn_.src == isa::kPseudoMapFd || insn_.src == isa::kPseudoMapValue) {
      // Linux shows the kernel's address; it would tell nobody anything.
      writer_.Put(" = map[").PutSigned(insn_.imm).Put("]");
      if (insn_.src == isa::kPseudoMapValue) {
        writer_.Put("[0]+").PutUnsigned(upper);
      }
      return;
    }
    writer_.Put(" = 0x").PutHex(static_cast<uint32_t>(insn_.imm) |
                                uint64_t{upper} << 32);
  }

  TextWriter& writer_;
  isa::ConstInsns insns_;
  uint32_t index_;
  const Insn& insn_;
  const btf::Btf* kernel_;
};

}  // namespace

void WriteInsn(TextWriter& writer, isa::ConstInsns insns, uint32_t index,
               const btf::Btf* kernel) {
  InsnText(writer, insns, index, kernel).Put();
}

}  // namespace ebpf::verifier
