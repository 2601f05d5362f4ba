// SPDX-License-Identifier: MIT
//
// The usual backward analysis over the graph of one function, for all functions
// at once: a call reads all arguments that its callee may read, and what is
// live in a caller stays so in its frame.
//
// It matters to pruning only: states that differ in registers that nobody reads
// are as good as equal. So too many live registers are no mistake, and where a
// program's loops are so nested that the passes below do not end in time, all
// are.
#include "core/verifier/liveness.h"

#include "core/helpers/prototype.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;
using isa::Operation;

constexpr uint16_t kAll = (1u << isa::kRegisterCount) - 1;
constexpr uint16_t kResult = 1u << 0;
constexpr uint16_t kArguments = 0x3e;  // r1..r5
constexpr unsigned kMaxPasses = 32;

RegisterUse UseOfControl(const DecodedInsn& insn) {
  switch (insn.op) {
    case Op::kExit:
      return {kResult, 0};
    case Op::kCallSubprogram:
    case Op::kCallKernel:
      return {kArguments, kCallerSaved};
    case Op::kCallHelper: {
      const HelperPrototype* helper =
          FindHelper(static_cast<uint32_t>(insn.imm));
      if (helper == nullptr) {
        return {kArguments, kCallerSaved};
      }
      uint16_t reads = 0;
      for (unsigned i = 0; i < 5; ++i) {
        if (helper->args[i] != ArgKind::kNone) {
          reads |= RegBit(1 + i);
        }
      }
      return {reads, kCallerSaved};
    }
    default:
      return {0, 0};
  }
}

/// One pass from the last instruction to the first; whether anything changed.
bool Pass(Verification& v) {
  bool changed = false;
  for (uint32_t i = static_cast<uint32_t>(v.insns.size()); i-- > 0;) {
    DecodedInsn insn;
    if (!DecodeAt(v, i, insn)) {
      continue;
    }
    const Flow flow = FlowOf(insn);
    uint16_t after = 0;
    if (flow.jumps) {
      after |= v.infos[static_cast<size_t>(TargetOf(i, insn))].live;
    }
    if (flow.falls_through) {
      after |= v.infos[i + insn.slots].live;
    }
    const RegisterUse use = UseOf(insn);
    const uint16_t live =
        static_cast<uint16_t>((after & ~use.writes) | use.reads);
    changed = changed || live != v.infos[i].live;
    v.infos[i].live = live;
  }
  return changed;
}

}  // namespace

RegisterUse UseOf(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const uint16_t dst = RegBit(insn.dst);
  const uint16_t src = RegBit(insn.src);
  const uint16_t source = info.source_is_register ? src : 0;
  switch (info.family) {
    case Family::kAlu:
      return {isa::IsMove(info.operation) ? source
                                          : static_cast<uint16_t>(source | dst),
              dst};
    case Family::kNegate:
    case Family::kByteSwap:
      return {dst, dst};
    case Family::kLoad:
    case Family::kLoadAcquire:
      return {src, dst};
    case Family::kStore:
    case Family::kStoreRelease:
    case Family::kJump:
      return {static_cast<uint16_t>(dst | source), 0};
    case Family::kAtomic:
      return {static_cast<uint16_t>(dst | src), 0};
    case Family::kAtomicFetch:
      return {static_cast<uint16_t>(dst | src), src};
    case Family::kAtomicExchange:
      return info.operation == Operation::kCmpXchg
                 ? RegisterUse{static_cast<uint16_t>(dst | src | kResult),
                               kResult}
                 : RegisterUse{static_cast<uint16_t>(dst | src), src};
    case Family::kLoadImm64:
      return {0, dst};
    case Family::kControl:
      return UseOfControl(insn);
    case Family::kLegacy: {
      const bool has_src = (info.operands & isa::kSrc) != 0;
      return {static_cast<uint16_t>(RegBit(6) | (has_src ? src : 0)),
              kCallerSaved};
    }
    case Family::kInternal:
      break;  // refused
  }
  return {kAll, 0};
}

void ComputeLiveness(Verification& v) {
  unsigned passes = 0;
  while (Pass(v)) {
    if (++passes == kMaxPasses) {
      for (InsnInfo& info : v.infos) {
        info.live = kAll;
      }
      return;
    }
  }
}

}  // namespace ebpf::verifier
