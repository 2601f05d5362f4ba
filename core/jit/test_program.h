// SPDX-License-Identifier: MIT
//
// Programs for the tests of analysis, liveness and fusion.
#pragma once

#include <cstdint>
#include <vector>

#include "core/isa/encode.h"
#include "core/jit/analysis.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::jit {

using isa::Op;

inline isa::Insn Make(Op op, uint8_t dst = 0, uint8_t src = 0,
                      int16_t offset = 0, int32_t imm = 0) {
  isa::DecodedInsn decoded;
  decoded.op = op;
  decoded.dst = dst;
  decoded.src = src;
  decoded.offset = offset;
  decoded.imm = imm;
  isa::Insn slots[2] = {};
  (void)isa::Encode(decoded, isa::Insns(slots, 2));
  return slots[0];
}
inline isa::Insn Exit() { return Make(Op::kExit); }

/// Analyses a program, or says why not.
class Analyzed {
 public:
  explicit Analyzed(std::vector<isa::Insn> insns,
                    std::vector<InsnFacts> facts = {})
      : insns_(std::move(insns)), facts_(std::move(facts)) {
    compilation_.insns = isa::ConstInsns(insns_.data(), insns_.size());
    compilation_.facts = Span<const InsnFacts>(facts_.data(), facts_.size());
    compilation_.allocator = &allocator_;
    status_ = Begin(compilation_, survey_);
  }
  ~Analyzed() {
    (void)End(compilation_, survey_,
              IsOk(status_) ? Status::kInvalid : status_);
  }

  Status status() const { return status_; }
  const Survey& survey() const { return survey_; }
  Span<InsnState> states() { return compilation_.states; }
  isa::ConstInsns insns() const { return compilation_.insns; }
  bool Live(unsigned reg, size_t after) {
    return (states()[after].live_after >> reg & 1) != 0;
  }
  bool LiveUpper(unsigned reg, size_t after) {
    return (states()[after].live_upper_after >> reg & 1) != 0;
  }

 private:
  std::vector<isa::Insn> insns_;
  std::vector<InsnFacts> facts_;
  FailingAllocator allocator_;
  Compilation compilation_;
  Survey survey_;
  Status status_;
};

}  // namespace ebpf::jit
