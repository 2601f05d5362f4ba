// SPDX-License-Identifier: MIT
//
// The events that the guest kernel passes, counted beside its own counters,
// and their texts.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/capi/ebpf_trace.h"
#include "core/memory/this_context.h"
#include "core/platform/this_cpu.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/trace_event.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/trace_events.h"

namespace guest {
namespace {

using ebpf::StringView;

/// What the kernel calls if it is there: here it shall be.
[[gnu::used]] const void* const kEvents[] = {
    reinterpret_cast<const void*>(&ebpf_trace_sched_switch),
    reinterpret_cast<const void*>(&ebpf_trace_irq_handler_entry),
    reinterpret_cast<const void*>(&ebpf_trace_page_fault_kernel)};

/// Counts an event's records on all CPUs, and keeps the last one of each.
class Counted final : public ebpf::RecordConsumer {
 public:
  explicit Counted(const char* system, const char* name)
      : event_(ebpf::TraceEvents::Find(system, name)) {
    on_ = event_ && ebpf::IsOk(event_->AddConsumer(*this));
    GUEST_EXPECT(on_);
  }
  ~Counted() { Stop(); }

  void Stop() {
    if (on_) {
      event_->RemoveConsumer(*this);
      on_ = false;
    }
  }
  uint64_t count() const { return count_.Load(ebpf::kRelaxed); }
  uint64_t timers() const { return timers_.Load(ebpf::kRelaxed); }
  /// Of the last record on this CPU.
  ebpf::EventHeader header() const {
    return ebpf::LoadUnaligned<ebpf::EventHeader>(
        kept_[machine::CpuId()].words);
  }
  /// Whether the last record on this CPU says `part`; it is printed.
  bool Says(StringView part) const {
    const Kept& kept = kept_[machine::CpuId()];
    char buffer[256];
    ebpf::TextWriter text(buffer, sizeof(buffer));
    if (event_) {
      ebpf::PrintRecord(
          text, *event_,
          ebpf::ConstBytes(reinterpret_cast<const uint8_t*>(kept.words),
                           kept.size));
    }
    Line() << text.text();
    for (size_t i = 0; i + part.size() <= text.text().size(); ++i) {
      if (text.text().Substring(i).StartsWith(part)) {
        return true;
      }
    }
    return false;
  }

  void* Reserve(size_t size, const ebpf::EventPlace& /*place*/) override {
    Kept& kept = kept_[machine::CpuId()];
    if (size > sizeof(kept.words)) {
      return nullptr;
    }
    kept.size = size;
    return kept.words;
  }
  void Commit(void* record, size_t /*size*/,
              const ebpf::EventPlace& /*place*/) override {
    count_.FetchAdd(1, ebpf::kRelaxed);
    // Behind the header: of an interrupt, its number.
    const int32_t number = static_cast<const int32_t*>(record)[2];
    timers_.FetchAdd(number == kTimerIrq ? 1 : 0, ebpf::kRelaxed);
  }

 private:
  struct Kept {
    uint64_t words[16];
    size_t size = 0;
  };

  ebpf::TraceEventRef event_;
  bool on_ = false;
  ebpf::Atomic<uint64_t> count_{0};
  ebpf::Atomic<uint64_t> timers_{0};
  Kept kept_[kMaxCpus];
};

uint64_t SumOf(uint64_t (*count)(uint32_t cpu)) {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    sum += count(cpu);
  }
  return sum;
}

constexpr uint32_t kThreads = 6;

void TakeTurns(void* /*argument*/) {
  for (int i = 0; i < 50; ++i) {
    YieldOrWait();
  }
}

void RunThreads() {
  Thread* threads[kThreads];
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads[i] = Spawn("taker", i % OnlineCpus(), TakeTurns, nullptr);
    GUEST_ASSERT(threads[i] != nullptr);
  }
  for (Thread* thread : threads) {
    Join(thread);
  }
}

GUEST_TEST(Events, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(Events, EachSwitchIsTold) {
  RunThreads();  // nobody asks
  Counted switches("sched", "sched_switch");
  const uint64_t before = SumOf(SwitchCount);
  RunThreads();
  const uint64_t after = SumOf(SwitchCount);
  Line() << switches.count() << " switches";
  GUEST_EXPECT(after - before > 100);
  GUEST_EXPECT_EQ(switches.count(), after - before);
  GUEST_EXPECT(switches.Says(" prev_prio=120 prev_state="));
  switches.Stop();
  const uint64_t told = switches.count();
  RunThreads();
  GUEST_EXPECT_EQ(switches.count(), told);
}

GUEST_TEST(Events, LivesOfThreadsAreTold) {
  Counted forks("sched", "sched_process_fork");
  Counted wakeups("sched", "sched_wakeup_new");
  Counted exits("sched", "sched_process_exit");
  Counted frees("sched", "sched_process_free");
  RunThreads();
  GUEST_EXPECT_EQ(forks.count(), kThreads);
  GUEST_EXPECT_EQ(wakeups.count(), kThreads);
  GUEST_EXPECT_EQ(exits.count(), kThreads);
  GUEST_EXPECT_EQ(frees.count(), kThreads);
  GUEST_EXPECT(forks.Says(" child_comm=taker child_pid="));
  GUEST_EXPECT(wakeups.Says("comm=taker pid="));
  GUEST_EXPECT(frees.Says("comm=taker pid="));
}

GUEST_TEST(Events, EachTickIsTold) {
  const uint64_t at_first = SumOf(TickCount);
  Counted entries("irq", "irq_handler_entry");
  Counted exits("irq", "irq_handler_exit");
  const uint64_t begin = SumOf(TickCount);
  SleepTicks(20);
  const uint64_t end = SumOf(TickCount);
  exits.Stop();
  entries.Stop();
  const uint64_t at_last = SumOf(TickCount);
  Line() << entries.timers() << " ticks";
  GUEST_EXPECT(end - begin >= 20);
  GUEST_EXPECT(entries.timers() >= end - begin);
  GUEST_EXPECT(entries.timers() <= at_last - at_first);
  GUEST_EXPECT(entries.Says("irq="));
  // Of the flags: where the port says that the CPU's mask tells.
  GUEST_EXPECT_EQ(
      entries.header().flags & ebpf::kInterruptsOff,
      ebpf_port_context.facts & EBPF_CONTEXT_INTERRUPT_MASK ? 1 : 0);
  GUEST_EXPECT_EQ(entries.header().preempt_count, 0);
  GUEST_EXPECT(exits.Says(" ret=handled"));
}

GUEST_TEST(Events, FaultsAreTold) {
  Counted faults("exceptions", "page_fault_kernel");
  uint8_t byte = 0;
  GUEST_EXPECT(!machine::TryLoad8(machine::FreeRam().end + 4096, &byte));
  GUEST_EXPECT_EQ(faults.count(), 1);
  GUEST_EXPECT(faults.Says(" error_code=0x"));
}

}  // namespace
}  // namespace guest
