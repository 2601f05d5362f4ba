// SPDX-License-Identifier: MIT
//
// Probes on many functions at once.
#include "core/platform/text.h"
#include "core/probes/many_functions_test_util.h"
#include "core/probes/probe_site.h"
#include "core/probes/text_patch.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_rendezvous.h"

namespace ebpf {
namespace {

class KprobeManyTest : public KprobeTest {
 protected:
  KprobeManyTest() {
    KeepASlotPage();
    own_blocks_ = allocator_.outstanding_blocks();
    own_bytes_ = allocator_.outstanding_bytes();
  }

  /// What of the registry's own is there without probes.
  uint64_t own_blocks_;
  uint64_t own_bytes_;
};

// What a plain probe takes: its site, which holds the plan, the probe, a slot,
// and its part of a table that is at most twice as large as it need be.
static_assert(sizeof(ProbeSite) + sizeof(Kprobe) + machine::kMaxSlotSize +
                  2 * sizeof(Atomic<ProbeSite*>) <=
              256);

TEST_F(KprobeManyTest, AllAreHitAndTheirTextChangesInFewRendezvous) {
  for (const size_t count : {1, 31, 32, 33, 1000, 10000}) {
    const ManyFunctions functions(count);
    std::vector<Ref<Kprobe>> probes(count);
    Counter counter;
    const uint64_t calls = allocator_.calls();
    ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
              Status::kOk);
    // A site and a probe each, a page of slots for each 128 of the half.
    EXPECT_LE(allocator_.calls() - calls, 2 * count + count / 256 + 2);
    EXPECT_TRUE(functions.IsOriginal());

    const uint64_t before = HostRendezvousCount();
    ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
    const size_t patches = count + count / 2;
    EXPECT_LE(HostRendezvousCount() - before,
              patches / (kMaxTextPatches - 1) + 1);
    EXPECT_EQ(functions.CallAll(), count);
    EXPECT_EQ(counter.hits, count);

    DisableKprobes(SpanOf(probes));
    EXPECT_TRUE(functions.IsOriginal());
    ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
    const uint64_t enabled = HostRendezvousCount();
    DetachKprobes(SpanOf(probes));
    EXPECT_LE(HostRendezvousCount() - enabled, count / kMaxTextPatches + 3);
    EXPECT_TRUE(functions.IsOriginal());
    EXPECT_EQ(functions.CallAll(), count);
    EXPECT_EQ(counter.hits, count);
    const uint64_t detached = HostRendezvousCount();
    probes.clear();
    EXPECT_EQ(HostRendezvousCount(), detached);
    EXPECT_EQ(allocator_.outstanding_blocks(), own_blocks_);
    EXPECT_EQ(allocator_.outstanding_bytes(), own_bytes_);
  }
}

TEST_F(KprobeManyTest, AProbeTakesTheMemoryThatIsPromised) {
  for (const bool detours : {false, true}) {
    SetHostDetours(detours);
    const ManyFunctions functions(8192);  // all of the table
    std::vector<Ref<Kprobe>> probes(functions.size());
    Counter counter;
    ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
              Status::kOk);
    ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
    const uint64_t bytes =
        allocator_.outstanding_bytes() - own_bytes_ + HostExecBytes();
    printf("%llu bytes for each of %zu probes, %s with a slot\n",
           static_cast<unsigned long long>(bytes / functions.size()),
           functions.size(), detours ? "each" : "every second");
    EXPECT_LE(bytes, 256 * functions.size());
    const uint64_t breakpoints = HostBreakpointCount();
    EXPECT_EQ(functions.CallAll(), functions.size());
    EXPECT_EQ(HostBreakpointCount() - breakpoints,
              detours ? 0 : functions.size());
    DetachKprobes(SpanOf(probes));
  }
  SetHostDetours(false);
}

TEST_F(KprobeManyTest, WhatCanBeProbedIsSaidBeforehand) {
  const ManyFunctions functions(2);
  const uint64_t first = functions.addresses()[0];
  Counter counter;
  ClearHostLog();
  EXPECT_EQ(CheckKprobe(first), Status::kOk);
  EXPECT_EQ(CheckKprobe(first + 2), Status::kBadSequence);
  EXPECT_EQ(CheckKprobe(first + sizeof(kAdd)), Status::kNotFound);
  EXPECT_EQ(CheckKprobe(16), Status::kNotFound);
  EXPECT_EQ(CheckKprobe(reinterpret_cast<uint64_t>(&OnBreakpoint)),
            Status::kInvalid);
  EXPECT_EQ(HostLog(), "");
  const Ref<Kprobe> probe = Attach("many_0", 0, counter);
  EXPECT_EQ(CheckKprobe(first), Status::kOk);
  EXPECT_EQ(CheckKprobe(first + 1), Status::kOk);
}

TEST_F(KprobeManyTest, AttachingIsAllOrNone) {
  const ManyFunctions functions(100);
  std::vector<uint64_t> addresses(functions.addresses().begin(),
                                  functions.addresses().end());
  for (const size_t bad : {0, 50, 99}) {
    std::vector<uint64_t> some = addresses;
    some[bad] += 2;  // inside the second, or the first, instruction
    std::vector<Ref<Kprobe>> probes(some.size());
    Counter counter;
    EXPECT_EQ(AttachKprobes(Span<const uint64_t>(some.data(), some.size()),
                            counter, SpanOf(probes)),
              Status::kBadSequence);
    for (const Ref<Kprobe>& probe : probes) {
      EXPECT_FALSE(probe);
    }
    EXPECT_EQ(allocator_.outstanding_blocks(), own_blocks_);
    EXPECT_EQ(HostExecBytes(), 4096u);
  }
  EXPECT_TRUE(functions.IsOriginal());
}

TEST_F(KprobeManyTest, AWriteThatFailsAnywhereTakesAllBack) {
  const ManyFunctions functions(100);
  std::vector<Ref<Kprobe>> probes(functions.size());
  Counter counter;
  ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
            Status::kOk);
  // A hundred breakpoints and fifty slots, in five rendezvous.
  for (const uint64_t n : {1, 2, 31, 32, 33, 70, 120}) {
    // Slots that were written once stay: each time from anew.
    for (Ref<Kprobe>& probe : probes) {
      probe->Detach();
      probe = Ref<Kprobe>();
    }
    ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
              Status::kOk);
    FailNthTextWrite(n);
    EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kIo) << n;
    FailNthTextWrite(0);
    EXPECT_TRUE(functions.IsOriginal()) << n;
    for (const Ref<Kprobe>& probe : probes) {
      EXPECT_FALSE(probe->enabled());
    }
    EXPECT_EQ(functions.CallAll(), functions.size());
    EXPECT_EQ(counter.hits, 0u);
  }
  EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
  EXPECT_EQ(functions.CallAll(), functions.size());
  EXPECT_EQ(counter.hits, functions.size());
}

TEST_F(KprobeManyTest, ABreakpointThatCannotBeTakenBackIsNotForgotten) {
  const ManyFunctions functions(14);
  std::vector<Ref<Kprobe>> probes(functions.size());
  Counter counter;
  for (const uint64_t n : {2, 4, 7, 10}) {
    ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
              Status::kOk);
    FailTextWritesFrom(n);
    EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kIo) << n;
    EXPECT_FALSE(functions.IsOriginal()) << n;
    EXPECT_EQ(functions.CallAll(), functions.size());
    DetachKprobes(SpanOf(probes));
    EXPECT_EQ(functions.CallAll(), functions.size());
    EXPECT_EQ(counter.hits, 0u);

    FailNthTextWrite(0);
    Attach("many_0", 0, counter)->Detach();
    EXPECT_TRUE(functions.IsOriginal()) << n;
    EXPECT_EQ(functions.CallAll(), functions.size());
    for (Ref<Kprobe>& probe : probes) {
      probe = Ref<Kprobe>();
    }
    EXPECT_EQ(allocator_.outstanding_blocks(), own_blocks_);
  }
}

TEST_F(KprobeManyTest, WhatWasEnabledBeforeStaysSoWhenMoreFails) {
  const ManyFunctions functions(40);
  std::vector<Ref<Kprobe>> probes(functions.size());
  Counter counter;
  Counter other;
  Ref<Kprobe> single = Attach("many_1", 0, other);
  ASSERT_EQ(single->Enable(), Status::kOk);
  ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
            Status::kOk);
  ASSERT_EQ(probes[0]->Enable(), Status::kOk);
  FailNthTextWrite(40);
  EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kIo);
  EXPECT_TRUE(probes[0]->enabled());
  EXPECT_FALSE(probes[1]->enabled());
  EXPECT_EQ(functions.CallAll(), functions.size());
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(other.hits, 1u);
  EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
  DetachKprobes(SpanOf(probes));
  EXPECT_EQ(functions.CallAll(), functions.size());
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(other.hits, 2u);
}

TEST_F(KprobeManyTest, ACpuThatStopsComingInTheMiddleHidesNothing) {
  const ManyFunctions functions(1000);
  std::vector<Ref<Kprobe>> probes(functions.size());
  Counter counter;
  for (const uint64_t n : {1, 2, 40}) {
    ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
              Status::kOk);
    FailRendezvousFrom(n);
    const uint64_t timeouts = HostRendezvousTimeouts();
    EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kBusy);
    // One for the enabling and one for the taking back, not one for each batch.
    EXPECT_LE(HostRendezvousTimeouts() - timeouts, 2u);
    EXPECT_EQ(functions.IsOriginal(), n == 1);
    EXPECT_EQ(functions.CallAll(), functions.size());
    DetachKprobes(SpanOf(probes));
    EXPECT_LE(HostRendezvousTimeouts() - timeouts, 5u);
    EXPECT_EQ(functions.CallAll(), functions.size());
    EXPECT_EQ(counter.hits, 0u);
    FailRendezvousFrom(0);

    // What could not be taken away goes with whatever is detached next.
    Attach("many_0", 0, counter)->Detach();
    EXPECT_TRUE(functions.IsOriginal());
    EXPECT_EQ(functions.CallAll(), functions.size());
    EXPECT_EQ(counter.hits, 0u);
    for (Ref<Kprobe>& probe : probes) {
      probe = Ref<Kprobe>();
    }
    EXPECT_EQ(allocator_.outstanding_blocks(), own_blocks_);
  }
}

TEST_F(KprobeManyTest, OneThatSomebodyChangedDoesNotKeepTheOthers) {
  const ManyFunctions functions(64);
  std::vector<Ref<Kprobe>> probes(functions.size());
  Counter counter;
  ASSERT_EQ(AttachKprobes(functions.addresses(), counter, SpanOf(probes)),
            Status::kOk);
  ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
  struct Change {
    uint64_t address;
    uint8_t byte;
    static int Write(void* argument) {
      auto* change = static_cast<Change*>(argument);
      return ebpf_port_text_write(change->address, &change->byte, 1);
    }
  } change = {functions.addresses()[8], 0x53};
  int result = -1;
  ASSERT_EQ(ebpf_port_stop_machine(Change::Write, &change, &result), 0);
  DetachKprobes(SpanOf(probes));
  EXPECT_FALSE(functions.IsOriginal());
  // Nobody is told that there is a breakpoint.
  EXPECT_EQ(Attach("many_8", 0, counter)->Enable(), Status::kIo);
  change.byte = 0x55;
  ASSERT_EQ(ebpf_port_stop_machine(Change::Write, &change, &result), 0);
  EXPECT_TRUE(functions.IsOriginal());
  Ref<Kprobe> again = Attach("many_8", 0, counter);
  EXPECT_EQ(again->Enable(), Status::kOk);
  EXPECT_EQ(functions.CallAll(), functions.size());
  EXPECT_EQ(counter.hits, 1u);
  change.byte = 0x53;
  ASSERT_EQ(ebpf_port_stop_machine(Change::Write, &change, &result), 0);
  again->Detach();
  EXPECT_FALSE(functions.IsOriginal());

  // The site waits for its breakpoint's return.
  change.byte = 0xcc;
  ASSERT_EQ(ebpf_port_stop_machine(Change::Write, &change, &result), 0);
  Attach("many_0", 0, counter)->Detach();
  EXPECT_TRUE(functions.IsOriginal());
}

TEST_F(KprobeManyTest, AnAddressThatIsNamedTwiceIsHitTwice) {
  const ManyFunctions functions(1);
  const uint64_t addresses[] = {functions.addresses()[0],
                                functions.addresses()[0]};
  std::vector<Ref<Kprobe>> probes(2);
  Counter counter;
  ASSERT_EQ(AttachKprobes(addresses, counter, SpanOf(probes)), Status::kOk);
  ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
  EXPECT_EQ(functions.CallAll(), 1u);
  EXPECT_EQ(counter.hits, 2u);
  DetachKprobes(SpanOf(probes));
  EXPECT_TRUE(functions.IsOriginal());
  EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kInvalid);
}

TEST_F(KprobeManyTest, EachAllocationFailedLeavesAllAsBefore) {
  ExitProbes();
  const ManyFunctions functions(1500);  // the table grows
  const ManyFunctions few(6);
  for (const ManyFunctions* subject : {&few, &functions}) {
    // Of many each allocation is like another: a step is taken.
    const uint64_t step = subject->size() > 100 ? 97 : 1;
    bool failed = true;
    for (uint64_t n = 1; failed; n += step) {
      FailingAllocator failing(n);
      if (!IsOk(InitProbes(HostMachineOps(), failing))) {
        continue;
      }
      const uint64_t own = failing.outstanding_blocks();
      std::vector<Ref<Kprobe>> probes(subject->size());
      Counter counter;
      const Status status =
          AttachKprobes(subject->addresses(), counter, SpanOf(probes));
      if (!IsOk(status)) {
        EXPECT_EQ(status, Status::kNoMemory);
        EXPECT_LE(HostExecBytes(), 4096u);  // a page may stay
        EXPECT_EQ(failing.outstanding_blocks(), own + HostExecBytes() / 4096);
        EXPECT_EQ(EnableKprobes(SpanOf(probes).First(0)), Status::kOk);
      } else {
        EXPECT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
        EXPECT_EQ(subject->CallAll(), subject->size());
        EXPECT_EQ(counter.hits, subject->size());
        DetachKprobes(SpanOf(probes));
      }
      EXPECT_TRUE(subject->IsOriginal());
      failed = failing.failed();
      probes.clear();
      EXPECT_TRUE(ExitProbes());
    }
  }
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
}

}  // namespace
}  // namespace ebpf
