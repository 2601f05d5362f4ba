// SPDX-License-Identifier: MIT
//
// The ledger catches a careless port: each step left out or out of order, for a
// writer on each CPU, and on each CPU that runs the code.
#include "core/base/atomic.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/ledger.h"

namespace guest {
namespace {

using ledger::Carelessness;
using ledger::Step;
using ledger::Violation;

constexpr size_t kSize = 256;

/// What was reported, by any CPU.
struct Reports {
  ebpf::Atomic<uint32_t> count{0};
  Violation first = {};
};
constinit Reports reports;

void Record(const Violation& violation) {
  if (reports.count.FetchAdd(1, ebpf::kAcqRel) == 0) {
    reports.first = violation;
  }
}

/// The port, and executable memory of it, for the length of a test.
class Memory {
 public:
  Memory() {
    static constinit bool started = false;
    started = started || StartEbpf() == 0;
    GUEST_EXPECT(started);
    memory_ = ebpf_port_exec_alloc(kSize, reinterpret_cast<uintptr_t>(&Record),
                                   UINT64_MAX);
    GUEST_EXPECT(memory_ != nullptr);
    ledger::SetReport(Record);
  }
  ~Memory() {
    ledger::SetCarelessness(Carelessness::kNone, 0);
    if (memory_ != nullptr) {
      ebpf_port_exec_free(memory_, kSize);
    }
    ledger::SetReport(nullptr);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* get() const { return memory_; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(memory_); }

 private:
  void* memory_;
};

struct Write {
  void* to;
  uint8_t number;
  int result;
};

void DoWrite(void* argument) {
  auto& write = *static_cast<Write*>(argument);
  uint8_t bytes[kSize];
  for (size_t i = 0; i < kSize; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 3 + write.number);
  }
  write.result = ebpf_port_exec_write(write.to, bytes, kSize);
}

/// Writes something else than before, on `cpu`.
void WriteOn(uint32_t cpu, void* to) {
  static constinit uint8_t number = 0;
  Write write = {to, ++number, -1};
  Thread* thread = Spawn("writer", cpu, DoWrite, &write);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  GUEST_EXPECT_EQ(write.result, 0);
}

struct Check {
  uintptr_t address;
  bool good;
};

bool CheckOn(uint32_t cpu, uintptr_t address) {
  Check check = {address, false};
  Thread* thread = Spawn(
      "runner", cpu,
      [](void* argument) {
        auto& it = *static_cast<Check*>(argument);
        it.good = ledger::CheckRun(it.address, kSize);
      },
      &check);
  if (thread != nullptr) {
    Join(thread);
  }
  return check.good;
}

void WaitForTicks() {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    const uint64_t until = TickCount(cpu) + 2;
    while (TickCount(cpu) < until) {
      YieldOrWait();
    }
  }
}

void Forget() {
  reports.first = {};
  reports.count.Store(0, ebpf::kRelease);
}

/// One careless write by `writer`: `step` is missed on `cpu`, and a careful
/// write after it mends all.
void Expect(const Memory& memory, Carelessness how, uint32_t writer, Step step,
            uint32_t cpu) {
  Forget();
  WriteOn(writer, memory.get());
  WaitForTicks();
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 0);

  ledger::SetCarelessness(how, uint32_t{1} << cpu);
  WriteOn(writer, memory.get());
  WaitForTicks();
  const bool good = step == Step::kWrite || CheckOn(cpu, memory.address());
  ledger::SetCarelessness(Carelessness::kNone, 0);
  GUEST_EXPECT(reports.count.Load(ebpf::kAcquire) != 0);
  GUEST_EXPECT_EQ(reports.first.step, step);
  GUEST_EXPECT_EQ(reports.first.cpu, cpu);
  GUEST_EXPECT_EQ(good, step == Step::kWrite);

  Forget();
  WriteOn(writer, memory.get());
  for (uint32_t runner = 0; runner < OnlineCpus(); ++runner) {
    GUEST_EXPECT(CheckOn(runner, memory.address()));
  }
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 0);
  GUEST_EXPECT_EQ(ledger::OpenEntries(), 0);
}

/// For what the writer itself does, on each CPU.
void ExpectOfWriter(Carelessness how, Step step) {
  if (!ledger::HasStep(step)) {
    SkipTest("this CPU has no such step");
    return;
  }
  Memory memory;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    Expect(memory, how, cpu, step, cpu);
  }
}

GUEST_TEST(Ledger, HasNothingAgainstTheRealPort) {
  Memory memory;
  Forget();
  for (uint32_t i = 0; i < 50; ++i) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      WriteOn(cpu, memory.get());
      for (uint32_t runner = 0; runner < OnlineCpus(); ++runner) {
        GUEST_EXPECT(CheckOn(runner, memory.address()));
      }
    }
  }
  WaitForTicks();
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 0);
  GUEST_EXPECT_EQ(ledger::OpenEntries(), 0);
}

GUEST_TEST(Ledger, CatchesCodeThatNobodyWrote) {
  Memory memory;
  Forget();
  GUEST_EXPECT(!ledger::CheckRun(memory.address(), kSize));
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 1);
}

GUEST_TEST(Ledger, CatchesAForgottenWrite) {
  ExpectOfWriter(Carelessness::kForgetWrite, Step::kWrite);
}

GUEST_TEST(Ledger, CatchesAForgottenClean) {
  ExpectOfWriter(Carelessness::kForgetClean, Step::kClean);
}

GUEST_TEST(Ledger, CatchesAForgottenInvalidation) {
  ExpectOfWriter(Carelessness::kForgetInvalidate, Step::kInvalidate);
}

GUEST_TEST(Ledger, CatchesAnInvalidationBeforeTheClean) {
  ExpectOfWriter(Carelessness::kInvalidateBeforeClean, Step::kInvalidate);
}

GUEST_TEST(Ledger, CatchesASynchronisationBeforeTheWrite) {
  ExpectOfWriter(Carelessness::kSyncBeforeWrite, Step::kSync);
}

GUEST_TEST(Ledger, CatchesASynchronisationBeforeTheInvalidation) {
  if (!ledger::HasStep(Step::kInvalidate)) {
    SkipTest("this CPU has no such step");
    return;
  }
  ExpectOfWriter(Carelessness::kSyncBeforeInvalidate, Step::kSync);
}

GUEST_TEST(Ledger, CatchesASynchronisationForgottenOnAnyCpu) {
  Memory memory;
  for (uint32_t writer = 0; writer < OnlineCpus(); ++writer) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      Expect(memory, Carelessness::kForgetSync, writer, Step::kSync, cpu);
    }
  }
}

GUEST_TEST(Ledger, LooksAtEachRunOfAProgram) {
  Memory memory;
  Forget();
  ledger::SetCarelessness(Carelessness::kForgetSync, ~uint32_t{0});
  auto program = jit::Load(jit::NewCode() << jit::MovImm(0, 42) << jit::Exit());
  ledger::SetCarelessness(Carelessness::kNone, 0);
  GUEST_ASSERT(program.ok());
  GUEST_EXPECT(reports.count.Load(ebpf::kAcquire) != 0);
  Forget();
  GUEST_EXPECT_EQ((*program)->Run(nullptr), 42);
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 1);
  const uintptr_t irq = machine::IrqSave();
  GUEST_EXPECT_EQ((*program)->RunUnlessNested(nullptr), 42);
  machine::IrqRestore(irq);
  GUEST_EXPECT_EQ(reports.count.Load(ebpf::kAcquire), 2);
  GUEST_EXPECT_EQ(reports.first.step, Step::kSync);
}

/// Text that this test writes over itself.
[[gnu::noinline, gnu::used, gnu::aligned(64)]] void Patched() {
  asm volatile("nop; nop; nop; nop; nop; nop; nop; nop");
}

int PatchText(void* argument) {
  return ebpf_port_text_write(reinterpret_cast<uintptr_t>(&Patched) + 8,
                              argument, 4);
}

GUEST_TEST(Ledger, WatchesPatchesOfTextToo) {
  Memory memory;
  uint8_t original[4];
  for (size_t i = 0; i < sizeof original; ++i) {
    original[i] = reinterpret_cast<const uint8_t*>(&Patched)[8 + i];
  }
  uint8_t changed[4] = {1, 2, 3, 4};
  int result = -1;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    Forget();
    ledger::SetCarelessness(Carelessness::kForgetSync, uint32_t{1} << cpu);
    GUEST_EXPECT_EQ(ebpf_port_stop_machine(PatchText, changed, &result), 0);
    GUEST_EXPECT_EQ(result, 0);
    WaitForTicks();
    ledger::SetCarelessness(Carelessness::kNone, 0);
    GUEST_EXPECT(reports.count.Load(ebpf::kAcquire) != 0);
    GUEST_EXPECT_EQ(reports.first.step, Step::kSync);
    GUEST_EXPECT_EQ(reports.first.cpu, cpu);
    GUEST_EXPECT_EQ(ebpf_port_stop_machine(PatchText, original, &result), 0);
  }
}

}  // namespace
}  // namespace guest
