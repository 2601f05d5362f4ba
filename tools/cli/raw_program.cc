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

/// Where `insn` may go besides the next instruction; false: nowhere.
bool FindTarget(const isa::DecodedInsn& insn, size_t index, int64_t& target) {
  const int64_t next = static_cast<int64_t>(index) + 1;
  switch (insn.op) {
    case Op::kGoto:
    case Op::kGotoLong:
      target = next + insn.jump_offset();
      return true;
    case Op::kCallSubprogram:
    case Op::kLoadFunc:
      target = next + insn.imm;
      return true;
    default:
      target = next + insn.offset;
      return insn.info().family == Family::kJump;
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

/// Marks where instructions begin; refuses what is none.
std::vector<bool> FindStarts(isa::ConstInsns insns) {
  std::vector<bool> starts(insns.size());
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
    starts[index] = true;
    index += insn.slots;
  }
  return starts;
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
  const std::vector<bool> starts = FindStarts(insns);
  Op last = Op::kExit;
  size_t last_index = 0;
  for (size_t index = 0; index < insns.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(insns, index, insn) != isa::DecodeError::kNone) {
      break;  // FindStarts has refused it
    }
    CheckOp(insn, index);
    int64_t target;
    if (FindTarget(insn, index, target)) {
      const auto size = static_cast<int64_t>(insns.size());
      if (target < 0 || target >= size) {
        Refuse(index, fmt::format("it goes to instruction {}, out of the "
                                  "program",
                                  target));
      }
      if (!starts[static_cast<size_t>(target)]) {
        Refuse(index, fmt::format("it goes into the middle of instruction {}",
                                  target - 1));
      }
    }
    if (WritesFramePointer(insn)) {
      Refuse(index, "r10 is read-only");
    }
    last = insn.op;
    last_index = index;
    index += insn.slots;
  }
  if (last != Op::kExit && last != Op::kGoto && last != Op::kGotoLong) {
    Refuse(last_index, "the program's last is neither exit nor a jump");
  }
}

}  // namespace ebpf::cli
