// SPDX-License-Identifier: MIT
//
// A callee is walked anew from each call, with what is known there.
#include "core/verifier/subprogram_call.h"

#include "core/base/memory.h"
#include "core/verifier/callback.h"
#include "core/verifier/references.h"
#include "core/verifier/state_log.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
constexpr unsigned kCallerSaved = 6;  // r0..r5

void LogFrame(Verification& v, const char* who) {
  if (v.log.wants_insns()) {
    v.log.writer().Put(who);
    LogState(v);
    v.log.writer().Put('\n');
  }
}

}  // namespace

Status StepSubprogramCall(Verification& v, const isa::DecodedInsn& insn) {
  State& state = *v.state;
  if (state.frame_count == kMaxFrames) {
    return v.Reject(Message::kTooDeep, kMaxFrames + 1);
  }
  LogFrame(v, "caller:");
  Frame& caller = state.current();
  Frame& callee = state.frames[state.frame_count];
  const uint32_t target = static_cast<uint32_t>(TargetOf(v.index, insn));
  FillBytes(callee.regs, 0, sizeof(callee.regs));
  callee.slot_count = 0;
  callee.call_site = v.index;
  callee.subprogram = SubprogramOf(v, target);
  callee.loops = LoopState{};
  callee.called_back = false;
  for (unsigned i = 0; i < kCallerSaved; ++i) {
    if (i != kResult) {
      callee.regs[i] = caller.regs[i];
    }
    caller.regs[i] = RegState{};
  }
  RegState& stack = callee.regs[isa::kFramePointer];
  stack = RegState::Pointer(RegType::kStack);
  stack.frame = static_cast<uint8_t>(state.frame_count);
  ++state.frame_count;
  LogFrame(v, "callee:");
  v.next = target;
  return Status::kOk;
}

Status StepExit(Verification& v, bool& path_ends) {
  State& state = *v.state;
  if (state.frame_count == 1) {
    EBPF_TRY(CheckNothingHeld(v));
    path_ends = true;
    return CheckReadable(v, kResult);
  }
  const RegState result = state.reg(kResult);
  if (result.type == RegType::kStack) {
    return v.Reject(Message::kStackPointerReturned);
  }
  if (state.current().called_back) {
    return ReturnFromCallback(v);
  }
  v.next = state.current().call_site + 1;
  LogFrame(v, "returning from callee:");
  --state.frame_count;
  state.reg(kResult) = result;
  LogFrame(v, "to caller:");
  v.log_state = true;
  return Status::kOk;
}

void ReturnFromTailCall(Verification& v) {
  State& state = *v.state;
  v.next = state.current().call_site + 1;
  LogFrame(v, "returning from callee:");
  --state.frame_count;
  state.reg(kResult) = RegState::UnknownScalar();
  LogFrame(v, "to caller:");
}

}  // namespace ebpf::verifier
