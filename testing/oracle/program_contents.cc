// SPDX-License-Identifier: MIT
//
// Opcodes are those of RFC 9669.
#include "testing/oracle/program_contents.h"

#include <algorithm>
#include <cstdio>

namespace ebpf::oracle {
namespace {

constexpr uint8_t kAddReg = 0x0f;
constexpr uint8_t kLoadImm64 = 0x18;
constexpr uint8_t kLoadWord = 0x61;
constexpr uint8_t kStoreDouble = 0x7b;
constexpr uint8_t kCall = 0x85;
constexpr uint8_t kMoveReg = 0xbf;
constexpr uint8_t kMayGoto = 0xe5;

bool IsJump(const isa::Insn& insn) {
  const uint8_t kind = insn.opcode & 7;
  return (kind == 5 || kind == 6) && insn.opcode != kCall;
}

bool CallsHelper(const isa::Insn& insn) {
  return insn.opcode == kCall && insn.src == 0;
}

/// An address for an argument: of the stack, or a map.
bool GivesAddress(const isa::Insn& insn) {
  const bool to_argument = insn.dst >= 1 && insn.dst <= 5;
  const bool stack = insn.opcode == kMoveReg && insn.src == isa::kFramePointer;
  return to_argument && (stack || (insn.opcode == kLoadImm64 && insn.src != 0));
}

}  // namespace

void ProgramContents::Add(const verifier::Code& code, fuzzing::Target target) {
  bool loop = false, spill = false, variable = false, function = false;
  bool packet = false, given = false, helper = false;
  for (const isa::Insn& insn : code) {
    loop |= (IsJump(insn) && insn.offset < 0) || insn.opcode == kMayGoto;
    spill |= insn.opcode == kStoreDouble && insn.dst == isa::kFramePointer;
    variable |= insn.opcode == kAddReg;
    function |= (insn.opcode == kCall && insn.src == isa::kCallSubprogram) ||
                (insn.opcode == kLoadImm64 && insn.src == isa::kPseudoFunc);
    packet |= target == fuzzing::Target::kPacket && insn.opcode == kLoadWord &&
              insn.offset == fuzzing::kPacketBegin;
    given |= GivesAddress(insn);
    if (CallsHelper(insn)) {
      helper |= given;
      given = false;
    }
  }
  loops += loop;
  spills += spill;
  variable_offsets += variable;
  functions += function;
  packets += packet;
  helper_pointers += helper;
  sizes.push_back(code.size());
}

size_t ProgramContents::Median() const {
  if (sizes.empty()) {
    return 0;
  }
  std::vector<size_t> sorted = sizes;
  const auto middle =
      sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

double ProgramContents::Percent(uint64_t part) const {
  return sizes.empty() ? 0
                       : 100.0 * static_cast<double>(part) /
                             static_cast<double>(sizes.size());
}

std::string ProgramContents::Text() const {
  char text[256];
  std::snprintf(text, sizeof(text),
                "median %zu insns; with loops %.0f %%, spills %.0f %%, "
                "variable offsets %.0f %%, calls of functions %.0f %%, packet "
                "access %.0f %%, pointers for helpers %.0f %%",
                Median(), Percent(loops), Percent(spills),
                Percent(variable_offsets), Percent(functions), Percent(packets),
                Percent(helper_pointers));
  return text;
}

}  // namespace ebpf::oracle
