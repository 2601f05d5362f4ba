// SPDX-License-Identifier: MIT
//
// A helper is called as core/helpers describes it: whether it may be, what it
// is passed (helper_args), and what it gives.
#include "core/verifier/call.h"

#include "core/helpers/prototype.h"
#include "core/verifier/arg_types.h"
#include "core/verifier/async_callback.h"
#include "core/verifier/call_result.h"
#include "core/verifier/call_targets.h"
#include "core/verifier/callback.h"
#include "core/verifier/dynptr.h"
#include "core/verifier/exploration.h"
#include "core/verifier/helper_args.h"
#include "core/verifier/map_use.h"
#include "core/verifier/object_write.h"
#include "core/verifier/packet.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/spin_lock.h"
#include "core/verifier/string_args.h"
#include "core/verifier/subprogram_call.h"

namespace ebpf::verifier {
namespace {

// Arguments of bpf_snprintf.
constexpr unsigned kSnprintfFormat = 3;
constexpr unsigned kSnprintfSize = 5;

bool IsPerCpu(const MapField& slot) {
  return slot.kind == MapFieldKind::kPerCpuKptr;
}

/// Pointers to what was put into a map in an RCU section: still there, but no
/// longer the program's.
void KeepUnderRcu(Verification& v, uint32_t reference) {
  ForgetReference(*v.state, reference);
  ForEachReg(*v.state, [&](RegState& reg) {
    if (!reg.IsPointer() || reg.reference != reference) {
      return;
    }
    if (!reg.Has(kRegAllocated) || !reg.Has(kRegPerCpu)) {
      reg = RegState::UnknownScalar();
      return;
    }
    reg.reference = 0;
    reg.flags = static_cast<uint16_t>((reg.flags & ~kRegAllocated) | kRegRcu);
  });
}

Status CheckMaySleep(Verification& v, const HelperPrototype& helper) {
  if (!helper.may_sleep) {
    return Status::kOk;
  }
  if (!IsSleepable(v)) {
    return v.Reject(Message::kHelperMaySleep);
  }
  if (v.state->regions.rcu) {
    return v.Reject(Message::kSleepsInRcu, helper.name, helper.id);
  }
  return v.state->regions.preempt_disabled != 0
             ? v.Reject(Message::kSleepsNonPreemptible, helper.name, helper.id)
             : Status::kOk;
}

/// Iterators have different contexts, and one array for tail calls could be
/// used by all of them.
bool LeadsToOtherContext(const Verification& v, const HelperPrototype& helper) {
  return v.options.profile == Profile::kPort &&
         v.options.type->id == ProgramTypeId::kTracing &&
         helper.id == helper_id::tail_call;
}

Result<const HelperPrototype*> CheckCallable(Verification& v, int32_t number) {
  if (HoldsLock(v) && number != helper_id::spin_unlock) {
    return v.Reject(Message::kCallWithLock);
  }
  const ProgramTypeId type = v.options.type->id;
  const HelperPrototype* helper =
      FindHelperFor(static_cast<uint32_t>(number), type);
  if (helper == nullptr) {
    return v.Reject(Message::kUnknownHelper, number);
  }
  const bool here =
      HelperExists(*helper) || v.options.profile == Profile::kLinux;
  if (!here || !HelperAllowed(*helper, type, v.options.attach_type) ||
      !AllowedForMember(v, *helper) || LeadsToOtherContext(v, *helper)) {
    return v.Reject(Message::kHelperNotAllowed, helper->name, number);
  }
  if (helper->gpl_only && !v.options.gpl_compatible) {
    return v.Reject(Message::kGplOnly);
  }
  if (!AllowedByTarget(v, *helper)) {
    return v.Reject(Message::kHelperNotHere);
  }
  EBPF_TRY(CheckMaySleep(v, *helper));
  return helper;
}

/// A run's program is the one that a tail call led to last, also where that has
/// come back to a function of the one before. (Linux does not ask the run.)
Status CheckWhichRuns(Verification& v) {
  return v.options.profile == Profile::kPort && v.goes_on_behind_others &&
                 v.asks_which_runs
             ? v.Reject(Message::kNotForProfile,
                        "tail calls in functions beside objects or timers")
             : Status::kOk;
}

/// What a tail call asks besides its arguments. On another path, in a function
/// of the program, it ends that function.
Status CheckTailCall(Verification& v, const HelperCall& call) {
  if (call.map->spec().type != MapType::kProgArray) {
    return v.Reject(Message::kNotProgArray);
  }
  EBPF_TRY(CheckNoRegions(v, "tail_call"));
  State& state = *v.state;
  for (uint32_t i = 0; i < state.frame_count; ++i) {
    if (state.frames[i].called_back) {
      return v.Reject(Message::kTailCallInCallback);
    }
  }
  if (state.frame_count > 1 || state.current().subprogram != 0) {
    v.goes_on_behind_others = true;
    EBPF_TRY(CheckWhichRuns(v));
  }
  if (state.frame_count > 1) {
    return KeepForLater(v);
  }
  EBPF_TRY(CheckNoRegions(v, "tail_call"));
  const Status held = CheckNothingHeld(v);
  return IsOk(held) ? held : v.Reject(Message::kTailCallHolds);
}

/// For fixup: the map that a call is made with, if it is one that the program
/// names.
void NoteMap(Verification& v, const HelperCall& call) {
  for (uint32_t i = 0; i < v.maps.size() && call.map_origin == 0; ++i) {
    if (v.maps[i] == call.map) {
      v.info().call.Meet(CallNote::Of(i));
      return;
    }
  }
  v.info().call.Meet(CallNote::Several());
}

/// The reference in an argument ends, or moves into a map.
Status Release(Verification& v, const HelperPrototype& helper,
               const HelperCall& call) {
  if (call.released == 0) {
    return Status::kOk;
  }
  if (IsDynptr(helper.args[call.released - 1])) {
    return MayRelease(*v.state, call.dynptr.reference)
               ? ReleaseDynptr(v, call.released)
               : v.Reject(Message::kNotAcquired, helper.name, helper.id);
  }
  if (call.reference == 0) {
    return Status::kOk;  // null: there is nothing
  }
  if (!MayRelease(*v.state, call.reference)) {
    return v.Reject(Message::kNotAcquired, helper.name, helper.id);
  }
  if (helper.id == helper_id::kptr_xchg && IsPerCpu(call.slot) &&
      InRcuSection(v)) {
    // It is the map's now, and stays at least as long as the section.
    KeepUnderRcu(v, call.reference);
    return Status::kOk;
  }
  ReleaseReference(v, call.reference);
  return Status::kOk;
}

/// What some helpers ask besides.
Status CheckSpecial(Verification& v, const HelperPrototype& helper,
                    const HelperCall& call) {
  const ProgramTypeId type = v.options.type->id;
  switch (helper.id) {
    case helper_id::tail_call:
      return CheckTailCall(v, call);
    case helper_id::get_local_storage:
      return v.state->reg(2).IsNull() ? Status::kOk
                                      : v.Reject(Message::kLocalStorageFlags);
    case helper_id::snprintf:
      return CheckFormat(v, kSnprintfFormat, kSnprintfSize);
    case helper_id::timer_set_callback:
      EBPF_TRY(AskWhichRuns(v));
      return AddAsyncCallback(v, call.callback, call.map, call.map_origin != 0,
                              Async::kAtomic);
    case helper_id::override_return:
      v.stats.overrides_return = true;
      return Status::kOk;
    case helper_id::set_retval:
      return type == ProgramTypeId::kLsm && v.target.known &&
                     v.target.prototype.size_or_type == 0
                 ? v.Reject(Message::kVoidRetval)
                 : Status::kOk;
    case helper_id::get_func_ip:
      return type == ProgramTypeId::kTracing || type == ProgramTypeId::kKprobe
                 ? Status::kOk
                 : v.Reject(Message::kNoFuncIp, helper.name, helper.id,
                            static_cast<uint32_t>(type));
    default:
      return Status::kOk;
  }
}

}  // namespace

Status StepHelperCall(Verification& v, const isa::DecodedInsn& insn) {
  const HelperPrototype& helper = *EBPF_TRY(CheckCallable(v, insn.imm));
  HelperCall call{};
  EBPF_TRY(CheckArguments(v, helper, call));
  EBPF_TRY(CheckSpecial(v, helper, call));
  if (call.map != nullptr && helper.map_types != 0) {
    EBPF_TRY(CheckMapForHelper(v, helper, *call.map));
    NoteMap(v, call);
  }
  EBPF_TRY(Release(v, helper, call));
  if (CallsBack(helper)) {
    EBPF_TRY(CheckCallback(v, helper, call));
    EndCallbacks(v);
  }
  if (helper.moves_packet || (helper.id == helper_id::dynptr_write &&
                              call.dynptr.Has(kRegDynptrPacket))) {
    ForgetPackets(*v.state);
  }
  ForgetCallerSaved(*v.state);
  return SetResult(v, helper, call);
}

Status AskWhichRuns(Verification& v) {
  v.asks_which_runs = true;
  return CheckWhichRuns(v);
}

void EnterOtherSide(Verification& v, const isa::DecodedInsn& insn) {
  if (insn.imm == helper_id::tail_call) {
    ForgetPackets(*v.state);  // the other program may have moved it
    ReturnEarly(v, RegState::UnknownScalar());
    return;
  }
  EnterCallback(v, *FindHelper(static_cast<uint32_t>(insn.imm)));
}

}  // namespace ebpf::verifier
