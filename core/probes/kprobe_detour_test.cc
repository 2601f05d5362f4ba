// SPDX-License-Identifier: MIT
//
// Jumps in place of breakpoints that cover several instructions: when they are
// written, what they do, and when they go.
#include <cstring>

#include "core/machine/function_entry.h"
#include "core/platform/cpu.h"
#include "core/probes/kprobe.h"
#include "core/probes/many_functions_test_util.h"
#include "core/probes/probe_list.h"
#include "core/probes/probe_site.h"
#include "core/probes/text_patch.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::RegsOf;

constexpr uint8_t kJump = 0xe9;
constexpr uint8_t kInt3 = 0xcc;
/// push, mov and lea of kAdd.
constexpr uint64_t kAddWindow = 8;

class KprobeDetourTest : public KprobeTest {
 protected:
  ~KprobeDetourTest() override { SetHostPreemptedPc(0); }

  uint8_t FirstByte() const { return text_.bytes()[0]; }
  bool IsOriginal() const { return EqualBytes(text_.bytes(), kAdd); }
  uint64_t Add(uint64_t a, uint64_t b) { return text_.As<Function>()(a, b); }

  /// An enabled probe on the first instruction.
  Ref<Kprobe> Probe() {
    Ref<Kprobe> probe = Attach("add", 0, counter_);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    return probe;
  }

  struct Detours {
    Detours() { SetHostDetours(true); }
    ~Detours() { SetHostDetours(false); }
  } detours_;
  HostText text_{"add", kAdd};
  Counter counter_;
};

TEST_F(KprobeDetourTest, TakesNoTrapAndGivesItsConsumersTheRegisters) {
  {
    const Ref<Kprobe> probe = Probe();
    EXPECT_EQ(FirstByte(), kJump);
    const uint64_t before = HostBreakpointCount();
    EXPECT_EQ(Add(6, 7), 13u);
    EXPECT_EQ(HostBreakpointCount(), before);
    EXPECT_EQ(counter_.hits, 1u);
    EXPECT_EQ(counter_.rdi, 6u);
    EXPECT_EQ(counter_.rip, text_.address());
    ProbeInfo info;
    ASSERT_EQ(ListProbes({}, {&info, 1}), 1u);
    EXPECT_TRUE(info.optimized);

    probe->Disable();
    EXPECT_TRUE(IsOriginal());
    EXPECT_EQ(Add(6, 7), 13u);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    EXPECT_EQ(FirstByte(), kJump);
    EXPECT_EQ(Add(6, 7), 13u);
    EXPECT_EQ(counter_.hits, 2u);
  }
  EXPECT_TRUE(IsOriginal());
}

TEST_F(KprobeDetourTest, AConsumerMayChangeRegistersAndWhereToGoOn) {
  struct Changer final : KprobeConsumer {
    void Hit(machine::PtRegs& opaque) override {
      x86_64::PtRegs& regs = RegsOf(opaque);
      seen = regs;
      regs.rdi = 10;
      regs.rsi = 20;
      if (at_once) {
        machine::ReturnAtOnce(opaque, 77);
      } else if (returned) {
        regs.rip = *reinterpret_cast<const uint64_t*>(regs.rsp);
        regs.rsp += sizeof(uint64_t);
        regs.rax = 78;
      }
    }
    x86_64::PtRegs seen{};
    bool at_once = false;
    bool returned = false;
  } changer;
  const Ref<Kprobe> probe = Attach("add", 0, changer);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  ASSERT_EQ(FirstByte(), kJump);
  EXPECT_EQ(Add(6, 7), 30u);
  EXPECT_EQ(changer.seen.rsi, 7u);
  EXPECT_EQ(changer.seen.orig_rax, ~uint64_t{0});
  EXPECT_NE(changer.seen.rflags & x86_64::kFlagInterrupt, 0u);
  changer.at_once = true;
  EXPECT_EQ(Add(6, 7), 77u);
  changer.at_once = false;
  changer.returned = true;
  EXPECT_EQ(Add(6, 7), 78u);
}

TEST_F(KprobeDetourTest, InterruptsAreAfterAHitAsBefore) {
  struct Watcher final : KprobeConsumer {
    void Hit(machine::PtRegs& regs) override {
      on_before = (RegsOf(regs).rflags & x86_64::kFlagInterrupt) != 0;
      on_within = !HostIrqsMasked();
    }
    bool on_before = false;
    bool on_within = true;
  } watcher;
  const Ref<Kprobe> probe = Attach("add", 0, watcher);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_TRUE(watcher.on_before);
  EXPECT_FALSE(watcher.on_within);
  EXPECT_FALSE(HostIrqsMasked());
  const uintptr_t state = ebpf_port_irq_save();
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_FALSE(watcher.on_before);
  EXPECT_TRUE(HostIrqsMasked());
  ebpf_port_irq_restore(state);
  EXPECT_FALSE(HostIrqsMasked());
}

TEST_F(KprobeDetourTest, WaitsUntilNobodyIsInsideOfTheWindow) {
  for (uint64_t inside = 1; inside < kAddWindow; ++inside) {
    SetHostPreemptedPc(text_.address() + inside);
    Ref<Kprobe> probe = Probe();
    EXPECT_EQ(FirstByte(), kInt3) << inside;
    EXPECT_EQ(Add(6, 7), 13u);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    EXPECT_EQ(FirstByte(), kInt3) << inside;
    SetHostPreemptedPc(0);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    EXPECT_EQ(FirstByte(), kJump) << inside;
    EXPECT_EQ(Add(6, 7), 13u);
    probe->Detach();
    EXPECT_TRUE(IsOriginal());
  }
  EXPECT_EQ(counter_.hits, 2 * (kAddWindow - 1));
  for (const uint64_t outside : {uint64_t{0}, kAddWindow}) {
    SetHostPreemptedPc(text_.address() + outside);
    const Ref<Kprobe> probe = Probe();
    EXPECT_EQ(FirstByte(), kJump) << outside;
  }
}

TEST_F(KprobeDetourTest, NorDoesAnybodyComeThereFromASlot) {
  Ref<Kprobe> probe = Probe();
  int32_t distance = 0;
  memcpy(&distance, text_.bytes().data() + 1, sizeof(distance));
  const uint64_t slot = text_.address() + 5 + distance;
  ASSERT_EQ(OriginalPc(slot), text_.address());
  SetHostPreemptedPc(slot + 8);  // at the first of the copies
  probe->Detach();
  probe = Probe();
  EXPECT_EQ(FirstByte(), kJump);  // it comes back behind this one's window
  probe->Detach();
  probe = Attach("add", kAddLea, counter_);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(text_.bytes()[kAddLea], kInt3);
  SetHostPreemptedPc(0);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(text_.bytes()[kAddLea], kJump);
  EXPECT_EQ(Add(6, 7), 13u);
  probe->Detach();

  // On its way into any slot.
  SetHostPreemptedPc(reinterpret_cast<uintptr_t>(machine_detour_text.begin));
  probe = Probe();
  EXPECT_EQ(FirstByte(), kInt3);
}

TEST_F(KprobeDetourTest, WithoutTheLookItWouldBeWrittenOverWhoIsInside) {
  SetHostPreemptedPc(text_.address() + 1);
  ListHostSavedPcs(false);
  const Ref<Kprobe> probe = Probe();
  EXPECT_EQ(FirstByte(), kJump);
  ListHostSavedPcs(true);
}

TEST_F(KprobeDetourTest, WhatWaitedIsTriedAgainWhenOthersComeAndGo) {
  const HostText other("multiply", kMultiply);
  SetHostPreemptedPc(text_.address() + 1);
  const Ref<Kprobe> probe = Probe();
  Ref<Kprobe> coming = Attach("multiply", 0, counter_);
  EXPECT_EQ(coming->Enable(), Status::kOk);
  EXPECT_EQ(FirstByte(), kInt3);
  SetHostPreemptedPc(0);
  coming->Detach();
  EXPECT_EQ(FirstByte(), kJump);
  EXPECT_EQ(Add(6, 7), 13u);
}

TEST_F(KprobeDetourTest, AProbeInsideTakesTheJumpBackForGood) {
  const Ref<Kprobe> first = Probe();
  ASSERT_EQ(FirstByte(), kJump);
  Counter inner_counter;
  Ref<Kprobe> inner = Attach("add", kAddLea, inner_counter);
  EXPECT_EQ(FirstByte(), kInt3);
  ASSERT_EQ(inner->Enable(), Status::kOk);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_EQ(counter_.hits, 1u);
  EXPECT_EQ(inner_counter.hits, 1u);
  inner->Detach();
  inner = Ref<Kprobe>();
  EXPECT_EQ(first->Enable(), Status::kOk);
  EXPECT_EQ(FirstByte(), kInt3);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_EQ(counter_.hits, 2u);
}

TEST_F(KprobeDetourTest, NoJumpCoversAPlaceWithAProbe) {
  Counter inner_counter;
  const Ref<Kprobe> inner = Attach("add", kAddLea, inner_counter);
  {
    const Ref<Kprobe> first = Probe();
    EXPECT_EQ(FirstByte(), kInt3);
  }
  // Though what is behind it may have one.
  ASSERT_EQ(inner->Enable(), Status::kOk);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_EQ(inner_counter.hits, 1u);
}

TEST_F(KprobeDetourTest, WhereTheJumpCannotBeTakenBackThereIsNoProbeInside) {
  const Ref<Kprobe> first = Probe();
  Counter inner_counter;
  FailRendezvousFrom(1);
  EXPECT_EQ(AttachKprobe("add", 0, kAddLea, inner_counter).status(),
            Status::kBusy);
  FailRendezvousFrom(0);
  EXPECT_EQ(FirstByte(), kJump);
  EXPECT_EQ(Add(6, 7), 13u);
  FailNthTextWrite(1);
  EXPECT_EQ(AttachKprobe("add", 0, kAddLea, inner_counter).status(),
            Status::kIo);
  EXPECT_EQ(FirstByte(), kJump);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_EQ(counter_.hits, 2u);
}

TEST_F(KprobeDetourTest, NoJumpCoversWhereAnotherFunctionBegins) {
  AddHostSymbol("inside", text_.address() + kAddMove, kAddWindow - kAddMove);
  {
    const Ref<Kprobe> probe = Probe();
    EXPECT_EQ(FirstByte(), kInt3);
  }
  RemoveHostSymbol(text_.address() + kAddMove);
}

TEST_F(KprobeDetourTest, NoJumpStandsInAFunctionThatHasAPartElsewhere) {
  const HostText cold("add.cold", kMultiply);
  const Ref<Kprobe> probe = Probe();
  EXPECT_EQ(FirstByte(), kInt3);
}

TEST_F(KprobeDetourTest, TheBreakpointStaysWhereTheJumpCannotBeWritten) {
  for (const bool cpu_fails : {true, false}) {
    Ref<Kprobe> probe = Attach("add", 0, counter_);
    if (cpu_fails) {
      FailRendezvousFrom(2);
    } else {
      FailNthTextWrite(3);  // behind slot and breakpoint
    }
    EXPECT_EQ(probe->Enable(), Status::kOk);
    FailRendezvousFrom(0);
    EXPECT_EQ(FirstByte(), kInt3);
    EXPECT_EQ(Add(6, 7), 13u);
    EXPECT_EQ(probe->Enable(), Status::kOk);
    EXPECT_EQ(FirstByte(), kJump);
  }
  EXPECT_EQ(counter_.hits, 2u);
}

TEST_F(KprobeDetourTest, WhatIsSaidOfPlacesIsAsWithoutTheJump) {
  std::vector<Status> before;
  for (uint64_t at = 0; at < sizeof(kAdd); ++at) {
    before.push_back(CheckKprobe(text_.address() + at));
  }
  const Ref<Kprobe> probe = Probe();
  ASSERT_EQ(FirstByte(), kJump);
  for (uint64_t at = 0; at < sizeof(kAdd); ++at) {
    EXPECT_EQ(CheckKprobe(text_.address() + at), before[at]) << at;
  }
  // Behind the window.
  Counter counter;
  const Ref<Kprobe> behind = Attach("add", kAddWindow, counter);
  ASSERT_EQ(behind->Enable(), Status::kOk);
  EXPECT_EQ(FirstByte(), kJump);
  EXPECT_EQ(Add(6, 7), 13u);
  EXPECT_EQ(counter.hits, 1u);
}

TEST_F(KprobeDetourTest, AFaultOfTheFirstInstructionIsOneAtItsOwnPlace) {
  // mov rax, [rdi]; add rax, rsi; ret
  constexpr uint8_t kLoad[] = {0x48, 0x8b, 0x07, 0x48, 0x01, 0xf0, 0xc3};
  static uint64_t fault_pc;
  static uint64_t value;
  value = 5;
  const HostText load("load", kLoad);
  const Ref<Kprobe> probe = Attach("load", 0, counter_);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  ASSERT_EQ(load.bytes()[0], kJump);
  SetHostFaultHook([](x86_64::PtRegs& regs) {
    fault_pc = regs.rip;
    regs.rdi = reinterpret_cast<uint64_t>(&value);
    return true;
  });
  EXPECT_EQ(load.As<Function>()(0, 7), 12u);
  SetHostFaultHook(nullptr);
  EXPECT_EQ(fault_pc, load.address());
  EXPECT_EQ(counter_.hits, 2u);
  EXPECT_FALSE(HostIrqsMasked());
}

TEST_F(KprobeDetourTest, JumpsAreWrittenInFewRendezvousAndPromisedMemory) {
  constexpr size_t kCount = 1000;
  const uint64_t bytes = allocator_.outstanding_bytes();
  const ManyFunctions functions(kCount);
  std::vector<Ref<Kprobe>> probes(kCount);
  ASSERT_EQ(AttachKprobes(functions.addresses(), counter_, SpanOf(probes)),
            Status::kOk);
  uint64_t rendezvous = HostRendezvousCount();
  ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
  // Slots and breakpoints, then the jumps.
  EXPECT_LE(HostRendezvousCount() - rendezvous,
            3 * kCount / kMaxTextPatches + 3);
  EXPECT_LE(allocator_.outstanding_bytes() - bytes + HostExecBytes(),
            272 * kCount);
  size_t jumps = 0;
  for (const uint64_t address : functions.addresses()) {
    jumps += *reinterpret_cast<const uint8_t*>(address) == kJump ? 1 : 0;
  }
  EXPECT_EQ(jumps, kCount);
  const uint64_t breakpoints = HostBreakpointCount();
  EXPECT_EQ(functions.CallAll(), kCount);
  EXPECT_EQ(counter_.hits, kCount);
  EXPECT_EQ(HostBreakpointCount(), breakpoints);
  rendezvous = HostRendezvousCount();
  DetachKprobes(SpanOf(probes));
  EXPECT_LE(HostRendezvousCount() - rendezvous, kCount / kMaxTextPatches + 3);
  EXPECT_TRUE(functions.IsOriginal());
}

TEST(KprobeDetourAllocationTest, EveryAllocationMayFail) {
  HostTraps traps;
  SetHostDetours(true);
  ForEachFailingAllocation("detours", [](FailingAllocator& allocator) {
    ASSERT_TRUE(InitReadSections());
    if (IsOk(InitProbes(HostMachineOps(), allocator))) {
      const HostText text("add", kAdd);
      Counter counter;
      for (const uint64_t offset : {uint64_t{0}, kAddMove, kAddLea}) {
        const Result<Ref<Kprobe>> probe = AttachKprobe("add", 0, 0, counter);
        if (probe.ok()) {
          EXPECT_EQ((*probe)->Enable(), Status::kOk);
        }
        EXPECT_EQ(text.As<Function>()(6, 7), 13u);
        const Result<Ref<Kprobe>> inner =
            AttachKprobe("add", 0, offset, counter);
        if (inner.ok()) {
          EXPECT_EQ((*inner)->Enable(), Status::kOk);
        }
        EXPECT_EQ(text.As<Function>()(6, 7), 13u);
      }
      EXPECT_TRUE(ExitProbes());
    }
    ExitReadSections();
  });
  SetHostDetours(false);
}

}  // namespace
}  // namespace ebpf
