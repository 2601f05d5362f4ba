// SPDX-License-Identifier: MIT
//
// Distances are set last, when all places are known.
#include "core/verifier/rewriter.h"

namespace ebpf::verifier {
namespace {

// [RFC 9669, section 4.3]
constexpr uint8_t kGoto = 0x05;
constexpr uint8_t kGotoLong = 0x06;

}  // namespace

Status Rewriter::Put(const isa::Insn& insn, InsnFacts facts) {
  return code_.PushBack(Line{insn, old_, 0, Goes::kNowhere, facts});
}

Status Rewriter::PutJump(const isa::Insn& insn, uint32_t target,
                         InsnFacts facts) {
  return code_.PushBack(Line{insn, old_, target, Goes::kJumps, facts});
}

Status Rewriter::PutCall(const isa::Insn& insn, uint32_t target,
                         InsnFacts facts) {
  return code_.PushBack(Line{insn, old_, target, Goes::kCalls, facts});
}

Status Rewriter::SetDistance(uint32_t index) {
  Line& line = code_[index];
  const Place& place = places_[line.target];
  const bool calls = line.goes == Goes::kCalls;
  const int64_t distance =
      int64_t{calls ? place.call : place.jump} - int64_t{index} - 1;
  if (calls || line.insn.opcode == kGotoLong) {
    line.insn.imm = static_cast<int32_t>(distance);
    return Status::kOk;
  }
  if (distance == static_cast<int16_t>(distance)) {
    line.insn.offset = static_cast<int16_t>(distance);
    return Status::kOk;
  }
  if (line.insn.opcode != kGoto) {
    return Status::kOutOfRange;
  }
  line.insn.opcode = kGotoLong;
  line.insn.offset = 0;
  line.insn.imm = static_cast<int32_t>(distance);
  return Status::kOk;
}

Status Rewriter::Finish() {
  for (uint32_t i = 0; i < size(); ++i) {
    if (code_[i].goes != Goes::kNowhere) {
      EBPF_TRY(SetDistance(i));
    }
  }
  return Status::kOk;
}

}  // namespace ebpf::verifier
