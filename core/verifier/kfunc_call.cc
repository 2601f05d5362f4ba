// SPDX-License-Identifier: MIT
//
// What a kernel function does to a program's state: by its flags and by the
// type of its result; a few that the verifier knows by name do more.
#include "core/verifier/kfunc_call.h"

#include "core/maps/program_object.h"
#include "core/program_types/type_sets.h"
#include "core/verifier/call.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/exceptions.h"
#include "core/verifier/kfunc_args.h"
#include "core/verifier/packet.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/spin_lock.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

using btf::Kind;

constexpr unsigned kResult = 0;
/// Whether programs of this kind, attached there, may call it.
bool IsAllowed(const Verification& v, const KernelFunction& function) {
  if (function.info == nullptr ||
      !KfuncAllowed(*function.info, v.options.type->id)) {
    return false;
  }
  // The verifier knows what a throw is, and says that this kernel has none.
  if (v.options.profile == Profile::kPort &&
      function.info->function == nullptr && !function.Is(KfuncId::kThrow)) {
    return false;
  }
  const auto attach = static_cast<AttachType>(v.options.attach_type);
  if (function.Has(kKfuncIteratorsOnly) && attach != AttachType::kTraceIter) {
    return false;
  }
  if (function.Has(kKfuncSessionOnly) &&
      attach != AttachType::kTraceKprobeSession) {
    return false;
  }
  return !function.Has(kKfuncDeviceBound);
}

/// Sections that begin and end here, and functions that none allows.
Status StepRegions(Verification& v, const KernelFunction& function) {
  if (function.Is(KfuncId::kRcuReadLock)) {
    return StepRcuLock(v);
  }
  if (function.Is(KfuncId::kRcuReadUnlock)) {
    return StepRcuUnlock(v, function.name);
  }
  if (function.Is(KfuncId::kPreemptDisable)) {
    StepPreemptDisable(v);
    return Status::kOk;
  }
  if (function.Is(KfuncId::kPreemptEnable)) {
    return StepPreemptEnable(v);
  }
  return function.Has(kKfuncSleepable) ? CheckKernelMaySleep(v, function.name)
                                       : Status::kOk;
}

class ResultMaker {
 public:
  ResultMaker(Verification& v, const KernelFunction& function,
              const KernelCall& call)
      : v_(v), btf_(*v.options.kernel_btf), function_(function), call_(call) {}

  Status Make(RegState& result) {
    const btf::TypeId id = function_.prototype.size_or_type;
    const btf::Type type = EBPF_TRY(btf_.Resolve(id));
    result = RegState{};
    if (function_.Has(kKfuncAcquire) && !PointsToStruct(type) &&
        !MakesObject()) {
      return v_.Reject(Message::kAcquiresNothing);
    }
    if (type.kind == Kind::kVoid) {
      return Status::kOk;
    }
    if (type.kind != Kind::kPointer) {
      result = RegState::UnknownScalar();
      return Status::kOk;
    }
    EBPF_TRY(MakePointer(type, result));
    if (!result.IsPointer()) {
      return Status::kOk;
    }
    // What is held already can be held once more.
    if (function_.Has(kKfuncRetNull) && !call_.holds_object) {
      result.maybe_null = true;
      result.id = v_.NewId();
    }
    if (function_.Has(kKfuncAcquire)) {
      EBPF_TRY(TakeReference(v_, result.reference));
      result.id = result.maybe_null ? result.reference : 0;
    }
    return Status::kOk;
  }

 private:
  bool PointsToStruct(const btf::Type& type) const {
    if (type.kind != Kind::kPointer) {
      return false;
    }
    const Result<btf::Type> pointed = btf_.Resolve(type.size_or_type);
    return pointed.ok() && btf::IsComposite(pointed->kind);
  }

  /// void * in the prototype: the type is the program's.
  bool MakesObject() const {
    return function_.Is(KfuncId::kObjNew) ||
           function_.Is(KfuncId::kRefcountAcquire);
  }

  Status MakePointer(const btf::Type& type, RegState& result) {
    if (function_.Is(KfuncId::kObjNew)) {
      return MakeObject(result);
    }
    if (function_.Is(KfuncId::kRefcountAcquire)) {
      result = TypedPointer(call_.object_btf, call_.object_type, kRegAllocated);
      return Status::kOk;
    }
    if (function_.Is(KfuncId::kRdonlyCast)) {
      return MakeCast(result);
    }
    if (function_.Is(KfuncId::kCastToKernCtx)) {
      return MakeKernelContext(result);
    }
    if (function_.Is(KfuncId::kDynptrSlice) ||
        function_.Is(KfuncId::kDynptrSliceRdwr)) {
      return MakeSlice(result);
    }
    const btf::TypeId pointee = EBPF_TRY(btf_.SkipModifiers(type.size_or_type));
    const btf::Type pointed = EBPF_TRY(btf_.TypeAt(pointee));
    if (btf::IsComposite(pointed.kind)) {
      result = TypedPointer(&btf_, pointee, 0);
      SetElementTrust(result);
      return Status::kOk;
    }
    if (pointed.kind == Kind::kVoid && !call_.has_result_size) {
      result = RegState::UnknownScalar();
      return Status::kOk;
    }
    return MakeMemory(pointee, pointed, result);
  }

  /// What an iterator gives lives as long as it does, or as RCU protects it.
  void SetElementTrust(RegState& result) {
    if (!function_.Has(kKfuncIterNext)) {
      return;
    }
    const IteratorPlace& place = call_.iterator;
    const RegState& iterator =
        v_.state->frames[place.frame].slots[place.slot].spilled;
    if (iterator.Has(kRegRcu)) {
      result.flags = kRegRcu;
    } else {
      result.flags = kRegTrusted;
      result.reference = call_.reference;
    }
  }

  Status MakeMemory(btf::TypeId pointee, const btf::Type& pointed,
                    RegState& result) {
    uint64_t size = call_.has_result_size ? call_.result_size : 0;
    bool read_only = call_.result_read_only;
    if (!call_.has_result_size) {
      const Result<uint32_t> of_type = btf_.SizeOf(pointee);
      size = of_type.ok() ? *of_type : 0;
      // The word that the two halves of a session share is theirs to change.
      read_only = !function_.Is(KfuncId::kSessionCookie);
    }
    if (size == 0 || size >= UINT32_MAX) {
      const StringView name = btf_.Name(pointed.name).ValueOr(StringView());
      return v_.Reject(Message::kResultNotSupported, function_.name,
                       name.empty() ? "" : name.data());
    }
    result = RegState::Pointer(RegType::kMemory);
    result.memory_size = static_cast<uint32_t>(size);
    result.flags = read_only ? kRegReadOnly : 0;
    result.reference = call_.reference;
    return Status::kOk;
  }

  /// bpf_obj_new: of a type of the program's, which is the same on all paths.
  Status MakeObject(RegState& result) {
    EBPF_TRY(AskWhichRuns(v_));
    if (!call_.has_constant || call_.constant > UINT32_MAX) {
      return v_.Reject(Message::kObjectTypeRange);
    }
    const btf::Btf* const own = v_.options.btf;
    if (own == nullptr) {
      return v_.Reject(Message::kObjectNoBtf);
    }
    const auto id = static_cast<btf::TypeId>(call_.constant);
    const Result<btf::Type> type = own->TypeAt(id);
    if (!type.ok() || type->kind != Kind::kStruct) {
      return v_.Reject(Message::kObjectNoStruct);
    }
    uint32_t count_offset;
    v_.info().call.Meet(CallNote::Of(id));
    if (!IsOk(ObjectType::Check(*own, id, &btf_, count_offset)) ||
        !v_.info().call.known()) {
      return v_.Reject(Message::kKernelCallNotSupported, function_.name);
    }
    result = TypedPointer(own, id, kRegAllocated);
    return Status::kOk;
  }

  /// A piece of a dynptr's memory, or the buffer that it was copied to.
  Status MakeSlice(RegState& result) {
    const bool writes = function_.Is(KfuncId::kDynptrSliceRdwr);
    if (writes && !MayAccessPacket(v_, true)) {
      return v_.Reject(Message::kSliceNotWritable);
    }
    if (!call_.has_constant || !call_.has_dynptr ||
        call_.constant >= UINT32_MAX) {
      return v_.Reject(Message::kKernelCallNotSupported, function_.name);
    }
    result = RegState::Pointer(RegType::kMemory);
    result.memory_size = static_cast<uint32_t>(call_.constant);
    result.flags = static_cast<uint16_t>((call_.dynptr.flags & kDynptrTypes) |
                                         (writes ? 0 : kRegReadOnly));
    // What a global function is given may be of a packet.
    result.flags |= v_.state->frames[0].subprogram != 0 ? kRegDynptrPacket : 0;
    result.origin = call_.dynptr.id;
    result.reference = call_.dynptr.reference;
    return Status::kOk;
  }

  /// bpf_rdonly_cast: any number as a pointer that may be anything.
  Status MakeCast(RegState& result) {
    const Result<btf::Type> type =
        call_.constant <= UINT32_MAX
            ? btf_.TypeAt(static_cast<btf::TypeId>(call_.constant))
            : Result<btf::Type>(Status::kInvalid);
    if (!type.ok() || !btf::IsComposite(type->kind)) {
      return v_.Reject(Message::kCastNoStruct);
    }
    result = TypedPointer(&btf_, static_cast<btf::TypeId>(call_.constant),
                          kRegUntrusted);
    return Status::kOk;
  }

  Status MakeKernelContext(RegState& result) {
    const char* name = KernelContext();
    const Result<btf::TypeId> id = name != nullptr
                                       ? btf_.Find(Kind::kStruct, name)
                                       : Result<btf::TypeId>(Status::kNotFound);
    if (!id.ok()) {
      return v_.Reject(Message::kKernelCallNotSupported, function_.name);
    }
    result = TypedPointer(&btf_, *id, kRegTrusted);
    return Status::kOk;
  }

  /// The kernel's own struct behind the context.
  const char* KernelContext() const {
    const ProgramTypeId type = v_.options.type->id;
    if (Contains(type_words::OnSkBuff, type)) {
      return "sk_buff";
    }
    switch (type) {
      case ProgramTypeId::kXdp:
        return "xdp_buff";
      case ProgramTypeId::kPerfEvent:
        return "bpf_perf_event_data_kern";
      case ProgramTypeId::kSockOps:
        return "bpf_sock_ops_kern";
      case ProgramTypeId::kCgroupSockAddr:
        return "bpf_sock_addr_kern";
      case ProgramTypeId::kCgroupSysctl:
        return "bpf_sysctl_kern";
      case ProgramTypeId::kCgroupSockopt:
        return "bpf_sockopt_kern";
      case ProgramTypeId::kSkMsg:
        return "sk_msg";
      case ProgramTypeId::kSkReuseport:
        return "sk_reuseport_kern";
      case ProgramTypeId::kSkLookup:
        return "bpf_sk_lookup_kern";
      case ProgramTypeId::kFlowDissector:
        return "bpf_flow_dissector";
      case ProgramTypeId::kCgroupSock:
        return "sock";
      case ProgramTypeId::kNetfilter:
        return "bpf_nf_ctx";
      default:
        return nullptr;
    }
  }

  Verification& v_;
  const btf::Btf& btf_;
  const KernelFunction& function_;
  const KernelCall& call_;
};

Status Release(Verification& v, const KernelFunction& function,
               const KernelCall& call) {
  if (call.released == 0) {
    return Status::kOk;
  }
  const uint32_t reference = v.state->reg(call.released).reference;
  if (!MayRelease(*v.state, reference)) {
    return v.Reject(Message::kKernelReleaseUnknown, function.name);
  }
  ReleaseReference(v, reference);
  return Status::kOk;
}

/// Not functions that call back, or lists and trees.
bool IsSupported(const KernelFunction& function) {
  switch (function.info->id) {
    case KfuncId::kNone:
    case KfuncId::kObjNew:
    case KfuncId::kObjDrop:
    case KfuncId::kRefcountAcquire:
    case KfuncId::kCastToKernCtx:
    case KfuncId::kRdonlyCast:
    case KfuncId::kRcuReadLock:
    case KfuncId::kRcuReadUnlock:
    case KfuncId::kPreemptDisable:
    case KfuncId::kPreemptEnable:
    case KfuncId::kIterCssTaskNew:
    case KfuncId::kSessionCookie:
    case KfuncId::kDynptrFromSkb:
    case KfuncId::kDynptrFromXdp:
    case KfuncId::kDynptrSlice:
    case KfuncId::kDynptrSliceRdwr:
    case KfuncId::kDynptrClone:
    case KfuncId::kDynptrAdjust:
    case KfuncId::kArenaAllocPages:
    case KfuncId::kArenaFreePages:
    case KfuncId::kThrow:
      return true;
    default:
      return false;
  }
}

Status CheckCallable(Verification& v, const KernelFunction& function) {
  if (!IsAllowed(v, function)) {
    return v.Reject(Message::kKernelNotAllowed, function.name);
  }
  if (HoldsLock(v)) {
    return v.Reject(Message::kCallWithLock);
  }
  if (function.Has(kKfuncSleepable) && !IsSleepable(v)) {
    return v.Reject(Message::kKernelSleeps, function.name);
  }
  // The lock of all of the kernel's tasks is taken meanwhile.
  if (function.Is(KfuncId::kIterCssTaskNew) && !IsSleepable(v) &&
      v.options.type->id != ProgramTypeId::kLsm && !v.target.iterator) {
    return v.Reject(Message::kCssTaskIterator);
  }
  return IsSupported(function)
             ? Status::kOk
             : v.Reject(Message::kKernelCallNotSupported, function.name);
}

}  // namespace

Result<KernelFunction> FindKernelFunction(const btf::Btf* kernel,
                                          const KfuncTable& kfuncs,
                                          const isa::DecodedInsn& insn) {
  if (kernel == nullptr || insn.imm <= 0 || insn.offset != 0) {
    return Status::kNotFound;
  }
  const btf::Type function =
      EBPF_TRY(kernel->TypeAt(static_cast<btf::TypeId>(insn.imm)));
  if (function.kind != Kind::kFunction) {
    return Status::kNotFound;
  }
  const btf::Type prototype = EBPF_TRY(kernel->TypeAt(function.size_or_type));
  if (prototype.kind != Kind::kFunctionProto) {
    return Status::kNotFound;
  }
  const StringView name = EBPF_TRY(kernel->Name(function.name));
  return KernelFunction{FindKfunc(name, kfuncs), name.data(), prototype};
}

Status CheckKernelCall(Verification& v, const isa::DecodedInsn& insn) {
  if (v.options.kernel_btf == nullptr) {
    return v.Reject(Message::kNoKernelFunctions);
  }
  if (!v.options.gpl_compatible) {
    return v.Reject(Message::kKernelCallGpl);
  }
  if (insn.imm == 0 && insn.offset == 0) {
    return Status::kOk;  // a weak one that is not there: nobody may come here
  }
  return FindKernelFunction(v, insn).ok()
             ? Status::kOk
             : v.Reject(Message::kNoKernelFunction, insn.imm);
}

Status StepKernelCall(Verification& v, const isa::DecodedInsn& insn,
                      bool& path_ends) {
  path_ends = false;
  const Result<KernelFunction> found = FindKernelFunction(v, insn);
  if (!found.ok()) {
    return v.Reject(Message::kKernelCallReached);
  }
  const KernelFunction& function = *found;
  EBPF_TRY(CheckCallable(v, function));
  KernelCall call{};
  EBPF_TRY(CheckKernelArguments(v, function, call));
  if (function.Is(KfuncId::kThrow)) {
    path_ends = true;
    return StepThrow(v);
  }
  EBPF_TRY(StepRegions(v, function));
  EBPF_TRY(Release(v, function, call));
  if (function.Has(kKfuncIterNext)) {
    EBPF_TRY(StepIterator(v, call.iterator));
    ForgetCallerSaved(*v.state);
    v.state->reg(kResult) = RegState::Constant(0);
    return Status::kOk;
  }
  if (function.Has(kKfuncIterDestroy)) {
    EndIterator(v, call.iterator);
  }
  ForgetCallerSaved(*v.state);
  RegState result;
  EBPF_TRY(ResultMaker(v, function, call).Make(result));
  v.state->reg(kResult) = result;
  return Status::kOk;
}

void EnterElement(Verification& v, const isa::DecodedInsn& insn) {
  KernelCall call{};
  const Result<KernelFunction> found = FindKernelFunction(v, insn);
  RegState result{};
  // All of this succeeded when the other path was kept.
  if (found.ok() && FindIterator(*v.state, call.iterator)) {
    const IteratorPlace& place = call.iterator;
    call.reference =
        v.state->frames[place.frame].slots[place.slot].spilled.reference;
    TakeElement(v, place);
    if (!IsOk(ResultMaker(v, *found, call).Make(result))) {
      result = RegState{};
    }
    result.maybe_null = false;
    result.id = 0;
  }
  ForgetCallerSaved(*v.state);
  v.state->reg(kResult) = result;
  v.next = v.index + 1;
}

}  // namespace ebpf::verifier
