// SPDX-License-Identifier: MIT
//
// Columns, heads and the order of things are Linux's.
#include "core/verifier/walk_log.h"

#include "core/verifier/source_lines.h"
#include "core/verifier/state_log.h"

namespace ebpf::verifier {
namespace {

using isa::DecodedInsn;
using isa::Family;
using isa::Op;

/// Where the state stands behind an instruction: at this column, or at a
/// multiple of the step with some space before it.
constexpr size_t kStateColumn = 40;
constexpr size_t kColumnStep = 8;

/// Registers that an instruction reads or writes.
struct RegUse {
  uint16_t touched = 0;
  uint16_t written = 0;
};

RegUse UseOf(const DecodedInsn& insn) {
  const isa::OpInfo& info = insn.info();
  const uint16_t dst = RegBit(insn.dst);
  const uint16_t src = info.source_is_register ? RegBit(insn.src) : uint16_t{0};
  switch (info.family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
      return {static_cast<uint16_t>(dst | src), dst};
    case Family::kLoad:
    case Family::kLoadAcquire:
      return {static_cast<uint16_t>(dst | RegBit(insn.src)), dst};
    case Family::kLoadImm64:
      return {dst, dst};
    case Family::kStore:
    case Family::kStoreRelease:
    case Family::kJump:
      return {static_cast<uint16_t>(dst | src), 0};
    case Family::kAtomic:
      return {static_cast<uint16_t>(dst | RegBit(insn.src)), 0};
    case Family::kAtomicFetch:
    case Family::kAtomicExchange: {
      const bool compares = info.operation == isa::Operation::kCmpXchg;
      const uint16_t loaded = compares ? RegBit(0) : RegBit(insn.src);
      return {static_cast<uint16_t>(dst | RegBit(insn.src) | loaded), loaded};
    }
    case Family::kLegacy:
      return {kCallerSaved, kCallerSaved};
    default:
      break;
  }
  const bool calls = info.family == Family::kControl && insn.op != Op::kGoto &&
                     insn.op != Op::kGotoLong && insn.op != Op::kMayGoto &&
                     insn.op != Op::kExit;
  return calls ? RegUse{kCallerSaved, kCallerSaved} : RegUse{};
}

void PutWay(Verification& v) {
  v.log.writer().Put("\nfrom ").PutUnsigned(v.previous).Put(" to ");
}

/// Behind the last instruction, if nothing was written since.
void LogTouched(Verification& v) {
  if (v.touched.IsEmpty()) {
    return;
  }
  TextWriter& writer = v.log.writer();
  if (v.logged.end != 0 && v.logged.end == writer.wanted()) {
    writer.TruncateTo(v.logged.end - 1);
    const size_t end = Max(v.logged.width + kColumnStep / 2, kStateColumn);
    const size_t column = (end + kColumnStep - 1) / kColumnStep * kColumnStep;
    for (size_t i = v.logged.width; i + 1 < column; ++i) {
      writer.Put(' ');
    }
    writer.Put(';');
  } else {
    writer.PutUnsigned(v.index).Put(":");
  }
  LogState(v, v.touched);
  writer.Put('\n');
  v.touched = FrameMarks{};
}

}  // namespace

void LogLine(Verification& v, uint32_t index) {
  const LineInfo* line = FindLine(v.options, index);
  if (line == nullptr || v.options.btf == nullptr ||
      (v.logged.line != nullptr && IsSameLine(*line, *v.logged.line))) {
    return;
  }
  const SourceLine source = ReadLine(v.options, *line);
  TextWriter& writer = v.log.writer();
  writer.Put("; ").Put(source.text).Put(" @ ").Put(source.file).Put(":");
  writer.PutUnsigned(source.number).Put("\n");
  v.logged.line = line;
}

void LogBeforeInsn(Verification& v, const DecodedInsn& insn) {
  if (v.record != nullptr) {
    v.record->rejections = 0;  // what was said before led to nothing
  }
  if (!v.log.wants_insns()) {
    return;
  }
  TextWriter& writer = v.log.writer();
  if (v.log_state && v.log.wants(kLogStates)) {
    PutWay(v);
    writer.PutUnsigned(v.index).Put(":");
    LogState(v);
    writer.Put('\n');
    v.log_state = false;
  }
  LogTouched(v);
  LogLine(v, v.index);
  const size_t start = writer.wanted();
  LogInsn(v, v.index);
  v.logged.end = writer.wanted();
  v.logged.width = v.logged.end - start;
  const RegUse use = UseOf(insn);
  v.touched.regs = use.touched;
  FrameMarks& written = v.state->current().written;
  written.regs = static_cast<uint16_t>(written.regs | use.written);
}

void LogAfterJump(Verification& v) {
  if (v.log.wants_insns()) {
    LogTouched(v);
  }
}

void LogSeen(Verification& v) {
  if (!v.log.wants_insns()) {
    return;
  }
  if (v.log_state) {
    PutWay(v);
  }
  v.log.writer().PutUnsigned(v.index).Put(": safe\n");
}

void LogFrame(Verification& v, const char* who) {
  if (v.log.wants_insns()) {
    v.log.writer().Put(who).Put("\n");
    LogState(v);
    v.log.writer().Put('\n');
  }
}

void LogReturn(Verification& v, uint32_t to) {
  if (v.log.wants_insns()) {
    v.log.writer().Put("to caller at ").PutUnsigned(to).Put(":\n");
    LogState(v);
    v.log.writer().Put('\n');
  }
}

void CutLog(Verification& v, size_t length) {
  TextWriter& writer = v.log.writer();
  if (length != 0 && length < writer.wanted()) {
    // The end of the line may have been written over.
    writer.TruncateTo(length - 1);
    writer.Put('\n');
  } else {
    writer.TruncateTo(length);
  }
}

}  // namespace ebpf::verifier
