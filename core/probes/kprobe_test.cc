// SPDX-License-Identifier: MIT
#include "core/probes/kprobe.h"

#include <atomic>
#include <string.h>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::PtRegs;
using x86_64::RegsOf;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint64_t kAddMove = 1;
constexpr uint64_t kAddLea = 4;

// imul rdi, rsi; mov rax, rdi; ret: the first is stepped
constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                 0x48, 0x89, 0xf8, 0xc3};

/// Counts its hits, and keeps what it saw last.
struct Counter final : KprobeConsumer {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> rdi{0};
  std::atomic<uint64_t> rip{0};

  void Hit(machine::PtRegs& regs) override {
    ++hits;
    rdi = RegsOf(regs).rdi;
    rip = RegsOf(regs).rip;
  }
};

class KprobeTest : public testing::Test {
 protected:
  KprobeTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
  }
  ~KprobeTest() override {
    ExitProbes();
    ExitReadSections();
    EXPECT_EQ(allocator_.outstanding_blocks(), 0u);
    EXPECT_EQ(HostExecBytes(), 0u);
  }

  Ref<Kprobe> Attach(StringView symbol, uint64_t offset,
                     KprobeConsumer& consumer) {
    Result<Ref<Kprobe>> probe = AttachKprobe(symbol, 0, offset, consumer);
    EXPECT_TRUE(probe.ok()) << static_cast<int>(probe.status());
    return probe.ok() ? *Move(probe) : Ref<Kprobe>();
  }

  FailingAllocator allocator_;
  HostTraps traps_;
};

TEST_F(KprobeTest, HitsWhileEnabledAndOnlyThen) {
  HostText text("add", kAdd);
  auto* add = text.As<Function>();
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_TRUE(probe);

  EXPECT_EQ(add(2, 3), 5u);
  EXPECT_EQ(counter.hits, 0u);
  EXPECT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add(2, 3), 5u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(counter.rdi, 2u);
  EXPECT_EQ(counter.rip, text.address());
  probe->Disable();
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 2u);
  probe->Detach();
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(add(4, 3), 7u);
  EXPECT_EQ(counter.hits, 2u);
  EXPECT_EQ(probe->Enable(), Status::kInvalid);
}

TEST_F(KprobeTest, EveryInstructionOfAFunctionCanBeProbedAtOnce) {
  HostText text("add", kAdd);
  Counter counters[5];
  Ref<Kprobe> probes[5];
  const uint64_t offsets[] = {0, kAddMove, kAddLea, 8, 9};
  for (int i = 0; i < 5; ++i) {
    probes[i] = Attach("add", offsets[i], counters[i]);
    EXPECT_EQ(probes[i]->Enable(), Status::kOk);
  }
  EXPECT_EQ(text.As<Function>()(40, 2), 42u);
  for (const Counter& counter : counters) {
    EXPECT_EQ(counter.hits, 1u);
  }
}

TEST_F(KprobeTest, BreakpointsDoNotHideWhereInstructionsBegin) {
  // mov eax, 0x90909090; ret: behind a breakpoint that is taken for an
  // instruction of one byte, each byte of the constant would be one.
  constexpr uint8_t kConstant[] = {0xb8, 0x90, 0x90, 0x90, 0x90, 0xc3};
  HostText text("constant", kConstant);
  Counter first;
  Counter second;
  Ref<Kprobe> probe = Attach("constant", 0, first);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  for (uint64_t offset = 1; offset < 5; ++offset) {
    EXPECT_EQ(AttachKprobe("constant", 0, offset, second).status(),
              Status::kBadSequence)
        << offset;
  }
  Ref<Kprobe> behind = Attach("constant", 5, second);
  ASSERT_EQ(behind->Enable(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(0, 0), 0x90909090u);
  EXPECT_EQ(first.hits, 1u);
  EXPECT_EQ(second.hits, 1u);
}

TEST_F(KprobeTest, ManyConsumersShareASite) {
  HostText text("add", kAdd);
  constexpr int kCount = 9;
  Counter counters[kCount];
  Ref<Kprobe> probes[kCount];
  for (int i = 0; i < kCount; ++i) {
    probes[i] = Attach("add", 0, counters[i]);
    EXPECT_EQ(probes[i]->Enable(), Status::kOk);
  }
  (void)text.As<Function>()(1, 1);
  for (int i = 0; i < kCount; i += 2) {
    probes[i]->Detach();
  }
  (void)text.As<Function>()(1, 1);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(counters[i].hits, i % 2 == 0 ? 1u : 2u) << i;
  }
  Counter late;
  Ref<Kprobe> probe = Attach("add", 0, late);  // in a place that is free again
  EXPECT_EQ(probe->Enable(), Status::kOk);
  (void)text.As<Function>()(1, 1);
  EXPECT_EQ(late.hits, 1u);
}

TEST_F(KprobeTest, AttachesByAddressAndSymbolAndOffset) {
  HostText text("add", kAdd);
  Counter counter;
  for (const auto& [symbol, address, offset] :
       {std::tuple{"add", uint64_t{0}, uint64_t{4}},
        std::tuple{"", text.address(), uint64_t{4}},
        std::tuple{"", text.address() + 4, uint64_t{0}}}) {
    Result<Ref<Kprobe>> probe = AttachKprobe(symbol, address, offset, counter);
    ASSERT_TRUE(probe.ok());
    EXPECT_EQ((*probe)->address(), text.address() + 4);
  }
}

TEST_F(KprobeTest, AnOffsetEndsWithItsFunctionWhereverElseProbesAre) {
  HostText add("add", kAdd);
  HostText next("next", kAdd);
  Counter counter;
  const Ref<Kprobe> probe = Attach("next", 0, counter);
  EXPECT_EQ(
      AttachKprobe("add", 0, next.address() - add.address(), counter).status(),
      Status::kInvalid);
}

TEST_F(KprobeTest, RefusesPlacesWhereNoProbeCanBe) {
  HostText text("add", kAdd);
  constexpr uint8_t kHalt[] = {0xf4, 0xc3};
  HostText halt("halt", kHalt);
  Counter counter;
  ClearHostLog();
  EXPECT_EQ(AttachKprobe("nobody", 0, 0, counter).status(), Status::kNotFound);
  EXPECT_NE(HostLog().find("nobody+0x0: no such function"), std::string::npos);
  EXPECT_EQ(AttachKprobe("add", 0, 2, counter).status(), Status::kBadSequence);
  EXPECT_NE(HostLog().find("add+0x2: not the start of an instruction"),
            std::string::npos);
  EXPECT_EQ(AttachKprobe("add", 0, 10, counter).status(), Status::kInvalid);
  EXPECT_EQ(AttachKprobe("add", 0, ~uint64_t{0}, counter).status(),
            Status::kInvalid);
  EXPECT_EQ(AttachKprobe("", 16, 0, counter).status(), Status::kInvalid);
  EXPECT_EQ(AttachKprobe("", ~uint64_t{0}, 1, counter).status(),
            Status::kInvalid);
  EXPECT_EQ(AttachKprobe("halt", 0, 0, counter).status(), Status::kInvalid);
  EXPECT_NE(HostLog().find("halt+0x0: this instruction cannot be probed"),
            std::string::npos);
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(allocator_.outstanding_blocks(), 2u);  // the registry's own
}

TEST_F(KprobeTest, RefusesItsOwnWay) {
  Counter counter;
  for (const char* symbol : {
           "_ZN4ebpf12OnBreakpointERNS_7machine6PtRegsE",
           "ebpf_on_breakpoint",
           "ebpf_copy_nofault",
           "_ZN4ebpf6x86_6410ProbedInsn7EmulateERKNS_7machine9ProbePlanERNS2_"
           "6PtRegsE",
           "ebpf_port_cpu_id",
       }) {
    EXPECT_EQ(AttachKprobe(symbol, 0, 0, counter).status(), Status::kInvalid)
        << symbol;
  }
}

TEST_F(KprobeTest, APortWithoutTierOneSaysSo) {
  HostText text("add", kAdd);
  Counter counter;
  ExitProbes();
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
  SetHostTextSupport(false);
  const Status status = AttachKprobe("add", 0, 0, counter).status();
  SetHostTextSupport(true);
  EXPECT_EQ(status, Status::kNotSupported);
}

TEST_F(KprobeTest, ACpuThatDoesNotComeLeavesTheTextAlone) {
  HostText text("add", kAdd);
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  std::atomic<int> step{0};
  std::thread thread([&] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    step = 1;
    while (step != 2) {
      ebpf_port_relax();
    }
    ebpf_port_irq_restore(irq);
  });
  while (step != 1) {
    ebpf_port_relax();
  }
  SetHostRendezvousTimeout(20);

  EXPECT_EQ(probe->Enable(), Status::kBusy);
  EXPECT_FALSE(probe->enabled());
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));

  // A probe may come and go all the same; its memory waits for the CPUs.
  Counter other;
  {
    Ref<Kprobe> second = Attach("add", kAddLea, other);
    EXPECT_TRUE(second);
  }
  step = 2;
  thread.join();
  SetHostRendezvousTimeout(10000);
  EXPECT_EQ(probe->Enable(), Status::kOk);
  (void)text.As<Function>()(1, 1);
  EXPECT_EQ(counter.hits, 1u);
}

TEST_F(KprobeTest, ABreakpointThatCannotBeTakenAwayGoesLater) {
  HostText text("add", kAdd);
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  std::atomic<int> step{0};
  std::thread thread([&] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    step = 1;
    while (step != 2) {
      ebpf_port_relax();
    }
    ebpf_port_irq_restore(irq);
  });
  while (step != 1) {
    ebpf_port_relax();
  }
  SetHostRendezvousTimeout(20);
  probe->Detach();
  EXPECT_FALSE(EqualBytes(text.bytes(), kAdd));
  EXPECT_EQ(text.As<Function>()(20, 3), 23u);  // hit, by nobody's wish
  EXPECT_EQ(counter.hits, 0u);
  probe = Ref<Kprobe>();
  step = 2;
  thread.join();
  SetHostRendezvousTimeout(10000);

  Ref<Kprobe> again = Attach("add", 0, counter);  // takes the site over
  EXPECT_EQ(again->Enable(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(20, 3), 23u);
  EXPECT_EQ(counter.hits, 1u);
  again = Ref<Kprobe>();
  EXPECT_TRUE(EqualBytes(text.bytes(), kAdd));
}

TEST_F(KprobeTest, AFailedWriteLeavesTheTextAlone) {
  HostText text("multiply", kMultiply);
  Counter counter;
  Ref<Kprobe> probe = Attach("multiply", 0, counter);
  for (uint64_t n = 1; n <= 2; ++n) {  // the breakpoint's, the slot's
    FailNthTextWrite(n);
    EXPECT_EQ(probe->Enable(), Status::kIo);
    EXPECT_TRUE(EqualBytes(text.bytes(), kMultiply));
    EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  }
  EXPECT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  EXPECT_EQ(counter.hits, 1u);
}

TEST_F(KprobeTest, TextThatSomebodyChangedIsNotTouched) {
  HostText text("add", kAdd);
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  struct Change {
    uint64_t address;
    uint8_t byte;
    static int Write(void* argument) {
      auto* change = static_cast<Change*>(argument);
      return ebpf_port_text_write(change->address, &change->byte, 1);
    }
  } change = {text.address(), 0x53};  // push rbx
  int result = -1;
  ASSERT_EQ(ebpf_port_stop_machine(Change::Write, &change, &result), 0);
  ASSERT_EQ(result, 0);

  EXPECT_EQ(probe->Enable(), Status::kIo);
  EXPECT_EQ(text.bytes()[0], 0x53);
}

/// Calls a probed function in its hit, so that a hit is in a hit.
struct Nester final : KprobeConsumer {
  Function* inner = nullptr;
  uint64_t calls = 0;
  uint64_t last = 0;

  void Hit(machine::PtRegs& /*regs*/) override {
    last = inner(6, 7);
    ++calls;
  }
};

TEST_F(KprobeTest, NestedHitsAreMissedAndCountedForEachConsumer) {
  HostText outer("add", kAdd);
  HostText inner("multiply", kMultiply);
  Nester nester;
  nester.inner = inner.As<Function>();
  Counter counter;
  Counter disabled;
  Ref<Kprobe> outer_probe = Attach("add", 0, nester);
  Ref<Kprobe> inner_probe = Attach("multiply", 0, counter);
  Ref<Kprobe> other_probe = Attach("multiply", 0, disabled);
  ASSERT_EQ(outer_probe->Enable(), Status::kOk);
  ASSERT_EQ(inner_probe->Enable(), Status::kOk);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outer.As<Function>()(2, 3), 5u);
    EXPECT_EQ(nester.last, 42u);  // stepped all the same
  }
  EXPECT_EQ(inner.As<Function>()(2, 3), 6u);

  EXPECT_EQ(nester.calls, 10u);
  EXPECT_EQ(outer_probe->missed(), 0u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(inner_probe->missed(), 10u);
  EXPECT_EQ(other_probe->missed(), 0u);
}

/// Asks the kernel for the time, as a program does.
struct Clock final : KprobeConsumer {
  uint64_t hits = 0;
  void Hit(machine::PtRegs& /*regs*/) override {
    hits += ebpf_port_time_ns() != 0 ? 1 : 0;
  }
};

TEST_F(KprobeTest, AProbeMayStandOnWhatRunsTheConsumers) {
  // Our own function behind the guard, and the kernel's that are called.
  HostText text("add", kAdd);
  Counter inner;
  Clock counter;
  Ref<Kprobe> own[] = {
      Attach("ebpf_port_time_ns", 0, inner),
      Attach("ebpf_probe_run", 0, inner),
  };
  for (Ref<Kprobe>& probe : own) {
    ASSERT_TRUE(probe);
    ASSERT_EQ(probe->Enable(), Status::kOk);
  }
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(text.As<Function>()(1, 2), 3u);
  }
  EXPECT_EQ(counter.hits, 5u);
  EXPECT_EQ(own[0]->missed(), 5u);
  EXPECT_EQ(own[1]->missed(), 5u);
  for (Ref<Kprobe>& each : own) {
    each->Disable();
  }
}

/// Sends its hits somewhere else.
struct Diverter final : KprobeConsumer {
  uint64_t to = 0;
  void Hit(machine::PtRegs& regs) override { RegsOf(regs).rip = to; }
};

TEST_F(KprobeTest, AConsumerMayGoOnElsewhere) {
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  Diverter diverter;
  diverter.to = multiply.address();
  Ref<Kprobe> probe = Attach("add", 0, diverter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add.As<Function>()(6, 7), 42u);
}

/// Notes how interrupts are in a hit.
struct IrqWatcher final : KprobeConsumer {
  bool masked = false;
  void Hit(machine::PtRegs& /*regs*/) override { masked = HostIrqsMasked(); }
};

TEST_F(KprobeTest, InterruptsAreAfterAHitAsBefore) {
  HostText text("multiply", kMultiply);
  IrqWatcher watcher;
  Ref<Kprobe> probe = Attach("multiply", 0, watcher);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  EXPECT_TRUE(watcher.masked);
  EXPECT_FALSE(HostIrqsMasked());
  const uintptr_t irq = ebpf_port_irq_save();
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  EXPECT_TRUE(HostIrqsMasked());
  ebpf_port_irq_restore(irq);
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(KprobeTest, AStaleTrapRunsTheInstructionAgainButNotForever) {
  HostText text("add", kAdd);
  PtRegs regs = {};
  regs.rip = text.address() + 1;  // as if an INT3 had been there
  int claimed = 0;
  while (claimed < 100 && OnBreakpoint(x86_64::Opaque(regs))) {
    EXPECT_EQ(regs.rip, text.address());
    regs.rip = text.address() + 1;
    ++claimed;
  }
  EXPECT_EQ(claimed, 16);
  EXPECT_EQ(regs.rip, text.address() + 1);
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);  // a change of text: as many again
  probe->Detach();
  EXPECT_TRUE(OnBreakpoint(x86_64::Opaque(regs)));
}

TEST_F(KprobeTest, SomebodyElsesBreakpointIsNotOurs) {
  constexpr uint8_t kForeign[] = {0xcc, 0xc3};
  HostText text("foreign", kForeign);
  PtRegs regs = {};
  regs.rip = text.address() + 1;
  const PtRegs before = regs;
  EXPECT_FALSE(OnBreakpoint(x86_64::Opaque(regs)));
  EXPECT_EQ(memcmp(&regs, &before, sizeof(regs)), 0);
  EXPECT_FALSE(OnFault(x86_64::Opaque(regs)));
}

bool SkipToReturn(PtRegs& regs) {
  // The faulting instruction is mov rax, [rdi]: as a kernel's exception table.
  if (regs.rip != regs.rdx) {
    return false;
  }
  regs.rax = 0xbad;
  regs.rip += 3;
  return true;
}

TEST_F(KprobeTest, AFaultInASlotIsOneAtTheInstructionsOwnPlace) {
  // mov rax, [rdi]; ret
  constexpr uint8_t kLoad[] = {0x48, 0x8b, 0x07, 0xc3};
  HostText text("load", kLoad);
  Counter counter;
  Ref<Kprobe> probe = Attach("load", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  auto* load = text.As<uint64_t(uint64_t, uint64_t, uint64_t)>();
  SetHostFaultHook(SkipToReturn);
  EXPECT_EQ(load(8, 0, text.address()), 0xbadu);
  SetHostFaultHook(nullptr);
  EXPECT_FALSE(HostIrqsMasked());
  uint64_t value = 77;
  EXPECT_EQ(load(reinterpret_cast<uint64_t>(&value), 0, 0), 77u);
  EXPECT_EQ(counter.hits, 2u);
}

TEST_F(KprobeTest, EveryAllocationMayFail) {
  ExitProbes();
  HostText text("multiply", kMultiply);
  const uint64_t n =
      ForEachFailingAllocation("attach", [&](Allocator& failing) {
        const Status started = InitProbes(HostMachineOps(), failing);
        if (!IsOk(started)) {
          EXPECT_EQ(started, Status::kNoMemory);
          return;
        }
        Counter counters[3];
        {
          Ref<Kprobe> probes[3];
          for (int i = 0; i < 3; ++i) {
            Result<Ref<Kprobe>> probe =
                AttachKprobe("multiply", 0, i < 2 ? 0 : 4, counters[i]);
            if (!probe.ok()) {
              EXPECT_EQ(probe.status(), Status::kNoMemory);
              continue;
            }
            probes[i] = *Move(probe);
            EXPECT_EQ(probes[i]->Enable(), Status::kOk);
          }
          EXPECT_EQ(text.As<Function>()(6, 7), 42u);
          for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(counters[i].hits, probes[i] ? 1u : 0u);
          }
        }
        EXPECT_TRUE(EqualBytes(text.bytes(), kMultiply));
        ExitProbes();
        EXPECT_EQ(HostExecBytes(), 0u);
      });
  EXPECT_GT(n, 8u);
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
}

TEST_F(KprobeTest, ExecutableMemoryMayFail) {
  HostText text("multiply", kMultiply);
  Counter counter;
  for (uint64_t n = 1; n < 20; ++n) {
    FailNthAllocation(n);
    const Result<Ref<Kprobe>> probe = AttachKprobe("multiply", 0, 0, counter);
    const bool failed = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(probe.ok(), !failed);
    if (!failed) {
      EXPECT_GT(n, 4u);
      return;
    }
    EXPECT_EQ(probe.status(), Status::kNoMemory);
    EXPECT_EQ(allocator_.outstanding_blocks(), 2u + (HostExecBytes() != 0));
  }
  FAIL() << "never succeeded";
}

}  // namespace
}  // namespace ebpf
