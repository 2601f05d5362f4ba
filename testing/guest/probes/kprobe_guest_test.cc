// SPDX-License-Identifier: MIT
//
// Probes of core on live kernel functions, in every guest: hit counts equal
// calls, results do not change wherever a probe stands, and nothing is left.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/platform/symbols.h"
#include "core/probes/kprobe.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/life.h"
#include "testing/guest/probes/subjects.h"

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Status;
using ebpf::StringView;
using ebpf::machine::PtRegs;

/// Counts hits by CPU, and sums what the functions were called with.
class Counter final : public KprobeConsumer {
 public:
  void Hit(PtRegs& regs) override {
    hits_[machine::CpuId()].FetchAdd(1, ebpf::kRelaxed);
    first_arguments_.FetchAdd(Argument(regs, 0), ebpf::kRelaxed);
  }
  uint64_t hits(uint32_t cpu) const { return hits_[cpu].Load(ebpf::kRelaxed); }
  uint64_t hits() const {
    uint64_t sum = 0;
    for (const auto& hits : hits_) {
      sum += hits.Load(ebpf::kRelaxed);
    }
    return sum;
  }
  uint64_t first_arguments() const {
    return first_arguments_.Load(ebpf::kRelaxed);
  }

 private:
  ebpf::Atomic<uint64_t> hits_[kMaxCpus];
  ebpf::Atomic<uint64_t> first_arguments_{0};
};

constexpr uint64_t kArguments[][2] = {
    {0, 0},
    {1, 2},
    {7, 0x8000'0000'0000'0001},
    {15, 15},
    {0x1234'5678, 3},
    {~uint64_t{0}, 5},
    {100, 1'000'000'007},
};

struct Results {
  uint64_t values[sizeof kArguments / sizeof kArguments[0]];
  friend bool operator==(const Results&, const Results&) = default;
};

Results RunAll(const Subject& subject) {
  Results results = {};
  for (size_t i = 0; i < sizeof kArguments / sizeof kArguments[0]; ++i) {
    results.values[i] = subject.function(kArguments[i][0], kArguments[i][1]);
  }
  return results;
}

void WaitForWorkload() {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

constexpr StringView kNames[] = {"vfs_open", "vfs_read", "vfs_write"};
constexpr WorkloadFunction kFunctions[] = {
    WorkloadFunction::kOpen, WorkloadFunction::kRead, WorkloadFunction::kWrite};

GUEST_TEST(Kprobe, HitsEqualCallsOnEachCpu) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  static constinit Counter counters[3];
  ebpf::Ref<Kprobe> kprobes[3];
  uint64_t calls[3][kMaxCpus] = {};
  for (int i = 0; i < 3; ++i) {
    auto kprobe = AttachKprobe(kNames[i], 0, 0, counters[i]);
    GUEST_ASSERT(kprobe.ok());
    kprobes[i] = ebpf::Move(*kprobe);
    GUEST_ASSERT(IsOk(kprobes[i]->Enable()));
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      calls[i][cpu] = WorkloadCalls(kFunctions[i], cpu);
    }
  }
  GUEST_ASSERT(StartWorkload(200));
  WaitForWorkload();
  for (int i = 0; i < 3; ++i) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      const uint64_t now = WorkloadCalls(kFunctions[i], cpu) - calls[i][cpu];
      GUEST_EXPECT(now > 0);
      GUEST_EXPECT_EQ(counters[i].hits(cpu), now);
    }
    GUEST_EXPECT_EQ(kprobes[i]->missed(), 0);
    kprobes[i]->Detach();
  }
  const uint64_t hits = counters[0].hits();
  GUEST_ASSERT(StartWorkload(50));
  WaitForWorkload();
  GUEST_EXPECT_EQ(counters[0].hits(), hits);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

/// Attaches at one offset, runs the subject, and compares. False: no probe.
bool ProbeOffset(const Subject& subject, size_t offset, const Results& expected,
                 uint32_t* refused) {
  Counter counter;
  auto attached = AttachKprobe(subject.name, 0, offset, counter);
  if (!attached.ok()) {
    // Inside an instruction, or one that nobody can probe.
    GUEST_EXPECT(attached.status() == Status::kBadSequence ||
                 attached.status() == Status::kInvalid);
    *refused += attached.status() == Status::kInvalid ? 1 : 0;
    return false;
  }
  ebpf::Ref<Kprobe> kprobe = ebpf::Move(*attached);
  GUEST_EXPECT(IsOk(kprobe->Enable()));
  const Results probed = RunAll(subject);
  const uint64_t hits = counter.hits();
  kprobe->Detach();
  if (!(probed == expected)) {
    Line() << "wrong with a probe on " << subject.name << "+"
           << uint64_t{offset};
  }
  GUEST_EXPECT(probed == expected);
  GUEST_EXPECT(RunAll(subject) == expected);
  GUEST_EXPECT_EQ(counter.hits(), hits);
  if (offset == 0) {
    GUEST_EXPECT(hits >= sizeof kArguments / sizeof kArguments[0]);
  }
  return true;
}

GUEST_TEST(Kprobe, ResultsDoNotChangeWhereverAProbeStands) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  for (const Subject& subject : kSubjects) {
    ebpf_symbol symbol = {};
    const StringView name(subject.name);
    GUEST_ASSERT(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
    const Results expected = RunAll(subject);
    uint32_t accepted = 0;
    uint32_t refused = 0;
    for (size_t offset = 0; offset < symbol.size; ++offset) {
      accepted += ProbeOffset(subject, offset, expected, &refused) ? 1 : 0;
    }
    Line() << subject.name << ": " << symbol.size << " bytes, " << accepted
           << " instructions probed, " << refused << " refused";
    GUEST_EXPECT(accepted > 0);
  }
}

struct ManyKprobes {
  static constexpr size_t kMax = 256;
  ebpf::Ref<Kprobe> kprobes[kMax];
  size_t count = 0;
};

/// Every instruction of one function at once.
GUEST_TEST(Kprobe, ManyProbesStandInOneFunction) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  auto made = ebpf::PortAllocator().New<ManyKprobes>();
  GUEST_ASSERT(made.ok());
  ManyKprobes& many = **made;
  Counter counter;
  const Subject& subject = kSubjects[1];
  const Results expected = RunAll(subject);
  ebpf_symbol symbol = {};
  const StringView name(subject.name);
  GUEST_ASSERT(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
  for (size_t offset = 0; offset < symbol.size; ++offset) {
    auto kprobe = AttachKprobe(subject.name, 0, offset, counter);
    if (kprobe.ok() && many.count < ManyKprobes::kMax) {
      GUEST_EXPECT(IsOk((*kprobe)->Enable()));
      many.kprobes[many.count++] = ebpf::Move(*kprobe);
    }
  }
  GUEST_EXPECT(many.count > 5);
  GUEST_EXPECT(RunAll(subject) == expected);
  GUEST_EXPECT(counter.hits() > many.count);
  for (size_t i = 0; i < many.count; ++i) {
    many.kprobes[i]->Detach();
  }
  ebpf::PortAllocator().Delete(&many);
  GUEST_EXPECT(RunAll(subject) == expected);
}

/// Sets an argument, or sends the call back.
class Changer final : public KprobeConsumer {
 public:
  constexpr explicit Changer(bool send_back) : send_back_(send_back) {}
  void Hit(PtRegs& regs) override {
    if (send_back_) {
      ReturnAtOnce(regs, 4711);
    } else {
      SetArgument(regs, 1, 99);
    }
  }

 private:
  const bool send_back_;
};

GUEST_TEST(Kprobe, AConsumerMayChangeArgumentsAndWhereItGoesOn) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  const uint64_t expected = probed_loop(3, 99);
  Changer change_argument(false);
  auto first = AttachKprobe("probed_loop", 0, 0, change_argument);
  GUEST_ASSERT(first.ok());
  GUEST_ASSERT(IsOk((*first)->Enable()));
  GUEST_EXPECT_EQ(probed_loop(3, 5), expected);
  (*first)->Detach();
  Changer send_back(true);
  auto second = AttachKprobe("probed_recursion", 0, 0, send_back);
  // Only where the port's stub can set what that needs (x86-64: sp).
  GUEST_ASSERT(second.ok());
  GUEST_ASSERT(IsOk((*second)->Enable()));
  GUEST_EXPECT_EQ(probed_recursion(3, 5), 4711);
  (*second)->Detach();
}

constexpr StringView kForbidden[] = {
    "ebpf_copy_nofault", "ebpf_on_breakpoint", "ebpf_on_fault",
    "ebpf_port_cpu_id",  "ebpf_port_irq_save",
};

GUEST_TEST(Kprobe, WhatATrapRunsIsRefused) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Counter counter;
  for (StringView name : kForbidden) {
    GUEST_EXPECT(AttachKprobe(name, 0, 0, counter).status() ==
                 Status::kInvalid);
  }
  GUEST_EXPECT(AttachKprobe("no_such_function", 0, 0, counter).status() ==
               Status::kNotFound);
  GUEST_EXPECT(
      !AttachKprobe("", reinterpret_cast<uintptr_t>(&counter), 0, counter)
           .ok());
}

GUEST_TEST(Kprobe, AnAccessThatFaultsUnderAProbeIsTheKernelsToFix) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Counter counter;
  auto kprobe = AttachKprobe(kTryLoadSymbol, 0, 0, counter);
  GUEST_ASSERT(kprobe.ok());
  GUEST_ASSERT(IsOk((*kprobe)->Enable()));
  uint8_t byte = 0;
  const uint8_t there = 42;
  for (int i = 0; i < 20; ++i) {
    GUEST_EXPECT(!machine::TryLoad8(8, &byte));
    GUEST_EXPECT(machine::TryLoad8(reinterpret_cast<uintptr_t>(&there), &byte));
    GUEST_EXPECT_EQ(byte, 42);
  }
  GUEST_EXPECT_EQ(counter.hits(), 40);
  (*kprobe)->Detach();
}

GUEST_TEST(Kprobe, ComesAndGoesUnderLoad) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  uint32_t on_all_cpus = 0;
  constexpr uint32_t kCycles = 1000;
  for (uint32_t cycle = 0; cycle < kCycles; ++cycle) {
    Counter counter;
    auto kprobe = AttachKprobe(kNames[cycle % 3], 0, 0, counter);
    GUEST_ASSERT(kprobe.ok());
    GUEST_ASSERT(IsOk((*kprobe)->Enable()));
    bool all = false;
    const uint64_t until = TickCount(0) + 100;
    while (!all && TickCount(0) < until) {
      YieldOrWait();
      all = true;
      for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
        all = all && counter.hits(cpu) > 0;
      }
    }
    on_all_cpus += all ? 1 : 0;
    (*kprobe)->Detach();
    const uint64_t hits = counter.hits();
    YieldOrWait();
    GUEST_EXPECT_EQ(counter.hits(), hits);
  }
  StopWorkload();
  WaitForWorkload();
  Line() << "cycles with hits on each CPU: " << on_all_cpus << " of "
         << kCycles;
  GUEST_EXPECT(on_all_cpus * 100 >= kCycles * 95);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

}  // namespace
}  // namespace guest::probes
