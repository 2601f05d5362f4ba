// SPDX-License-Identifier: MIT
//
// A scenario's steps on two kernels, side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "testing/linux_calls/kernel.h"

namespace ebpf::linux_calls {

/// What one kernel answered, step by step.
class Record {
 public:
  /// Notes an answer: any descriptor as 0. `excuse`, if it is not empty, says
  /// why ours may answer otherwise here. Returns the answer.
  int64_t Fd(const std::string& step, int64_t answer,
             const std::string& excuse = "") {
    steps_.push_back({step, answer < 0 ? answer : 0, excuse});
    return answer;
  }
  /// Notes an answer whose number counts.
  int64_t Value(const std::string& step, int64_t answer,
                const std::string& excuse = "") {
    steps_.push_back({step, answer, excuse});
    return answer;
  }

  struct Step {
    std::string name;
    int64_t answer;
    std::string excuse;
  };
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

using Scenario = std::function<void(Kernel& kernel, Record& record)>;

/// Runs `scenario` on ours and on the host's kernel and fails the running test
/// for each step that they answer differently without an excuse. Skips the test
/// loudly where there is no host to compare with.
void Compare(const Scenario& scenario);

}  // namespace ebpf::linux_calls
