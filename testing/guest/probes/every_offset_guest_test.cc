// SPDX-License-Identifier: MIT
//
// A kprobe at every offset of every function of the image that takes one, while
// all CPUs work: function by function, and each that is hit then alone.
#include "core/base/atomic.h"
#include "core/base/memory.h"
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

/// At most so many probes at once: longer functions get them piece by piece.
constexpr size_t kMaxProbes = 512;
/// So many of the addresses that were hit get a probe of their own.
constexpr uint32_t kMaxAlone = 300;

/// Which of some addresses were hit.
class HitMap final : public ebpf::KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& regs) override {
    const uint64_t pc = Pc(regs);
    total_.FetchAdd(1, ebpf::kRelaxed);
    // In order, so that a search by halves finds it.
    size_t low = 0;
    size_t high = count_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      (addresses_[middle] < pc ? low : high) =
          addresses_[middle] < pc ? middle + 1 : middle;
    }
    if (low < count_ && addresses_[low] == pc) {
      hit_[low].Store(1, ebpf::kRelaxed);
    } else {
      strays_.FetchAdd(1, ebpf::kRelaxed);
    }
  }

  /// While no probe of it is enabled.
  void Reset() {
    count_ = 0;
    for (ebpf::Atomic<uint8_t>& hit : hit_) {
      hit.Store(0, ebpf::kRelaxed);
    }
  }
  void Add(uint64_t address) { addresses_[count_++] = address; }
  bool full() const { return count_ == kMaxProbes; }
  ebpf::Span<const uint64_t> addresses() const { return {addresses_, count_}; }
  bool WasHit(size_t index) const {
    return hit_[index].Load(ebpf::kRelaxed) != 0;
  }
  uint64_t total() const { return total_.Load(ebpf::kRelaxed); }
  uint64_t strays() const { return strays_.Load(ebpf::kRelaxed); }

 private:
  uint64_t addresses_[kMaxProbes] = {};
  size_t count_ = 0;
  ebpf::Atomic<uint8_t> hit_[kMaxProbes] = {};
  ebpf::Atomic<uint64_t> total_{0};
  ebpf::Atomic<uint64_t> strays_{0};
};

constinit HitMap map;

/// Places for probes: memory of a port is zero, and so is a null reference.
ebpf::Span<Ref<Kprobe>> probes;

struct Counts {
  uint32_t functions = 0;  // with a probe somewhere
  uint32_t accepted = 0;
  uint32_t refused = 0;  // offsets
  uint32_t hit = 0;
  uint32_t alone = 0;
  uint32_t alone_hit = 0;
};

/// Enables probes at all addresses of the map for a while.
void Arm(Counts& counts) {
  const size_t size = map.addresses().size();
  const ebpf::Span<Ref<Kprobe>> all(probes.data(), size);
  GUEST_ASSERT(IsOk(ebpf::AttachKprobes(map.addresses(), map, all)));
  const ebpf::Span<const Ref<Kprobe>> enabled(probes.data(), size);
  GUEST_EXPECT(IsOk(ebpf::EnableKprobes(enabled)));
  YieldOrWait();
  YieldOrWait();
  ebpf::DetachKprobes(enabled);
  for (size_t i = 0; i < size; ++i) {
    probes[i] = Ref<Kprobe>();
    counts.hit += map.WasHit(i) ? 1 : 0;
  }
  counts.accepted += static_cast<uint32_t>(size);
}

/// Those that were hit, one by one.
void ArmAlone(Counts& counts) {
  class Counter final : public ebpf::KprobeConsumer {
   public:
    void Hit(ebpf::machine::PtRegs& /*regs*/) override {
      hits.FetchAdd(1, ebpf::kRelaxed);
    }
    ebpf::Atomic<uint64_t> hits{0};
  };
  static constinit Counter counter;
  for (size_t i = 0; i < map.addresses().size(); ++i) {
    if (!map.WasHit(i) || counts.alone == kMaxAlone) {
      continue;
    }
    ebpf::Result<Ref<Kprobe>> probe =
        ebpf::AttachKprobe({}, map.addresses()[i], 0, counter);
    GUEST_ASSERT(probe.ok());
    const uint64_t before = counter.hits.Load(ebpf::kRelaxed);
    GUEST_EXPECT(IsOk((*probe)->Enable()));
    for (int turn = 0; turn < 8 && counter.hits.Load(ebpf::kRelaxed) == before;
         ++turn) {
      YieldOrWait();
    }
    (*probe)->Detach();
    ++counts.alone;
    counts.alone_hit += counter.hits.Load(ebpf::kRelaxed) != before ? 1 : 0;
  }
}

void ProbeFunction(const ebpf::Symbol& symbol, Counts& counts) {
  const uint32_t accepted = counts.accepted;
  map.Reset();
  for (uint64_t offset = 0; offset < symbol.size; ++offset) {
    if (IsOk(ebpf::CheckKprobe(symbol.address + offset))) {
      map.Add(symbol.address + offset);
    } else {
      ++counts.refused;
    }
    const bool last = offset + 1 == symbol.size;
    if (map.full() || (last && map.addresses().size() != 0)) {
      Arm(counts);
      ArmAlone(counts);
      map.Reset();
    }
  }
  counts.functions += counts.accepted != accepted ? 1 : 0;
}

GUEST_TEST(EveryOffset, OfEveryFunctionTakesAProbeWhileAllWork) {
  GUEST_ASSERT(StartPort() && ebpf::InitReadSections() &&
               IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator())));
  const auto table = SymbolTable::Open(ebpf::ConstBytes(
      guest_symbols_begin,
      static_cast<size_t>(guest_symbols_end - guest_symbols_begin)));
  GUEST_ASSERT(table.ok());
  void* const places = ebpf::PortAllocator().Allocate(
      kMaxProbes * sizeof(Ref<Kprobe>), alignof(Ref<Kprobe>));
  GUEST_ASSERT(places != nullptr);
  probes = {static_cast<Ref<Kprobe>*>(places), kMaxProbes};
  Counts counts;
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  for (size_t i = 0; i < table->size(); ++i) {
    ProbeFunction(table->At(i), counts);
  }
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  Line() << "  " << counts.functions << " functions: " << counts.accepted
         << " offsets take a probe, " << counts.refused << " do not; "
         << counts.hit << " were hit, " << map.total() << " times";
  Line() << "  " << counts.alone << " of these alone, " << counts.alone_hit
         << " hit again";
  GUEST_EXPECT(counts.functions >= 200);
  GUEST_EXPECT(counts.accepted >= 10000);
  GUEST_EXPECT(counts.hit >= 300);
  GUEST_EXPECT(counts.alone_hit >= 10);  // the rest is seldom reached
  GUEST_EXPECT_EQ(map.strays(), 0);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  ebpf::PortAllocator().Free(places, kMaxProbes * sizeof(Ref<Kprobe>),
                             alignof(Ref<Kprobe>));
  ebpf::ExitProbes();
  ebpf::ExitReadSections();
  GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
}

}  // namespace
}  // namespace guest::probes
