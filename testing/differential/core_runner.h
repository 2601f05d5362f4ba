// SPDX-License-Identifier: MIT
//
// Runs generated programs with core: as they are, or verified and fixed up, in
// any engine.
#pragma once

#include <string>
#include <vector>

#include "core/maps/map.h"
#include "core/memory/ref_counted.h"
#include "core/program/engine.h"
#include "core/program/program.h"
#include "testing/differential/host_bpf.h"
#include "testing/differential/program_generator.h"

namespace ebpf::differential {

/// A program in the form that engines take, its one map bound.
struct Runnable {
  std::vector<isa::Insn> insns;
  std::vector<InsnFacts> facts;
  std::vector<ProgramFunction> functions;
  std::vector<DirectCall> direct_calls;
};

/// While one lives, programs can be run in this thread.
class CoreRunner {
 public:
  CoreRunner();
  ~CoreRunner();
  CoreRunner(const CoreRunner&) = delete;
  CoreRunner& operator=(const CoreRunner&) = delete;

  /// `program` with nothing known of it.
  Runnable Plain(const GeneratedProgram& program) const;

  /// ... as bpf(2) makes it: verified, with facts, and fixed up. False: the
  /// verifier refuses it; `why` is its log.
  bool Verified(const GeneratedProgram& program, Runnable& runnable,
                std::string* why = nullptr) const;

  /// Made ready for `engine`; null: it refuses. It ends before the runner.
  Ref<Program> Make(Engine& engine, const Runnable& runnable) const;

  /// False: the engine refuses it.
  bool Run(Engine& engine, const Runnable& runnable, const MapValue& input,
           Outcome& outcome);

 private:
  void Bind(const GeneratedProgram& program, std::vector<isa::Insn>& insns,
            bool by_index) const;

  Map* map_ = nullptr;
  MapValue* value_ = nullptr;
};

}  // namespace ebpf::differential
