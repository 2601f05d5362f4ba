// SPDX-License-Identifier: MIT
//
// A small model checker: all that CPUs with weakly ordered memory may do with
// a few short programs. For tests of lock-free algorithms.
//
// A step of a program is performed at once for all CPUs (multi-copy atomic
// memory: x86-64, AArch64, RISC-V), but steps of one CPU are performed in any
// order that these allow:
//
//   * a fence comes after all steps before it and before all steps behind it;
//   * all steps behind an acquire come after it, all before a release before;
//   * a step comes after those whose results it uses (`deps`);
//   * steps on one location keep their order, and so does one whose address is
//     still unknown (hardware may guess better here; it does no harm to the
//     algorithms tested);
//   * a store does not come before a condition that it depends on, but loads
//     may be guessed ahead of it.
//
// A loop that waits for a condition is written as one pass: runs in which the
// condition is false then end there, since an earlier pass of it changes
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace ebpf::model {

/// The results of a thread's steps, by index.
using Values = std::vector<uint8_t>;

enum class Order { kRelaxed, kAcquire, kRelease };

/// Of a step: the index into memory, what is stored or added, what is awaited.
using Location = std::function<int(const Values&)>;
using Value = std::function<uint8_t(const Values&)>;
using Condition = std::function<bool(const Values&)>;

struct Step {
  enum class Kind { kLoad, kStore, kAdd, kFence, kWait, kUse };

  Kind kind;
  Order order;
  uint64_t deps;
  Location location;
  Value value;
  Condition condition;
  uint64_t users;  // the steps with this one in `deps`

  bool IsMemory() const { return kind != Kind::kFence && kind != Kind::kWait; }
  bool Writes() const { return kind == Kind::kStore || kind == Kind::kAdd; }
};

/// The program of one CPU. Each function appends a step and returns its index.
class Thread {
 public:
  int Load(Location location, std::vector<int> deps = {},
           Order order = Order::kRelaxed) {
    return Append(Step::Kind::kLoad, deps, order, std::move(location));
  }
  int Store(Location location, Value value, std::vector<int> deps = {},
            Order order = Order::kRelaxed) {
    return Append(Step::Kind::kStore, deps, order, std::move(location),
                  std::move(value));
  }
  /// Read-modify-write; the result is the value before.
  int Add(Location location, uint8_t value, std::vector<int> deps = {},
          Order order = Order::kRelaxed) {
    return Append(Step::Kind::kAdd, deps, order, std::move(location),
                  [value](const Values&) { return value; });
  }
  int Fence() { return Append(Step::Kind::kFence, {}); }
  /// Goes on only where `condition` holds.
  int Wait(Condition condition, std::vector<int> deps) {
    return Append(Step::Kind::kWait, deps, Order::kRelaxed, {}, {},
                  std::move(condition));
  }
  /// Reads memory that must be 0 (not freed): else the run is a violation.
  int Use(Location location, std::vector<int> deps) {
    return Append(Step::Kind::kUse, deps, Order::kRelaxed, std::move(location));
  }

  const std::vector<Step>& steps() const { return steps_; }

 private:
  int Append(Step::Kind kind, const std::vector<int>& deps,
             Order order = Order::kRelaxed, Location location = {},
             Value value = {}, Condition condition = {}) {
    Step step{kind,
              order,
              0,
              std::move(location),
              std::move(value),
              std::move(condition),
              0};
    const uint64_t self = uint64_t{1} << steps_.size();
    for (const int dep : deps) {
      step.deps |= uint64_t{1} << dep;
      steps_[static_cast<size_t>(dep)].users |= self;
    }
    steps_.push_back(std::move(step));
    return static_cast<int>(steps_.size()) - 1;
  }

  std::vector<Step> steps_;
};

struct Outcome {
  bool violated = false;
  /// Runs that came to the end of every program: else nothing was shown.
  bool completed = false;
  size_t states = 0;
};

/// Enumerates what can happen, from memory of zeros.
class Explorer {
 public:
  Explorer(std::vector<Thread> threads, size_t memory_size)
      : threads_(std::move(threads)), memory_size_(memory_size) {}

  Outcome Explore() {
    State state{Values(memory_size_), {}, {}};
    for (const Thread& thread : threads_) {
      state.done.push_back(0);
      state.values.emplace_back(thread.steps().size());
    }
    Visit(state);
    outcome_.states = seen_.size();
    return outcome_;
  }

 private:
  struct State {
    Values memory;
    std::vector<uint64_t> done;
    std::vector<Values> values;
  };

  static bool Has(uint64_t set, size_t index) { return set >> index & 1; }

  /// Whether `step` may be performed before the unperformed `earlier`.
  bool Overtakes(const State& state, size_t thread, const Step& step,
                 const Step& earlier, size_t earlier_index) const {
    if (step.kind == Step::Kind::kFence || step.order == Order::kRelease ||
        earlier.kind == Step::Kind::kFence ||
        earlier.order == Order::kAcquire || Has(step.deps, earlier_index)) {
      return false;
    }
    if (earlier.kind == Step::Kind::kWait) {
      return !step.Writes();
    }
    if (step.IsMemory() && earlier.IsMemory()) {
      const bool known = (earlier.deps & ~state.done[thread]) == 0;
      return known && earlier.location(state.values[thread]) !=
                          step.location(state.values[thread]);
    }
    return true;
  }

  bool Enabled(const State& state, size_t thread, size_t index) const {
    const std::vector<Step>& steps = threads_[thread].steps();
    const Step& step = steps[index];
    if (Has(state.done[thread], index) ||
        (step.deps & ~state.done[thread]) != 0) {
      return false;
    }
    for (size_t i = 0; i < index; ++i) {
      if (!Has(state.done[thread], i) &&
          !Overtakes(state, thread, step, steps[i], i)) {
        return false;
      }
    }
    return true;
  }

  /// Performs a step; false: the run ends here.
  bool Perform(State& state, size_t thread, size_t index) {
    const std::vector<Step>& steps = threads_[thread].steps();
    const Step& step = steps[index];
    Values& values = state.values[thread];
    if (step.kind == Step::Kind::kWait && !step.condition(values)) {
      return false;
    }
    if (step.IsMemory()) {
      uint8_t& word = state.memory[static_cast<size_t>(step.location(values))];
      if (step.kind == Step::Kind::kUse && word != 0) {
        outcome_.violated = true;
      }
      values[index] = step.users != 0 ? word : 0;
      if (step.kind == Step::Kind::kStore) {
        word = step.value(values);
      } else if (step.kind == Step::Kind::kAdd) {
        word = static_cast<uint8_t>(word + step.value(values));
      }
    }
    state.done[thread] |= uint64_t{1} << index;
    // Forget results that nobody needs any more: fewer states.
    for (size_t i = 0; i < steps.size(); ++i) {
      if ((steps[i].users & ~state.done[thread]) == 0) {
        values[i] = 0;
      }
    }
    return true;
  }

  /// Fences and conditions change nothing for others: no need to try them in
  /// every order. False: the run ends here.
  bool PerformPrivateSteps(State& state) {
    for (size_t t = 0; t < threads_.size(); ++t) {
      const std::vector<Step>& steps = threads_[t].steps();
      for (size_t i = 0; i < steps.size(); ++i) {
        if (!steps[i].IsMemory() && Enabled(state, t, i) &&
            !Perform(state, t, i)) {
          return false;
        }
      }
    }
    return true;
  }

  bool IsComplete(const State& state) const {
    for (size_t t = 0; t < threads_.size(); ++t) {
      if (state.done[t] != (uint64_t{1} << threads_[t].steps().size()) - 1) {
        return false;
      }
    }
    return true;
  }

  static std::string KeyOf(const State& state) {
    std::string key(state.memory.begin(), state.memory.end());
    for (size_t t = 0; t < state.done.size(); ++t) {
      key.append(reinterpret_cast<const char*>(&state.done[t]), 8);
      key.append(state.values[t].begin(), state.values[t].end());
    }
    return key;
  }

  void Visit(State state) {
    if (outcome_.violated || !PerformPrivateSteps(state) ||
        !seen_.insert(KeyOf(state)).second) {
      return;
    }
    outcome_.completed = outcome_.completed || IsComplete(state);
    for (size_t t = 0; t < threads_.size(); ++t) {
      for (size_t i = 0; i < threads_[t].steps().size(); ++i) {
        if (threads_[t].steps()[i].IsMemory() && Enabled(state, t, i)) {
          State next = state;
          if (Perform(next, t, i)) {
            Visit(std::move(next));
          }
        }
      }
    }
  }

  std::vector<Thread> threads_;
  size_t memory_size_;
  Outcome outcome_;
  std::unordered_set<std::string> seen_;
};

}  // namespace ebpf::model
