// SPDX-License-Identifier: MIT
//
// The engines that are tested, and what they need around them.
#pragma once

#include <string>
#include <vector>

#include "core/program/engine.h"
#include "testing/conformance/batch.h"

namespace ebpf::conformance {

/// While one lives, programs can be run in this thread.
class RunningCore {
 public:
  RunningCore();
  ~RunningCore();
  RunningCore(const RunningCore&) = delete;
  RunningCore& operator=(const RunningCore&) = delete;
};

/// One way to run programs.
struct Variant {
  std::string name;
  bool compiled = false;
  uint64_t cpu_features = 0;
  bool blinds = false;
  Knowledge knowledge = Knowledge::kNothing;
};

/// The interpreter, and where this CPU has a compiler: with all that the CPU
/// has and with nothing of it, with facts, with blinded constants, and with
/// loads that may fault.
std::vector<Variant> Variants();

/// The engine of a variant, while one lives. One at a time.
class VariantEngine {
 public:
  explicit VariantEngine(const Variant& variant);
  ~VariantEngine();
  VariantEngine(const VariantEngine&) = delete;
  VariantEngine& operator=(const VariantEngine&) = delete;

  Engine& engine() { return *engine_; }

 private:
  const bool compiled_;
  Engine* engine_;
};

}  // namespace ebpf::conformance
