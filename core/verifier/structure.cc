// SPDX-License-Identifier: MIT
//
// Subprograms and jump targets first, then each instruction, in Linux's order:
// so the first of several mistakes is the one that it names, too.
#include "core/verifier/structure.h"

#include "core/verifier/arena.h"
#include "core/verifier/attach_target.h"
#include "core/verifier/exceptions.h"
#include "core/verifier/function_info.h"
#include "core/verifier/insn_check.h"

namespace ebpf::verifier {
namespace {

// The parts of an opcode. [RFC 9669, section 3]
constexpr uint8_t kClassMask = 0x07;
constexpr uint8_t kClassJump = 0x05;
constexpr uint8_t kClassJump32 = 0x06;
constexpr uint8_t kCodeMask = 0xf0;
constexpr uint8_t kGoto = 0x00;
constexpr uint8_t kCall = 0x80;
constexpr uint8_t kExit = 0x90;
constexpr uint8_t kLoadImm64 = 0x18;

bool IsJumpClass(const isa::Insn& insn) {
  const uint8_t cls = insn.opcode & kClassMask;
  return cls == kClassJump || cls == kClassJump32;
}

bool IsSubprogramCall(const isa::Insn& insn) {
  return insn.opcode == (kClassJump | kCall) &&
         insn.src == isa::kCallSubprogram;
}

/// Whether `insn` names a function of the program, in its imm.
bool NamesSubprogram(const isa::Insn& insn) {
  return IsSubprogramCall(insn) ||
         (insn.opcode == kLoadImm64 && insn.src == isa::kPseudoFunc);
}

void MarkSecondSlots(Verification& v) {
  for (size_t i = 0; i + 1 < v.insns.size(); ++i) {
    if (v.insns[i].opcode == kLoadImm64) {
      v.infos[++i].flags |= InsnInfo::kSecondSlot;
    }
  }
}

/// Puts `start` into the first `count` of `list`, which is sorted, unless it is
/// there.
Status AddSubprogram(Verification& v, uint32_t start, uint32_t& count) {
  uint32_t at = count;
  while (at > 0 && v.subprograms[at - 1].start >= start) {
    --at;
  }
  if (at < count && v.subprograms[at].start == start) {
    return Status::kOk;
  }
  if (count == kMaxSubprograms) {
    return v.Reject(Message::kTooManySubprograms);
  }
  for (uint32_t i = count; i > at; --i) {
    v.subprograms[i] = v.subprograms[i - 1];
  }
  Subprogram& added = v.subprograms[at];
  added = Subprogram{};
  added.start = start;
  ++count;
  return Status::kOk;
}

void LogSubprograms(Verification& v) {
  for (size_t i = 0; v.log.wants(kLogStates) && i < v.subprograms.size(); ++i) {
    v.log.writer().Put("func#").PutUnsigned(i).Put(" @");
    v.log.writer().PutUnsigned(v.subprograms[i].start).Put("\n");
  }
}

Status FindSubprograms(Verification& v) {
  uint32_t count = 0;
  EBPF_TRY(AddSubprogram(v, 0, count));
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    if ((v.infos[i].flags & InsnInfo::kSecondSlot) != 0 ||
        !NamesSubprogram(v.insns[i])) {
      continue;
    }
    const int64_t target = int64_t{i} + 1 + v.insns[i].imm;
    if (target < 0 || target >= static_cast<int64_t>(v.insns.size())) {
      return v.Reject(Message::kBadCallTarget);
    }
    EBPF_TRY(AddSubprogram(v, static_cast<uint32_t>(target), count));
  }
  const Result<uint32_t> thrown_to = FindExceptionCallback(v);
  if (thrown_to.ok()) {
    EBPF_TRY(AddSubprogram(v, *thrown_to, count));
  } else if (thrown_to.status() != Status::kNotFound) {
    return thrown_to.status();
  }
  v.subprograms = v.subprograms.First(count);
  v.exception_callback = thrown_to.ok() ? SubprogramOf(v, *thrown_to) : 0;
  for (uint32_t i = 0; i < count; ++i) {
    v.subprograms[i].end = i + 1 < count
                               ? v.subprograms[i + 1].start
                               : static_cast<uint32_t>(v.insns.size());
  }
  LogSubprograms(v);
  return Status::kOk;
}

Status CheckJump(Verification& v, uint32_t index, const Subprogram& within) {
  const isa::Insn& insn = v.insns[index];
  const uint8_t code = insn.opcode & kCodeMask;
  if (!IsJumpClass(insn) || code == kCall || code == kExit) {
    return Status::kOk;
  }
  const bool is_long = insn.opcode == (kClassJump32 | kGoto);
  const int64_t target =
      int64_t{index} + 1 + (is_long ? insn.imm : insn.offset);
  if (target < within.start || target >= within.end) {
    return v.Reject(Message::kJumpOutOfRange, index, target);
  }
  if (v.infos[static_cast<size_t>(target)].flags & InsnInfo::kSecondSlot) {
    return v.Reject(Message::kJumpIntoLoadImm64, target - 1);
  }
  return Status::kOk;
}

/// No jump leaves its subprogram, and no subprogram runs into the next.
Status CheckJumps(Verification& v) {
  for (const Subprogram& subprogram : v.subprograms) {
    if (v.infos[subprogram.start].flags & InsnInfo::kSecondSlot) {
      return v.Reject(Message::kJumpIntoLoadImm64, subprogram.start - 1);
    }
    for (uint32_t i = subprogram.start; i < subprogram.end; ++i) {
      if ((v.infos[i].flags & InsnInfo::kSecondSlot) == 0) {
        EBPF_TRY(CheckJump(v, i, subprogram));
      }
    }
    const uint32_t last = subprogram.end - 1;
    const isa::Insn& insn = v.insns[last];
    const uint8_t code = insn.opcode & kCodeMask;
    const bool ends = (v.infos[last].flags & InsnInfo::kSecondSlot) == 0 &&
                      (insn.opcode == (kClassJump | kExit) ||
                       (IsJumpClass(insn) && code == kGoto));
    if (!ends) {
      return v.Reject(Message::kNoExitAtEnd);
    }
  }
  return Status::kOk;
}

}  // namespace

Status CheckStructure(Verification& v) {
  MarkSecondSlots(v);
  EBPF_TRY(CheckFunctionRecords(v));
  EBPF_TRY(FindSubprograms(v));
  EBPF_TRY(CheckJumps(v));
  EBPF_TRY(CheckFunctionInfo(v));
  EBPF_TRY(CheckLineInfo(v));
  EBPF_TRY(FindTarget(v));
  for (uint32_t i = 0; i < v.insns.size(); ++i) {
    if ((v.infos[i].flags & InsnInfo::kSecondSlot) == 0) {
      v.index = i;
      v.placed = true;
      EBPF_TRY(CheckInsn(v, i));
    }
  }
  v.placed = false;
  return Status::kOk;
}

bool DecodeAt(const Verification& v, uint32_t index, isa::DecodedInsn& insn) {
  return (v.infos[index].flags & InsnInfo::kSecondSlot) == 0 &&
         DecodeInsn(v.insns, index, insn) == isa::DecodeError::kNone;
}

uint32_t SubprogramOf(const Verification& v, uint32_t index) {
  uint32_t low = 0;
  uint32_t high = static_cast<uint32_t>(v.subprograms.size());
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (v.subprograms[middle].start <= index) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace ebpf::verifier
