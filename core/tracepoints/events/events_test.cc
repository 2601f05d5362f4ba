// SPDX-License-Identifier: MIT
//
// The catalogue: what each event's record says of what was passed, and what
// raw programs get.
#include <string>

#include "core/tracepoints/events/exceptions.h"
#include "core/tracepoints/events/irq.h"
#include "core/tracepoints/events/net.h"
#include "core/tracepoints/events/power.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/sched.h"
#include "core/tracepoints/events/task.h"
#include "core/tracepoints/events/timer.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

uint64_t WordOf(const void* address) {
  return reinterpret_cast<uintptr_t>(address);
}

class EventsTest : public TracepointFixture {
 protected:
  /// The text of the record that `pass` makes.
  template <typename Event, typename Pass>
  std::string TextOf(Pass pass) {
    const TraceEventRef event = TraceEvents::Find(Event::kSystem, Event::kName);
    EXPECT_TRUE(event);
    KeptRecords kept;
    pass();  // nobody asks
    EXPECT_EQ(event->AddConsumer(kept), Status::kOk);
    pass();
    event->RemoveConsumer(kept);
    EXPECT_EQ(kept.records.size(), 1u);
    const std::string& record = kept.records.at(0);
    char text[512];
    TextWriter writer(text, sizeof(text));
    PrintRecord(writer, *event,
                ConstBytes(reinterpret_cast<const uint8_t*>(record.data()),
                           record.size()));
    return {writer.text().data(), writer.text().size()};
  }
  /// The first `count` words that raw programs get.
  template <typename Event, typename Pass>
  std::vector<uint64_t> WordsOf(size_t count, Pass pass) {
    KeptArguments kept(count);
    EXPECT_EQ(AddArgumentsConsumer(Event::tracepoint, kept), Status::kOk);
    pass();
    RemoveArgumentsConsumer(Event::tracepoint, kept);
    EXPECT_EQ(kept.calls.size(), 1u);
    return kept.calls.at(0);
  }

  const int first_ = 1;
  const int second_ = 2;
  const TraceTask task_ = {&first_, "a_task", 7, 120};
  const TraceTask other_ = {&second_, "sixteen_letters_", 8, 100};
};

TEST_F(EventsTest, ASwitchTellsOfBothTasks) {
  const auto pass = [&](bool preempt, uint32_t state) {
    return [=, this] {
      EBPF_TRACE(SchedSwitch, preempt, task_.task, other_.task, state, &task_,
                 &other_);
    };
  };
  const std::string head = "prev_comm=a_task prev_pid=7 prev_prio=120 ";
  const std::string tail =
      " ==> next_comm=sixteen_letters next_pid=8 next_prio=100";
  EXPECT_EQ(TextOf<SchedSwitch>(pass(false, kTaskInterruptible)),
            head + "prev_state=S" + tail);
  EXPECT_EQ(TextOf<SchedSwitch>(pass(false, 0)), head + "prev_state=R" + tail);
  EXPECT_EQ(TextOf<SchedSwitch>(pass(true, 0)), head + "prev_state=R+" + tail);
  EXPECT_EQ(TextOf<SchedSwitch>(pass(false, kTaskDead | kTaskZombie)),
            head + "prev_state=X|Z" + tail);
  EXPECT_EQ(WordsOf<SchedSwitch>(4, pass(true, kTaskParked)),
            (std::vector<uint64_t>{1, WordOf(&first_), WordOf(&second_),
                                   kTaskParked}));
}

TEST_F(EventsTest, WakingTellsOfTheTask) {
  const std::string text = "comm=a_task pid=7 prio=120 target_cpu=003";
  EXPECT_EQ(TextOf<SchedWaking>(
                [&] { EBPF_TRACE(SchedWaking, task_.task, &task_, 3); }),
            text);
  EXPECT_EQ(TextOf<SchedWakeup>(
                [&] { EBPF_TRACE(SchedWakeup, task_.task, &task_, 3); }),
            text);
  EXPECT_EQ(TextOf<SchedWakeupNew>(
                [&] { EBPF_TRACE(SchedWakeupNew, task_.task, &task_, 3); }),
            text);
  EXPECT_EQ(WordsOf<SchedWakeup>(
                1, [&] { EBPF_TRACE(SchedWakeup, task_.task, &task_, 3); })[0],
            WordOf(&first_));
}

TEST_F(EventsTest, LivesOfTasksAreTold) {
  EXPECT_EQ(TextOf<SchedProcessFork>([&] {
              EBPF_TRACE(SchedProcessFork, task_.task, other_.task, &task_,
                         &other_);
            }),
            "comm=a_task pid=7 child_comm=sixteen_letters_ child_pid=8");
  EXPECT_EQ(TextOf<SchedProcessExec>([&] {
              EBPF_TRACE(SchedProcessExec, task_.task, 6, "/bin/true", 7);
            }),
            "filename=/bin/true pid=7 old_pid=6");
  EXPECT_EQ(TextOf<SchedProcessExit>([&] {
              EBPF_TRACE(SchedProcessExit, task_.task, true, &task_);
            }),
            "comm=a_task pid=7 prio=120 group_dead=true");
  EXPECT_EQ(TextOf<SchedProcessFree>(
                [&] { EBPF_TRACE(SchedProcessFree, task_.task, &task_); }),
            "comm=a_task pid=7 prio=120");
  EXPECT_EQ(TextOf<SchedMigrateTask>([&] {
              EBPF_TRACE(SchedMigrateTask, task_.task, 1, &task_, 0);
            }),
            "comm=a_task pid=7 prio=120 orig_cpu=0 dest_cpu=1");
  EXPECT_EQ(TextOf<TaskNewtask>([&] {
              EBPF_TRACE(TaskNewtask, task_.task, uint64_t{0x1000}, &task_);
            }),
            "pid=7 comm=a_task clone_flags=1000 oom_score_adj=0");
  EXPECT_EQ(TextOf<TaskRename>([&] {
              EBPF_TRACE(TaskRename, task_.task, "a_longer_name_than_fits",
                         &task_);
            }),
            "pid=7 oldcomm=a_task newcomm=a_longer_name_t oom_score_adj=0");
}

TEST_F(EventsTest, InterruptsAreTold) {
  EXPECT_EQ(TextOf<IrqHandlerEntry>(
                [&] { EBPF_TRACE(IrqHandlerEntry, 27, &first_, "timer"); }),
            "irq=27 name=timer");
  const auto exit = [&](int32_t ret) {
    return [=, this] { EBPF_TRACE(IrqHandlerExit, 27, &first_, ret); };
  };
  EXPECT_EQ(TextOf<IrqHandlerExit>(exit(1)), "irq=27 ret=handled");
  EXPECT_EQ(TextOf<IrqHandlerExit>(exit(0)), "irq=27 ret=unhandled");
  EXPECT_EQ(WordsOf<IrqHandlerExit>(3, exit(1)),
            (std::vector<uint64_t>{27, WordOf(&first_), 1}));
  EXPECT_EQ(TextOf<SoftirqRaise>([] { EBPF_TRACE(SoftirqRaise, 1u); }),
            "vec=1 [action=TIMER]");
  EXPECT_EQ(TextOf<SoftirqEntry>([] { EBPF_TRACE(SoftirqEntry, 9u); }),
            "vec=9 [action=RCU]");
  EXPECT_EQ(TextOf<SoftirqExit>([] { EBPF_TRACE(SoftirqExit, 10u); }),
            "vec=10 [action=0xa]");
}

TEST_F(EventsTest, TimersAreTold) {
  const auto* const timer = reinterpret_cast<const void*>(0x1000);
  const auto* const function = reinterpret_cast<const void*>(0x20);
  const std::string address = "0000000000001000";
  EXPECT_EQ(TextOf<TimerStart>([&] {
              EBPF_TRACE(TimerStart, timer, 112ull, function, 110ull, 100ull,
                         1u << 22 | 0x00080000u | 3);
            }),
            "timer=" + address +
                " function=0x20 expires=110 [timeout=10] bucket_expiry=112 "
                "cpu=3 idx=1 flags=D");
  EXPECT_EQ(TextOf<TimerExpireEntry>([&] {
              EBPF_TRACE(TimerExpireEntry, timer, 99ull, function, 100ull);
            }),
            "timer=" + address + " function=0x20 now=100 baseclk=99");
  for (const std::string& text :
       {TextOf<TimerInit>([&] { EBPF_TRACE(TimerInit, timer); }),
        TextOf<TimerCancel>([&] { EBPF_TRACE(TimerCancel, timer); }),
        TextOf<TimerExpireExit>([&] { EBPF_TRACE(TimerExpireExit, timer); })}) {
    EXPECT_EQ(text, "timer=" + address);
  }
  EXPECT_EQ(TextOf<HrtimerExpireEntry>(
                [&] { EBPF_TRACE(HrtimerExpireEntry, timer, 5ll, function); }),
            "hrtimer=" + address + " function=0x20 now=5");
  EXPECT_EQ(
      TextOf<HrtimerExpireExit>([&] { EBPF_TRACE(HrtimerExpireExit, timer); }),
      "hrtimer=" + address);
  EXPECT_EQ(TextOf<HrtimerCancel>([&] { EBPF_TRACE(HrtimerCancel, timer); }),
            "hrtimer=" + address);
}

TEST_F(EventsTest, FaultsPacketsAndIdleCpusAreTold) {
  const auto fault = [&] {
    EBPF_TRACE(PageFaultKernel, 0x10ull, &first_, 2ull, 0x30ull);
  };
  EXPECT_EQ(TextOf<PageFaultKernel>(fault),
            "address=0x10 ip=0x30 error_code=0x2");
  EXPECT_EQ(WordsOf<PageFaultKernel>(3, fault),
            (std::vector<uint64_t>{0x10, WordOf(&first_), 2}));
  EXPECT_EQ(TextOf<PageFaultUser>([&] {
              EBPF_TRACE(PageFaultUser, 0x10ull, nullptr, 4ull, 0x30ull);
            }),
            "address=0x10 ip=0x30 error_code=0x4");
  const auto* const packet = reinterpret_cast<const void*>(0xff00);
  const std::string text = "dev=eth0 skbaddr=000000000000ff00 len=60";
  EXPECT_EQ(TextOf<NetifReceiveSkb>(
                [&] { EBPF_TRACE(NetifReceiveSkb, packet, 60u, "eth0"); }),
            text);
  EXPECT_EQ(TextOf<NetifRx>([&] { EBPF_TRACE(NetifRx, packet, 60u, "eth0"); }),
            text);
  EXPECT_EQ(TextOf<NetDevQueue>(
                [&] { EBPF_TRACE(NetDevQueue, packet, 60u, "eth0"); }),
            text);
  EXPECT_EQ(TextOf<NetDevXmit>([&] {
              EBPF_TRACE(NetDevXmit, packet, -11, &first_, 60u, "eth0");
            }),
            text + " rc=-11");
  EXPECT_EQ(TextOf<CpuIdle>([] { EBPF_TRACE(CpuIdle, kCpuIdleExit, 1u); }),
            "state=4294967295 cpu_id=1");
  EXPECT_EQ(TextOf<CpuFrequency>([] { EBPF_TRACE(CpuFrequency, 800000u, 1u); }),
            "state=800000 cpu_id=1");
}

TEST_F(EventsTest, SystemCallsAreTold) {
  const uint64_t arguments[] = {1, 2, 3, 4, 5, 0xf00};
  const auto enter = [&] {
    EBPF_TRACE(RawSyscallsSysEnter, &first_, 257ll, arguments);
  };
  EXPECT_EQ(TextOf<RawSyscallsSysEnter>(enter), "NR 257 (1, 2, 3, 4, 5, f00)");
  EXPECT_EQ(WordsOf<RawSyscallsSysEnter>(2, enter),
            (std::vector<uint64_t>{WordOf(&first_), 257}));
  const auto exit = [&] {
    EBPF_TRACE(RawSyscallsSysExit, &first_, -2ll, 257ll);
  };
  EXPECT_EQ(TextOf<RawSyscallsSysExit>(exit), "NR 257 = -2");
  EXPECT_EQ(WordsOf<RawSyscallsSysExit>(2, exit),
            (std::vector<uint64_t>{WordOf(&first_), ~1ull}));
}

}  // namespace
}  // namespace ebpf
