// SPDX-License-Identifier: MIT
//
// arch/x86_64/detour.h's implementation. [intel/vol2: Opcode Map]
#include "arch/x86_64/detour.h"

#include "arch/x86_64/emulation.h"
#include "arch/x86_64/insn_decoder.h"
#include "arch/x86_64/probed_insn.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {

static_assert(Detour::kDistanceOffset + 4 <= machine::kMaxSlotSize);
static_assert(Detour::kCopyOffset + Detour::kMaxRelocatedSize <=
              Detour::kDistanceOffset);

namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

bool IsIn(const DecodedInsn& insn, OpcodeMap map) {
  return insn.encoding == InsnEncoding::kLegacy && insn.map == map;
}

/// jmp through a register or memory, near or far: it may lead anywhere.
bool IsIndirectJump(const DecodedInsn& insn) {
  return IsIn(insn, OpcodeMap::kOneByte) && insn.opcode == 0xff &&
         (insn.reg_field() == 4 || insn.reg_field() == 5);
}

/// Whether the immediate is a distance that is jumped or called.
bool IsDirectBranch(const DecodedInsn& insn) {
  if (IsIn(insn, OpcodeMap::k0f)) {
    return (insn.opcode & 0xf0) == 0x80;
  }
  if (!IsIn(insn, OpcodeMap::kOneByte)) {
    return false;
  }
  const uint8_t opcode = insn.opcode;
  return (opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3) ||
         opcode == 0xe8 || opcode == 0xe9 || opcode == 0xeb ||
         (opcode == 0xc7 && insn.modrm == 0xf8);  // xbegin
}

/// What must not be jumped into: between the window's first byte and its end.
struct Interior {
  uint64_t begin;
  uint64_t end;
};

/// Whether all branches of a piece of code are known and lead elsewhere.
Status CheckBranches(const Detour::Piece& piece, Interior interior) {
  size_t at = 0;
  while (at < piece.code.size()) {
    const DecodedInsn insn = EBPF_TRY(DecodeInsn(piece.code.Subspan(at)));
    if (IsIndirectJump(insn)) {
      return Status::kInvalid;
    }
    if (IsDirectBranch(insn)) {
      const uint64_t target =
          piece.address + at + insn.size +
          static_cast<uint64_t>(
              LoadSigned(piece.code.data() + at + insn.immediate_offset,
                         insn.immediate_size));
      if (target > interior.begin && target < interior.end) {
        return Status::kInvalid;
      }
    }
    at += insn.size;
  }
  return Status::kOk;
}

/// Whether a copy does what the original does, as far as `plan` knows, and goes
/// on behind itself; not endbr64, which must be where it is jumped to.
bool IsPlain(const ProbePlan& plan, const DecodedInsn& insn) {
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  if (plan.method != ProbeMethod::kEmulate) {
    return kind == Emulation::kStep;
  }
  switch (kind) {
    case Emulation::kNop:
      return !(IsIn(insn, OpcodeMap::k0f) && insn.opcode == 0x1e);
    case Emulation::kMoveConstant:
    case Emulation::kMove64:
    case Emulation::kMove32:
    case Emulation::kLea64:
    case Emulation::kLea32:
    case Emulation::kAddSp:
    case Emulation::kSubSp:
    case Emulation::kPushReg:
    case Emulation::kPushConst:
    case Emulation::kPopReg:
    case Emulation::kLeave:
      return true;
    default:
      return false;
  }
}

/// Whether the operand of the ModRM byte is a register, or relative to rsp
/// alone, in the segment of the stack.
bool IsRegisterOrStack(const DecodedInsn& insn, const uint8_t* bytes) {
  constexpr uint8_t kFs = 0x64;
  constexpr uint8_t kGs = 0x65;
  for (unsigned i = 0; i < insn.rex_offset; ++i) {
    if (bytes[i] == kFs || bytes[i] == kGs) {
      return false;
    }
  }
  if (insn.modrm_offset == 0 || insn.mod() == 3) {
    return true;
  }
  constexpr uint8_t kRspAlone = 0x24;
  return insn.rm_field() == 4 && (insn.sib & 0x3f) == kRspAlone &&
         !insn.rex_b() && !insn.rex_x() && !insn.address_size_32;
}

/// Instructions of the first map that raise nothing with such an operand.
bool IsTameOneByte(const DecodedInsn& insn) {
  const uint8_t opcode = insn.opcode;
  switch (opcode & 0xf0) {
    case 0x00:
    case 0x10:
    case 0x20:
    case 0x30:
      return (opcode & 7) < 6;  // arithmetic
    case 0x50:                  // push, pop
    case 0xb0:                  // mov of a constant
      return true;
    case 0x60:
      // movsxd; push of a constant, imul with one
      return opcode == 0x63 || (opcode >= 0x68 && opcode <= 0x6b);
    case 0x80:
      return opcode <= 0x8b || opcode == 0x8d;
    case 0x90:
      return opcode <= 0x99;  // xchg, cbw, cwd
    case 0xa0:
      return opcode == 0xa8 || opcode == 0xa9;  // test
    case 0xc0:
      return opcode <= 0xc1 || opcode == 0xc6 || opcode == 0xc7;
    case 0xd0:
      return opcode <= 0xd3;  // shifts
    case 0xf0:
      return ((opcode == 0xf6 || opcode == 0xf7) && insn.reg_field() < 6) ||
             (opcode >= 0xfe && insn.reg_field() < 2);  // not div; inc, dec
    default:
      return false;
  }
}

bool IsTame0f(const DecodedInsn& insn) {
  const uint8_t opcode = insn.opcode;
  switch (opcode & 0xf0) {
    case 0x40:  // cmov
    case 0x90:  // set
      return true;
    case 0xa0:
    case 0xb0:
      if ((opcode & 7) == 3) {
        return insn.mod() == 3;  // bt and the like reach any memory
      }
      return opcode == 0xa4 || opcode == 0xa5 || opcode == 0xac ||
             opcode == 0xad || opcode == 0xaf ||
             (opcode >= 0xb6 && opcode != 0xb8 && opcode != 0xb9);
    case 0xc0:
      return opcode <= 0xc1 || opcode >= 0xc8;  // xadd, bswap
    default:
      return false;
  }
}

/// Whether the instruction raises no fault, the stack being there.
bool IsTame(const DecodedInsn& insn, const uint8_t* bytes) {
  if (IsIn(insn, OpcodeMap::k0f) && insn.opcode == 0x1f) {
    return true;  // a nop has its operand for its length
  }
  if (insn.IsRipRelative() || !IsRegisterOrStack(insn, bytes)) {
    return IsIn(insn, OpcodeMap::kOneByte) && insn.opcode == 0x8d;  // lea
  }
  return (IsIn(insn, OpcodeMap::kOneByte) && IsTameOneByte(insn)) ||
         (IsIn(insn, OpcodeMap::k0f) && IsTame0f(insn));
}

bool FitsInt32(int64_t value) { return static_cast<int32_t>(value) == value; }

/// Writes how far `to` is from `from`, if it reaches.
bool PutDistance(uint64_t from, uint64_t to, uint8_t* field) {
  const auto distance = static_cast<int64_t>(to - from);
  const auto value = static_cast<int32_t>(distance);
  CopyBytes(field, &value, sizeof(value));
  return FitsInt32(distance);
}

}  // namespace

Result<uint8_t> Detour::FindWindow(ConstBytes code, uint64_t function,
                                   size_t offset, Span<const Piece> others) {
  constexpr uint32_t kFullStub =
      machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
  size_t size = 0;
  while (size < kJumpSize) {
    const size_t at = offset + size;
    // The first also says whether an instruction begins at `offset`.
    const ProbePlan plan =
        EBPF_TRY(ProbedInsn::Plan(code, function, at, kFullStub));
    const DecodedInsn insn = EBPF_TRY(DecodeInsn(code.Subspan(at)));
    if (!IsPlain(plan, insn) ||
        (size != 0 && !IsTame(insn, code.data() + at))) {
      return Status::kInvalid;
    }
    size += insn.size;
  }
  if (size > kMaxWindowSize) {
    return Status::kInvalid;
  }
  const Interior interior = {function + offset, function + offset + size};
  EBPF_TRY(CheckBranches({code, function}, interior));
  for (const Piece& piece : others) {
    EBPF_TRY(CheckBranches(piece, interior));
  }
  return static_cast<uint8_t>(size);
}

bool Detour::IsPossible(const ProbePlan& plan) {
  const Result<DecodedInsn> insn =
      DecodeInsn(ConstBytes(plan.insn, plan.insn_size));
  return insn.ok() && IsPlain(plan, *insn);
}

Result<machine::DetourWindow> Detour::Find(ConstBytes code, uint64_t function,
                                           size_t offset) {
  machine::DetourWindow window = {};
  window.size = EBPF_TRY(FindWindow(code, function, offset));
  CopyBytes(window.insns, code.data() + offset, window.size);
  return window;
}

bool Detour::Make(ProbePlan& plan, const machine::DetourWindow& window,
                  uint64_t slot, uint64_t entry) {
  constexpr unsigned kPopFlagsOffset = kCopyOffset - 1;
  uint8_t code[machine::kMaxSlotSize + kMaxRelocatedSize] = {0x9c, 0xfa};
  const Result<uint8_t> size = Relocate(
      ConstBytes(window.insns, window.size), plan.address, slot + kCopyOffset,
      Span<uint8_t>(code + kCopyOffset, kMaxRelocatedSize));
  if (!size.ok() || !PutDistance(slot + kPopFlagsOffset, entry, code + 3) ||
      !PutDistance(slot, plan.address, code + kDistanceOffset)) {
    return false;
  }
  uint8_t jump[kJumpSize] = {0xe9};
  if (!PutDistance(plan.address + kJumpSize, slot, jump + 1)) {
    return false;
  }
  code[2] = 0xe8;
  code[kPopFlagsOffset] = 0x9d;
  plan.method = ProbeMethod::kDetour;
  plan.copy_offset = kCopyOffset;
  plan.slot_size = machine::kMaxSlotSize;
  plan.window_size = window.size;
  plan.jump_size = kJumpSize;
  CopyBytes(plan.insn, window.insns, window.size);
  CopyBytes(plan.jump, jump, sizeof(jump));
  CopyBytes(plan.slot, code, machine::kMaxSlotSize);
  return true;
}

Result<uint8_t> Detour::Relocate(ConstBytes window, uint64_t address,
                                 uint64_t to, Span<uint8_t> out) {
  const auto moved = static_cast<int64_t>(address - to);
  if (window.size() > kMaxWindowSize || out.size() < kMaxRelocatedSize) {
    return Status::kInvalid;
  }
  CopyBytes(out.data(), window.data(), window.size());
  size_t at = 0;
  while (at < window.size()) {
    const DecodedInsn insn = EBPF_TRY(DecodeInsn(window.Subspan(at)));
    if (insn.IsRipRelative()) {
      uint8_t* field = out.data() + at + insn.displacement_offset;
      const int64_t displacement =
          LoadSigned(field, insn.displacement_size) + moved;
      if (!FitsInt32(displacement)) {
        return Status::kInvalid;
      }
      const auto value = static_cast<int32_t>(displacement);
      CopyBytes(field, &value, sizeof(value));
    }
    at += insn.size;
  }
  // From behind the jump to behind the window.
  const int64_t back = moved - static_cast<int64_t>(kJumpSize);
  if (!FitsInt32(back)) {
    return Status::kInvalid;
  }
  const auto distance = static_cast<int32_t>(back);
  out[at] = 0xe9;
  CopyBytes(out.data() + at + 1, &distance, sizeof(distance));
  return static_cast<uint8_t>(at + kJumpSize);
}

}  // namespace ebpf::x86_64
