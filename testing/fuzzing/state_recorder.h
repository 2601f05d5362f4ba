// SPDX-License-Identifier: MIT
//
// Whether what a program does is what the verifier thought it could do: each
// state of a run must be one of those that were proven safe at its instruction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/verifier/state_observer.h"
#include "core/verifier/verification.h"
#include "testing/fuzzing/checked_machine.h"

namespace ebpf::fuzzing {

/// Keeps the states of a walk.
class StateRecorder final : public verifier::StateObserver {
 public:
  explicit StateRecorder(const verifier::Code& code);
  ~StateRecorder();
  StateRecorder(const StateRecorder&) = delete;
  StateRecorder& operator=(const StateRecorder&) = delete;

  void Observe(uint32_t index, const verifier::State& state) override;
  void StartAgain() override;

  /// After the walk, if `code` was accepted as a program of this type.
  void Finish(const verifier::Code& code, const ProgramType& type);

  /// Precondition: Finish. Whether `machine`, before the instruction `index`,
  /// is in one of them.
  bool Has(uint32_t index, const CheckedMachine& machine) const;

  /// False: there were too many, and nothing can be said.
  bool complete() const { return complete_; }

 private:
  struct Recorded;

  std::vector<std::vector<std::unique_ptr<Recorded>>> by_insn_;
  std::vector<uint16_t> live_;
  std::vector<verifier::Relevant> relevant_;
  size_t count_ = 0;
  bool complete_ = true;
};

}  // namespace ebpf::fuzzing
