// SPDX-License-Identifier: MIT
//
// A static callee is walked anew from each call, with what is known there.
#include "core/verifier/subprogram_call.h"

#include "core/base/memory.h"
#include "core/verifier/async_callback.h"
#include "core/verifier/callback.h"
#include "core/verifier/global_function.h"
#include "core/verifier/references.h"
#include "core/verifier/regions.h"
#include "core/verifier/return_value.h"
#include "core/verifier/spin_lock.h"
#include "core/verifier/structure.h"
#include "core/verifier/walk_log.h"

namespace ebpf::verifier {
namespace {

constexpr unsigned kResult = 0;
/// For the log: whether the result was written lately is the callee's to say.
void TakeWrittenResult(State& state) {
  constexpr uint16_t kBit = 1u << kResult;
  const uint16_t callee = state.current().written.regs;
  FrameMarks& caller = state.frames[state.frame_count - 2].written;
  caller.regs = static_cast<uint16_t>((caller.regs & ~kBit) | (callee & kBit));
}

}  // namespace

Status StepSubprogramCall(Verification& v, const isa::DecodedInsn& insn) {
  const uint32_t target = static_cast<uint32_t>(TargetOf(v.index, insn));
  const uint32_t subprogram = SubprogramOf(v, target);
  if (v.subprograms[subprogram].is_global) {
    return StepGlobalCall(v, subprogram);
  }
  State& state = *v.state;
  if (state.frame_count == kMaxFrames) {
    return v.Reject(Message::kTooDeep, kMaxFrames + 1);
  }
  Frame& caller = state.current();
  Frame& callee = state.frames[state.frame_count];
  FillBytes(callee.regs, 0, sizeof(callee.regs));
  callee.slot_count = 0;
  callee.call_site = v.index;
  callee.subprogram = subprogram;
  callee.loops = LoopState{};
  callee.written = FrameMarks{};
  callee.called_back = false;
  callee.async = Async::kNo;
  for (unsigned i = 0; i < kCallerSavedCount; ++i) {
    if (i != kResult) {
      callee.regs[i] = caller.regs[i];
    }
    caller.regs[i] = RegState{};
  }
  LogFrame(v, "caller:");
  RegState& stack = callee.regs[isa::kFramePointer];
  stack = RegState::Pointer(RegType::kStack);
  stack.frame = static_cast<uint8_t>(state.frame_count);
  ++state.frame_count;
  LogFrame(v, "callee:");
  v.touched = FrameMarks::All();
  v.next = target;
  return Status::kOk;
}

Status StepExit(Verification& v, bool& path_ends) {
  State& state = *v.state;
  if (state.frame_count == 1) {
    EBPF_TRY(CheckUnlocked(v));
    EBPF_TRY(CheckNothingHeld(v));
    EBPF_TRY(CheckSectionsEnded(v));
    path_ends = true;
    return state.current().async != Async::kNo ? CheckAsyncResult(v)
           : state.current().subprogram != 0   ? CheckGlobalResult(v)
                                               : CheckReturnValue(v);
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
  TakeWrittenResult(state);
  --state.frame_count;
  state.reg(kResult) = result;
  LogReturn(v, v.next);
  v.log_state = true;
  return Status::kOk;
}

void ReturnEarly(Verification& v, const RegState& result) {
  State& state = *v.state;
  v.next = state.current().call_site + 1;
  LogFrame(v, "returning from callee:");
  --state.frame_count;
  state.reg(kResult) = result;
  LogReturn(v, v.next);
}

}  // namespace ebpf::verifier
