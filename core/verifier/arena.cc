// SPDX-License-Identifier: MIT
//
// A program has one arena, so that no pointer has to say which.
#include "core/verifier/arena.h"

namespace ebpf::verifier {
namespace {

/// From the arena's addresses to those of the kernel, and back.
constexpr int32_t kToKernel = 1;
constexpr int32_t kToUser = 1 << 16;

}  // namespace

bool IsArena(const Map& map) { return map.spec().type == MapType::kArena; }

Status CheckAddressSpaceCast(Verification& v, const isa::DecodedInsn& insn) {
  if (v.options.profile == Profile::kPort) {
    return v.Reject(Message::kReservedFields, "BPF_MOV");
  }
  uint32_t arenas = 0;
  for (const Map* map : v.maps) {
    arenas += IsArena(*map) ? 1 : 0;
  }
  if (arenas == 0) {
    return v.Reject(Message::kNoArena);
  }
  if (insn.imm != kToKernel && insn.imm != kToUser) {
    return v.Reject(Message::kAddressSpace);
  }
  return Status::kOk;
}

void StepAddressSpaceCast(Verification& v, const isa::DecodedInsn& insn) {
  v.state->reg(insn.dst) = insn.imm == kToKernel
                               ? RegState::Pointer(RegType::kArena)
                               : RegState::UnknownScalar();
}

}  // namespace ebpf::verifier
