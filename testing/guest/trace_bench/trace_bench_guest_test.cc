// SPDX-License-Identifier: MIT
//
// What it costs to pass a tracepoint, beside a function that passes none: while
// nobody wants it, and by who does; and to switch a key.
#include "core/base/memory.h"
#include "core/capi/ebpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/tracepoints/trace_instance.h"
#include "testing/guest/bench/figures.h"
#include "testing/guest/clients/loaded_object.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/trace_bench/subjects.h"
#include "testing/programs/trace_costs_object.h"

namespace guest::trace_bench {
namespace {

namespace abi = ebpf::linux_abi;
using bench::CostOfCall;
using bench::Hundredths;
using bench::kMethod;
using bench::Report;
using bench::Samples;
using bench::Start;

/// What `pass` takes beyond PassNothing.
Hundredths CostOf(void (*pass)()) {
  const Hundredths cost = CostOfCall(pass);
  return cost - ebpf::Min(cost, CostOfCall(PassNothing));
}

Hundredths CostOfEvent() { return CostOf(PassEvent); }

ebpf::TraceEvent& Event() {
  // Tracepoints are always there.
  return *ebpf::TraceEvents::FindById(BenchEvent::tracepoint.id);
}

GUEST_TEST(TraceBench, WhileNobodyWantsIt) {
  GUEST_ASSERT(Start());
  Report("call", "", CostOfCall(bench::bench_nothing));
  const Hundredths event = CostOfEvent();
  const Hundredths key = CostOf(PassKey);
  Report("tracepoint_off", "", event);
  Report("key_off", "", key);
  if (kMethod.bounds != nullptr) {
    // Executed instructions: the no-op.
    GUEST_EXPECT(bench::IsTicks(event, 1));
    GUEST_EXPECT(bench::IsTicks(key, 1));
  }
}

constinit volatile uint64_t answer = 0;

/// As PassNothing, with what a record asks the port.
[[gnu::noinline]] void AskForTime() {
  bench::bench_nothing();
  answer = ebpf_port_time_ns();
}
[[gnu::noinline]] void AskForTask() {
  bench::bench_nothing();
  answer = ebpf_port_task_pid();
}

GUEST_TEST(TraceBench, WhatThePortIsAsked) {
  GUEST_ASSERT(Start());
  Report("clock", "", CostOf(AskForTime));
  Report("task", "", CostOf(AskForTask));
}

class Empty final : public ebpf::ArgumentsConsumer {
 public:
  void Fired(const uint64_t* /*arguments*/,
             const ebpf::EventPlace& /*place*/) override {}
};

GUEST_TEST(TraceBench, AnEmptyFunction) {
  GUEST_ASSERT(Start());
  Empty empty;
  GUEST_ASSERT(IsOk(ebpf::AddArgumentsConsumer(BenchEvent::tracepoint, empty)));
  Report("function", "", CostOfEvent());
  ebpf::RemoveArgumentsConsumer(BenchEvent::tracepoint, empty);
}

GUEST_TEST(TraceBench, AnEmptyProgram) {
  GUEST_ASSERT(Start());
  LoadedObject costs(trace_costs_object());
  GUEST_ASSERT(costs.loaded());
  constexpr const char* kPrograms[] = {"empty_raw", "empty_record"};
  constexpr const char* kNames[] = {"raw_program", "record_program"};
  for (uint32_t i = 0; i < 2; ++i) {
    const int64_t link = costs.Attach(kPrograms[i]);
    GUEST_ASSERT(link > 0);
    Report(kNames[i], "", CostOfEvent());
    GUEST_EXPECT(IsOk(costs.object().Detach(static_cast<int>(link))));
  }
}

GUEST_TEST(TraceBench, ARecordOfATrace) {
  GUEST_ASSERT(Start());
  ebpf::TraceInstance& trace = *ebpf::GlobalTrace();
  GUEST_ASSERT(IsOk(trace.Switch(Event(), true)));
  const Hundredths unfiltered = CostOfEvent();
  Report("trace_record", "", unfiltered);
  GUEST_ASSERT(
      IsOk(trace.SetFilter(Event(), "first > 10 && second != 7 && third < 0")));
  const Hundredths kept = CostOfEvent();
  Report("filter/kept", "", kept - ebpf::Min(kept, unfiltered));
  GUEST_ASSERT(
      IsOk(trace.SetFilter(Event(), "first > 10 && second != 7 && third > 0")));
  Report("filtered_record", "", CostOfEvent());
  trace.RemoveFilter(Event());
  GUEST_EXPECT(IsOk(trace.Switch(Event(), false)));
}

/// A perf event of this CPU, with a buffer in which old samples are written
/// over, that samples each event.
void MeasureSamples(ebpf_client* client, const char* name, uint64_t types) {
  constexpr uint64_t kPages = 16;
  abi::PerfEventAttr attr = {};
  attr.type = abi::kPerfTypeTracepoint;
  attr.size = sizeof(attr);
  attr.config = BenchEvent::tracepoint.id;
  attr.sample_period = 1;
  attr.sample_type = types;
  attr.wakeup_events = 1u << 30;
  const auto fd = static_cast<int32_t>(ebpf_perf_event_open(
      client, reinterpret_cast<uintptr_t>(&attr), -1,
      static_cast<int32_t>(machine::CpuId()), -1, abi::kPerfFlagFdCloexec));
  GUEST_ASSERT(fd > 0);
  ebpf_pages pages;
  GUEST_ASSERT(ebpf_mmap(client, fd, 0, (kPages + 1) * kPageSize,
                         abi::kProtRead, &pages) == 0);
  Report(name, "", CostOfEvent());
  uint64_t count = 0;
  GUEST_EXPECT_EQ(
      ebpf_read(client, fd, reinterpret_cast<uintptr_t>(&count), sizeof(count)),
      sizeof(count));
  GUEST_EXPECT(count != 0);
  GUEST_EXPECT_EQ(-ebpf_close(client, fd), 0);
}

GUEST_TEST(TraceBench, ASampleOfAPerfEvent) {
  GUEST_ASSERT(Start());
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  MeasureSamples(client, "perf_record", abi::kPerfSampleRaw);
  MeasureSamples(client, "perf_record/with_time",
                 abi::kPerfSampleTid | abi::kPerfSampleTime |
                     abi::kPerfSampleCpu | abi::kPerfSampleRaw);
  ebpf_client_delete(client);
}

constinit Samples switch_times;

GUEST_TEST(TraceBench, SwitchingAKey) {
  GUEST_ASSERT(Start());
  for (uint32_t i = 0; i < Samples::kMost / 2; ++i) {
    const uint64_t begin = machine::Nanoseconds();
    const ebpf::Status status = SwitchedKey().Enable();
    const uint64_t middle = machine::Nanoseconds();
    GUEST_ASSERT(IsOk(status));
    PassKey();
    SafePoint();
    const uint64_t again = machine::Nanoseconds();
    SwitchedKey().Disable();
    switch_times.Add(machine::Nanoseconds() - again);
    switch_times.Add(middle - begin);
    PassKey();
    SafePoint();
  }
  GUEST_EXPECT_EQ(TakenBranches(), Samples::kMost / 2);
  switch_times.ReportAs("key_switch");
}

}  // namespace
}  // namespace guest::trace_bench
