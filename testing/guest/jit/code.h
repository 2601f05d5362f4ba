// SPDX-License-Identifier: MIT
//
// Programs that tests write themselves, as the verifier's output would be.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/string_view.h"
#include "core/base/types.h"
#include "core/isa/insn.h"
#include "core/program/program.h"

namespace guest::jit {

using ebpf::InsnFacts;
using ebpf::isa::Insn;

// Instructions by their opcodes. [RFC 9669]
constexpr Insn Make(unsigned opcode, unsigned dst, unsigned src = 0,
                    int offset = 0, int32_t imm = 0) {
  Insn insn = {};
  insn.opcode = static_cast<uint8_t>(opcode);
  insn.dst = dst & 15;
  insn.src = src & 15;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = imm;
  return insn;
}
constexpr Insn MovImm(unsigned dst, int32_t imm) {
  return Make(0xb7, dst, 0, 0, imm);
}
constexpr Insn Mov(unsigned dst, unsigned src) { return Make(0xbf, dst, src); }
constexpr Insn Load64(unsigned dst, unsigned src, int offset) {
  return Make(0x79, dst, src, offset);
}
constexpr Insn Store64(unsigned dst, int offset, unsigned src) {
  return Make(0x7b, dst, src, offset);
}
constexpr Insn Exit() { return Make(0x95, 0); }

/// A growing program, of at most kMost instructions.
class Code : public ebpf::NonCopyable {
 public:
  static constexpr size_t kMost = 256;

  constexpr Code() = default;

  Code& operator<<(const Insn& insn) {
    insns_[size_++] = insn;
    return *this;
  }
  /// The next instruction is a load of memory that may not be there.
  Code& Probed() {
    facts_[size_].pointer = ebpf::PointerKind::kProbed;
    return *this;
  }
  /// LD_IMM64.
  Code& Constant(unsigned dst, uint64_t value) {
    *this << Make(0x18, dst, 0, 0, static_cast<int32_t>(value));
    return *this << Make(0, 0, 0, 0, static_cast<int32_t>(value >> 32));
  }

  /// Begins anew.
  void Clear() {
    size_ = 0;
    for (InsnFacts& facts : facts_) {
      facts = {};
    }
  }

  size_t size() const { return size_; }
  const Insn* insns() const { return insns_; }
  const InsnFacts* facts() const { return facts_; }

 private:
  size_t size_ = 0;
  Insn insns_[kMost] = {};
  InsnFacts facts_[kMost] = {};
};

/// An empty program, always the same one: kernel stacks may be small.
/// Context: one task of the test.
Code& NewCode();

struct Uses {
  ebpf::Map* map = nullptr;                // gets a reference
  ebpf::DirectCall direct_call = nullptr;  // CallDirect 0
};

/// Loads it for the engine that the system loads programs for now.
ebpf::Result<ebpf::Ref<ebpf::Program>> Load(const Code& code,
                                            ebpf::StringView name = "test",
                                            const Uses& uses = {});

}  // namespace guest::jit
