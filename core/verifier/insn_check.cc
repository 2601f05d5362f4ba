// SPDX-License-Identifier: MIT
//
// core/isa decides what is an instruction; here is what Linux says of what is
// none, and of those that this verifier knows and refuses.
#include "core/verifier/insn_check.h"

#include "core/verifier/arena.h"
#include "core/verifier/kernel_variable.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/map_use.h"
#include "core/verifier/state_log.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::DecodeError;
using isa::Op;
using isa::Operation;

enum Class : uint8_t { kLd, kLdx, kSt, kStx, kAlu, kJmp, kJmp32, kAlu64 };
constexpr uint8_t kCodeMask = 0xf0;
constexpr uint8_t kModeMask = 0xe0;
constexpr uint8_t kModeAtomic = 0xc0;
constexpr uint8_t kLoadImm64 = 0x18;
constexpr uint8_t kMayGoto = 0xe5;

/// Linux's name of the group of instructions that has `opcode`.
const char* GroupName(uint8_t opcode) {
  const uint8_t code = opcode & kCodeMask;
  switch (opcode & 7) {
    case kLd:
      return opcode == kLoadImm64 ? "BPF_LD_IMM64" : "BPF_LD_[ABS|IND]";
    case kLdx:
      return "BPF_LDX";
    case kSt:
      return "BPF_ST";
    case kStx:
      return (opcode & kModeMask) == kModeAtomic ? "BPF_ATOMIC" : "BPF_STX";
    case kAlu:
    case kAlu64:
      return code == 0x80   ? "BPF_NEG"
             : code == 0xd0 ? "BPF_END"
             : code == 0xb0 ? "BPF_MOV"
                            : "BPF_ALU";
    default:
      return code == 0x80   ? "BPF_CALL"
             : code == 0x90 ? "BPF_EXIT"
             : code == 0x00 ? "BPF_JA"
                            : "BPF_JMP/JMP32";
  }
}

/// Whether `imm` is an operation of BPF_ATOMIC, if of another size.
/// [RFC 9669, section 5.3]
bool IsAtomicOperation(int32_t imm) {
  switch (imm & ~1) {
    case 0x00:
    case 0x40:
    case 0x50:
    case 0xa0:
      return true;
    default:
      return imm == 0xe1 || imm == 0xf1;
  }
}

Status RefuseEncoding(Verification& v, uint32_t index, DecodeError error) {
  const isa::Insn& insn = v.insns[index];
  if (insn.opcode == kMayGoto) {
    return v.Reject(Message::kBadMayGoto, insn.imm);
  }
  const bool is_atomic =
      (insn.opcode & 7) == kStx && (insn.opcode & kModeMask) == kModeAtomic;
  switch (error) {
    case DecodeError::kOpcode:
      return v.Reject(Message::kUnknownOpcode, unsigned{insn.opcode});
    case DecodeError::kTruncated:
      return v.Reject(Message::kBadLoadImm64);
    case DecodeError::kSecondSlot: {
      const isa::Insn& second = v.insns[index + 1];
      const bool imm_only = second.opcode == 0 && second.dst == 0 &&
                            second.src == 0 && second.offset == 0;
      return v.Reject(imm_only ? Message::kUnknownLoadImm64
                               : Message::kBadLoadImm64);
    }
    case DecodeError::kDst:
      if (insn.dst >= isa::kRegisterCount) {
        return v.Reject(Message::kBadRegister, unsigned{insn.dst});
      }
      break;
    case DecodeError::kSrc:
      if (insn.opcode == kLoadImm64) {
        return v.Reject(Message::kUnknownLoadImm64);
      }
      if (insn.src >= isa::kRegisterCount) {
        return v.Reject(Message::kBadRegister, unsigned{insn.src});
      }
      break;
    case DecodeError::kImm:
      if (is_atomic && IsAtomicOperation(insn.imm)) {
        return v.Reject(Message::kBadAtomicSize);
      }
      if (is_atomic) {
        return v.Reject(Message::kBadAtomic, static_cast<uint32_t>(insn.imm));
      }
      break;
    case DecodeError::kOffset:
    case DecodeError::kNone:
      break;
  }
  return v.Reject(Message::kReservedFields, GroupName(insn.opcode));
}

Status CheckMap(Verification& v, const DecodedInsn& insn) {
  const uint32_t number = static_cast<uint32_t>(insn.imm);
  if (number >= v.maps.size()) {
    return v.Reject(Message::kBadMapFd, insn.imm);
  }
  EBPF_TRY(CheckMapUsable(v, *v.maps[number]));
  if (insn.op == Op::kLoadMapFd) {
    return Status::kOk;
  }
  const uint32_t offset = static_cast<uint32_t>(insn.next_imm);
  if (offset >= kMaxOffset) {
    return v.Reject(Message::kDirectValueOffset, offset);
  }
  const Result<Bytes> value = v.maps[number]->DirectValue();
  if (!value.ok()) {
    return v.Reject(Message::kNoDirectValue);
  }
  if (offset >= value->size()) {
    return v.Reject(Message::kDirectValueOutside,
                    static_cast<uint64_t>(value->size()), offset);
  }
  return Status::kOk;
}

/// Instructions that are ones, but that no program may use here.
Status CheckSupported(Verification& v, uint32_t index,
                      const DecodedInsn& insn) {
  if (IsAddressSpaceCast(insn)) {
    return CheckAddressSpaceCast(v, insn);
  }
  switch (insn.op) {
    case Op::kLoadMapFd:
    case Op::kLoadMapValue:
      return CheckMap(v, insn);
    case Op::kLoadMapIdx:
    case Op::kLoadMapIdxValue:
      // bpf(2) has replaced these by the ones above.
      return v.Reject(Message::kUnknownLoadImm64);
    case Op::kLoadBtfId:
      return CheckKernelVariable(v, insn);
    case Op::kLoadFunc:
      // The program itself is not static.
      return TargetOf(index, insn) == 0 ? v.Reject(Message::kCallbackNotStatic)
                                        : Status::kOk;
    case Op::kCallKernel:
      return CheckKernelCall(v, insn);
    case Op::kCallRegister:
      return v.Reject(Message::kUnknownOpcode, unsigned{v.insns[index].opcode});
    default:
      return Status::kOk;
  }
}

Status Check(Verification& v, uint32_t index) {
  DecodedInsn insn;
  const DecodeError error = DecodeInsn(v.insns, index, insn);
  if (error != DecodeError::kNone) {
    return RefuseEncoding(v, index, error);
  }
  return CheckSupported(v, index, insn);
}

}  // namespace

Status CheckInsn(Verification& v, uint32_t index) {
  const size_t before = v.log.writer().wanted();
  const Status status = Check(v, index);
  if (IsOk(status) || !v.log.wants_insns()) {
    return status;
  }
  // Once more, for the reason to stand below the instruction.
  v.log.writer().TruncateTo(before);
  LogInsn(v, index);
  return Check(v, index);
}

}  // namespace ebpf::verifier
