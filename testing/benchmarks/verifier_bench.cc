// SPDX-License-Identifier: MIT
//
// What it takes to verify small programs, by Google Benchmark: without a log,
// as the kernel sees them, and with each level of it.
#include <benchmark/benchmark.h>
#include <vector>

#include "core/memory/allocator.h"
#include "core/program_types/program_type.h"
#include "core/sync/read_section.h"
#include "core/verifier/program_builder.h"
#include "core/verifier/test_maps.h"
#include "core/verifier/verifier.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kKprobe = 2;
constexpr uint32_t kContextSize = 168;  // pt_regs of x86-64
constexpr size_t kLogSize = 1 << 20;

/// A lookup, and what is done with its value.
Code CountHits() {
  return Join({LookupOrExit(kHash), Load(kDW, R1, R0, 0), AluImm(kAnd, R1, 255),
               JumpImm(kJgt, R1, 10, 1), StoreImm(kDW, R0, 8, 0), Return0()});
}

/// 54 instructions: two lookups, six branches, spills.
Code SixBranches() {
  Code code = Join({MovReg(R6, R1), LookupOrExit(kHash), MovReg(R7, R0)});
  for (int i = 0; i < 6; ++i) {
    code = Join({code, Load(kDW, R1, R7, 8 * i), JumpImm(kJgt, R1, 10 + i, 2),
                 AluImm(kAdd, R1, 1), Store(kDW, R7, 8 * i, R1),
                 Store(kDW, R10, -16 - 8 * i, R1), AluReg(kXor, R1, R1)});
  }
  return Join({code, Lookup(kHash), Return0()});
}

Code TwoCalls() {
  return Join({MovReg(R1, R10), CallLocal(4), MovReg(R1, R10), CallLocal(2),
               MovImm(R0, 0), Exit(), StoreImm(kDW, R10, -8, 1),
               Load(kDW, R0, R10, -8), Exit()});
}

Code NoNullCheck() {
  return Join({Lookup(kHash), Load(kDW, R0, R0, 0), Exit()});
}

void RunVerifier(benchmark::State& state, const Code& code, uint32_t level) {
  SetHostCpuCount(1);
  if (!InitReadSections()) {
    state.SkipWithError("no memory");
    return;
  }
  {
    const TestMaps maps;
    Options options;
    options.type = FindProgramType(kKprobe);
    options.context_size = kContextSize;
    options.gpl_compatible = true;
    std::vector<char> text(kLogSize);
    std::vector<InsnFacts> facts(code.size());
    Stats stats;
    for (auto _ : state) {
      Log log(level, text.data(), text.size());
      std::fill(facts.begin(), facts.end(), InsnFacts{});
      benchmark::DoNotOptimize(
          Verify(isa::ConstInsns(code.data(), code.size()), maps.span(),
                 options, PortAllocator(), log,
                 Span<InsnFacts>(facts.data(), facts.size()), stats));
    }
    state.counters["insns"] = static_cast<double>(code.size());
    state.counters["processed"] = stats.insns_processed;
  }
  ExitReadSections();
}

BENCHMARK_CAPTURE(RunVerifier, return_0, Return0(), 0);
BENCHMARK_CAPTURE(RunVerifier, count_hits, CountHits(), 0);
BENCHMARK_CAPTURE(RunVerifier, two_calls, TwoCalls(), 0);
BENCHMARK_CAPTURE(RunVerifier, six_branches, SixBranches(), 0);
BENCHMARK_CAPTURE(RunVerifier, six_branches_log_1, SixBranches(), kLogPath);
BENCHMARK_CAPTURE(RunVerifier, six_branches_log_2, SixBranches(), kLogStates);
BENCHMARK_CAPTURE(RunVerifier, refused, NoNullCheck(), 0);
BENCHMARK_CAPTURE(RunVerifier, refused_explained, NoNullCheck(), kLogPath);

}  // namespace
}  // namespace ebpf::verifier

BENCHMARK_MAIN();
