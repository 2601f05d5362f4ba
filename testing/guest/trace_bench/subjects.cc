// SPDX-License-Identifier: MIT
#include "testing/guest/trace_bench/subjects.h"

#include "machine/static_branch.h"
#include "testing/guest/bench/figures.h"

namespace guest::trace_bench {

EBPF_TRACEPOINT(BenchEvent);

namespace {

constinit ebpf::StaticKey switched_key;
constinit uint64_t taken = 0;
// Loaded where the event is wanted, only.
constinit volatile uint64_t first = kFirst;
constinit volatile uint32_t second = kSecond;
constinit volatile int32_t third = kThird;

/// The call before is not a jump.
[[gnu::always_inline]] inline void End() { asm volatile("" ::: "memory"); }

}  // namespace

[[gnu::noinline]] void PassNothing() {
  bench::bench_nothing();
  End();
}

[[gnu::noinline]] void PassEvent() {
  bench::bench_nothing();
  EBPF_TRACE(BenchEvent, first, second, third, first);
  End();
}

[[gnu::noinline]] void PassKey() {
  bench::bench_nothing();
  if (EBPF_STATIC_BRANCH(switched_key)) {
    ++taken;
  }
  End();
}

uint64_t TakenBranches() { return taken; }

ebpf::StaticKey& SwitchedKey() { return switched_key; }

}  // namespace guest::trace_bench
