// SPDX-License-Identifier: MIT
//
// One function for each kind of argument that needs more than its type.
#include "core/verifier/helper_args.h"

#include "core/btf/struct_access.h"
#include "core/verifier/arg_types.h"
#include "core/verifier/context_access.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/field_args.h"
#include "core/verifier/fields.h"
#include "core/verifier/memory_access.h"
#include "core/verifier/packet.h"
#include "core/verifier/references.h"
#include "core/verifier/socket_access.h"
#include "core/verifier/stack_access.h"
#include "core/verifier/string_args.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

/// BPF_MAX_VAR_SIZ: sizes stay below it.
constexpr uint64_t kMaxSize = 1u << 29;
constexpr unsigned kFirstArgument = 1;

/// Checks the arguments of one call, one after the other.
class Arguments {
 public:
  Arguments(Verification& v, const HelperPrototype& prototype, HelperCall& call)
      : v_(v), helper_(prototype), call_(call) {}

  Status Check(unsigned index);

 private:
  RegState& reg() { return v_.state->reg(number_); }
  ArgKind kind() const { return helper_.args[index_]; }

  /// Of maps of sockets and of filters, some arguments are something else.
  void ResolveKind();
  Status CheckRelease();
  Status NoteReference();
  Status CheckKind();
  Status CheckMap();
  Status CheckKeyOrValue();
  Status CheckFixedMemory();
  Status CheckSize();
  Status CheckDynptr();
  Status CheckTyped();
  Status CheckPerCpu();

  Verification& v_;
  HelperPrototype helper_;  // a copy: a map may change an argument's kind
  HelperCall& call_;
  unsigned index_ = 0;
  unsigned number_ = 0;
};

Status Arguments::Check(unsigned index) {
  index_ = index;
  number_ = kFirstArgument + index;
  EBPF_TRY(CheckReadable(v_, number_));
  if (kind() == ArgKind::kAnything) {
    return Status::kOk;
  }
  if (PointsIntoPacket(reg()) &&
      !(helper_.takes_packets && MayAccessPacket(v_, false))) {
    return v_.Reject(Message::kPacketNotForHelper);
  }
  ResolveKind();
  const bool released = ReleasedArgument(helper_) == index;
  if (!(reg().IsNull() && TakesNull(kind()))) {
    EBPF_TRY(CheckType(v_, helper_, index));
    if (reg().type == RegType::kTyped) {
      EBPF_TRY(CheckTyped());
    }
    if (!(IsDynptr(kind()) && reg().type == RegType::kStack)) {
      EBPF_TRY(CheckMoved(v_, number_, released));
    }
  }
  if (released) {
    EBPF_TRY(CheckRelease());
  }
  EBPF_TRY(NoteReference());
  return reg().IsNull() && TakesNull(kind()) && !IsMemory(kind()) ? Status::kOk
                                                                  : CheckKind();
}

void Arguments::ResolveKind() {
  if (call_.map == nullptr) {
    return;
  }
  ArgKind& kind = helper_.args[index_];
  const MapType type = call_.map->spec().type;
  if (HoldsSockets(type) && kind == ArgKind::kMapValue) {
    kind = ArgKind::kTypedSockCommon;
  } else if (type == MapType::kBloomFilter &&
             helper_.id == helper_id::map_peek_elem &&
             kind == ArgKind::kUninitMapValue) {
    kind = ArgKind::kMapValue;
  }
}

/// What ends must be held.
Status Arguments::CheckRelease() {
  call_.released = number_;
  if (!IsDynptr(kind())) {
    return reg().reference == 0 && !reg().IsNull()
               ? v_.Reject(Message::kNotReferenced, number_)
               : Status::kOk;
  }
  if (reg().type != RegType::kStack) {
    return v_.Reject(Message::kDynptrUnowned);
  }
  StackObject object{};
  const bool held =
      PlaceObject(v_, number_, kDynptrSlots, "dynptr", object) ==
          Placement::kThere &&
      object.frame->slots[object.slot].bytes[0] == ByteKind::kDynptr &&
      object.frame->slots[object.slot].spilled.reference != 0;
  return held ? Status::kOk : v_.Reject(Message::kDynptrUnacquired, number_);
}

Status Arguments::NoteReference() {
  if (reg().reference == 0 || kind() == ArgKind::kKptrSlot) {
    return Status::kOk;
  }
  if (call_.reference != 0) {
    return v_.Reject(Message::kSeveralReferences, number_, reg().reference,
                     call_.reference);
  }
  call_.reference = reg().reference;
  return Status::kOk;
}

Status Arguments::CheckKind() {
  switch (kind()) {
    case ArgKind::kMap:
      return CheckMap();
    case ArgKind::kMapKey:
    case ArgKind::kMapValue:
    case ArgKind::kMapValueOrNull:
    case ArgKind::kUninitMapValue:
      return CheckKeyOrValue();
    case ArgKind::kFixedMem:
    case ArgKind::kFixedWriteMem:
    case ArgKind::kFixedUninitMem:
      return CheckFixedMemory();
    case ArgKind::kSize:
    case ArgKind::kSizeOrZero:
      return CheckSize();
    case ArgKind::kAllocSize:
      if (!reg().value.IsConstant()) {
        return v_.Reject(Message::kNotConstant, number_);
      }
      call_.allocated_size = static_cast<uint32_t>(reg().value.bits.value);
      return Status::kOk;
    case ArgKind::kCallback:
      call_.callback = reg().memory_size;
      return Status::kOk;
    case ArgKind::kConstString:
      return CheckConstString(v_, number_);
    case ArgKind::kSpinLock:
    case ArgKind::kTimer:
    case ArgKind::kKptrSlot:
      return CheckFieldArgument(v_, helper_, number_, kind(), call_);
    case ArgKind::kDynptr:
    case ArgKind::kRingDynptr:
    case ArgKind::kUninitDynptr:
    case ArgKind::kUninitRingDynptr:
      return CheckDynptr();
    case ArgKind::kPerCpuTyped:
      return CheckPerCpu();
    default:
      return Status::kOk;  // kMem...: checked with its size
  }
}

/// Of a helper that takes a timer, too, it must be the timer's map.
Status Arguments::CheckMap() {
  const bool other = call_.map != nullptr && (call_.map != reg().map ||
                                              call_.map_origin != reg().origin);
  if (other) {
    return v_.Reject(Message::kTimerOtherMap, call_.map_origin, reg().origin);
  }
  call_.map = reg().map;
  call_.map_origin = reg().origin;
  return Status::kOk;
}

Status Arguments::CheckKeyOrValue() {
  const bool key = kind() == ArgKind::kMapKey;
  if (!key && reg().IsNull() && TakesNull(kind())) {
    return Status::kOk;
  }
  if (call_.map == nullptr) {
    return v_.Reject(key ? Message::kNoMapForKey : Message::kNoMapForValue);
  }
  const MapSpec& spec = call_.map->spec();
  return CheckMemory(v_, number_, key ? spec.key_size : spec.value_size, false,
                     kind() == ArgKind::kUninitMapValue ? HelperUse::kFills
                                                        : HelperUse::kReads);
}

Status Arguments::CheckFixedMemory() {
  const uint16_t size = helper_.fixed_sizes[index_];
  const bool fills = kind() == ArgKind::kFixedUninitMem;
  HelperUse use = HelperUse::kReads;
  if (fills) {
    use = HelperUse::kFills;
  } else if (kind() == ArgKind::kFixedWriteMem) {
    use = HelperUse::kUpdates;
  } else if (WritesInto(helper_, index_)) {
    use = HelperUse::kWrites;
  }
  EBPF_TRY(CheckMemory(v_, number_, size, false, use));
  // Those have MEM_ALIGNED.
  return fills || kind() == ArgKind::kFixedWriteMem
             ? CheckAlignment(v_, Access{number_, 0, size, true}, true)
             : Status::kOk;
}

/// The memory in the argument before this, which is its size.
Status Arguments::CheckSize() {
  const Range<uint64_t>& range = reg().value.wide;
  const bool zero_ok = kind() == ArgKind::kSizeOrZero;
  call_.max_size = range.umax;
  call_.has_size = true;
  if (static_cast<int64_t>(range.smin) < 0) {
    return v_.Reject(Message::kNegativeSize, number_);
  }
  if (range.umin == 0 && !zero_ok) {
    return v_.Reject(Message::kZeroSize, number_, range.umin, range.umax);
  }
  if (range.umax >= kMaxSize) {
    return v_.Reject(Message::kUnboundedSize, number_);
  }
  if (index_ == 0 || !IsMemory(helper_.args[index_ - 1])) {
    return Status::kOk;  // no memory before it
  }
  // Linux's helpers look whether there is memory; those of a port need not.
  const RegState& memory = v_.state->reg(number_ - 1);
  if (memory.maybe_null && range.umax > 0 &&
      v_.options.profile == Profile::kPort) {
    return v_.Reject(Message::kArgumentType, number_ - 1, TypeName(memory),
                     "fp");
  }
  HelperUse use =
      WritesInto(helper_, index_ - 1) ? HelperUse::kWrites : HelperUse::kReads;
  // Of an unknown size, not all up to its maximum is written.
  if (helper_.args[index_ - 1] == ArgKind::kUninitMem &&
      reg().value.IsConstant()) {
    use = HelperUse::kFills;
  }
  return CheckMemory(v_, number_ - 1, static_cast<uint32_t>(range.umax),
                     zero_ok, use);
}

Status Arguments::CheckDynptr() {
  switch (kind()) {
    case ArgKind::kUninitDynptr: {
      const RegState& memory = v_.state->reg(kFirstArgument);
      if (helper_.id == helper_id::dynptr_from_mem &&
          memory.type != RegType::kMapValue) {
        return v_.Reject(Message::kDynptrMemory, TypeName(memory));
      }
      return MakeDynptr(v_, number_, NewDynptr{kRegDynptrLocal, 0});
    }
    case ArgKind::kUninitRingDynptr:
      return MakeDynptr(v_, number_, NewDynptr{kRegDynptrRing, 0});
    case ArgKind::kRingDynptr:
      return FindDynptr(v_, number_, kRegDynptrRing, true, call_.dynptr);
    default:
      return FindDynptr(v_, number_, 0, false, call_.dynptr);
  }
}

/// An object of the kernel, or of the program's own, is of the type that the
/// helper takes.
Status Arguments::CheckTyped() {
  const RegState& object = reg();
  if (IsMemory(kind())) {
    return WritesInto(helper_, index_)
               ? v_.Reject(Message::kTypedWritten, helper_.name, number_,
                           TypeName(object))
               : Status::kOk;
  }
  if (object.Has(kRegPerCpu) || kind() == ArgKind::kKptrSlot ||
      kind() == ArgKind::kSpinLock) {
    return Status::kOk;  // judged by what it is used for
  }
  if (helper_.id == helper_id::kptr_xchg) {
    return CheckKptr(v_, number_, call_.slot);
  }
  const bool released = ReleasedArgument(helper_) == index_;
  if (object.maybe_null && (!TakesNull(kind()) || released)) {
    return v_.Reject(Message::kTypedMayBeNull, number_);
  }
  const bool socket = kind() == ArgKind::kTypedSockCommon ||
                      kind() == ArgKind::kTypedSockCommonOrNull;
  const char* name = socket ? "sock_common" : helper_.arg_types[index_];
  if (name == nullptr || v_.options.kernel_btf == nullptr) {
    return v_.Reject(Message::kNoTypeOfArgument, number_);
  }
  const btf::Btf& kernel = *v_.options.kernel_btf;
  const Result<btf::TypeId> wanted = kernel.Find(btf::Kind::kStruct, name);
  const bool strict = released && helper_.id != helper_id::sk_release;
  if (!wanted.ok() || object.offset < 0 ||
      !btf::HasStructAt(*object.btf, object.memory_size,
                        static_cast<uint32_t>(object.offset), kernel, *wanted,
                        strict)) {
    return v_.Reject(Message::kTypedOther, number_, StructName(object), name);
  }
  return Status::kOk;
}

Status Arguments::CheckPerCpu() {
  const RegState& variable = reg();
  if (variable.btf == nullptr || variable.memory_size == 0) {
    return v_.Reject(Message::kNoTypeOfArgument, number_);
  }
  call_.btf = variable.btf;
  call_.type = variable.memory_size;
  call_.per_cpu_object = variable.Has(kRegRcu);
  return Status::kOk;
}

/// A context is memory where nobody converts accesses to it.
Status CheckContextMemory(Verification& v, unsigned number, uint32_t size,
                          bool zero_size_ok, HelperUse use) {
  if (size == 0) {
    return zero_size_ok ? Status::kOk : v.Reject(Message::kZeroSizedRead);
  }
  const Access access{number, static_cast<int32_t>(size - 1), 1,
                      use != HelperUse::kReads};
  RegState loaded;
  return access.write ? WriteContext(v, access)
                      : ReadContext(v, access, false, loaded);
}

}  // namespace

Status CheckMemory(Verification& v, unsigned number, uint32_t size,
                   bool zero_size_ok, HelperUse use) {
  const RegState& reg = v.state->reg(number);
  const bool writes = use != HelperUse::kReads;
  const Access access{number, 0, size, writes};
  switch (reg.type) {
    case RegType::kStack:
      return CheckStackForHelper(v, number, size, zero_size_ok, use);
    case RegType::kMapValue:
    case RegType::kRingRecord:
    case RegType::kMemory:
      return CheckRegionForHelper(v, access, zero_size_ok);
    case RegType::kPacket:
    case RegType::kPacketMeta:
      return writes && !MayAccessPacket(v, true)
                 ? v.Reject(Message::kPacketNotWritable)
                 : CheckPacket(v, Access{number, 0, size, false}, zero_size_ok);
    case RegType::kMapKey:
      return writes
                 ? v.Reject(Message::kKeyWritten, number)
                 : CheckRegion(v, Access{number, 0, size, false}, zero_size_ok);
    case RegType::kBuffer:
      return CheckBuffer(v, access);
    case RegType::kTyped: {
      RegState loaded;
      return writes ? v.Reject(Message::kOnlyRead)
                    : AccessTyped(v, access, loaded);
    }
    case RegType::kContext:
      if (v.options.type->id == ProgramTypeId::kSyscall) {
        return CheckContextMemory(v, number, size, zero_size_ok, use);
      }
      break;
    default:
      break;
  }
  // Only as long as no byte of it is touched.
  if (zero_size_ok && size == 0 && reg.IsNull()) {
    return Status::kOk;
  }
  return v.Reject(Message::kArgumentType, number, TypeName(reg), "fp");
}

Status CheckArguments(Verification& v, const HelperPrototype& helper,
                      HelperCall& call) {
  Arguments arguments(v, helper, call);
  for (unsigned i = 0; i < kMaxArguments; ++i) {
    if (helper.args[i] == ArgKind::kNone) {
      break;
    }
    EBPF_TRY(arguments.Check(i));
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
