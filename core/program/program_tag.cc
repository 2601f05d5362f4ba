// SPDX-License-Identifier: MIT
//
// core/program/program_tag.h's implementation.
#include "core/program/program_tag.h"

#include "core/base/memory.h"
#include "core/program/sha256.h"

namespace ebpf {
namespace {

constexpr uint8_t kLdImm64 = 0x18;  // [RFC 9669, section 5.4]

bool NamesMapByDescriptor(const isa::Insn& insn) {
  // Indices of an array of descriptors mean the same wherever they are loaded.
  return insn.opcode == kLdImm64 &&
         (insn.src == isa::kPseudoMapFd || insn.src == isa::kPseudoMapValue);
}

bool IsSecondSlot(const isa::Insn& insn) {
  return insn.opcode == 0 && insn.dst == 0 && insn.src == 0 && insn.offset == 0;
}

}  // namespace

void ComputeTag(isa::ConstInsns insns, uint8_t (&tag)[kTagSize]) {
  Sha256 sha;
  bool after_map = false;
  for (isa::Insn insn : insns) {
    const bool is_map = !after_map && NamesMapByDescriptor(insn);
    if (is_map || (after_map && IsSecondSlot(insn))) {
      insn.imm = 0;
    }
    after_map = is_map;
    sha.Add(ConstBytes(reinterpret_cast<const uint8_t*>(&insn), sizeof(insn)));
  }
  uint8_t digest[Sha256::kDigestSize];
  sha.Finish(digest);
  CopyBytes(tag, digest, kTagSize);
}

}  // namespace ebpf
