// SPDX-License-Identifier: MIT
//
// The context is in r6, as the instruction has no room to say so. A load calls
// the kernel like a helper, and where it fails the function returns 0: the
// program itself does so for good, which any type with such packets may do; a
// function of it goes on in its caller.
#include "core/verifier/packet_load.h"

#include "core/verifier/exploration.h"
#include "core/verifier/memory_access.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/spin_lock.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kContextRegister = 6;
constexpr const char* kName = "BPF_LD_[ABS|IND]";

/// Nothing is held where the program ends, as it may here.
Status CheckMayEnd(Verification& v) {
  const Status held = CheckNothingHeld(v);
  if (!IsOk(held)) {
    const Status refused = v.Reject(Message::kPacketLoadWithReference);
    return IsOk(refused) ? held : refused;
  }
  if (HoldsLock(v)) {
    return v.Reject(Message::kPacketLoadLocked);
  }
  return CheckNoRegions(v, kName);
}

Status CheckAllowed(Verification& v) {
  if (!v.options.type->has_packet) {
    return v.Reject(Message::kNoPacketAccess);
  }
  // What a callback's 0 means is its helper's to say.
  return v.state->current().called_back ? v.Reject(Message::kPacketLoadCallback)
                                        : Status::kOk;
}

}  // namespace

Status StepPacketLoad(Verification& v, const isa::DecodedInsn& insn) {
  EBPF_TRY(CheckAllowed(v));
  EBPF_TRY(CheckReadable(v, kContextRegister));
  EBPF_TRY(CheckMayEnd(v));
  if (v.state->reg(kContextRegister).type != RegType::kContext) {
    return v.Reject(Message::kPacketLoadNoContext);
  }
  if ((insn.info().operands & isa::kSrc) != 0) {
    EBPF_TRY(CheckReadable(v, insn.src));
  }
  EBPF_TRY(CheckUnmodified(v, kContextRegister));
  if (v.state->frame_count > 1) {
    EBPF_TRY(KeepForLater(v));
  }
  ForgetCallerSaved(*v.state);
  v.state->reg(0) = RegState::UnknownScalar();
  return Status::kOk;
}

}  // namespace ebpf::verifier
