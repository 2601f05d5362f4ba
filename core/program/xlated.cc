// SPDX-License-Identifier: MIT
//
// core/program/xlated.h's implementation.
#include "core/program/xlated.h"

#include "core/isa/decode.h"

namespace ebpf {
namespace {

constexpr uint8_t kMov64Imm = 0xb7;          // [RFC 9669, section 4.1]
constexpr uint8_t kTailCallOpcode = 0xf5;    // isa::Op::kTailCall
constexpr uint8_t kLoadRunOpcode = 0xe7;     // isa::Op::kLoadRun
constexpr uint8_t kCallDirectSource = 15;    // isa::Op::kCallDirect
constexpr int32_t kMapLookupElemHelper = 1;  // what CallDirect stands for
constexpr int32_t kTailCallHelper = 12;

/// What the constant of an LD_IMM64 points to.
struct MapAddress {
  uint32_t map_id = 0;  // 0: nothing of a map
  bool is_value = false;
  uint32_t offset = 0;
};

MapAddress FindMapAddress(const Program& program, uint64_t address) {
  for (Map* map : program.maps()) {
    if (address == reinterpret_cast<uint64_t>(map)) {
      return {map->id(), false, 0};
    }
    const Result<Bytes> value = map->DirectValue();
    if (value.ok() &&
        address - reinterpret_cast<uint64_t>(value->data()) < value->size()) {
      return {map->id(), true,
              static_cast<uint32_t>(address -
                                    reinterpret_cast<uint64_t>(value->data()))};
    }
  }
  return {};
}

uint64_t ConstantAt(isa::ConstInsns insns, uint32_t index) {
  return static_cast<uint32_t>(insns[index].imm) |
         uint64_t{static_cast<uint32_t>(insns[index + 1].imm)} << 32;
}

}  // namespace

isa::Insn XlatedInsn(const Program& program, uint32_t index) {
  const isa::ConstInsns insns = program.insns();
  isa::Insn insn = insns[index];
  // Only the second slot of LD_IMM64 has no opcode.
  const bool is_second = insn.opcode == 0 && index != 0;
  const uint32_t first = is_second ? index - 1 : index;
  if (insns[first].opcode == isa::kLdImm64Opcode &&
      insns[first].src == isa::kPseudoNone) {
    const MapAddress at = FindMapAddress(program, ConstantAt(insns, first));
    if (at.map_id == 0) {
      return insn;
    }
    if (is_second) {
      insn.imm = static_cast<int32_t>(at.offset);
    } else {
      insn.src = at.is_value ? isa::kPseudoMapValue : isa::kPseudoMapFd;
      insn.imm = static_cast<int32_t>(at.map_id);
    }
    return insn;
  }
  isa::Insn known{};
  if (insn.opcode == kTailCallOpcode) {
    known.opcode = isa::kCallOpcode;
    known.imm = kTailCallHelper;
    return known;
  }
  if (insn.opcode == kLoadRunOpcode) {
    known.opcode = kMov64Imm;
    known.dst = insn.dst;
    return known;
  }
  if (insn.opcode == isa::kCallOpcode && insn.src == kCallDirectSource) {
    known.opcode = isa::kCallOpcode;
    known.imm = kMapLookupElemHelper;
    return known;
  }
  return insn;
}

void ComputeFunctionTag(const Program& program, uint32_t function,
                        uint8_t (&tag)[kTagSize]) {
  const Span<ProgramFunction> functions = program.parts().functions;
  const uint32_t begin = functions[function].start;
  const uint32_t end = function + 1 < functions.size()
                           ? functions[function + 1].start
                           : static_cast<uint32_t>(program.insns().size());
  TagHash hash;
  for (uint32_t i = begin; i < end; ++i) {
    hash.Add(XlatedInsn(program, i));
  }
  hash.Finish(tag);
}

}  // namespace ebpf
