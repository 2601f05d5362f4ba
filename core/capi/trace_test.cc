// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h: each function passes its event, with what it got.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/print_format.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

class TraceTest : public TracepointFixture {
 protected:
  template <typename Pass>
  void Expect(const char* system, const char* name, const std::string& text,
              Pass pass) {
    const TraceEventRef event = TraceEvents::Find(system, name);
    ASSERT_TRUE(event) << name;
    KeptRecords kept;
    ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
    pass();
    event->RemoveConsumer(kept);
    pass();
    ASSERT_EQ(kept.records.size(), 1u) << name;
    const std::string& record = kept.records[0];
    ExpectZerosBetween(*event, record, name);
    char buffer[512];
    TextWriter writer(buffer, sizeof(buffer));
    PrintRecord(writer, *event,
                ConstBytes(reinterpret_cast<const uint8_t*>(record.data()),
                           record.size()),
                PrintStyle::kTools);
    EXPECT_EQ(std::string(writer.text().data(), writer.text().size()), text)
        << name;
  }
  /// What is of no field, and of no text, tells nothing.
  static void ExpectZerosBetween(const TraceEvent& event, std::string record,
                                 const char* name) {
    const auto forget = [&record](size_t at, size_t size) {
      ASSERT_LE(at + size, record.size());
      std::fill_n(record.begin() + static_cast<std::ptrdiff_t>(at), size, 0);
    };
    for (const EventField& field : event.fields()) {
      if (field.kind == FieldKind::kDynamicText) {
        uint32_t text;
        memcpy(&text, record.data() + field.offset, sizeof(text));
        forget(text & 0xffff, text >> 16);
      }
      forget(field.offset, field.size);
    }
    forget(0, sizeof(EventHeader));
    EXPECT_EQ(record, std::string(record.size(), '\0')) << name;
  }
  static const void* At(uintptr_t address) {
    return reinterpret_cast<const void*>(address);
  }

  const ebpf_trace_task task_ = {nullptr, "one", 7, 120};
  const ebpf_trace_task other_ = {nullptr, "two", 8, 100};
};

TEST_F(TraceTest, OfTasks) {
  Expect("sched", "sched_switch",
         "prev_comm=one prev_pid=7 prev_prio=120 prev_state=S ==> "
         "next_comm=two next_pid=8 next_prio=100",
         [&] { ebpf_trace_sched_switch(false, &task_, &other_, 1); });
  const std::string wakeup = "comm=one pid=7 prio=120 target_cpu=001";
  Expect("sched", "sched_waking", wakeup,
         [&] { ebpf_trace_sched_waking(&task_, 1); });
  Expect("sched", "sched_wakeup", wakeup,
         [&] { ebpf_trace_sched_wakeup(&task_, 1); });
  Expect("sched", "sched_wakeup_new", wakeup,
         [&] { ebpf_trace_sched_wakeup_new(&task_, 1); });
  Expect("sched", "sched_migrate_task",
         "comm=one pid=7 prio=120 orig_cpu=0 dest_cpu=1",
         [&] { ebpf_trace_sched_migrate_task(&task_, 0, 1); });
  Expect("sched", "sched_process_fork",
         "comm=one pid=7 child_comm=two child_pid=8",
         [&] { ebpf_trace_sched_process_fork(&task_, &other_); });
  Expect("sched", "sched_process_exec", "filename=/init pid=7 old_pid=3",
         [&] { ebpf_trace_sched_process_exec(&task_, 3, "/init"); });
  Expect("sched", "sched_process_exit",
         "comm=one pid=7 prio=120 group_dead=false",
         [&] { ebpf_trace_sched_process_exit(&task_, false); });
  Expect("sched", "sched_process_free", "comm=one pid=7 prio=120",
         [&] { ebpf_trace_sched_process_free(&task_); });
  Expect("task", "task_newtask",
         "pid=7 comm=one clone_flags=100 oom_score_adj=0",
         [&] { ebpf_trace_task_newtask(&task_, 0x100); });
  Expect("task", "task_rename",
         "pid=7 oldcomm=one newcomm=three oom_score_adj=0",
         [&] { ebpf_trace_task_rename(&task_, "three"); });
}

TEST_F(TraceTest, OfInterruptsAndTimers) {
  Expect("irq", "irq_handler_entry", "irq=5 name=uart",
         [] { ebpf_trace_irq_handler_entry(5, "uart"); });
  Expect("irq", "irq_handler_exit", "irq=5 ret=handled",
         [] { ebpf_trace_irq_handler_exit(5, true); });
  Expect("irq", "softirq_raise", "vec=3 [action=NET_RX]",
         [] { ebpf_trace_softirq_raise(3); });
  Expect("irq", "softirq_entry", "vec=3 [action=NET_RX]",
         [] { ebpf_trace_softirq_entry(3); });
  Expect("irq", "softirq_exit", "vec=3 [action=NET_RX]",
         [] { ebpf_trace_softirq_exit(3); });
  Expect("timer", "timer_start",
         "timer=0x10 function=0x20 expires=9 [timeout=4] bucket_expiry=9 "
         "cpu=1 idx=0 flags=D|P|I",
         [] { ebpf_trace_timer_start(At(16), At(32), 9, 5, 0x380001); });
  Expect("timer", "timer_expire_entry",
         "timer=0x10 function=0x20 now=9 baseclk=8",
         [] { ebpf_trace_timer_expire_entry(At(16), At(32), 9, 8); });
  Expect("timer", "timer_expire_exit", "timer=0x10",
         [] { ebpf_trace_timer_expire_exit(At(16)); });
  Expect("timer", "timer_cancel", "timer=0x10",
         [] { ebpf_trace_timer_cancel(At(16)); });
  Expect("timer", "hrtimer_expire_entry", "hrtimer=0x10 function=0x20 now=9",
         [] { ebpf_trace_hrtimer_expire_entry(At(16), At(32), 9); });
  Expect("timer", "hrtimer_expire_exit", "hrtimer=0x10",
         [] { ebpf_trace_hrtimer_expire_exit(At(16)); });
  Expect("timer", "hrtimer_cancel", "hrtimer=0x10",
         [] { ebpf_trace_hrtimer_cancel(At(16)); });
}

TEST_F(TraceTest, OfTheRest) {
  Expect("exceptions", "page_fault_user", "address=0x10 ip=0x20 error_code=0x4",
         [] { ebpf_trace_page_fault_user(16, 32, 4, nullptr); });
  Expect("exceptions", "page_fault_kernel",
         "address=0x10 ip=0x20 error_code=0x2",
         [] { ebpf_trace_page_fault_kernel(16, 32, 2, nullptr); });
  const std::string packet = "dev=eth0 skbaddr=0x10 len=60";
  Expect("net", "netif_receive_skb", packet,
         [] { ebpf_trace_netif_receive_skb(At(16), 60, "eth0"); });
  Expect("net", "netif_rx", packet,
         [] { ebpf_trace_netif_rx(At(16), 60, "eth0"); });
  Expect("net", "net_dev_queue", packet,
         [] { ebpf_trace_net_dev_queue(At(16), 60, "eth0"); });
  Expect("net", "net_dev_xmit", packet + " rc=-1",
         [] { ebpf_trace_net_dev_xmit(At(16), 60, "eth0", -1); });
  Expect("power", "cpu_idle", "state=2 cpu_id=1",
         [] { ebpf_trace_cpu_idle(2, 1); });
  Expect("power", "cpu_frequency", "state=800000 cpu_id=1",
         [] { ebpf_trace_cpu_frequency(800000, 1); });
}

TEST_F(TraceTest, OfSystemCalls) {
  const uint64_t arguments[6] = {3, 0, 0, 0, 0, 0};
  EXPECT_EQ(ebpf_trace_syscalls_init(EBPF_SYSCALLS_GENERIC), 0);
  Expect("raw_syscalls", "sys_enter", "NR 57 (3, 0, 0, 0, 0, 0)",
         [&] { ebpf_trace_sys_enter(nullptr, 57, arguments); });
  Expect("raw_syscalls", "sys_exit", "NR 57 = -9",
         [] { ebpf_trace_sys_exit(nullptr, 57, -9); });
  Expect("syscalls", "sys_enter_close", "fd: 0x00000003",
         [&] { ebpf_trace_sys_enter(nullptr, 57, arguments); });
  Expect("syscalls", "sys_exit_close", "0xfffffffffffffff7",
         [] { ebpf_trace_sys_exit(nullptr, 57, -9); });
  ebpf_trace_syscalls_exit();
  EXPECT_FALSE(TraceEvents::Find("syscalls", "sys_enter_close"));
}

}  // namespace
}  // namespace ebpf
