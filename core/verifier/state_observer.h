// SPDX-License-Identifier: MIT
//
// A look at the walk from outside, for tests.
#pragma once

#include <stdint.h>

#include "core/verifier/frame_state.h"

namespace ebpf::verifier {

/// Is shown each state of the walk. testing/fuzzing holds the states of real
/// runs against them.
class StateObserver {
 public:
  /// `state` is what is known before the instruction `index` is walked.
  virtual void Observe(uint32_t index, const State& state) = 0;

  /// What was shown is void: the walk starts again.
  virtual void StartAgain() = 0;

 protected:
  ~StateObserver() = default;
};

}  // namespace ebpf::verifier
