// SPDX-License-Identifier: MIT
//
// Reachability by a list of what is to be visited: each instruction is put on
// it at most once, so that it takes time and memory in proportion to them.
#include "core/verifier/cfg.h"

#include "core/helpers/prototype.h"
#include "core/verifier/arena.h"
#include "core/verifier/callback.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

class Visitor {
 public:
  Visitor(Verification& v, Span<uint32_t> list) : v_(v), list_(list) {}

  void Run() {
    Reach(0);
    Reach(v_.subprograms[v_.exception_callback].start);
    while (count_ > 0) {
      Visit(list_[--count_]);
    }
  }

 private:
  void Reach(int64_t index) {
    uint16_t& flags = v_.infos[static_cast<size_t>(index)].flags;
    if ((flags & InsnInfo::kReachable) == 0) {
      flags |= InsnInfo::kReachable;
      list_[count_++] = static_cast<uint32_t>(index);
    }
  }

  void ReachMeeting(int64_t index) {
    v_.infos[static_cast<size_t>(index)].flags |= InsnInfo::kPrunePoint;
    Reach(index);
  }

  void Visit(uint32_t index) {
    isa::DecodedInsn insn;
    if (DecodeInsn(v_.insns, index, insn) != isa::DecodeError::kNone) {
      return;  // CheckStructure has refused it
    }
    switch (insn.op) {
      case isa::Op::kExit:
        return;
      case isa::Op::kGoto:
      case isa::Op::kGotoLong:
        ReachMeeting(TargetOf(index, insn));
        return;
      case isa::Op::kLoadFunc:
        Reach(TargetOf(index, insn));
        Reach(index + insn.slots);
        return;
      case isa::Op::kCallHelper:
        VisitHelperCall(index, insn);
        return;
      case isa::Op::kCallSubprogram:
        Reach(TargetOf(index, insn));
        ReachMeeting(index + 1);  // from each exit of the callee
        return;
      case isa::Op::kCallKernel:
        VisitKernelCall(index, insn);
        return;
      case isa::Op::kMayGoto:
        VisitMayGoto(index, insn);
        return;
      default:
        if (insn.info().family == isa::Family::kJump) {
          ReachMeeting(TargetOf(index, insn));
        }
        Reach(index + insn.slots);
    }
  }

  /// What is called back comes back here.
  void VisitHelperCall(uint32_t index, const isa::DecodedInsn& insn) {
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    if (helper != nullptr && CallsBack(*helper)) {
      v_.infos[index].flags |= InsnInfo::kCallsBack | InsnInfo::kPrunePoint;
    }
    Reach(index + 1);
  }

  void VisitKernelCall(uint32_t index, const isa::DecodedInsn& insn) {
    const Result<KernelFunction> function = FindKernelFunction(v_, insn);
    if (function.ok() && function->Has(kKfuncIterNew)) {
      v_.infos[index].flags |=
          InsnInfo::kIteratorBegins | InsnInfo::kPrunePoint;
    }
    if (function.ok() && function->Has(kKfuncIterNext)) {
      v_.infos[index].flags |= InsnInfo::kIteratorSteps | InsnInfo::kPrunePoint;
    }
    Reach(index + 1);
  }

  void VisitMayGoto(uint32_t index, const isa::DecodedInsn& insn) {
    v_.infos[index].flags |= InsnInfo::kMayGoto | InsnInfo::kPrunePoint;
    Subprogram& within = v_.subprograms[SubprogramOf(v_, index)];
    within.has_may_goto = true;
    v_.infos[within.start].flags |= InsnInfo::kPrunePoint;
    ReachMeeting(TargetOf(index, insn));
    Reach(index + 1);
  }

  Verification& v_;
  const Span<uint32_t> list_;
  size_t count_ = 0;
};

}  // namespace

Status CheckGraph(Verification& v) {
  Span<uint32_t> list =
      EBPF_TRY(v.allocator.NewArray<uint32_t>(v.insns.size()));
  Visitor(v, list).Run();
  v.allocator.DeleteArray(list);
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    if ((v.infos[i].flags & (InsnInfo::kReachable | InsnInfo::kSecondSlot)) ==
        0) {
      return v.Reject(Message::kUnreachable, i);
    }
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
