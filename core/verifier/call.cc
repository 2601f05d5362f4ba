// SPDX-License-Identifier: MIT
//
// A helper is called as core/helpers describes it: whether it may be, what it
// is passed (helper_args), and what it gives.
#include "core/verifier/call.h"

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/platform/cpu.h"
#include "core/verifier/callback.h"
#include "core/verifier/exploration.h"
#include "core/verifier/helper_args.h"
#include "core/verifier/packet.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/subprogram_call.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
constexpr unsigned kCallerSaved = 6;  // r0..r5

// Linux's numbers of the helpers that change what a map holds.
constexpr uint32_t kMapUpdateElem = 2;
constexpr uint32_t kMapDeleteElem = 3;

constexpr uint32_t kGetSmpProcessorId = 8;
constexpr uint32_t kTailCall = 12;

// Linux's numbers of the helpers that give the length of what they wrote, the
// final zero included, or an error.
constexpr uint32_t kProbeReadStr = 45;
constexpr uint32_t kProbeReadUserStr = 114;
constexpr uint32_t kProbeReadKernelStr = 115;
constexpr int64_t kMaxErrno = 4095;

Result<const HelperPrototype*> CheckCallable(Verification& v, int32_t number) {
  const HelperPrototype* helper =
      FindHelperFor(static_cast<uint32_t>(number), v.options.type->id);
  if (helper == nullptr) {
    return v.Reject(Message::kUnknownHelper, number);
  }
  const bool here = helper->function != nullptr ||
                    v.options.profile == Profile::kLinux;
  if (!here || !HelperAllowed(*helper, v.options.type->id)) {
    return v.Reject(Message::kHelperNotAllowed, helper->name, number);
  }
  if (helper->gpl_only && !v.options.gpl_compatible) {
    return v.Reject(Message::kGplOnly);
  }
  return helper;
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
  if (state.frame_count > 1) {
    return KeepForLater(v);
  }
  const Status held = CheckNothingHeld(v);
  return IsOk(held) ? held : v.Reject(Message::kTailCallHolds);
}

/// Whether `helper` may be called with `map`.
Status CheckMap(Verification& v, const HelperPrototype& helper,
                const MapSpec& map) {
  const bool changes =
      helper.id == kMapUpdateElem || helper.id == kMapDeleteElem;
  if (changes && (map.flags & linux_abi::kMapReadOnlyProg) != 0) {
    return v.Reject(Message::kMapNotChangeable);
  }
  const uint32_t type = static_cast<uint32_t>(map.type);
  if (!HelperTakesMap(helper, type)) {
    if (CallsBack(helper)) {
      return v.Reject(Message::kMapHasNoCallback);
    }
    return v.Reject(Message::kMapNotForHelper, type, helper.name, helper.id);
  }
  return Status::kOk;
}

/// For fixup: the map that a call is made with.
void NoteMap(Verification& v, const Map* map) {
  for (uint32_t i = 0; i < v.maps.size(); ++i) {
    if (v.maps[i] == map) {
      v.info().call.Meet(CallNote::Of(i));
      return;
    }
  }
}

/// A number of at most `max`.
RegState UpTo(uint32_t max) {
  RegState result = RegState::UnknownScalar();
  result.value.wide = Range<uint64_t>::Signed(0, max);
  result.value.low = Range<uint32_t>::Signed(0, max);
  result.value = Sync(result.value);
  return result;
}

RegState IntegerResult(const HelperPrototype& helper, const HelperCall& call) {
  if (helper.id == kGetSmpProcessorId) {
    return UpTo(ebpf_port_cpu_count() - 1);
  }
  RegState result = RegState::UnknownScalar();
  const bool length = helper.id == kProbeReadStr ||
                      helper.id == kProbeReadUserStr ||
                      helper.id == kProbeReadKernelStr;
  if (length && call.has_size) {
    result.value.wide = Range<uint64_t>::Signed(
        static_cast<uint64_t>(-kMaxErrno), call.max_size);
    result.value.low =
        Range<uint32_t>::Signed(static_cast<uint32_t>(-kMaxErrno),
                                static_cast<uint32_t>(call.max_size));
    result.value = Sync(result.value);
  }
  return result;
}

Status SetResult(Verification& v, const HelperPrototype& helper,
                 const HelperCall& call) {
  RegState result{};
  switch (helper.result) {
    case ReturnKind::kVoid:
      break;
    case ReturnKind::kInteger:
      result = IntegerResult(helper, call);
      break;
    case ReturnKind::kMapValueOrNull:
      if (call.map == nullptr) {
        return v.Reject(Message::kNoMapForValue);
      }
      result = RegState::Pointer(RegType::kMapValue);
      result.map = call.map;
      result.maybe_null = true;
      result.id = v.NewId();
      break;
    case ReturnKind::kRingRecordOrNull:
      result = RegState::Pointer(RegType::kRingRecord);
      result.memory_size = call.allocated_size;
      result.maybe_null = true;
      result.id = v.NewId();
      break;
    default:
      return v.Reject(Message::kHelperNotAllowed, helper.name,
                      static_cast<int32_t>(helper.id));
  }
  if (helper.acquires) {
    EBPF_TRY(TakeReference(v, result.reference));
    if (result.maybe_null) {
      result.id = result.reference;  // as in Linux's log
    }
  }
  v.state->reg(kResult) = result;
  return Status::kOk;
}

}  // namespace

Status StepHelperCall(Verification& v, const isa::DecodedInsn& insn) {
  const HelperPrototype& helper = *EBPF_TRY(CheckCallable(v, insn.imm));
  HelperCall call{};
  EBPF_TRY(CheckArguments(v, helper, call));
  if (helper.id == kTailCall) {
    EBPF_TRY(CheckTailCall(v, call));
  }
  if (call.map != nullptr) {
    EBPF_TRY(CheckMap(v, helper, call.map->spec()));
    NoteMap(v, call.map);
  }
  if (CallsBack(helper)) {
    EBPF_TRY(CheckCallback(v, helper, call));
    EndCallbacks(v);
  }
  if (helper.moves_packet) {
    ForgetPackets(*v.state);
  }
  if (helper.releases && call.released != 0) {
    ReleaseReference(v, call.released);
  }
  for (unsigned i = 0; i < kCallerSaved; ++i) {
    v.state->reg(i) = RegState{};
  }
  return SetResult(v, helper, call);
}

void EnterOtherSide(Verification& v, const isa::DecodedInsn& insn) {
  if (insn.imm == kTailCall) {
    ForgetPackets(*v.state);  // the other program may have moved it
    ReturnEarly(v, RegState::UnknownScalar());
    return;
  }
  EnterCallback(v, *FindHelper(static_cast<uint32_t>(insn.imm)));
}

}  // namespace ebpf::verifier
