// SPDX-License-Identifier: MIT
//
// A kprobe on every function of the image that takes one, the scheduler, the
// interrupt handlers, the console, the port and our own code among them, while
// all CPUs work: one by one, and all at once.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/symbols/symbol_table.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/probes/environment.h"

extern "C" {
// The blob of the second link.
extern const uint8_t guest_symbols_begin[];
extern const uint8_t guest_symbols_end[];
}

namespace guest::probes {
namespace {

using ebpf::Kprobe;
using ebpf::Ref;
using ebpf::SymbolTable;

class Counter final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    hits_.FetchAdd(1, ebpf::kRelaxed);
  }
  uint64_t hits() const { return hits_.Load(ebpf::kRelaxed); }

 private:
  ebpf::Atomic<uint64_t> hits_{0};
};

/// The subsystem as far as probes need it, for the length of a test.
class Probes {
 public:
  Probes() {
    static constinit bool started = false;
    started = started || StartPort();
    ok_ = started && ebpf::InitReadSections() &&
          IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator()));
    const auto table = SymbolTable::Open(ebpf::ConstBytes(
        guest_symbols_begin,
        static_cast<size_t>(guest_symbols_end - guest_symbols_begin)));
    ok_ = ok_ && table.ok();
    if (table.ok()) {
      table_ = *table;
    }
  }
  ~Probes() {
    ebpf::ExitProbes();
    ebpf::ExitReadSections();
    GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
  }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  bool ok() const { return ok_; }
  const SymbolTable& table() const { return table_; }

 private:
  SymbolTable table_;
  bool ok_ = false;
};

void RunWorkload(uint32_t rounds) {
  GUEST_EXPECT(StartWorkload(rounds));
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

/// Puts a probe at `offset` in each function that takes one there.
class Everywhere {
 public:
  Everywhere(const SymbolTable& table, uint64_t offset) {
    auto array = ebpf::PortAllocator().NewArray<Kprobe*>(table.size());
    if (!array.ok()) {
      return;
    }
    probes_ = *array;
    for (size_t i = 0; i < table.size(); ++i) {
      const ebpf::Symbol symbol = table.At(i);
      if (offset >= symbol.size) {
        continue;
      }
      ebpf::Result<Ref<Kprobe>> probe =
          ebpf::AttachKprobe({}, symbol.address, offset, counter_);
      if (probe.ok()) {
        probes_[i] = probe->Leak();
        ++attached_;
      }
    }
  }
  ~Everywhere() {
    for (Kprobe* probe : probes_) {
      if (probe != nullptr) {
        probe->Release();
      }
    }
    ebpf::PortAllocator().DeleteArray(probes_);
  }
  Everywhere(const Everywhere&) = delete;
  Everywhere& operator=(const Everywhere&) = delete;

  void Enable() {
    for (Kprobe* probe : probes_) {
      if (probe != nullptr) {
        GUEST_EXPECT(IsOk(probe->Enable()));
      }
    }
  }
  void Detach() {
    for (Kprobe* probe : probes_) {
      if (probe != nullptr) {
        probe->Detach();
      }
    }
  }

  uint32_t attached() const { return attached_; }
  uint64_t hits() const { return counter_.hits(); }

 private:
  Counter counter_;
  ebpf::Span<Kprobe*> probes_;
  uint32_t attached_ = 0;
};

/// One round: everything works with all these probes, and once more without.
void ProbeAt(uint64_t offset, uint32_t least_attached) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Everywhere everywhere(probes.table(), offset);
  GUEST_EXPECT(everywhere.attached() >= least_attached);
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  everywhere.Enable();
  SleepTicks(20);
  everywhere.Detach();
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  const uint64_t hits = everywhere.hits();
  Line() << "  +" << offset << ": " << everywhere.attached() << " of "
         << probes.table().size() << " functions, " << hits << " hits";
  GUEST_EXPECT(hits > everywhere.attached());
  RunWorkload(3);
  GUEST_EXPECT_EQ(everywhere.hits(), hits);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

GUEST_TEST(EveryFunction, TakesAProbeAloneWhileAllWork) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Counter counter;
  uint32_t attached = 0;
  uint32_t hit = 0;
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  for (size_t i = 0; i < probes.table().size(); ++i) {
    const ebpf::Symbol symbol = probes.table().At(i);
    ebpf::Result<Ref<Kprobe>> probe =
        ebpf::AttachKprobe({}, symbol.address, 0, counter);
    if (!probe.ok()) {
      continue;
    }
    const uint64_t before = counter.hits();
    GUEST_EXPECT(IsOk((*probe)->Enable()));
    YieldOrWait();
    (*probe)->Detach();
    ++attached;
    hit += counter.hits() != before ? 1 : 0;
  }
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  Line() << "  " << attached << " functions one by one, " << hit << " hit";
  GUEST_EXPECT(attached >= 150);
  GUEST_EXPECT(hit >= 10);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

GUEST_TEST(EveryFunction, TakesAProbeAtItsEntryWhileAllWork) {
  ProbeAt(0, 150);
}

GUEST_TEST(EveryFunction, TakesOneInsideWhileAllWork) {
  constexpr uint64_t kOffsets[] = {4, 8, 12, 16, 20, 28, 44, 68};
  for (uint64_t offset : kOffsets) {
    ProbeAt(offset, 10);
  }
}

}  // namespace
}  // namespace guest::probes
