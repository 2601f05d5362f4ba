// SPDX-License-Identifier: MIT
//
// The long comparison: differential [engines] [COUNT [SEED]]. run.sh builds
// and runs it.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "testing/differential/compare.h"
#include "testing/differential/host_bpf.h"

namespace {

using ebpf::differential::Figures;

void Print(uint64_t seed, const Figures& figures, double seconds) {
  std::printf("seed %" PRIu64 ": %" PRIu64 " programs (%" PRIu64
              " with a loop, %" PRIu64 " with a call, %" PRIu64
              " with a callback), %" PRIu64 " instructions of %" PRIu64
              " kinds, %" PRIu64 " refused by the kernel, %" PRIu64
              " by core's verifier, %" PRIu64 " lapses of the kernel, %" PRIu64
              " mismatches, %.0f s\n",
              seed, figures.programs, figures.loops, figures.calls,
              figures.callbacks, figures.insns, figures.ops, figures.refused,
              figures.unverified, figures.lapses, figures.mismatches, seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const bool engines = argc > 1 && std::strcmp(argv[1], "engines") == 0;
  const int first = engines ? 2 : 1;
  const uint64_t count =
      argc > first ? std::strtoull(argv[first], nullptr, 0) : 100000;
  const uint64_t seed =
      argc > first + 1 ? std::strtoull(argv[first + 1], nullptr, 0) : 1;
  const bool verbose = std::getenv("EBPF_VERBOSE") != nullptr;
  const auto start = std::chrono::steady_clock::now();
  Figures figures;
  if (engines) {
    figures = ebpf::differential::CompareEngines(seed, count, verbose);
  } else {
    ebpf::differential::HostBpf host;
    if (!host.Open()) {
      std::printf("[SKIP] no bpf(2) here: %s\n", host.reason().c_str());
      return 77;
    }
    figures = ebpf::differential::Compare(host, seed, count, verbose);
  }
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  Print(seed, figures, seconds.count());
  return figures.mismatches == 0 ? 0 : 1;
}
