// SPDX-License-Identifier: MIT
//
// Each access goes by what its pointer points to: stack_access for the stack,
// region for map values and ring records, here for the context.
#include "core/verifier/memory_access.h"

#include "core/verifier/alu.h"
#include "core/verifier/scalar_alu.h"
#include "core/verifier/stack_access.h"

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
    default:
      return "";
  }
}

/// The stack is accessed at multiples of the access's size, since spilled
/// registers are tracked so, and whatever is accessed atomically is, too. Of
/// other memory Linux asks it only on CPUs that cannot do without; engines of
/// this tree load and store bytes of any alignment, so nothing is asked.
Status CheckAlignment(Verification& v, const Access& access, bool atomic) {
  const RegState& reg = v.state->reg(access.base);
  if (!atomic && reg.type != RegType::kStack && !v.options.strict_alignment) {
    return Status::kOk;
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

Status CheckContext(Verification& v, const Access& access) {
  const RegState& reg = v.state->reg(access.base);
  EBPF_TRY(CheckUnmodified(v, access.base));
  const ContextQuery query = {static_cast<uint32_t>(access.offset), access.size,
                              access.write, v.options.attach_type,
                              v.options.context_size};
  const bool allowed =
      access.offset >= 0 &&
      v.options.type->access(query).value == ContextValue::kScalar;
  if (!allowed) {
    return v.Reject(Message::kBadContextAccess, int{reg.offset} + access.offset,
                    access.size);
  }
  return Status::kOk;
}

/// Remembers through what kind of pointer the instruction goes.
Status NoteAccess(Verification& v, const RegState& reg) {
  uint16_t& flags = v.info().flags;
  flags |= reg.type == RegType::kStack     ? InsnInfo::kStackAccess
           : reg.type == RegType::kContext ? InsnInfo::kContextAccess
                                           : InsnInfo::kOtherAccess;
  // Engines may convert accesses to the context, one way for each instruction.
  if ((flags & InsnInfo::kContextAccess) != 0 &&
      (flags & (InsnInfo::kStackAccess | InsnInfo::kOtherAccess)) != 0) {
    return v.Reject(Message::kDifferentPointers);
  }
  return Status::kOk;
}

Status RefuseMemory(Verification& v, unsigned base) {
  return v.Reject(Message::kNotMemory, base, TypeName(v.state->reg(base)));
}

/// A load; `loaded` is what the memory holds, all `size` bytes of it.
Status Read(Verification& v, const Access& access, bool atomic,
            RegState& loaded) {
  EBPF_TRY(CheckAlignment(v, access, atomic));
  const RegState& reg = v.state->reg(access.base);
  loaded = RegState::UnknownScalar();
  if (reg.maybe_null) {
    return RefuseMemory(v, access.base);
  }
  switch (reg.type) {
    case RegType::kContext:
      EBPF_TRY(CheckContext(v, access));
      break;
    case RegType::kMapValue:
    case RegType::kMapKey:
    case RegType::kRingRecord:
    case RegType::kMemory:
      EBPF_TRY(CheckRegion(v, access, false));
      break;
    case RegType::kStack:
      EBPF_TRY(ReadStack(v, access, loaded));
      break;
    default:
      return RefuseMemory(v, access.base);
  }
  EBPF_TRY(NoteAccess(v, reg));
  if (loaded.IsScalar() && access.size < 8) {
    loaded = Truncated(loaded, access.size);
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
  switch (reg.type) {
    case RegType::kContext:
      EBPF_TRY(CheckContext(v, access));
      break;
    case RegType::kMapValue:
    case RegType::kMapKey:
    case RegType::kRingRecord:
    case RegType::kMemory:
      EBPF_TRY(CheckRegion(v, access, false));
      break;
    case RegType::kStack:
      EBPF_TRY(WriteStack(v, access, source, stored));
      break;
    default:
      return RefuseMemory(v, access.base);
  }
  return NoteAccess(v, reg);
}

}  // namespace

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
  const RegState& from = v.state->reg(insn.src);
  if (atomic && from.type == RegType::kContext) {
    return v.Reject(Message::kBadAtomicSource, unsigned{insn.src},
                    TypeName(from));
  }
  RegState loaded;
  EBPF_TRY(Read(v, Access{insn.src, insn.offset, size, false}, atomic, loaded));
  if (info.sign_extends && loaded.IsScalar()) {
    loaded = RegState::Scalar(SignExtend(loaded.value, info.width));
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
  return Write(v, Access{insn.dst, insn.offset, size, true}, atomic, source,
               stored);
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
  if (target.type == RegType::kContext) {
    return v.Reject(Message::kBadAtomicTarget, unsigned{insn.dst},
                    TypeName(target));
  }
  const bool fetches = info.family != isa::Family::kAtomic;
  const unsigned result = compares ? 0 : insn.src;
  if (fetches) {
    EBPF_TRY(CheckWritable(v, result));
  }
  RegState old;
  EBPF_TRY(Read(v, Access{insn.dst, insn.offset, size, false}, true, old));
  EBPF_TRY(Write(v, Access{insn.dst, insn.offset, size, true}, true, nullptr,
                 RegState::UnknownScalar()));
  if (fetches) {
    v.state->reg(result) = old;
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
