// SPDX-License-Identifier: MIT
//
// Writes a program anew, instruction by instruction, while jumps and calls keep
// their targets.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"
#include "core/memory/buffer.h"
#include "core/memory/vector.h"
#include "core/program/insn_facts.h"

namespace ebpf::verifier {

/// The old program's instructions are numbers below `old_count`; each is begun
/// once, in order, and then what stands for it is put.
class Rewriter {
 public:
  Rewriter(Allocator& allocator, size_t old_count)
      : old_count_(old_count), places_(allocator), code_(allocator) {}

  /// kNoMemory. Before all else, once.
  Status Init() { return places_.Allocate(old_count_ + 1); }

  /// What follows is for those who jump to `old`.
  void Begin(uint32_t old) {
    old_ = old;
    places_[old].jump = size();
    places_[old].call = size();
  }
  /// What was put since Begin is for those who call the function that starts
  /// here; jumps go behind it.
  void EndPrologue() { places_[old_].jump = size(); }

  /// kNoMemory.
  Status Put(const isa::Insn& insn, InsnFacts facts = {});
  /// The same for what goes to the old instruction `target`.
  Status PutJump(const isa::Insn& insn, uint32_t target, InsnFacts facts = {});
  Status PutCall(const isa::Insn& insn, uint32_t target, InsnFacts facts = {});

  uint32_t size() const { return static_cast<uint32_t>(code_.size()); }
  bool empty() const { return code_.empty(); }
  const isa::Insn& back() const { return code_[code_.size() - 1].insn; }

  /// Where calls of the function that started at `old` go now. After Begin of
  /// it.
  uint32_t FunctionAt(uint32_t old) const { return places_[old].call; }

  /// Gives each jump and call its distance; kOutOfRange if one has no room for
  /// it.
  Status Finish();

  isa::Insn insn(uint32_t index) const { return code_[index].insn; }
  InsnFacts facts(uint32_t index) const { return code_[index].facts; }
  uint32_t old_index(uint32_t index) const { return code_[index].old; }

 private:
  enum class Goes : uint8_t { kNowhere, kJumps, kCalls };
  struct Line {
    isa::Insn insn;
    uint32_t old;
    uint32_t target;
    Goes goes;
    InsnFacts facts;
  };
  struct Place {
    uint32_t jump;
    uint32_t call;
  };

  Status SetDistance(uint32_t index);

  const size_t old_count_;
  uint32_t old_ = 0;
  Buffer<Place> places_;
  Vector<Line> code_;
};

}  // namespace ebpf::verifier
