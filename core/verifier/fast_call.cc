// SPDX-License-Identifier: MIT
//
// A pattern is n stores `*(u64 *)(r10 + off) = rX` right before the call and n
// loads `rX = *(u64 *)(r10 + off)` right behind it, like brackets, of registers
// that the call keeps, the innermost at the function's lowest offset. Whoever
// else looks there keeps all spills of the function where they are.
//
// Only the Linux profile counts so: fixup leaves these instructions in.
#include "core/verifier/fast_call.h"

#include "core/helpers/prototype.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/structure.h"

namespace ebpf::verifier {
namespace {

constexpr uint8_t kStoreWord = 0x7b;  // STX | MEM | DW
constexpr uint8_t kLoadWord = 0x79;   // LDX | MEM | DW
constexpr uint32_t kMaxPairs = 6;
constexpr uint32_t kLoopBytes = 24;    // of an inlined bpf_loop
constexpr uint32_t kMayGotoBytes = 8;  // the counter

/// The registers that the call `insn` keeps; none if it is no such call.
uint16_t KeptBy(const Verification& v, const isa::DecodedInsn& insn) {
  uint16_t lost = 0;
  if (insn.op == isa::Op::kCallHelper) {
    const HelperPrototype* helper =
        FindHelperFor(static_cast<uint32_t>(insn.imm), v.options.type->id);
    if (helper == nullptr || !helper->fast_call) {
      return 0;
    }
    lost = helper->result != ReturnKind::kVoid ? RegBit(0) : 0;
    for (unsigned i = 0; i < kMaxArguments; ++i) {
      lost |= helper->args[i] != ArgKind::kNone ? RegBit(1 + i) : 0;
    }
  } else if (insn.op == isa::Op::kCallKernel) {
    const Result<KernelFunction> function = FindKernelFunction(v, insn);
    if (!function.ok() || !function->Has(kKfuncFastCall)) {
      return 0;
    }
    lost = RegBit(0);
    for (unsigned i = 0; i < function->prototype.member_count; ++i) {
      lost |= RegBit(1 + i);
    }
  } else {
    return 0;
  }
  return static_cast<uint16_t>(kCallerSaved & ~lost);
}

bool IsSpill(const isa::Insn& insn) {
  return insn.opcode == kStoreWord && insn.dst == isa::kFramePointer;
}
bool IsFill(const isa::Insn& insn) {
  return insn.opcode == kLoadWord && insn.src == isa::kFramePointer;
}

void FindPattern(Verification& v, Subprogram& subprogram, uint32_t call,
                 int32_t lowest) {
  isa::DecodedInsn insn;
  if ((v.infos[call].flags & InsnInfo::kSecondSlot) != 0 ||
      isa::Decode(v.insns, call, insn) != isa::DecodeError::kNone) {
    return;
  }
  uint16_t kept = KeptBy(v, insn);
  int32_t offset = lowest;
  for (uint32_t i = 1; i <= kMaxPairs && kept != 0; ++i, offset += 8) {
    if (call < subprogram.start + i || call + i >= subprogram.end) {
      break;
    }
    const isa::Insn& spill = v.insns[call - i];
    const isa::Insn& fill = v.insns[call + i];
    if (!IsSpill(spill) || !IsFill(fill) || spill.src != fill.dst ||
        (kept & RegBit(spill.src)) == 0 || spill.offset != offset ||
        fill.offset != offset) {
      break;
    }
    kept = static_cast<uint16_t>(kept & ~RegBit(spill.src));
    v.infos[call - i].flags |= InsnInfo::kFastCall;
    v.infos[call + i].flags |= InsnInfo::kFastCall;
  }
  if (offset != lowest) {
    subprogram.has_fast_calls = true;
    subprogram.fast_call_offset =
        Min<int32_t>(subprogram.fast_call_offset, offset);
  }
}

}  // namespace

void FindFastCalls(Verification& v) {
  if (v.options.profile != Profile::kLinux) {
    return;
  }
  for (Subprogram& subprogram : v.subprograms) {
    int32_t lowest = 0;
    for (uint32_t i = subprogram.start; i < subprogram.end; ++i) {
      if (IsSpill(v.insns[i])) {
        lowest = Min<int32_t>(lowest, v.insns[i].offset);
      }
    }
    subprogram.fast_call_offset = 0;
    for (uint32_t i = subprogram.start; i < subprogram.end && lowest < 0; ++i) {
      FindPattern(v, subprogram, i, lowest);
    }
  }
}

void NoteStackAccess(Verification& v, const Frame& frame, int64_t offset) {
  Subprogram& subprogram = v.subprograms[frame.subprogram];
  if (subprogram.has_fast_calls && offset < subprogram.fast_call_offset &&
      (v.info().flags & InsnInfo::kFastCall) == 0) {
    subprogram.has_fast_calls = false;
  }
}

uint32_t StackOf(const Verification& v, uint32_t subprogram) {
  const Subprogram& function = v.subprograms[subprogram];
  return function.has_fast_calls
             ? Min(function.stack_depth,
                   static_cast<uint32_t>(-function.fast_call_offset))
             : function.stack_depth;
}

uint32_t LoggedStackOf(const Verification& v, uint32_t subprogram) {
  const Subprogram& function = v.subprograms[subprogram];
  return StackOf(v, subprogram) + (function.has_may_goto ? kMayGotoBytes : 0) +
         (function.has_inline_loop ? kLoopBytes : 0);
}

}  // namespace ebpf::verifier
