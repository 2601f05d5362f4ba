// SPDX-License-Identifier: MIT
//
// Runs generated programs with core, the interpreter as the engine.
#pragma once

#include "testing/differential/host_bpf.h"
#include "testing/differential/program_generator.h"

namespace ebpf::differential {

/// While one lives, programs can be run in this thread.
class CoreRunner {
 public:
  CoreRunner();
  ~CoreRunner();
  CoreRunner(const CoreRunner&) = delete;
  CoreRunner& operator=(const CoreRunner&) = delete;

  /// False: the engine refused `program`.
  bool Run(const GeneratedProgram& program, Outcome& outcome);
};

}  // namespace ebpf::differential
