// SPDX-License-Identifier: MIT
#include "core/probes/kprobe.h"

#include <atomic>
#include <string.h>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/probes/kprobe_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_symbols.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

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

TEST_F(KprobeTest, WhereProbesAreRefusedAltogetherTheLogSaysWhyOnce) {
  HostText text("add", kAdd);
  Counter counter;
  ClearHostLog();

  RefuseKprobes("of a test");
  EXPECT_EQ(AttachKprobe("add", 0, 0, counter).status(), Status::kNotSupported);
  EXPECT_EQ(CheckKprobe(text.address()), Status::kNotSupported);
  EXPECT_EQ(AttachKprobe("add", 0, 0, counter).status(), Status::kNotSupported);
  EXPECT_EQ(HostLog(), "ebpf: no kprobes: of a test\n");

  RefuseKprobes(nullptr);
  EXPECT_TRUE(AttachKprobe("add", 0, 0, counter).ok());
}

TEST_F(KprobeTest, WhereThePortHasNoTextTheLogSaysSoOnce) {
  HostText text("add", kAdd);
  Counter counter;
  ClearHostLog();
  SetHostTextSupport(false);

  EXPECT_EQ(AttachKprobe("add", 0, 0, counter).status(), Status::kNotSupported);
  EXPECT_EQ(AttachKprobe("add", 0, 0, counter).status(), Status::kNotSupported);

  SetHostTextSupport(true);
  EXPECT_EQ(HostLog(),
            "ebpf: no kprobes: this kernel's port cannot change text while "
            "other CPUs stand still\n");
}

TEST_F(KprobeTest, RefusesPlacesWhereNoProbeCanBe) {
  HostText text("add", kAdd);
  constexpr uint8_t kHalt[] = {0xf4, 0xc3};
  HostText halt("halt", kHalt);
  Counter counter;
  ClearHostLog();
  EXPECT_EQ(AttachKprobe("nobody", 0, 0, counter).status(), Status::kNotFound);
  EXPECT_NE(HostLog().find("nobody+0x0: no such function"), std::string::npos);
  {
    const HostText twin("add", kMultiply);
    EXPECT_EQ(AttachKprobe("add", 0, 0, counter).status(),
              Status::kAddressNotAvailable);
    EXPECT_NE(HostLog().find("add+0x0: several functions have that name"),
              std::string::npos);
  }
  EXPECT_EQ(AttachKprobe("add", 0, 2, counter).status(), Status::kBadSequence);
  EXPECT_NE(HostLog().find("add+0x2: not the start of an instruction"),
            std::string::npos);
  EXPECT_EQ(AttachKprobe("add", 0, 10, counter).status(), Status::kInvalid);
  EXPECT_EQ(AttachKprobe("add", 0, ~uint64_t{0}, counter).status(),
            Status::kInvalid);
  EXPECT_EQ(AttachKprobe("", 16, 0, counter).status(), Status::kNotFound);
  EXPECT_EQ(AttachKprobe("", ~uint64_t{0}, 1, counter).status(),
            Status::kNotFound);
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
    if (!failed) {
      EXPECT_TRUE(probe.ok());
      EXPECT_GT(n, 2u);
      return;
    }
    if (probe.ok()) {
      continue;  // there was memory for its slot farther away
    }
    EXPECT_EQ(probe.status(), Status::kNoMemory);
    EXPECT_EQ(allocator_.outstanding_blocks(), 2u + (HostExecBytes() != 0));
  }
  FAIL() << "never succeeded";
}

}  // namespace
}  // namespace ebpf
