// SPDX-License-Identifier: MIT
//
// One instruction after the other, each by the file for its family.
#include "core/verifier/walk.h"

#include "core/verifier/alu.h"
#include "core/verifier/arena.h"
#include "core/verifier/branch.h"
#include "core/verifier/call.h"
#include "core/verifier/exploration.h"
#include "core/verifier/kernel_variable.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/memory_access.h"
#include "core/verifier/packet_load.h"
#include "core/verifier/precision_log.h"
#include "core/verifier/state_observer.h"
#include "core/verifier/structure.h"
#include "core/verifier/subprogram_call.h"
#include "core/verifier/walk_log.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

Status StepLoadImm64(Verification& v, const DecodedInsn& insn) {
  EBPF_TRY(CheckWritable(v, insn.dst));
  RegState& dst = v.state->reg(insn.dst);
  if (insn.op == Op::kLoadImm64) {
    dst = RegState::Constant(insn.imm64());
    return Status::kOk;
  }
  if (insn.op == Op::kLoadFunc) {
    dst = RegState::Pointer(RegType::kFunction);
    dst.memory_size = static_cast<uint32_t>(TargetOf(v.index, insn));
    return Status::kOk;
  }
  if (insn.op == Op::kLoadBtfId) {
    dst = KernelVariable(v, insn);
    return Status::kOk;
  }
  const Map* map = v.maps[static_cast<uint32_t>(insn.imm)];
  if (insn.op == Op::kLoadMapFd) {
    dst = RegState::Pointer(RegType::kMapPointer);
  } else if (IsArena(*map)) {
    dst = RegState::UnknownScalar();
    return Status::kOk;
  } else {
    dst = RegState::Pointer(RegType::kMapValue);
    dst.offset = insn.next_imm;
  }
  dst.map = map;
  return Status::kOk;
}

Status StepControl(Verification& v, const DecodedInsn& insn, bool& path_ends) {
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
      v.next = static_cast<uint32_t>(TargetOf(v.index, insn));
      ++v.jumps_walked;
      return Status::kOk;
    case Op::kMayGoto:
      ++v.jumps_walked;
      return StepMayGoto(v, insn);
    case Op::kCallHelper:
      return StepHelperCall(v, insn);
    case Op::kCallKernel:
      return StepKernelCall(v, insn, path_ends);
    case Op::kCallSubprogram:
      ++v.jumps_walked;
      return StepSubprogramCall(v, insn);
    case Op::kExit:
      ++v.jumps_walked;
      return StepExit(v, path_ends);
    default:
      return v.Reject(Message::kUnknownOpcode,
                      unsigned{v.insns[v.index].opcode});
  }
}

Status StepAndLogJump(Verification& v, const DecodedInsn& insn) {
  const uint32_t branches = v.pending_count;
  EBPF_TRY(StepJump(v, insn));
  if (v.pending_count == branches) {
    LogDecision(v, insn);
  }
  LogAfterJump(v);
  return Status::kOk;
}

Status Step(Verification& v, bool& path_ends) {
  DecodedInsn insn;
  if (DecodeInsn(v.insns, v.index, insn) != isa::DecodeError::kNone) {
    return v.Reject(Message::kUnknownOpcode, unsigned{v.insns[v.index].opcode});
  }
  if (v.options.observer != nullptr) {
    v.options.observer->Observe(v.index, *v.state);
  }
  LogBeforeInsn(v, insn);
  LogPrecision(v, insn);
  v.info().walked = true;
  v.next = v.index + insn.slots;
  switch (insn.info().family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      return StepAlu(v, insn);
    case Family::kLoad:
    case Family::kLoadAcquire:
      return StepLoad(v, insn);
    case Family::kStore:
    case Family::kStoreRelease:
      return StepStore(v, insn);
    case Family::kAtomic:
    case Family::kAtomicFetch:
    case Family::kAtomicExchange:
      return StepAtomic(v, insn);
    case Family::kJump:
      ++v.jumps_walked;
      return StepAndLogJump(v, insn);
    case Family::kLoadImm64:
      return StepLoadImm64(v, insn);
    case Family::kControl:
      return StepControl(v, insn, path_ends);
    case Family::kLegacy:
      return StepPacketLoad(v, insn);
    case Family::kInternal:
      break;
  }
  return v.Reject(Message::kUnknownOpcode, unsigned{v.insns[v.index].opcode});
}

}  // namespace

Status Walk(Verification& v) {
  v.placed = v.walking = true;
  if (v.record != nullptr) {
    v.record->path.Clear();
  }
  for (;;) {
    bool path_ends = false;
    if (++v.stats.insns_processed > kMaxInsnsProcessed) {
      return v.Reject(Message::kTooComplex, v.stats.insns_processed);
    }
    if ((v.info().flags & InsnInfo::kPrunePoint) != 0) {
      EBPF_TRY(CheckSeen(v, path_ends));
      if (path_ends) {
        LogSeen(v);
      }
    }
    if (!path_ends) {
      EBPF_TRY(Step(v, path_ends));
      v.GoOn();
    }
    if (path_ends && !NextPath(v)) {
      v.placed = v.walking = false;
      return Status::kOk;
    }
  }
}

}  // namespace ebpf::verifier
