// SPDX-License-Identifier: MIT
//
// A kprobe at every offset of every function of the image that takes one, while
// all CPUs work: function by function, then those that were hit one by one, and
// at last all entries at once.
#include "core/base/memory.h"
#include "core/memory/allocator.h"
#include "core/platform/may_probe.h"
#include "core/platform/text.h"
#include "core/probes/kprobe.h"
#include "core/symbols/symbol_table.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/probes/effort.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/hit_map.h"
#include "testing/guest/probes/life.h"
#include "testing/guest/probes/load.h"

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
using ebpf::Status;
using ebpf::SymbolTable;

constinit HitMap map;

class Counter final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    hits_.FetchAdd(1, ebpf::kRelaxed);
  }
  uint64_t hits() const { return hits_.Load(ebpf::kRelaxed); }

 private:
  ebpf::Atomic<uint64_t> hits_{0};
};

/// Places for probes: memory of a port is zero, and so is a null reference.
class Places {
 public:
  explicit Places(size_t count) : count_(count) {
    memory_ = ebpf::PortAllocator().Allocate(count * sizeof(Ref<Kprobe>),
                                             alignof(Ref<Kprobe>));
  }
  ~Places() {
    if (memory_ != nullptr) {
      ebpf::PortAllocator().Free(memory_, count_ * sizeof(Ref<Kprobe>),
                                 alignof(Ref<Kprobe>));
    }
  }
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  bool ok() const { return memory_ != nullptr; }
  Span<Ref<Kprobe>> First(size_t count) {
    return {static_cast<Ref<Kprobe>*>(memory_), count};
  }

 private:
  const size_t count_;
  void* memory_;
};

/// Again while a CPU does not come to the change of text.
Status EnableAll(Span<const Ref<Kprobe>> probes) {
  Status status = ebpf::EnableKprobes(probes);
  for (int i = 0; status == Status::kBusy && i < 20; ++i) {
    status = ebpf::EnableKprobes(probes);
  }
  return status;
}

void Release(Span<Ref<Kprobe>> probes) {
  ebpf::DetachKprobes(probes);
  for (Ref<Kprobe>& probe : probes) {
    probe = Ref<Kprobe>();
  }
}

/// Lets the load do all that it does, from its beginning.
void LetWork(const Load& load) {
  const uint64_t end = machine::Nanoseconds() + kEffort.patience_ns;
  const uint64_t turns = load.turns() + 2;
  while (load.turns() < turns && machine::Nanoseconds() < end) {
    YieldOrWait();
  }
}

struct Counts {
  uint32_t functions = 0;  // with a probe somewhere
  uint32_t run = 0;        // that the load reaches
  // Offsets.
  uint32_t accepted = 0;
  uint32_t inside = 0;      // of an instruction
  uint32_t forbidden = 0;   // functions and places
  uint32_t impossible = 0;  // instructions
  uint32_t hit = 0;
  uint32_t alone = 0;
  uint32_t alone_hit = 0;
};

/// Every offset of every function.
class Walk {
 public:
  Walk(const Load& load, Places& places) : load_(load), places_(places) {}

  void Probe(const ebpf::Symbol& symbol) {
    const uint32_t accepted = counts_.accepted;
    const uint32_t hit = counts_.hit;
    map.Reset();
    for (uint64_t offset = 0; offset < symbol.size; ++offset) {
      Look(symbol.address + offset);
      if (map.full() || (offset + 1 == symbol.size && !map.empty())) {
        ArmTogether();
        ArmAlone();
        map.Reset();
      }
    }
    counts_.functions += counts_.accepted != accepted ? 1 : 0;
    counts_.run += counts_.hit != hit ? 1 : 0;
    was_run_ = counts_.hit != hit || counts_.accepted == accepted;
  }

  const Counts& counts() const { return counts_; }
  /// Whether the last function was, or takes no probe.
  bool was_run() const { return was_run_; }

 private:
  void Look(uint64_t address) {
    const Status status = ebpf::CheckKprobe(address);
    if (IsOk(status)) {
      map.Add(address);
    } else if (status == Status::kBadSequence) {
      ++counts_.inside;
    } else if (!ebpf::MayProbe(address, 1)) {
      ++counts_.forbidden;
    } else {
      ++counts_.impossible;
    }
  }

  void ArmTogether() {
    const Span<Ref<Kprobe>> probes = places_.First(map.addresses().size());
    GUEST_ASSERT(IsOk(ebpf::AttachKprobes(map.addresses(), map, probes)));
    GUEST_EXPECT(IsOk(EnableAll(probes)));
    LetWork(load_);
    Release(probes);
    for (size_t i = 0; i < map.addresses().size(); ++i) {
      counts_.hit += map.WasHit(i) ? 1 : 0;
    }
    counts_.accepted += static_cast<uint32_t>(map.addresses().size());
  }

  void ArmAlone() {
    for (size_t i = 0; i < map.addresses().size(); ++i) {
      if (!map.WasHit(i) || seen_++ % kEffort.each_alone != 0) {
        continue;
      }
      Counter counter;
      const Span<Ref<Kprobe>> probe = places_.First(1);
      GUEST_ASSERT(
          IsOk(ebpf::AttachKprobes({&map.addresses()[i], 1}, counter, probe)));
      GUEST_EXPECT(IsOk(EnableAll(probe)));
      const uint64_t end = machine::Nanoseconds() + kEffort.patience_ns;
      while (counter.hits() == 0 && machine::Nanoseconds() < end) {
        YieldOrWait();
      }
      Release(probe);
      ++counts_.alone;
      counts_.alone_hit += counter.hits() != 0 ? 1 : 0;
    }
  }

  const Load& load_;
  Places& places_;
  Counts counts_;
  uint32_t seen_ = 0;
  bool was_run_ = false;
};

void PrintName(const SymbolTable& table, size_t index) {
  char name[100];
  const size_t size = table.CopyName(index, {name, sizeof name});
  Line() << "  not run: "
         << ebpf::StringView(name, ebpf::Min(size, sizeof name));
}

void Check(const Counts& counts) {
  Line() << "  " << counts.functions << " functions: " << counts.accepted
         << " offsets take a probe, " << counts.inside
         << " are inside of an instruction, " << counts.forbidden
         << " in forbidden code, " << counts.impossible
         << " instructions that take none";
  Line() << "  " << counts.run << " functions were run, " << counts.hit
         << " offsets hit, " << map.total() << " times; " << counts.alone
         << " of these alone, " << counts.alone_hit << " hit again";
  GUEST_EXPECT(counts.functions >= kEffort.functions);
  GUEST_EXPECT(counts.accepted >= counts.functions * 20);
  GUEST_EXPECT(counts.run * 100 >= counts.functions * kEffort.run);
  GUEST_EXPECT(counts.hit * 100 >= counts.accepted * kEffort.hit);
  // A place that is seldom reached may not be in time.
  GUEST_EXPECT(counts.alone_hit * 100 >= counts.alone * kEffort.alone_hit);
  GUEST_EXPECT_EQ(map.strays(), 0);
}

void WalkAll(const SymbolTable& table) {
  Load load(kEffort.load_attaches);
  Places places(HitMap::kMaxProbes);
  GUEST_ASSERT(places.ok() && load.Start());
  Walk walk(load, places);
  for (size_t i = 0; i < table.size(); i += kEffort.each_function) {
    walk.Probe(table.At(i));
    if (i % 100 == 0) {
      Line() << "  at function " << i << " of " << table.size();
    }
    if (!walk.was_run() && kEffort.each_alone == 1) {
      PrintName(table, i);
    }
  }
  load.Stop();
  Line() << "  " << load.turns() << " turns of the load";
  Check(walk.counts());
  GUEST_EXPECT_EQ(load.errors(), 0);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

SymbolTable OwnSymbols() {
  const auto table = SymbolTable::Open(ebpf::ConstBytes(
      guest_symbols_begin,
      static_cast<size_t>(guest_symbols_end - guest_symbols_begin)));
  GUEST_EXPECT(table.ok());
  return table.ok() ? *table : SymbolTable();
}

GUEST_TEST(EveryOffset, OfEveryFunctionTakesAProbeWhileAllWork) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  WalkAll(OwnSymbols());
}

/// At each function's first instruction, once.
void ProbeAllEntries(const SymbolTable& table, Load& load) {
  Places places(table.size());
  auto addresses = ebpf::PortAllocator().NewArray<uint64_t>(table.size());
  GUEST_ASSERT(places.ok() && addresses.ok());
  size_t count = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    const uint64_t address = table.At(i).address;
    if ((count == 0 || (*addresses)[count - 1] != address) &&
        IsOk(ebpf::CheckKprobe(address))) {
      (*addresses)[count++] = address;
    }
  }
  Counter counter;
  const Span<Ref<Kprobe>> probes = places.First(count);
  const Span<const uint64_t> all((*addresses).data(), count);
  GUEST_EXPECT(IsOk(ebpf::AttachKprobes(all, counter, probes)));
  GUEST_EXPECT(load.Start());
  GUEST_EXPECT(IsOk(EnableAll(probes)));
  LetWork(load);
  ebpf::DetachKprobes(probes);
  load.Stop();
  uint64_t missed = 0;
  for (const Ref<Kprobe>& probe : probes) {
    missed += probe ? probe->missed() : 0;
  }
  Line() << "  all entries at once: " << count << ", " << counter.hits()
         << " hits, " << missed << " missed, " << load.turns()
         << " turns of the load";
  GUEST_EXPECT(counter.hits() > count);
  Release(probes);
  ebpf::PortAllocator().DeleteArray(*addresses);
}

GUEST_TEST(EveryOffset, AllEntriesAtOnceWhileAllWork) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Load load(kEffort.load_attaches);
  ProbeAllEntries(OwnSymbols(), load);
  GUEST_EXPECT_EQ(load.errors(), 0);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

}  // namespace
}  // namespace guest::probes
