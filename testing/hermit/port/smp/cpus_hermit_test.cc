// SPDX-License-Identifier: MIT
//
// ports/hermit in a kernel with the feature `smp`, on two CPUs: what of the
// port is each CPU's.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/nofault.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/smp/two_cpus.h"

namespace hermit {
namespace {

GUEST_TEST(Cpus, AreTwo) {
  GUEST_ASSERT(ProbesAreUp());
  GUEST_EXPECT_EQ(sys_get_processor_count(), kCpus);
  GUEST_EXPECT_EQ(ebpf_port_cpu_count(), kCpus);
}

constinit ebpf::Atomic<uint32_t> ids[kCpus] = {};

GUEST_TEST(Cpus, HaveTheNumbersThatTasksAreStartedOn) {
  GUEST_ASSERT(ProbesAreUp());
  for (auto& id : ids) {
    id.Store(77, ebpf::kRelaxed);
  }
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    ids[cpu].Store(ebpf_port_cpu_id(), ebpf::kRelaxed);
  }));
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    GUEST_EXPECT_EQ(ids[cpu].Load(ebpf::kRelaxed), cpu);
  }
}

GUEST_TEST(Call, RunsOnTheOtherCpu) {
  GUEST_ASSERT(ProbesAreUp());
  for (int i = 0; i < 20; ++i) {
    uint32_t id = 77;
    GUEST_EXPECT_EQ(ebpf_port_call_on_cpu(
                        1,
                        [](void* argument) {
                          *static_cast<uint32_t*>(argument) =
                              ebpf_port_cpu_id();
                        },
                        &id),
                    0);
    GUEST_EXPECT_EQ(id, 1);
  }
}

constinit ebpf::Atomic<uint32_t> expired_on[kCpus] = {};

void Expired(ebpf_timer* /*timer*/) {
  expired_on[ebpf_port_cpu_id()].FetchAdd(1, ebpf::kRelaxed);
}

constinit ebpf_timer timers[kCpus] = {{.expired = &Expired, .port = {}},
                                      {.expired = &Expired, .port = {}}};

GUEST_TEST(Timer, ExpiresOnTheCpuThatStartedIt) {
  GUEST_ASSERT(ProbesAreUp());
  for (auto& count : expired_on) {
    count.Store(0, ebpf::kRelaxed);
  }
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    LetInterruptsIn();
    bool expired = true;
    for (int i = 0; i < 10 && expired; ++i) {
      const uint32_t before = expired_on[cpu].Load(ebpf::kRelaxed);
      (void)ebpf_port_timer_start(&timers[cpu], ebpf_port_time_ns() + 1'000'000,
                                  EBPF_TIMER_THIS_CPU);
      const uint64_t until = ebpf_port_time_ns() + 2'000'000'000;
      do {
        ebpf_port_relax();
        expired = expired_on[cpu].Load(ebpf::kRelaxed) != before;
      } while (!expired && ebpf_port_time_ns() < until);
    }
  }));
  GUEST_EXPECT_EQ(expired_on[0].Load(ebpf::kRelaxed), 10);
  GUEST_EXPECT_EQ(expired_on[1].Load(ebpf::kRelaxed), 10);
}

/// Of what each CPU did, how often it went wrong.
constinit ebpf::Atomic<uint32_t> failures[kCpus] = {};

void ExpectNoFailures() {
  for (auto& count : failures) {
    GUEST_EXPECT_EQ(count.Exchange(0, ebpf::kRelaxed), 0);
  }
}

// On x86-64 with gates on stacks, of which each CPU has its own.
GUEST_TEST(NoFault, FailsAndGoesOnOnBothCpusAtOnce) {
  GUEST_ASSERT(ProbesAreUp());
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    LetInterruptsIn();
    const uintptr_t nowhere = HoleBehindTheStack();
    for (uint64_t i = 0; i < 5'000; ++i) {
      uint64_t word = 0;
      const bool hole = ebpf_port_read_nofault(&word, nowhere, sizeof(word));
      const uint64_t value = i * kCpus + cpu;
      const bool there = ebpf_port_read_nofault(
          &word, reinterpret_cast<uintptr_t>(&value), sizeof(word));
      failures[cpu].FetchAdd(hole || !there || word != value ? 1 : 0,
                             ebpf::kRelaxed);
    }
  }));
  ExpectNoFailures();
}

GUEST_TEST(ExecMemory, GivesEachPieceToOneCpu) {
  constexpr size_t kPiece = 64;
  GUEST_ASSERT(ProbesAreUp());
  GUEST_ASSERT(RunOnAll([](uintptr_t cpu) {
    LetInterruptsIn();
    for (int i = 0; i < 2'000; ++i) {
      void* const memory = ebpf_port_exec_alloc(
          kPiece, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20);
      auto* const owner = static_cast<volatile uint64_t*>(memory);
      bool mine = memory != nullptr;
      if (mine) {
        *owner = cpu + 1;
        for (int turn = 0; turn < 10 && mine; ++turn) {
          mine = *owner == cpu + 1;
        }
      }
      failures[cpu].FetchAdd(mine ? 0 : 1, ebpf::kRelaxed);
      ebpf_port_exec_free(memory, kPiece);
    }
  }));
  ExpectNoFailures();
}

}  // namespace
}  // namespace hermit
