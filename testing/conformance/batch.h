// SPDX-License-Identifier: MIT
//
// Many bodies in one program, run by an engine and compared with the oracle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/program/engine.h"
#include "core/program/insn_facts.h"
#include "testing/conformance/body.h"

namespace ebpf::conformance {

/// What is known of the instructions.
enum class Knowledge {
  kNothing,
  kFacts,   // pointer kinds, and what the bodies say
  kProbed,  // the bodies' loads are of memory that might not be there
};

struct Tally {
  uint64_t bodies = 0;
  uint64_t cases = 0;
  uint64_t programs = 0;
  uint64_t insns = 0;
  uint64_t mismatches = 0;
};

/// Each body becomes a loop over its inputs: load the registers from a record,
/// do what the body does, store what it shows. So a body is compiled once for
/// all its inputs.
class Batch {
 public:
  Batch(Engine& engine, Knowledge knowledge)
      : engine_(engine), knowledge_(knowledge) {}

  /// Adds a body; runs the program when it is large enough. The first
  /// mismatches are told on standard error.
  void Add(Body body);
  /// Runs what is left.
  void Finish();

  const Tally& tally() const { return tally_; }

 private:
  void Run();
  void Check(const Body& body, const uint64_t* record, const Input& input);
  void Report(const Body& body, const Input& input, const std::string& what);

  Engine& engine_;
  const Knowledge knowledge_;
  std::vector<Body> bodies_;
  size_t size_ = 0;
  unsigned reports_ = 0;
  bool reported_ = false;
  Tally tally_;
};

/// Runs `code` with `engine`; r0. What the engine refuses, or what cannot be
/// loaded, is false. `facts`: one for each instruction, or empty.
bool RunProgram(Engine& engine, const std::vector<Insn>& code,
                const std::vector<InsnFacts>& facts, void* context,
                uint64_t& result);

}  // namespace ebpf::conformance
