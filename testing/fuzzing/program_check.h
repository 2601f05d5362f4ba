// SPDX-License-Identifier: MIT
//
// Verifies a program and, if it is accepted, runs it: in the checked machine,
// its states held against the verifier's, and by the real interpreter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/verifier/findings.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/test_maps.h"
#include "core/verifier/verifier.h"
#include "testing/fuzzing/program_grammar.h"

namespace ebpf::fuzzing {

/// Two of the hash's keys are there from the start.
void FillHash(Map& hash);

struct CheckResult {
  Status status;      // of the verifier
  std::string fault;  // what an accepted program did wrong, or nothing
  verifier::Stats stats;
  uint64_t steps;    // that it ran
  uint64_t reached;  // runs that got to the watched instruction
};

/// What programs run in; one per process.
class ProgramChecker {
 public:
  ProgramChecker();
  ~ProgramChecker();
  ProgramChecker(const ProgramChecker&) = delete;
  ProgramChecker& operator=(const ProgramChecker&) = delete;

  /// `seed` decides what is in the context, and whether stack that was not
  /// written may be read. With `log` the verifier tells why.
  CheckResult Check(const verifier::Code& code, uint64_t seed,
                    std::string* log = nullptr,
                    Target target = Target::kFunction);

  /// The same with `runs` runs, each with a context, a packet, values of maps
  /// and luck of its own, where stack that was not written may be read. The
  /// program is verified once. Of the runs, those that get to the instruction
  /// `watched` are counted.
  CheckResult CheckRuns(const verifier::Code& code, uint64_t seed,
                        uint64_t runs, Target target, uint32_t watched = 0);

  /// The verifier alone. `read_any_stack`: as Linux lets the privileged.
  Status Verify(const verifier::Code& code, Span<Map* const> maps,
                verifier::StateObserver* observer, verifier::Stats& stats,
                std::string* log, bool read_any_stack = false,
                Target target = Target::kFunction,
                std::vector<InsnFacts>* facts = nullptr,
                verifier::Findings* findings = nullptr);

 private:
  struct Runs {
    uint64_t seed;
    uint64_t count;
    bool read_any_stack;
    bool vary;  // contexts and maps more than by chance
    uint32_t watched;
  };
  CheckResult Check(const verifier::Code& code, const Runs& runs,
                    std::string* log, Target target);
};

}  // namespace ebpf::fuzzing
