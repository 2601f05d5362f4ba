// SPDX-License-Identifier: MIT
//
// What was found under RCU may be gone when its section ends.
#include "core/verifier/regions.h"

namespace ebpf::verifier {
namespace {

void Distrust(RegState& reg) {
  reg.flags = static_cast<uint16_t>((reg.flags & ~kRegRcu & ~kRegTrusted) |
                                    kRegUntrusted);
}

void DistrustIterators(Frame& frame) {
  for (uint32_t slot = 0; slot < frame.slot_count; ++slot) {
    StackSlot& here = frame.slots[slot];
    if (here.bytes[0] == ByteKind::kIterator && here.spilled.Has(kRegRcu)) {
      Distrust(here.spilled);
    }
  }
}

}  // namespace

Status StepRcuLock(Verification& v) {
  Regions& regions = v.state->regions;
  if (regions.rcu) {
    return v.Reject(Message::kNestedRcuLock);
  }
  regions.rcu = true;
  return Status::kOk;
}

Status StepRcuUnlock(Verification& v, const char* name) {
  Regions& regions = v.state->regions;
  if (!regions.rcu) {
    return v.Reject(Message::kUnmatchedRcuUnlock, name);
  }
  regions.rcu = false;
  ForEachReg(*v.state, [](RegState& reg) {
    if (reg.Has(kRegRcu)) {
      Distrust(reg);
      // Untrusted pointers are probed, null or not.
      reg.maybe_null = false;
      reg.id = 0;
    }
  });
  for (uint32_t i = 0; i < v.state->frame_count; ++i) {
    DistrustIterators(v.state->frames[i]);
  }
  return Status::kOk;
}

void StepPreemptDisable(Verification& v) {
  ++v.state->regions.preempt_disabled;
}

Status StepPreemptEnable(Verification& v) {
  if (v.state->regions.preempt_disabled == 0) {
    return v.Reject(Message::kUnmatchedPreemptEnable);
  }
  --v.state->regions.preempt_disabled;
  return Status::kOk;
}

Status CheckHelperMaySleep(Verification& v, const char* name, uint32_t id) {
  if (v.state->regions.rcu) {
    return v.Reject(Message::kHelperSleepsUnderRcu, name, id);
  }
  if (v.state->regions.preempt_disabled != 0) {
    return v.Reject(Message::kHelperSleepsWithoutPreemption, name, id);
  }
  return Status::kOk;
}

Status CheckKernelMaySleep(Verification& v, const char* name) {
  if (v.state->regions.rcu) {
    return v.Reject(Message::kKernelSleepsUnderRcu, name);
  }
  if (v.state->regions.preempt_disabled != 0) {
    return v.Reject(Message::kKernelSleepsWithoutPreemption, name);
  }
  return Status::kOk;
}

Status CheckSectionsEnded(Verification& v) {
  if (v.state->regions.rcu) {
    return v.Reject(Message::kRcuUnlockMissing);
  }
  const uint32_t disabled = v.state->regions.preempt_disabled;
  if (disabled != 0) {
    return v.Reject(Message::kPreemptEnableMissing, disabled,
                    disabled == 1 ? " is" : "(s) are");
  }
  return Status::kOk;
}

Status CheckNoRegions(Verification& v, const char* what) {
  if (v.state->regions.rcu) {
    return v.Reject(Message::kEndsUnderRcu, what);
  }
  if (v.state->regions.preempt_disabled != 0) {
    return v.Reject(Message::kEndsWithoutPreemption, what);
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
