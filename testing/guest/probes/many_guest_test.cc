// SPDX-License-Identifier: MIT
//
// Probes on hundreds of functions of the image, at once, that come and go while
// all CPUs work; one consumer stays all the time, and misses nothing that it
// does not count.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/memory/buffer.h"
#include "core/memory/vector.h"
#include "core/probes/kprobe.h"
#include "core/symbols/symbol_table.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
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
using ebpf::Span;

// Some batches of text, all over the image. (Where all that runs is probed,
// what attaches and detaches is, too, and takes its time.)
constexpr size_t kMaxFunctions = 150;
constexpr size_t kEach = 4;
constexpr uint32_t kCycles = 20;

/// Counts its hits, and those that came when none may.
class Counter final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    hits_.FetchAdd(1, ebpf::kRelaxed);
    late_.FetchAdd(attached.Load(ebpf::kRelaxed) ? 0 : 1, ebpf::kRelaxed);
  }
  uint64_t hits() const { return hits_.Load(ebpf::kRelaxed); }
  uint64_t late() const { return late_.Load(ebpf::kRelaxed); }

  ebpf::Atomic<bool> attached{true};

 private:
  ebpf::Atomic<uint64_t> hits_{0};
  ebpf::Atomic<uint64_t> late_{0};
};

/// The entries of functions that can be probed, and probes for them.
class Functions {
 public:
  Functions()
      : addresses_(ebpf::PortAllocator()), probes_(ebpf::PortAllocator()) {}

  void Find() {
    const auto table = ebpf::SymbolTable::Open(ebpf::ConstBytes(
        guest_symbols_begin,
        static_cast<size_t>(guest_symbols_end - guest_symbols_begin)));
    GUEST_ASSERT(table.ok());
    uint64_t last = 0;
    for (size_t i = 0; i < table->size(); ++i) {
      const uint64_t address = table->At(i).address;
      if (i % kEach == 0 && address != last &&
          addresses_.size() < kMaxFunctions &&
          IsOk(ebpf::CheckKprobe(address))) {
        GUEST_ASSERT(IsOk(addresses_.PushBack(address)));
      }
      last = address;
    }
    GUEST_ASSERT(IsOk(probes_.Allocate(addresses_.size())));
  }

  size_t size() const { return addresses_.size(); }
  /// As long as the result lives, there are probes.
  Span<Ref<Kprobe>> Attach(Counter& counter) {
    // Null references, as zeroed memory is.
    Span<Ref<Kprobe>> probes(
        reinterpret_cast<Ref<Kprobe>*>(probes_.span().data()), size());
    GUEST_EXPECT(IsOk(ebpf::AttachKprobes(
        Span<const uint64_t>(addresses_.begin(), size()), counter, probes)));
    return probes;
  }

 private:
  ebpf::Vector<uint64_t> addresses_;
  ebpf::Buffer<Kprobe*> probes_;
};

void Release(Span<Ref<Kprobe>> probes) {
  for (Ref<Kprobe>& probe : probes) {
    probe = Ref<Kprobe>();
  }
}

uint64_t Reads() {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    sum += WorkloadCalls(WorkloadFunction::kRead, cpu);
  }
  return sum;
}

void ComeAndGo(Functions& functions) {
  uint64_t hits = 0;
  uint32_t cycles_with_hits = 0;
  uint64_t attaching = 0;
  uint64_t detaching = 0;
  for (uint32_t cycle = 0; cycle < kCycles; ++cycle) {
    Counter passing;
    const uint64_t begin = machine::Nanoseconds();
    const Span<Ref<Kprobe>> probes = functions.Attach(passing);
    GUEST_EXPECT(IsOk(ebpf::EnableKprobes(probes)));
    attaching += machine::Nanoseconds() - begin;
    const uint64_t reads = Reads();
    for (int i = 0; i < 1000 && (passing.hits() < 100 || Reads() == reads);
         ++i) {
      YieldOrWait();
    }
    const uint64_t middle = machine::Nanoseconds();
    ebpf::DetachKprobes(probes);
    detaching += machine::Nanoseconds() - middle;
    passing.attached.Store(false, ebpf::kRelaxed);
    Release(probes);
    hits += passing.hits();
    cycles_with_hits += passing.hits() != 0 ? 1 : 0;
    GUEST_EXPECT_EQ(passing.late(), 0);
  }
  Line() << "  " << kCycles << " cycles of " << functions.size()
         << " functions under load: " << hits << " hits, "
         << attaching / kCycles / 1000 << " us to attach, "
         << detaching / kCycles / 1000 << " us to detach";
  GUEST_EXPECT(cycles_with_hits >= kCycles * 95 / 100);
}

void Storm() {
  Functions functions;
  functions.Find();
  GUEST_ASSERT(functions.size() >= 100);
  Counter staying;
  ebpf::Result<Ref<Kprobe>> probe =
      ebpf::AttachKprobe("vfs_read", 0, 0, staying);
  GUEST_ASSERT(probe.ok());
  GUEST_ASSERT(IsOk((*probe)->Enable()));
  const uint64_t before = Reads();
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  ComeAndGo(functions);
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  const uint64_t calls = Reads() - before;
  Line() << "  the one that stayed: " << staying.hits() << " hits, "
         << (*probe)->missed() << " missed, " << calls << " calls";
  GUEST_EXPECT(calls >= kCycles);
  GUEST_EXPECT_EQ(staying.hits() + (*probe)->missed(), calls);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  (*probe)->Detach();
}

/// The subsystem as far as probes need it, for the length of `body`.
void WithProbes(void (*body)()) {
  static constinit bool started = false;
  started = started || StartPort();
  GUEST_ASSERT(started);
  GUEST_ASSERT(ebpf::InitReadSections());
  GUEST_ASSERT(IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator())));
  body();
  GUEST_EXPECT(ebpf::ExitProbes());
  ebpf::ExitReadSections();
  GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
}

GUEST_TEST(ManyFunctions, ComeAndGoUnderLoad) { WithProbes(Storm); }

}  // namespace
}  // namespace guest::probes
