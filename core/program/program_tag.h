// SPDX-License-Identifier: MIT
//
// The tag of a program: what tells its instructions from others.
#pragma once

#include <stdint.h>

#include "core/base/memory.h"
#include "core/isa/insn.h"
#include "core/program/sha1.h"

namespace ebpf {

inline constexpr size_t kTagSize = 8;  // BPF_TAG_SIZE

/// The first bytes of the SHA-1 of instructions. Context: any.
class TagHash {
 public:
  void Add(const isa::Insn& insn) {
    sha_.Add(ConstBytes(reinterpret_cast<const uint8_t*>(&insn), sizeof(insn)));
  }
  void Finish(uint8_t (&tag)[kTagSize]) {
    uint8_t digest[Sha1::kDigestSize];
    sha_.Finish(digest);
    CopyBytes(tag, digest, kTagSize);
  }

 private:
  Sha1 sha_;
};

/// Calls `hash`.Add for each of the instructions as the client loads them, the
/// descriptors of maps and what stands behind them taken for zeros. Template:
/// Linux since 6.18 does the same with SHA-256, which tests compare.
template <typename Hash>
void HashLoaded(isa::ConstInsns insns, Hash& hash) {
  // Indices of an array of descriptors mean the same wherever they are loaded.
  const auto names_map = [](const isa::Insn& insn) {
    return insn.opcode == isa::kLdImm64Opcode &&
           (insn.src == isa::kPseudoMapFd || insn.src == isa::kPseudoMapValue);
  };
  const auto is_second_slot = [](const isa::Insn& insn) {
    return insn.opcode == 0 && insn.dst == 0 && insn.src == 0 &&
           insn.offset == 0;
  };
  bool after_map = false;
  for (isa::Insn insn : insns) {
    const bool is_map = !after_map && names_map(insn);
    if (is_map || (after_map && is_second_slot(insn))) {
      insn.imm = 0;
    }
    after_map = is_map;
    hash.Add(insn);
  }
}

/// The tag of the instructions, as Linux up to 6.17 makes it. Context: any.
inline void ComputeTag(isa::ConstInsns insns, uint8_t (&tag)[kTagSize]) {
  TagHash hash;
  HashLoaded(insns, hash);
  hash.Finish(tag);
}

}  // namespace ebpf
