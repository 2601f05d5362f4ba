// SPDX-License-Identifier: MIT
//
// One function for each kind of result that is more than a number.
#include "core/verifier/call_result.h"

#include "core/btf/struct_access.h"
#include "core/helpers/prototype.h"
#include "core/platform/cpu.h"
#include "core/verifier/references.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;

constexpr int64_t kMaxErrno = 4095;

/// No Linux is built for more (CONFIG_NR_CPUS).
constexpr uint32_t kMaxLinuxCpus = 8192;

/// A number of at most `max`.
RegState UpTo(uint32_t max) {
  RegState result = RegState::UnknownScalar();
  result.value.wide = Range<uint64_t>::Signed(0, max);
  result.value.low = Range<uint32_t>::Signed(0, max);
  result.value = Sync(result.value);
  return result;
}

bool GivesLength(uint32_t helper) {
  switch (helper) {
    case helper_id::probe_read_str:
    case helper_id::probe_read_user_str:
    case helper_id::probe_read_kernel_str:
    case helper_id::get_stack:
    case helper_id::get_task_stack:
      return true;
    default:
      return false;
  }
}

RegState IntegerResult(const Verification& v, const HelperPrototype& helper,
                       const HelperCall& call) {
  if (helper.id == helper_id::get_smp_processor_id) {
    return UpTo(v.options.profile == Profile::kPort ? ebpf_port_cpu_count() - 1
                                                    : kMaxLinuxCpus - 1);
  }
  RegState result = RegState::UnknownScalar();
  if (GivesLength(helper.id) && call.has_size) {
    result.value.wide = Range<uint64_t>::Signed(
        static_cast<uint64_t>(-kMaxErrno), call.max_size);
    result.value.low =
        Range<uint32_t>::Signed(static_cast<uint32_t>(-kMaxErrno),
                                static_cast<uint32_t>(call.max_size));
    result.value = Sync(result.value);
  }
  return result;
}

RegState MaybeNull(RegState result) {
  result.maybe_null = true;
  return result;
}

Status MapValueResult(Verification& v, const HelperCall& call, bool maybe_null,
                      RegState& result) {
  if (call.map == nullptr) {
    return v.Reject(Message::kNoMapForValue);
  }
  result = RegState::Pointer(RegType::kMapValue);
  result.map = call.map;
  result.origin = call.map_origin;
  result.maybe_null = maybe_null;
  if (!maybe_null && !call.map->fields().empty()) {
    result.id = v.NewId();
  }
  return Status::kOk;
}

RegState MemoryResult(RegType type, uint32_t size) {
  RegState result = RegState::Pointer(type);
  result.memory_size = size;
  return result;
}

/// This CPU's, or another's, instance of a variable.
Status PerCpuResult(Verification& v, const HelperCall& call, RegState& result) {
  const btf::TypeId id = EBPF_TRY(call.btf->SkipModifiers(call.type));
  const btf::Type type = EBPF_TRY(call.btf->TypeAt(id));
  if (btf::IsComposite(type.kind)) {
    result = TypedPointer(call.btf, id,
                          call.per_cpu_object ? kRegAllocated | kRegRcu : 0);
    return Status::kOk;
  }
  const Result<uint32_t> size = call.btf->SizeOf(id);
  if (!size.ok()) {
    const StringView name = call.btf->Name(type.name).ValueOr(StringView());
    return v.Reject(Message::kUnsizedResult,
                    name.data() != nullptr ? name.data() : "");
  }
  result = MemoryResult(RegType::kMemory, *size);
  // Linux marks what per_cpu_ptr gives so; it may be shared by all.
  result.flags = kRegReadOnly;
  return Status::kOk;
}

Status TypedResult(Verification& v, const HelperPrototype& helper,
                   const HelperCall& call, uint16_t flags, RegState& result) {
  if (helper.id == helper_id::kptr_xchg) {
    const MapField& slot = call.slot;
    const bool own = slot.btf != v.options.kernel_btf;
    const bool per_cpu = slot.kind == MapFieldKind::kPerCpuKptr;
    result =
        TypedPointer(slot.btf, slot.type_id,
                     static_cast<uint16_t>((own ? kRegAllocated : 0) |
                                           (own && per_cpu ? kRegPerCpu : 0)));
    return Status::kOk;
  }
  const btf::Btf* const kernel = v.options.kernel_btf;
  const Result<btf::TypeId> type =
      kernel != nullptr && helper.result_type != nullptr
          ? kernel->Find(btf::Kind::kStruct, helper.result_type)
          : Result<btf::TypeId>(Status::kNotFound);
  if (!type.ok()) {
    return v.Reject(Message::kNoResultType,
                    static_cast<uint32_t>(helper.result), helper.name,
                    helper.id);
  }
  result = TypedPointer(kernel, *type, flags);
  return Status::kOk;
}

Status PointerResult(Verification& v, const HelperPrototype& helper,
                     const HelperCall& call, RegState& result) {
  switch (helper.result) {
    case ReturnKind::kMapValue:
      return MapValueResult(v, call, false, result);
    case ReturnKind::kMapValueOrNull:
      return MapValueResult(v, call, true, result);
    case ReturnKind::kRingRecordOrNull:
      result =
          MaybeNull(MemoryResult(RegType::kRingRecord, call.allocated_size));
      return Status::kOk;
    case ReturnKind::kDynptrMemOrNull:
      result = MaybeNull(MemoryResult(RegType::kMemory, call.allocated_size));
      result.origin = call.dynptr.id;
      result.reference = call.dynptr.reference;
      return Status::kOk;
    case ReturnKind::kSocketOrNull:
      result = MaybeNull(RegState::Pointer(RegType::kSocket));
      return Status::kOk;
    case ReturnKind::kSockCommonOrNull:
      result = MaybeNull(RegState::Pointer(RegType::kSockCommon));
      return Status::kOk;
    case ReturnKind::kTcpSockOrNull:
      result = MaybeNull(RegState::Pointer(RegType::kTcpSock));
      return Status::kOk;
    case ReturnKind::kMemOrTyped:
      return PerCpuResult(v, call, result);
    case ReturnKind::kMemOrTypedOrNull:
      EBPF_TRY(PerCpuResult(v, call, result));
      result.maybe_null = true;
      return Status::kOk;
    case ReturnKind::kTypedOrNull:
      EBPF_TRY(TypedResult(v, helper, call, 0, result));
      result.maybe_null = true;
      return Status::kOk;
    case ReturnKind::kTrustedTyped:
      return TypedResult(v, helper, call, kRegTrusted, result);
    case ReturnKind::kTrustedTypedOrNull:
      EBPF_TRY(TypedResult(v, helper, call, kRegTrusted, result));
      result.maybe_null = true;
      return Status::kOk;
    default:
      return v.Reject(Message::kHelperNotAllowed, helper.name, helper.id);
  }
}

/// Whether `helper` gives another view of the socket that it is passed.
bool IsCast(uint32_t helper) {
  return helper == helper_id::sk_fullsock || helper == helper_id::tcp_sock ||
         (helper >= helper_id::skc_to_tcp6_sock &&
          helper <= helper_id::skc_to_udp6_sock) ||
         helper == helper_id::skc_to_mptcp_sock;
}

/// Whether what it gives has to be given back.
bool Acquires(const HelperPrototype& helper, const HelperCall& call) {
  if (helper.acquires) {
    return true;
  }
  if (helper.id != helper_id::map_lookup_elem) {
    return false;
  }
  return HoldsSockets(call.map->spec().type);
}

}  // namespace

Status SetResult(Verification& v, const HelperPrototype& helper,
                 const HelperCall& call) {
  RegState result{};
  if (helper.result == ReturnKind::kInteger) {
    result = IntegerResult(v, helper, call);
  } else if (helper.result != ReturnKind::kVoid) {
    EBPF_TRY(PointerResult(v, helper, call, result));
  }
  if (result.maybe_null) {
    result.id = v.NewId();
  }
  if (IsCast(helper.id)) {
    result.reference = call.reference;
  } else if (Acquires(helper, call)) {
    EBPF_TRY(TakeReference(v, result.reference));
    result.id = result.reference;
  }
  v.state->reg(kResult) = result;
  return Status::kOk;
}

}  // namespace ebpf::verifier
