// SPDX-License-Identifier: MIT
//
// tools/cli/raw_program.h's implementation.
#include "tools/cli/raw_program.h"

#include <cstring>
#include <fmt/format.h>

#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

using isa::Family;
using isa::Op;

[[noreturn]] void Refuse(size_t index, const std::string& why) {
  throw Failure(fmt::format("instruction {}: {}", index, why));
}

enum class Goes : uint8_t { kNowhere, kJumps, kCalls };

/// Where `insn` may go besides the next instruction.
Goes FindTarget(const isa::DecodedInsn& insn, size_t index, int64_t& target) {
  const int64_t next = static_cast<int64_t>(index) + 1;
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
      target = next + insn.jump_offset();
      return Goes::kJumps;
    case Op::kCallSubprogram:
    case Op::kLoadFunc:
      target = next + insn.imm;
      return Goes::kCalls;
    default:
      target = next + insn.offset;
      return insn.info().family == Family::kJump ? Goes::kJumps
                                                 : Goes::kNowhere;
  }
}

void CheckHelper(size_t index, int32_t id) {
  const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(id));
  if (helper == nullptr) {
    Refuse(index, fmt::format("there is no helper function {}", id));
  }
  if (helper->function == nullptr) {
    Refuse(index, fmt::format("helper function {} ({}) is not implemented", id,
                              helper->name));
  }
}

/// What no engine executes, by instruction.
void CheckOp(const isa::DecodedInsn& insn, size_t index) {
  switch (insn.op) {
    case Op::kCallRegister:
      Refuse(index, "calls through a register (callx) are not supported");
    case Op::kMayGoto:
      Refuse(index,
             "may_goto needs a verifier, which makes room for its count");
    case Op::kCallKernel:
      Refuse(index, "calls of kernel functions are not supported");
    case Op::kCallHelper:
      return CheckHelper(index, insn.imm);
    case Op::kLoadMapFd:
    case Op::kLoadMapValue:
    case Op::kLoadMapIdx:
    case Op::kLoadMapIdxValue:
      Refuse(index, "it names a map, and a program of bare bytes has none");
    case Op::kLoadBtfId:
      Refuse(index, "kernel variables are not supported");
    default:
      if (insn.info().family == Family::kLegacy) {
        Refuse(index, "classic packet access is not supported");
      }
  }
}

/// The register that `insn` writes, r10 among them.
bool WritesFramePointer(const isa::DecodedInsn& insn) {
  switch (insn.info().family) {
    case Family::kAlu:
    case Family::kNegate:
    case Family::kByteSwap:
    case Family::kLoad:
    case Family::kLoadImm64:
      return insn.dst == isa::kFramePointer;
    case Family::kAtomicFetch:
      return insn.src == isa::kFramePointer;
    case Family::kAtomicExchange:
      return insn.info().operation == isa::Operation::kXchg &&
             insn.src == isa::kFramePointer;
    default:
      return false;
  }
}

/// What is known of each slot.
struct Slot {
  bool starts_insn = false;
  bool starts_function = false;
};

/// Calls `body(index, insn)` for each instruction.
template <typename Body>
void ForEachInsn(isa::ConstInsns insns, Body body) {
  for (size_t index = 0; index < insns.size();) {
    isa::DecodedInsn insn;
    const isa::DecodeError error = isa::Decode(insns, index, insn);
    if (error != isa::DecodeError::kNone) {
      uint8_t bytes[sizeof(isa::Insn)];
      std::memcpy(bytes, &insns[index], sizeof(bytes));
      Refuse(index,
             fmt::format("{} (bytes {:02x})", isa::DecodeErrorText(error),
                         fmt::join(bytes, " ")));
    }
    body(index, insn);
    index += insn.slots;
  }
}

/// Marks where instructions and functions begin.
std::vector<Slot> Survey(isa::ConstInsns insns) {
  std::vector<Slot> slots(insns.size());
  slots[0].starts_function = true;
  ForEachInsn(insns, [&](size_t index, const isa::DecodedInsn& insn) {
    slots[index].starts_insn = true;
    int64_t target;
    if (FindTarget(insn, index, target) == Goes::kCalls && target >= 0 &&
        target < static_cast<int64_t>(slots.size())) {
      slots[static_cast<size_t>(target)].starts_function = true;
    }
  });
  return slots;
}

/// Whether a jump between the two stays in its function.
bool InOneFunction(const std::vector<uint32_t>& function_of, size_t from,
                   int64_t to) {
  return function_of[from] == function_of[static_cast<size_t>(to)];
}

void CheckTarget(const std::vector<Slot>& slots,
                 const std::vector<uint32_t>& function_of, size_t index,
                 const isa::DecodedInsn& insn) {
  int64_t target;
  const Goes goes = FindTarget(insn, index, target);
  if (goes == Goes::kNowhere) {
    return;
  }
  if (target < 0 || target >= static_cast<int64_t>(slots.size())) {
    Refuse(index, fmt::format("it goes to instruction {}, out of the program",
                              target));
  }
  if (!slots[static_cast<size_t>(target)].starts_insn) {
    Refuse(index, fmt::format("it goes into the middle of instruction {}",
                              target - 1));
  }
  if (goes == Goes::kJumps && !InOneFunction(function_of, index, target)) {
    Refuse(index, fmt::format("it jumps to instruction {}, into another "
                              "function",
                              target));
  }
}

}  // namespace

std::vector<isa::Insn> InsnsOf(const std::vector<uint8_t>& bytes) {
  if (bytes.empty()) {
    throw Failure("the program is empty");
  }
  if (bytes.size() % sizeof(isa::Insn) != 0) {
    throw Failure(
        fmt::format("the program has {} bytes, and instructions have 8 each",
                    bytes.size()));
  }
  if (bytes.size() / sizeof(isa::Insn) > kMaxInsns) {
    throw Failure(fmt::format("the program has {} instructions; {} are allowed",
                              bytes.size() / sizeof(isa::Insn), kMaxInsns));
  }
  std::vector<isa::Insn> insns(bytes.size() / sizeof(isa::Insn));
  std::memcpy(insns.data(), bytes.data(), bytes.size());
  return insns;
}

void CheckRunnable(isa::ConstInsns insns) {
  const std::vector<Slot> slots = Survey(insns);
  std::vector<uint32_t> function_of(slots.size());
  uint32_t functions = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    functions += slots[i].starts_function ? 1 : 0;
    function_of[i] = functions;
  }
  ForEachInsn(insns, [&](size_t index, const isa::DecodedInsn& insn) {
    CheckOp(insn, index);
    CheckTarget(slots, function_of, index, insn);
    if (WritesFramePointer(insn)) {
      Refuse(index, "r10 is read-only");
    }
    const size_t next = index + insn.slots;
    const bool is_last = next == slots.size() || slots[next].starts_function;
    if (is_last && insn.op != Op::kExit && insn.op != Op::kGoto &&
        insn.op != Op::kGotoLong) {
      Refuse(index, "its function's last is neither exit nor a jump");
    }
  });
}

}  // namespace ebpf::cli
