// SPDX-License-Identifier: MIT
//
// EBPF_RANDOM_CALLS=200000 EBPF_FIRST_SEED=0: how many, and from which seed.
#include "testing/linux_calls/random_calls.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sched.h>

#include "gtest/gtest.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/linux_calls/differences.h"

namespace ebpf::linux_calls {
namespace {

constexpr int kCallsPerWorld = 200;

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* value = getenv(name);
  return value == nullptr ? otherwise : strtoull(value, nullptr, 0);
}

/// How many CPUs the host has room for: per-CPU values have one part for each.
uint32_t PossibleCpus() {
  unsigned first = 0;
  unsigned last = 0;
  FILE* file = fopen("/sys/devices/system/cpu/possible", "r");
  if (file != nullptr) {
    if (fscanf(file, "%u-%u", &first, &last) < 2) {
      last = first;
    }
    fclose(file);
  }
  return last + 1;
}

void Print(const Tally& tally) {
  printf("%-28s %9s %9s %6s\n", "command", "calls", "succeeded", "");
  for (const auto& [name, command] : tally.commands) {
    printf("%-28s %9llu %9llu %5.1f%%\n", name.c_str(),
           static_cast<unsigned long long>(command.calls),
           static_cast<unsigned long long>(command.host_succeeded),
           100.0 * static_cast<double>(command.host_succeeded) /
               static_cast<double>(command.calls));
  }
  for (const auto& [name, count] : tally.excused) {
    printf("excused %llu times: %s (%s)\n",
           static_cast<unsigned long long>(count), name.c_str(),
           ReasonOf(name));
  }
}

TEST(RandomCallsTest, BothKernelsAnswerAlike) {
  SetHostCpuCount(PossibleCpus());
  // LRU maps give each CPU elements of its own: a thread that moves would find
  // them full earlier.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);
  Tally tally;
  const uint64_t wanted = Number("EBPF_RANDOM_CALLS", 20'000);
  size_t told = 0;
  uint64_t seed = Number("EBPF_FIRST_SEED", 1);
  // A hundred differences are enough to look at.
  while (tally.calls < wanted && tally.differences.size() < 100) {
    const TestSystem system;
    std::string reason;
    const std::unique_ptr<Kernel> host = HostKernel(reason);
    if (host == nullptr) {
      GTEST_SKIP() << "no host to compare with: " << reason;
    }
    const std::unique_ptr<Kernel> ours = OurKernel();
    MakeRandomCalls(*ours, *host, seed, kCallsPerWorld, tally);
    for (; told < tally.differences.size(); ++told) {
      ADD_FAILURE() << "seed " << seed << ": " << tally.differences[told];
    }
    ++seed;
  }
  Print(tally);
  EXPECT_LE(tally.excused.size(), 30u);
  // So that it is not only refusals that are compared.
  for (const auto& [name, command] : tally.commands) {
    if (command.calls >= 1000) {
      EXPECT_GE(2 * command.host_succeeded, command.calls) << name;
    }
  }
}

}  // namespace
}  // namespace ebpf::linux_calls
