// SPDX-License-Identifier: MIT
#include "core/tracepoints/trace_instance.h"

#include <memory>
#include <string>

#include "core/tracepoints/own_events.h"
#include "core/tracepoints/trace_buffer_test_util.h"
#include "core/tracepoints/trace_text.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

/// What happens to a thing.
struct Thing {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "thing";
  struct Record {
    EventHeader header;
    int32_t number;
    uint16_t small;
    char comm[16];
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("int", number),
                                           EBPF_FIELD("u16", small),
                                           EBPF_FIELD("char[16]", comm)};
  static constexpr char kPrintFormat[] =
      "\"number=%d (%d) small=%#x comm=%s\", REC->number, REC->number, "
      "REC->small, REC->comm";
  static void Fill(Record& record, int number) {
    record.number = number;
    record.small = 7;
    PutText(record.comm, "someone");
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Thing);

void Pass(int number) {
  const uint64_t words[] = {trace::ToWord(number)};
  ebpf_tracepoint_fire(&Thing::tracepoint, words);
}

class TraceInstanceTest : public TracepointFixture {
 protected:
  TraceInstanceTest() {
    const Result<TraceInstance*> trace = TraceInstance::Create(PortAllocator());
    EXPECT_TRUE(trace.ok());
    trace_.reset(*trace);
    SetHostTime(12'345'678'912'345);
    SetHostTask(77, 42, "cat");
  }
  ~TraceInstanceTest() override {
    trace_.reset();
    ResumeHostTime();
    SetHostTask(1, 1, "host");
  }

  TraceEvent& event() { return *TraceEvents::Find("sample", "thing").get(); }
  std::string Lines() {
    std::string text(65536, '?');
    text.resize(TakeLines(*trace_, trace_->cursor(),
                          Span<char>(text.data(), text.size()),
                          kMaxTraceTextLine));
    return text;
  }
  std::string Filter() {
    char text[1024];
    TextWriter writer(text, sizeof(text));
    trace_->PutFilter(writer, event());
    return std::string(writer.text().data(), writer.text().size());
  }

  std::unique_ptr<TraceInstance, DestroyOwned> trace_;
};

TEST_F(TraceInstanceTest, WhatIsSwitchedOnIsRecorded) {
  Pass(1);
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  EXPECT_TRUE(trace_->IsOn(event()));
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  {
    const HostCpu cpu(3);
    Pass(-2);
  }
  ASSERT_EQ(trace_->Switch(event(), false), Status::kOk);
  EXPECT_FALSE(trace_->IsOn(event()));
  ASSERT_EQ(trace_->Switch(event(), false), Status::kOk);
  Pass(3);
  EXPECT_EQ(Lines(),
            "             cat-77      [003] ..... 12345.678912: thing: "
            "number=-2 (-2) small=0x7 comm=someone\n");
}

TEST_F(TraceInstanceTest, AFilterSaysWhichRecordsAreKept) {
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  ASSERT_EQ(trace_->SetFilter(event(), "number > 3 && comm == \"someone\""),
            Status::kOk);
  EXPECT_EQ(Filter(), "number > 3 && comm == \"someone\"\n");
  Pass(3);
  Pass(4);
  ASSERT_EQ(trace_->SetFilter(event(), "common_pid == 77 && COMM == \"cat\""),
            Status::kOk);
  Pass(5);
  ASSERT_EQ(trace_->SetFilter(event(), "common_pid == 78 || CPU > 0"),
            Status::kOk);
  Pass(6);
  trace_->RemoveFilter(event());
  EXPECT_EQ(Filter(), "none\n");
  Pass(7);
  const std::string lines = Lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  for (const char* number : {"(4)", "(5)", "(7)"}) {
    EXPECT_NE(lines.find(number), std::string::npos) << number;
  }
  EXPECT_EQ(trace_->buffer().Stats(0).read, 3u);
}

TEST_F(TraceInstanceTest, ColumnsAndFieldsTellOfTheContext) {
  volatile uint32_t numbers[4] = {0, 0, 1, 1};  // of two CPUs
  ebpf_port_context = {.facts = EBPF_CONTEXT_INTERRUPTS | EBPF_CONTEXT_RESCHED,
                       .stride = 2 * sizeof(uint32_t),
                       .interrupts = &numbers[0],
                       .resched = &numbers[1]};
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  Pass(1);
  {
    const HostCpu cpu(1);
    Pass(2);
    EXPECT_TRUE(trace_->Mark("here").ok());
    ASSERT_EQ(trace_->SetFilter(event(), "common_flags == 12"), Status::kOk);
    Pass(3);
    numbers[2] = 0;
    Pass(4);
  }
  ebpf_port_context = {};
  EXPECT_EQ(Lines(),
            "             cat-77      [000] ..... 12345.678912: thing: "
            "number=1 (1) small=0x7 comm=someone\n"
            "             cat-77      [001] .nh.. 12345.678912: thing: "
            "number=2 (2) small=0x7 comm=someone\n"
            "             cat-77      [001] .nh.. 12345.678912: "
            "tracing_mark_write: here\n"
            "             cat-77      [001] .nh.. 12345.678912: thing: "
            "number=3 (3) small=0x7 comm=someone\n");
}

/// Of several that want records, and of one that has an event for itself.
TEST_F(TraceInstanceTest, TracesWithAndWithoutAFilterShareAnEvent) {
  const Result<TraceInstance*> made = TraceInstance::Create(PortAllocator());
  ASSERT_TRUE(made.ok());
  std::unique_ptr<TraceInstance, DestroyOwned> other(*made);
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  ASSERT_EQ(trace_->SetFilter(event(), "number == 2"), Status::kOk);
  ASSERT_EQ(other->Switch(event(), true), Status::kOk);
  Pass(1);
  Pass(2);
  ASSERT_EQ(other->Switch(event(), false), Status::kOk);
  Pass(1);
  Pass(2);
  EXPECT_EQ(trace_->buffer().Stats(0).entries, 2u);
  EXPECT_EQ(other->buffer().Stats(0).entries, 2u);
  trace_->RemoveFilter(event());
  Pass(1);
  EXPECT_EQ(trace_->buffer().Stats(0).entries, 3u);
}

TEST_F(TraceInstanceTest, ABadFilterIsShownAndFiltersNothing) {
  ASSERT_EQ(trace_->SetFilter(event(), "number > 3"), Status::kOk);
  EXPECT_EQ(trace_->SetFilter(event(), "number > "), Status::kInvalid);
  EXPECT_EQ(Filter().find("number >\n"), 0u) << Filter();
  EXPECT_NE(Filter().find("^\nparse_error: Invalid value"), std::string::npos);
  ASSERT_EQ(trace_->Switch(event(), true), Status::kOk);
  Pass(1);
  EXPECT_NE(Lines(), "");
  ASSERT_EQ(trace_->SetFilter(event(), "pid == 1", true), Status::kOk);
  EXPECT_EQ(Filter(),
            "pid == 1\n^\nparse_error: Couldn't find or set field in one of a "
            "subsystem's events\n\n");
}

TEST_F(TraceInstanceTest, LinesOfPeopleAreAmongTheRecords) {
  EXPECT_EQ(*trace_->Mark("hello"), 5u);
  EXPECT_EQ(*trace_->Mark("two\nlines\n"), 10u);
  EXPECT_EQ(*trace_->Mark(""), 0u);
  const std::string prefix =
      "             cat-77      [000] ..... 12345.678912: "
      "tracing_mark_write: ";
  EXPECT_EQ(Lines(),
            prefix + "hello\n" + prefix + "two\nlines\n" + prefix + "\n");
  const std::string text(5000, 'x');
  const size_t taken = *trace_->Mark(StringView(text.data(), text.size()));
  EXPECT_GT(taken, 2000u);
  EXPECT_EQ(Lines(), prefix + text.substr(0, taken) + "\n");
  trace_->SetOption(TraceOption::kMarkers, false);
  EXPECT_EQ(trace_->Mark("x").status(), Status::kInvalid);
  trace_->SetOption(TraceOption::kMarkers, true);
  trace_->buffer().SetRecording(false);
  EXPECT_EQ(trace_->Mark("x").status(), Status::kBadFd);
}

TEST_F(TraceInstanceTest, OptionsSayHowLinesLook) {
  EXPECT_TRUE(trace_->Mark("x").ok());
  trace_->SetOption(TraceOption::kIrqInfo, false);
  EXPECT_EQ(Lines(),
            "             cat-77      [000]  12345.678912: "
            "tracing_mark_write: x\n");
  EXPECT_TRUE(trace_->Mark("x").ok());
  trace_->SetOption(TraceOption::kContextInfo, false);
  EXPECT_EQ(Lines(), "tracing_mark_write: x\n");
}

TEST_F(TraceInstanceTest, TasksWithoutANameAreDots) {
  trace_->SetOption(TraceOption::kRecordCmd, false);
  EXPECT_TRUE(trace_->Mark("x").ok());
  SetHostTask(0, 0, "swapper");
  EXPECT_TRUE(trace_->Mark("x").ok());
  const std::string lines = Lines();
  EXPECT_NE(lines.find("           <...>-77      ["), std::string::npos);
  EXPECT_NE(lines.find("          <idle>-0       ["), std::string::npos);
}

TEST_F(TraceInstanceTest, WhatProgramsPrintNeedsNoTextService) {
  SetHostTextSupport(false);
  const TraceEventRef print =
      TraceEvents::Find("bpf_trace", "bpf_trace_printk");
  EXPECT_EQ(trace_->Switch(*print, true), Status::kOk);
  EXPECT_EQ(trace_->Switch(*print, false), Status::kOk);
  SetHostTextSupport(true);
}

TEST_F(TraceInstanceTest, WhatCannotBeSwitchedIsRefused) {
  const TraceEventRef print = TraceEvents::Find("ftrace", "print");
  ASSERT_TRUE(print);
  EXPECT_EQ(trace_->Switch(*print, true), Status::kInvalid);
}

TEST_F(TraceInstanceTest, EveryFailedAllocationLeavesNothingOn) {
  ForEachFailingAllocation("trace", [&](FailingAllocator& allocator) {
    const Result<TraceInstance*> made = TraceInstance::Create(allocator);
    if (!made.ok()) {
      EXPECT_TRUE(allocator.failed());
      return;
    }
    const std::unique_ptr<TraceInstance, DestroyOwned> trace(*made);
    const Status on = trace->Switch(event(), true);
    EXPECT_EQ(trace->IsOn(event()), IsOk(on));
    Pass(1);
    EXPECT_EQ(trace->buffer().Stats(0).entries, IsOk(on) ? 1u : 0u);
    const Status expanded = trace->Expand();
    EXPECT_EQ(trace->is_expanded(), IsOk(expanded));
    EXPECT_EQ(trace->buffer().Stats(0).entries, IsOk(on) ? 1u : 0u);
    const Status filtered = trace->SetFilter(event(), "number == 2");
    EXPECT_NE(filtered, Status::kInvalid);
    const Status refused = trace->SetFilter(event(), "number == ");
    const Status resized = trace->ResizeCmdlines(300);
    EXPECT_EQ(trace->cmdlines_size(), IsOk(resized) ? 512u : 128u);
    EXPECT_EQ(!IsOk(on) || !IsOk(expanded) || !IsOk(filtered) ||
                  refused != Status::kInvalid || !IsOk(resized),
              allocator.failed());
  });
}

}  // namespace
}  // namespace ebpf
