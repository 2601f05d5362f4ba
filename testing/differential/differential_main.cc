// SPDX-License-Identifier: MIT
//
// The long comparison: differential [COUNT [SEED]]. run.sh builds and runs it.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "testing/differential/compare.h"
#include "testing/differential/host_bpf.h"

int main(int argc, char** argv) {
  using ebpf::differential::Compare;
  using ebpf::differential::Figures;
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 100000;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
  ebpf::differential::HostBpf host;
  if (!host.Open()) {
    std::printf("[SKIP] no bpf(2) here: %s\n", host.reason().c_str());
    return 77;
  }
  const auto start = std::chrono::steady_clock::now();
  const Figures figures =
      Compare(host, seed, count, std::getenv("EBPF_VERBOSE") != nullptr);
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  std::printf("seed %" PRIu64 ": %" PRIu64 " programs, %" PRIu64
              " instructions of %" PRIu64 " kinds, %" PRIu64
              " refused by the kernel, %" PRIu64
              " lapses of the kernel, %" PRIu64 " mismatches, %.0f s\n",
              seed, figures.programs, figures.insns, figures.ops,
              figures.refused, figures.lapses, figures.mismatches,
              seconds.count());
  return figures.mismatches == 0 ? 0 : 1;
}
