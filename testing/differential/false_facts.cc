// SPDX-License-Identifier: MIT
//
// Each program with false facts runs in a process of its own: it may crash.
#include "testing/differential/false_facts.h"

#include <cstdio>
#include <cstring>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/isa/decode.h"
#include "testing/conformance/engines.h"
#include "testing/differential/core_runner.h"

namespace ebpf::differential {
namespace {

enum Verdict { kEqual, kWrong, kRefused };

/// Whether a fact of that kind says something about `insn`, and is not there.
bool Applies(FalseFact kind, const isa::DecodedInsn& insn,
             const InsnFacts& facts) {
  const isa::OpInfo& info = insn.info();
  switch (kind) {
    case FalseFact::kNoZeroExtension:
      return info.family == isa::Family::kAlu && info.width == 32 &&
             facts.no_zero_extension == 0;
    case FalseFact::kDivisorNonZero:
      return info.family == isa::Family::kAlu && info.source_is_register &&
             (info.operation == isa::Operation::kDiv ||
              info.operation == isa::Operation::kMod ||
              info.operation == isa::Operation::kSDiv ||
              info.operation == isa::Operation::kSMod) &&
             facts.divisor_non_zero == 0;
    case FalseFact::kNeverReached:
      return (info.family == isa::Family::kAlu ||
              info.family == isa::Family::kLoad ||
              info.family == isa::Family::kStore) &&
             facts.never_reached == 0;
    case FalseFact::kAlwaysJumps:
    case FalseFact::kNeverJumps:
      // Forward ones: the program is to end.
      return info.family == isa::Family::kJump && insn.offset > 0 &&
             facts.always_jumps == 0 && facts.never_jumps == 0;
    default:
      return false;
  }
}

void Set(FalseFact kind, InsnFacts& facts) {
  switch (kind) {
    case FalseFact::kNoZeroExtension:
      facts.no_zero_extension = 1;
      break;
    case FalseFact::kDivisorNonZero:
      facts.divisor_non_zero = 1;
      break;
    case FalseFact::kNeverReached:
      facts.never_reached = 1;
      break;
    case FalseFact::kAlwaysJumps:
      facts.always_jumps = 1;
      break;
    case FalseFact::kNeverJumps:
      facts.never_jumps = 1;
      break;
    default:
      break;
  }
}

/// Makes a fact, or all of the kind, false. False: there is none to be.
bool Falsify(FalseFact kind, Runnable& runnable, std::mt19937_64& random) {
  std::vector<size_t> places;
  const isa::ConstInsns insns(runnable.insns.data(), runnable.insns.size());
  for (size_t i = 0; i < insns.size();) {
    isa::DecodedInsn insn;
    if (isa::DecodeFixed(insns, i, insn) != isa::DecodeError::kNone) {
      return false;
    }
    if (Applies(kind, insn, runnable.facts[i])) {
      places.push_back(i);
    }
    i += insn.slots;
  }
  if (places.empty()) {
    return false;
  }
  const bool all =
      kind == FalseFact::kNoZeroExtension || kind == FalseFact::kDivisorNonZero;
  const size_t chosen = random() % places.size();
  for (size_t n = 0; n < places.size(); ++n) {
    if (all || n == chosen) {
      Set(kind, runnable.facts[places[n]]);
    }
  }
  return true;
}

/// What the compiler makes of it in a child; `expected` is what is right.
void RunInChild(CoreRunner& runner, Engine& engine, const Runnable& runnable,
                const MapValue& input, const Outcome& expected,
                FalseFactFigures& figures) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core = {0, 0};
    const rlimit one_second = {1, 1};  // a loop may not end any more
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_CPU, &one_second);
    // qemu-user tells of signals.
    (void)!freopen("/dev/null", "w", stderr);
    Outcome outcome = {};
    if (!runner.Run(engine, runnable, input, outcome)) {
      _exit(kRefused);
    }
    const bool equal =
        outcome.result == expected.result &&
        std::memcmp(&outcome.value, &expected.value, sizeof(MapValue)) == 0;
    _exit(equal ? kEqual : kWrong);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) {
    ++figures.crashed;
  } else {
    figures.wrong += WEXITSTATUS(status) == kWrong ? 1 : 0;
    figures.refused += WEXITSTATUS(status) == kRefused ? 1 : 0;
  }
}

}  // namespace

FalseFactFigures CompareFalseFacts(FalseFact kind, uint64_t seed,
                                   uint64_t count) {
  FalseFactFigures figures;
  const std::vector<conformance::Variant> variants = conformance::Variants();
  if (variants.size() < 2) {
    return figures;
  }
  CoreRunner runner;
  conformance::VariantEngine jit(variants[1]);
  ProgramGenerator generator(seed, InsnSet{});
  std::mt19937_64 random(seed);
  constexpr uint64_t kEnough = 10;
  for (uint64_t number = 0; number < count && figures.caught() < kEnough;
       ++number) {
    const GeneratedProgram program = generator.Next().program;
    Runnable runnable;
    Outcome expected = {};
    if (!runner.Verified(program, runnable) ||
        !runner.Run(InterpreterEngine(), runnable, program.input, expected) ||
        (kind != FalseFact::kNone && !Falsify(kind, runnable, random))) {
      continue;
    }
    ++figures.programs;
    RunInChild(runner, jit.engine(), runnable, program.input, expected,
               figures);
  }
  return figures;
}

}  // namespace ebpf::differential
