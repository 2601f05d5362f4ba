// SPDX-License-Identifier: MIT
//
// Where tasks of the other CPU will go on, which the port must know before it
// gives a slot to another probe.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/smp/two_cpus.h"

namespace hermit {
namespace {

constinit volatile bool spin_ends = false;
constinit ebpf::Atomic<bool> spins{false};

/// Some instructions, and no calls.
extern "C" [[gnu::noinline]] void SpinOnTheOtherCpu() {
  while (!spin_ends) {
  }
}

void Spin(uintptr_t /*argument*/) {
  LetInterruptsIn();
  spins.Store(true, ebpf::kRelease);
  SpinOnTheOtherCpu();
}

struct Listed {
  int in_spin = 0;
  int status = 1;
};

int ListPlaces(void* argument) {
  static_cast<Listed*>(argument)->status = ebpf_port_saved_pcs(
      [](void* self, uintptr_t pc) {
        ebpf_symbol symbol = {};
        static_cast<Listed*>(self)->in_spin +=
            ebpf_port_symbol_by_address(pc, &symbol) &&
                    symbol.address ==
                        reinterpret_cast<uintptr_t>(&SpinOnTheOtherCpu)
                ? 1
                : 0;
      },
      argument);
  return 0;
}

/// How many tasks go on in SpinOnTheOtherCpu.
int CountInSpin() {
  Listed listed;
  int result = 0;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(&ListPlaces, &listed, &result), 0);
  GUEST_EXPECT_EQ(listed.status, 0);
  return listed.in_spin;
}

/// A task of the other CPU that does so while this lives.
class Spinning {
 public:
  Spinning() {
    spin_ends = false;
    spins.Store(false, ebpf::kRelaxed);
    task_ = SpawnOn(1, &Spin, 0);
    while (task_ > 0 && !spins.Load(ebpf::kAcquire)) {
      ebpf_port_relax();
    }
    sys_usleep(20'000);  // it is in there by now
  }
  ~Spinning() {
    spin_ends = true;
    sys_join(task_);
  }
  Spinning(const Spinning&) = delete;
  Spinning& operator=(const Spinning&) = delete;

 private:
  int32_t task_ = -1;
};

GUEST_TEST(SavedPcs, TellWhereTheOtherCpuWasInterrupted) {
  GUEST_ASSERT(ProbesAreUp());
  GUEST_EXPECT_EQ(CountInSpin(), 0);
  {
    const Spinning spinning;
    // Not always at the end of somebody's sleep, when another task runs there.
    for (uint64_t i = 0; i < 60; ++i) {
      const uint64_t end = ebpf_port_time_ns() + i % 7 * 700'000;
      while (ebpf_port_time_ns() < end) {
        ebpf_port_relax();
      }
      GUEST_EXPECT_EQ(CountInSpin(), 1);
    }
  }
  GUEST_EXPECT_EQ(CountInSpin(), 0);
}

constinit ebpf::Atomic<bool> holds{false};
constinit ebpf::Atomic<bool> hold_ends{false};

/// The end of its nap takes the CPU from whoever runs there, until it is over.
void NapAndHold(uintptr_t /*argument*/) {
  LetInterruptsIn();
  sys_usleep(20'000);
  holds.Store(true, ebpf::kRelease);
  while (!hold_ends.Load(ebpf::kAcquire)) {
    ebpf_port_relax();
  }
}

GUEST_TEST(SavedPcs, TellWhereATaskThatTheOtherCpuPreemptedWillGoOn) {
  GUEST_ASSERT(ProbesAreUp());
  for (int i = 0; i < 5; ++i) {
    holds.Store(false, ebpf::kRelaxed);
    hold_ends.Store(false, ebpf::kRelaxed);
    const int32_t napper = SpawnOn(1, &NapAndHold, 0);
    GUEST_ASSERT(napper > 0);
    {
      const Spinning spinning;
      for (int turn = 0; turn < 500 && !holds.Load(ebpf::kAcquire); ++turn) {
        sys_usleep(10'000);
      }
      GUEST_EXPECT(holds.Load(ebpf::kAcquire));
      GUEST_EXPECT_EQ(CountInSpin(), 1);
      hold_ends.Store(true, ebpf::kRelease);
    }
    sys_join(napper);
  }
}

}  // namespace
}  // namespace hermit
