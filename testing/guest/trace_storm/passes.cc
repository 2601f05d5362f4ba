// SPDX-License-Identifier: MIT
#include "testing/guest/trace_storm/passes.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "machine/static_branch.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"

namespace guest::trace_storm {

EBPF_TRACEPOINT(StormShared);
EBPF_TRACEPOINT(StormAlone);

namespace {

/// A thread stays on its CPU. Atomic for kernels that preempt.
struct alignas(64) Counters {
  ebpf::Atomic<uint64_t> passes[kPlaces] = {};
  ebpf::Atomic<uint64_t> taken[kPlaces] = {};
};
constinit Counters counters[kMaxCpus] = {};
constinit Thread* threads[kMaxCpus * kPassersPerCpu] = {};
constinit ebpf::Atomic<bool> stop{false};
constinit ebpf::StaticKey shared_key;
constinit ebpf::StaticKey alone_key;

constexpr auto kShared = static_cast<uint32_t>(Place::kShared);
constexpr auto kAlone = static_cast<uint32_t>(Place::kAlone);

[[gnu::noinline]] void PassShared(Counters& mine, uint32_t cpu) {
  const uint64_t number = mine.passes[kShared].FetchAdd(1, ebpf::kRelaxed);
  EBPF_TRACE(StormShared, number, cpu);
  if (EBPF_STATIC_BRANCH(shared_key)) {
    mine.taken[kShared].FetchAdd(1, ebpf::kRelaxed);
  }
}

[[gnu::noinline]] void PassAlone(Counters& mine, uint32_t cpu) {
  const uint64_t number = mine.passes[kAlone].FetchAdd(1, ebpf::kRelaxed);
  EBPF_TRACE(StormAlone, number, cpu);
  if (EBPF_STATIC_BRANCH(alone_key)) {
    mine.taken[kAlone].FetchAdd(1, ebpf::kRelaxed);
  }
}

/// With more than two CPUs every other one rests, in turns of some 4 ms: who
/// changes text waits until all have come, and a host of two CPUs would let
/// them run one after the other, for milliseconds each.
bool IsToRest(uint32_t cpu) {
  return OnlineCpus() > 2 && ((machine::Nanoseconds() >> 22) + cpu) % 2 != 0;
}

void Work(void* /*argument*/) {
  const uint32_t cpu = machine::CpuId();
  for (uint32_t round = 0; !stop.Load(ebpf::kRelaxed); ++round) {
    PassShared(counters[cpu], cpu);
    PassAlone(counters[cpu], cpu);
    if (round % 64 == 0 && IsToRest(cpu)) {
      SleepTicks(1);
    } else if (round % 4 == 0) {
      Yield();
    } else {
      SafePoint();
    }
  }
}

}  // namespace

ebpf::Tracepoint& TracepointOf(Place place) {
  return place == Place::kShared ? StormShared::tracepoint
                                 : StormAlone::tracepoint;
}

ebpf::StaticKey& KeyOf(Place place) {
  return place == Place::kShared ? shared_key : alone_key;
}

uint64_t PassesOf(Place place, uint32_t cpu) {
  return counters[cpu].passes[static_cast<uint32_t>(place)].Load(
      ebpf::kRelaxed);
}

uint64_t TakenAt(Place place, uint32_t cpu) {
  return counters[cpu].taken[static_cast<uint32_t>(place)].Load(ebpf::kRelaxed);
}

bool StartPassing() {
  stop.Store(false, ebpf::kRelaxed);
  for (uint32_t i = 0; i < OnlineCpus() * kPassersPerCpu; ++i) {
    threads[i] = Spawn("passer", i / kPassersPerCpu, Work, nullptr);
    if (threads[i] == nullptr) {
      return false;
    }
  }
  return true;
}

void StopPassing() {
  stop.Store(true, ebpf::kRelaxed);
  for (Thread*& thread : threads) {
    if (thread != nullptr) {
      Join(ebpf::Exchange(thread, nullptr));
    }
  }
}

}  // namespace guest::trace_storm
