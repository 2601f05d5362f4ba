// SPDX-License-Identifier: MIT
//
// What a probe must not change besides results: whether interrupts are on, and
// text that it cannot change because a CPU does not come.
#include "core/base/atomic.h"
#include "core/platform/symbols.h"
#include "core/probes/kprobe.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/life.h"
#include "testing/guest/probes/subjects.h"

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::Status;
using ebpf::StringView;
using ebpf::machine::PtRegs;

class Counter final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {
    ++hits;
    unmasked += machine::IrqsEnabled() ? 1 : 0;
  }
  uint64_t hits = 0;
  uint64_t unmasked = 0;
};

uint64_t SizeOf(const char* function) {
  const StringView name(function);
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_name(name.data(), name.size(), &symbol)
             ? symbol.size
             : 0;
}

/// Calls the subject with interrupts on, and off; the hits of both.
uint64_t CallBothWays(const Subject& subject, const Counter& counter) {
  const uint64_t before = counter.hits;
  const uint64_t result = subject.function(7, 5);
  GUEST_EXPECT(machine::IrqsEnabled());
  const uintptr_t state = machine::IrqSave();
  GUEST_EXPECT_EQ(subject.function(7, 5), result);
  GUEST_EXPECT(!machine::IrqsEnabled());
  machine::IrqRestore(state);
  GUEST_EXPECT(machine::IrqsEnabled());
  return counter.hits - before;
}

GUEST_TEST(Kprobe, InterruptsAreAfterAHitAsBefore) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  uint64_t places = 0;
  uint64_t hit = 0;
  for (const Subject& subject : kSubjects) {
    for (uint64_t offset = 0; offset < SizeOf(subject.name); ++offset) {
      Counter counter;
      auto probe = AttachKprobe(subject.name, 0, offset, counter);
      if (!probe.ok()) {
        continue;  // inside an instruction
      }
      GUEST_ASSERT(IsOk((*probe)->Enable()));
      ++places;
      hit += CallBothWays(subject, counter) != 0 ? 1 : 0;
      GUEST_EXPECT_EQ(counter.unmasked, 0);
      (*probe)->Detach();
    }
  }
  Line() << "  " << places << " instructions, " << hit << " of them reached";
  GUEST_EXPECT(hit > 100);
}

/// A CPU that takes no interrupts, as long as the object lives.
class DeafCpu {
 public:
  explicit DeafCpu(uint32_t cpu) : thread_(Spawn("deaf", cpu, Run, this)) {
    while (thread_ != nullptr && !is_deaf_.Load(ebpf::kAcquire)) {
      YieldOrWait();
    }
  }
  ~DeafCpu() {
    over_.Store(true, ebpf::kRelease);
    if (thread_ != nullptr) {
      Join(thread_);
    }
  }
  DeafCpu(const DeafCpu&) = delete;
  DeafCpu& operator=(const DeafCpu&) = delete;
  bool ok() const { return thread_ != nullptr; }

 private:
  static void Run(void* self) {
    auto& cpu = *static_cast<DeafCpu*>(self);
    const uintptr_t state = machine::IrqSave();
    cpu.is_deaf_.Store(true, ebpf::kRelease);
    while (!cpu.over_.Load(ebpf::kAcquire)) {
      machine::Relax();
    }
    machine::IrqRestore(state);
  }

  ebpf::Atomic<bool> is_deaf_{false};
  ebpf::Atomic<bool> over_{false};
  Thread* thread_;
};

/// A function's first bytes, as they are now.
struct TextNow {
  explicit TextNow(const Subject& subject) {
    const auto* text = reinterpret_cast<const uint8_t*>(subject.function);
    for (size_t i = 0; i < sizeof(bytes); ++i) {
      bytes[i] = text[i];
    }
  }
  friend bool operator==(const TextNow&, const TextNow&) = default;
  uint8_t bytes[16];
};

GUEST_TEST(Kprobe, ACpuThatDoesNotComeLeavesTheTextAlone) {
  if (OnlineCpus() == 1) {
    SkipTest("one CPU");
    return;
  }
  Probes probes;
  GUEST_ASSERT(probes.ok());
  const Subject& stays = kSubjects[1];
  const Subject& goes = kSubjects[2];
  const TextNow stays_before(stays);
  const TextNow goes_before(goes);
  const uint64_t result = stays.function(7, 5);
  Counter counter;
  Counter gone;
  auto probe = AttachKprobe(stays.name, 0, 0, counter);
  auto other = AttachKprobe(goes.name, 0, 0, gone);
  GUEST_ASSERT(probe.ok() && other.ok());
  GUEST_ASSERT(IsOk((*other)->Enable()));
  {
    const DeafCpu deaf(1);
    GUEST_ASSERT(deaf.ok());
    GUEST_EXPECT((*probe)->Enable() == Status::kBusy);
    GUEST_EXPECT(!(*probe)->enabled());
    GUEST_EXPECT(TextNow(stays) == stays_before);
    GUEST_EXPECT_EQ(stays.function(7, 5), result);
    GUEST_EXPECT_EQ(counter.hits, 0);
    // One that was there ends for its consumer; its breakpoint goes later.
    const uint64_t value = goes.function(3, 5);
    GUEST_EXPECT(gone.hits > 0);
    gone.hits = 0;
    (*other)->Detach();
    GUEST_EXPECT_EQ(goes.function(3, 5), value);
    GUEST_EXPECT_EQ(gone.hits, 0);
  }
  GUEST_EXPECT(IsOk((*probe)->Enable()));
  GUEST_EXPECT_EQ(stays.function(7, 5), result);
  GUEST_EXPECT_EQ(counter.hits, 1);
  (*probe)->Detach();
  GUEST_EXPECT(TextNow(stays) == stays_before);
  GUEST_EXPECT(TextNow(goes) == goes_before);
}

}  // namespace
}  // namespace guest::probes
