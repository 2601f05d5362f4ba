// SPDX-License-Identifier: MIT
//
// Each access goes by what its pointer points to: stack_access for the stack,
// region for map values, records and the like, packet, context_access,
// socket_access.
#include "core/verifier/memory_access.h"

#include "core/verifier/alu.h"
#include "core/verifier/context_access.h"
#include "core/verifier/fields.h"
#include "core/verifier/frozen_value.h"
#include "core/verifier/map_use.h"
#include "core/verifier/packet.h"
#include "core/verifier/scalar_alu.h"
#include "core/verifier/socket_access.h"
#include "core/verifier/stack_access.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;

/// What an access at `reg` is called in the log, with a space.
const char* AccessName(const RegState& reg) {
  switch (reg.type) {
    case RegType::kMapValue:
      return "value ";
    case RegType::kStack:
      return "stack ";
    case RegType::kContext:
      return "context ";
    case RegType::kMapKey:
      return "key ";
    case RegType::kFlowKeys:
      return "flow keys ";
    case RegType::kSocket:
      return "sock ";
    case RegType::kSockCommon:
      return "sock_common ";
    case RegType::kTcpSock:
      return "tcp_sock ";
    case RegType::kXdpSock:
      return "xdp_sock ";
    default:
      return "";
  }
}

/// Linux's NET_IP_ALIGN: a packet is laid so that what follows its first
/// header of 14 bytes is aligned.
constexpr int kPacketAlignment = 2;

Status CheckPacketAlignment(Verification& v, const Access& access) {
  const RegState& reg = v.state->reg(access.base);
  const int64_t fixed = kPacketAlignment + int64_t{reg.offset} + access.offset;
  const Tnum<uint64_t> address =
      reg.value.bits + Tnum<uint64_t>::Constant(static_cast<uint64_t>(fixed));
  if ((address.Max() & (access.size - 1)) == 0) {
    return Status::kOk;
  }
  return v.Reject(Message::kMisalignedPacket, kPacketAlignment, reg.value.bits,
                  int{reg.offset}, int{access.offset}, access.size);
}

/// Whether atomic operations work on what `reg` points to, as far as its type
/// tells.
bool MayBeAtomic(const RegState& reg) {
  return reg.maybe_null ||
         (reg.type != RegType::kContext && !PointsIntoPacket(reg) &&
          reg.type != RegType::kFlowKeys && !PointsToSocket(reg));
}

/// What fixup makes other instructions of: an instruction goes through such
/// pointers of one kind, or through none.
bool IsConverted(RegType type) {
  switch (type) {
    case RegType::kContext:
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
    case RegType::kXdpSock:
    case RegType::kTyped:
    case RegType::kArena:
      return true;
    default:
      return false;
  }
}

/// Remembers through what kind of pointer the instruction goes.
Status NoteAccess(Verification& v, const RegState& reg) {
  InsnInfo& info = v.info();
  info.flags |= reg.type == RegType::kStack     ? InsnInfo::kStackAccess
                : reg.type == RegType::kContext ? InsnInfo::kContextAccess
                                                : InsnInfo::kOtherAccess;
  const RegType before = info.accessed;
  info.accessed = reg.type;
  if (before != RegType::kUninitialized && before != reg.type &&
      (IsConverted(before) || IsConverted(reg.type))) {
    return v.Reject(Message::kDifferentPointers);
  }
  return Status::kOk;
}

Status RefuseMemory(Verification& v, unsigned base) {
  return v.Reject(Message::kNotMemory, base, TypeName(v.state->reg(base)));
}

/// Through `reg` to what is neither stack nor context, nor known by BTF:
/// numbers only.
Status AccessNumbers(Verification& v, const RegState& reg,
                     const Access& access) {
  switch (reg.type) {
    case RegType::kMapValue:
    case RegType::kMapKey:
    case RegType::kRingRecord:
    case RegType::kMemory:
      return CheckRegion(v, access, false);
    case RegType::kPacket:
    case RegType::kPacketMeta:
      return access.write && !MayAccessPacket(v, true)
                 ? v.Reject(Message::kPacketNotWritable)
                 : CheckPacket(v, access, false);
    case RegType::kFlowKeys:
      return CheckFlowKeys(v, access);
    case RegType::kSocket:
    case RegType::kSockCommon:
    case RegType::kTcpSock:
    case RegType::kXdpSock:
      return CheckSocket(v, access);
    case RegType::kTraceBuffer:
    case RegType::kBuffer:
      return CheckBuffer(v, access);
    case RegType::kArena:
      return Status::kOk;
    default:
      return RefuseMemory(v, access.base);
  }
}

/// A load; `loaded` is what the memory holds, all `size` bytes of it, or with
/// `sign_extends` what becomes of them.
Status Read(Verification& v, const Access& access, bool atomic,
            bool sign_extends, RegState& loaded) {
  EBPF_TRY(CheckAlignment(v, access, atomic));
  const RegState& reg = v.state->reg(access.base);
  loaded = RegState::UnknownScalar();
  if (reg.maybe_null) {
    return RefuseMemory(v, access.base);
  }
  if (reg.type == RegType::kContext) {
    EBPF_TRY(ReadContext(v, access, sign_extends, loaded));
  } else if (reg.type == RegType::kStack) {
    EBPF_TRY(ReadStack(v, access, loaded));
  } else if (reg.type == RegType::kTyped) {
    EBPF_TRY(AccessTyped(v, access, loaded));
  } else if (reg.type == RegType::kMapPointer) {
    EBPF_TRY(AccessMap(v, access, loaded));
  } else {
    EBPF_TRY(AccessNumbers(v, reg, access));
    const MapField* const kptr = KptrAt(reg, access);
    uint64_t known = 0;
    if (kptr != nullptr) {
      EBPF_TRY(ReadKptr(v, *kptr, !atomic && !sign_extends, loaded));
    } else if (ReadFrozenValue(reg, access, known)) {
      loaded = RegState::Constant(known);
    }
  }
  EBPF_TRY(NoteAccess(v, reg));
  if (loaded.IsScalar() && access.size < 8) {
    loaded = Truncated(loaded, access.size);
  }
  if (loaded.IsScalar() && sign_extends) {
    loaded = RegState::Scalar(SignExtend(loaded.value, access.size * 8));
  }
  return Status::kOk;
}

/// A store of `stored`, which is what `source` holds if that is not null.
Status Write(Verification& v, const Access& access, bool atomic,
             RegState* source, const RegState& stored) {
  EBPF_TRY(CheckAlignment(v, access, atomic));
  const RegState& reg = v.state->reg(access.base);
  if (reg.maybe_null) {
    return RefuseMemory(v, access.base);
  }
  if (reg.type == RegType::kContext) {
    EBPF_TRY(WriteContext(v, access));
  } else if (reg.type == RegType::kStack) {
    EBPF_TRY(WriteStack(v, access, source, stored));
  } else if (reg.type == RegType::kTyped) {
    RegState none;
    EBPF_TRY(AccessTyped(v, access, none));
  } else if (reg.type == RegType::kMapPointer) {
    RegState none;
    EBPF_TRY(AccessMap(v, access, none));
  } else {
    EBPF_TRY(AccessNumbers(v, reg, access));
    const MapField* const kptr = KptrAt(reg, access);
    if (kptr != nullptr) {
      const unsigned number =
          source != nullptr ? static_cast<unsigned>(source - &v.state->reg(0))
                            : kNoRegister;
      EBPF_TRY(WriteKptr(v, *kptr, !atomic, number, stored));
    }
  }
  return NoteAccess(v, reg);
}

}  // namespace

/// The stack is accessed at multiples of the access's size, since spilled
/// registers are tracked so, and whatever is accessed atomically is, too. Of
/// other memory Linux asks it only on CPUs that cannot do without; engines of
/// this tree load and store bytes of any alignment, so nothing is asked.
Status CheckAlignment(Verification& v, const Access& access, bool strict) {
  const RegState& reg = v.state->reg(access.base);
  if (!strict && reg.type != RegType::kStack && !v.options.strict_alignment) {
    return Status::kOk;
  }
  if (PointsIntoPacket(reg)) {
    return CheckPacketAlignment(v, access);
  }
  const int64_t fixed = int64_t{reg.offset} + access.offset;
  const Tnum<uint64_t> address =
      reg.value.bits + Tnum<uint64_t>::Constant(static_cast<uint64_t>(fixed));
  if ((address.Max() & (access.size - 1)) == 0) {
    return Status::kOk;
  }
  return v.Reject(Message::kMisaligned, AccessName(reg), reg.value.bits,
                  int{reg.offset}, int{access.offset}, access.size);
}

Status CheckUnmodified(Verification& v, unsigned number) {
  const RegState& reg = v.state->reg(number);
  if (reg.offset < 0) {
    return v.Reject(Message::kNegativePointer, TypeName(reg), number,
                    int{reg.offset});
  }
  if (reg.offset != 0) {
    return v.Reject(Message::kModifiedPointer, TypeName(reg), number,
                    int{reg.offset});
  }
  if (!reg.value.IsConstant() || reg.value.bits.value != 0) {
    return v.Reject(Message::kVariablePointer, TypeName(reg), reg.value.bits);
  }
  return Status::kOk;
}

Status StepLoad(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  EBPF_TRY(CheckReadable(v, insn.src));
  EBPF_TRY(CheckWritable(v, insn.dst));
  const uint32_t size = info.width / 8;
  const bool atomic = info.family == isa::Family::kLoadAcquire;
  RegState loaded;
  EBPF_TRY(Read(v, Access{insn.src, insn.offset, size, false}, atomic,
                info.sign_extends, loaded));
  const RegState& from = v.state->reg(insn.src);
  if (atomic && !MayBeAtomic(from)) {
    return v.Reject(Message::kBadAtomicSource, unsigned{insn.src},
                    TypeName(from));
  }
  v.state->reg(insn.dst) = loaded;
  return Status::kOk;
}

Status StepStore(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  RegState* source = nullptr;
  if (info.source_is_register) {
    EBPF_TRY(CheckReadable(v, insn.src));
    source = &v.state->reg(insn.src);
  }
  EBPF_TRY(CheckReadable(v, insn.dst));
  const RegState stored =
      source != nullptr
          ? *source
          : RegState::Constant(static_cast<uint64_t>(int64_t{insn.imm}));
  const uint32_t size = info.width / 8;
  const bool atomic = info.family == isa::Family::kStoreRelease;
  EBPF_TRY(Write(v, Access{insn.dst, insn.offset, size, true}, atomic, source,
                 stored));
  const RegState& target = v.state->reg(insn.dst);
  return !atomic || MayBeAtomic(target)
             ? Status::kOk
             : v.Reject(Message::kBadAtomicTarget, unsigned{insn.dst},
                        TypeName(target));
}

Status StepAtomic(Verification& v, const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const uint32_t size = info.width / 8;
  const bool compares = info.operation == isa::Operation::kCmpXchg;
  EBPF_TRY(CheckReadable(v, insn.src));
  EBPF_TRY(CheckReadable(v, insn.dst));
  if (compares) {
    EBPF_TRY(CheckReadable(v, 0));
  }
  const RegState& target = v.state->reg(insn.dst);
  if (!MayBeAtomic(target)) {
    return v.Reject(Message::kBadAtomicTarget, unsigned{insn.dst},
                    TypeName(target));
  }
  const bool fetches = info.family != isa::Family::kAtomic;
  const unsigned result = compares ? 0 : insn.src;
  if (fetches) {
    EBPF_TRY(CheckWritable(v, result));
  }
  RegState old;
  EBPF_TRY(
      Read(v, Access{insn.dst, insn.offset, size, false}, true, false, old));
  EBPF_TRY(Write(v, Access{insn.dst, insn.offset, size, true}, true, nullptr,
                 RegState::UnknownScalar()));
  if (fetches) {
    v.state->reg(result) = old;
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
