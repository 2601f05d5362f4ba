// SPDX-License-Identifier: MIT
//
// What it costs to attach and to detach: one site again and again, with how
// long the other CPUs stand still, and a thousand functions at once.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/static_storage.h"
#include "core/probes/kprobe.h"
#include "testing/guest/bench/figures.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/probe_bench/subjects.h"

namespace guest::probe_bench {
namespace {

using bench::Report;
using bench::Samples;
using bench::Start;
using ebpf::Kprobe;
using ebpf::Ref;

class Empty final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {}
};

constexpr uint32_t kCycles = Samples::kMost;

constinit Samples attach_times;
constinit Samples detach_times;
constinit Samples standstills;

/// Another CPU that looks at its clock all the time.
struct Watch {
  ebpf::Atomic<bool> stop{false};
  ebpf::Atomic<uint64_t> longest{0};  // between two looks, since it was taken
};

void LookAtTheClock(void* argument) {
  auto& watch = *static_cast<Watch*>(argument);
  uint64_t last = machine::Nanoseconds();
  while (!watch.stop.Load(ebpf::kRelaxed)) {
    const uint64_t now = machine::Nanoseconds();
    if (now - last > watch.longest.Load(ebpf::kRelaxed)) {
      watch.longest.Store(now - last, ebpf::kRelaxed);
    }
    last = now;
  }
}

void AttachAndDetach(ebpf::KprobeConsumer& consumer, Watch& watch) {
  const auto address = reinterpret_cast<uintptr_t>(bench_many[0]);
  for (uint32_t i = 0; i < kCycles; ++i) {
    watch.longest.Store(0, ebpf::kRelaxed);
    const uint64_t begin = machine::Nanoseconds();
    auto probe = ebpf::AttachKprobe({}, address, 0, consumer);
    GUEST_ASSERT(probe.ok());
    GUEST_ASSERT(IsOk((*probe)->Enable()));
    attach_times.Add(machine::Nanoseconds() - begin);
    standstills.Add(watch.longest.Load(ebpf::kRelaxed));
    const uint64_t middle = machine::Nanoseconds();
    (*probe)->Detach();
    detach_times.Add(machine::Nanoseconds() - middle);
    SafePoint();
  }
}

GUEST_TEST(ProbeBench, OneSiteAgainAndAgain) {
  GUEST_ASSERT(Start());
  Empty empty;
  Watch watch;
  Thread* other = nullptr;
  if (OnlineCpus() > 1) {
    other = Spawn("clock", 1, LookAtTheClock, &watch);
    GUEST_ASSERT(other != nullptr);
  }
  AttachAndDetach(empty, watch);
  watch.stop.Store(true, ebpf::kRelaxed);
  attach_times.ReportAs("attach");
  detach_times.ReportAs("detach");
  if (other != nullptr) {
    Join(other);
    standstills.ReportAs("standstill");
  }
}

struct Many {
  uint64_t addresses[kManyFunctions];
  Ref<Kprobe> probes[kManyFunctions];
};
constinit ebpf::StaticStorage<Many> many_storage;

/// A function that was hit once.
class Once final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override { ++hits; }
  uint64_t hits = 0;
};

GUEST_TEST(ProbeBench, AThousandFunctionsAtOnce) {
  GUEST_ASSERT(Start());
  Many& many = many_storage.Construct();
  for (uint32_t i = 0; i < kManyFunctions; ++i) {
    many.addresses[i] = reinterpret_cast<uintptr_t>(bench_many[i]);
  }
  Once once;
  const uint64_t memory = Balance().bytes;
  const uint64_t begin = machine::Nanoseconds();
  GUEST_ASSERT(IsOk(ebpf::AttachKprobes(many.addresses, once, many.probes)));
  GUEST_ASSERT(IsOk(ebpf::EnableKprobes(many.probes)));
  const uint64_t attached = machine::Nanoseconds();
  const uint64_t bytes = Balance().bytes - memory;
  for (void (*function)() : bench_many) {
    function();
  }
  GUEST_EXPECT_EQ(once.hits, kManyFunctions);
  const uint64_t detaching = machine::Nanoseconds();
  ebpf::DetachKprobes(many.probes);
  const uint64_t detached = machine::Nanoseconds();
  many_storage.Destroy();
  Report("attach_1000", "", (attached - begin) * 100);
  Report("detach_1000", "", (detached - detaching) * 100);
  Report("bytes_per_probe", "", bytes * 100 / kManyFunctions);
}

}  // namespace
}  // namespace guest::probe_bench
