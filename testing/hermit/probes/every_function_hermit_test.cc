// SPDX-License-Identifier: MIT
//
// A kprobe on every function of the image that takes one, Hermit's scheduler,
// allocator and interrupt handlers and our own code among them, while Hermit
// works.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/platform/text.h"
#include "core/probes/kprobe.h"
#include "core/symbols/symbol_table.h"
#include "core/sync/read_section.h"
#include "machine/this_machine.h"
#include "ports/hermit/init.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/workload/workload.h"

namespace hermit {
namespace {

using ebpf::Kprobe;
using ebpf::Ref;

class Counter final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    hits.FetchAdd(1, ebpf::kRelaxed);
  }
  ebpf::Atomic<uint64_t> hits{0};
};

constinit Counter counter;

/// The subsystem as far as probes need it, up for the whole image.
bool ProbesAreUp() {
  static constinit bool up = false;
  if (!up) {
    up = ebpf_hermit_start_port() == 0 && ebpf::InitReadSections() &&
         IsOk(ebpf::InitProbes(ebpf::machine::ThisMachine(),
                               ebpf::PortAllocator()));
  }
  return up;
}

ebpf::Result<ebpf::SymbolTable> Table() {
  return ebpf::SymbolTable::Open(
      ebpf::ConstBytes(
          ebpf_hermit_symbols,
          static_cast<size_t>(ebpf_hermit_symbols_end - ebpf_hermit_symbols)),
      reinterpret_cast<uintptr_t>(__ehdr_start));
}

void RunWorkload() {
  StartWorkload();
  while (WorkloadRunning()) {
    sys_yield();
  }
}

/// Puts a probe at `offset` in each function that takes one there.
class Probes {
 public:
  Probes(const ebpf::SymbolTable& table, uint64_t offset) {
    auto array = ebpf::PortAllocator().NewArray<Kprobe*>(table.size());
    if (!array.ok()) {
      return;
    }
    probes_ = *array;
    for (size_t i = 0; i < table.size(); ++i) {
      const ebpf::Symbol symbol = table.At(i);
      if (offset < symbol.size) {
        Attach(i, symbol.address, offset);
      }
    }
  }
  ~Probes() {
    for (Kprobe* probe : probes_) {
      if (probe != nullptr) {
        probe->Release();
      }
    }
    ebpf::PortAllocator().DeleteArray(probes_);
  }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  uint32_t attached() const { return attached_; }
  uint32_t refused() const { return refused_; }

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

 private:
  void Attach(size_t index, uint64_t address, uint64_t offset) {
    ebpf::Result<Ref<Kprobe>> probe =
        ebpf::AttachKprobe({}, address, offset, counter);
    if (probe.ok()) {
      probes_[index] = probe->Leak();
      ++attached_;
    } else {
      ++refused_;
    }
  }

  ebpf::Span<Kprobe*> probes_;
  uint32_t attached_ = 0;
  uint32_t refused_ = 0;
};

/// One round: the workload with all these probes, and once more without.
void ProbeAt(uint64_t offset, uint32_t least_attached, uint64_t least_hits) {
  GUEST_ASSERT(ProbesAreUp());
  const ebpf::Result<ebpf::SymbolTable> table = Table();
  GUEST_ASSERT(table.ok());
  Probes probes(*table, offset);
  const uint64_t before = counter.hits.Load(ebpf::kRelaxed);
  probes.Enable();
  RunWorkload();
  probes.Detach();
  const uint64_t after = counter.hits.Load(ebpf::kRelaxed);
  guest::Line() << "  +" << offset << ": " << probes.attached()
                << " functions take a probe, " << probes.refused()
                << " do not; " << after - before << " hits";
  RunWorkload();
  GUEST_EXPECT(probes.attached() >= least_attached);
  GUEST_EXPECT(after - before >= least_hits);
  GUEST_EXPECT_EQ(counter.hits.Load(ebpf::kRelaxed), after);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

GUEST_TEST(EveryFunction, TakesAProbeAtItsEntryWhileHermitWorks) {
  ProbeAt(0, 1000, 1000);
}

GUEST_TEST(EveryFunction, TakesOneInsideWhileHermitWorks) {
  // Prologues mostly, and then what comes.
  constexpr uint64_t kOffsets[] = {4, 8, 12, 16, 24, 44, 68, 100, 140};
  // Where instructions have many sizes, most begin elsewhere.
  const uint32_t least = ebpf::StringView(kCpu) == "x86_64" ? 150 : 400;
  for (uint64_t offset : kOffsets) {
    ProbeAt(offset, least, 1000);
  }
}

}  // namespace
}  // namespace hermit
