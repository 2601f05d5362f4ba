// SPDX-License-Identifier: MIT
//
// Lines of kprobe_events. Words, carets and errno are those that Linux 6.18
// gave for the same lines of uprobe_events.
#include "core/tracepoints/probe_events.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "core/probes/kprobe.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/probe_event_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"

namespace ebpf {
namespace {

class ProbeEventsTest : public NamedProbeTest {
 protected:
  /// "words@position" of the only error since the last call.
  static std::string Error() {
    const std::string text = ErrorLog();
    if (text.empty()) {
      return "";
    }
    const size_t begin = text.find("error: ") + 7;
    const size_t caret = text.rfind('^');
    const size_t line = text.rfind('\n', caret) + 1;
    ClearTraceErrors();
    return text.substr(begin, text.find('\n', begin) - begin) + "@" +
           std::to_string(caret - line - std::string("  Command: ").size());
  }
};

TEST_F(ProbeEventsTest, ANameIsRemovedFromAllGroupsAndAGroupAtOnce) {
  const std::string a = "p:a/x kernel_add\n";
  const std::string b = "p:b/x kernel_add\n";
  const std::string c = "p:b/y kernel_add\n";
  const struct {
    const char* line;
    Status status;
    std::string left;
  } kCases[] = {
      {"-:x", Status::kOk, c},
      {"-:b/x", Status::kOk, a + c},
      {"-:b/", Status::kOk, a},
      {"-:c/", Status::kNotFound, a + b + c},
      {"-:/", Status::kNotFound, a + b + c},
      {"-:/x", Status::kNotFound, a + b + c},
      {"-:b.x", Status::kNotFound, a + b + c},
      {"-:b/x/y", Status::kNotFound, a + b + c},
      {"-:", Status::kInvalid, a + b + c},
      {"-x", Status::kInvalid, a + b + c},
  };
  for (const auto& one : kCases) {
    ASSERT_EQ(Write(a + b + c), Status::kOk);
    EXPECT_EQ(Write(one.line), one.status) << one.line;
    EXPECT_EQ(Shown(), one.left) << one.line;
    ASSERT_EQ(ProbeEvents::Clear(), Status::kOk);
  }
}

TEST_F(ProbeEventsTest, TheKernelsLogTellsWhyAPlaceIsRefused) {
  const auto address = reinterpret_cast<uintptr_t>(&OnBreakpoint);
  ClearHostLog();

  EXPECT_EQ(Write("p:x " + std::to_string(address)), Status::kInvalid);
  EXPECT_NE(HostLog().find(": it is on a breakpoint's own way\n"),
            std::string::npos)
      << HostLog();
}

TEST_F(ProbeEventsTest, TheKernelsLogTellsOnceWhyThereAreNone) {
  ClearHostLog();
  RefuseKprobes("of a test");

  EXPECT_EQ(Write("p:x kernel_add"), Status::kNotSupported);
  EXPECT_EQ(Write("p:y kernel_add"), Status::kNotSupported);

  EXPECT_EQ(HostLog(), "ebpf: no kprobes: of a test\n");
  RefuseKprobes(nullptr);
  EXPECT_EQ(Write("p:x kernel_add"), Status::kOk);
}

TEST_F(ProbeEventsTest, WhatIsToBeRemovedMayBeToldInFull) {
  const struct {
    const char* line;
    Status status;
  } kCases[] = {
      {"-:a kernel_add+4", Status::kOk},
      {"-:a\t kernel_add+4  arg1=%di ", Status::kOk},
      {"-:a kernel_add+4 arg1=%di b=%si:u8", Status::kOk},
      {"-:a kernel_add", Status::kNotFound},
      {"-:a kernel_add+40", Status::kNotFound},
      {"-:a kernel_add+4 %di", Status::kNotFound},
      {"-:a kernel_add+4 arg1", Status::kNotFound},
      {"-:a kernel_add+4 arg1=%di b=%si", Status::kNotFound},
      {"-:a kernel_add+4 arg1=%di b=%si:u8 c=%ax", Status::kNotFound},
  };
  for (const auto& one : kCases) {
    ASSERT_EQ(Write("p:a kernel_add+4 %di b=%si:u8"), Status::kOk) << Error();
    EXPECT_EQ(Write(one.line), one.status) << one.line;
    EXPECT_EQ(Shown().empty(), IsOk(one.status)) << one.line;
    ASSERT_EQ(ProbeEvents::Clear(), Status::kOk);
  }
}

TEST_F(ProbeEventsTest, WhyANameIsTakenIsSaidAsLinuxDoes) {
  ASSERT_EQ(Write("p:g/a kernel_add a=%ax b=%bx:u8"), Status::kOk);
  const struct {
    const char* line;
    const char* error;
  } kCases[] = {
      {"p:g/a kernel_add a=%ax b=%bx:u8",
       "There is already the exact same probe event@0"},
      {"r:g/a kernel_add a=%ax b=%bx:u8",
       "Probe type is different from existing probe@0"},
      {"p:g/a kernel_add",
       "Argument type or name is different from existing probe@17"},
      {"p:g/a kernel_add a=%ax",
       "Argument type or name is different from existing probe@23"},
      {"p:g/a kernel_add x=%ax",
       "Argument type or name is different from existing probe@23"},
      {"p:g/a kernel_add x=%ax b=%bx:u8",
       "Argument type or name is different from existing probe@17"},
      {"p:g/a kernel_add a=%ax b=%bx:u16",
       "Argument type or name is different from existing probe@23"},
      {"p:g/a kernel_add a=%ax b=+0(%bx):u8[2]",
       "Argument type or name is different from existing probe@23"},
      {"p:g/a kernel_add a=%ax b=%bx:u8 c=%cx",
       "Argument type or name is different from existing probe@32"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Write(one.line), Status::kExists) << one.line;
    EXPECT_EQ(Error(), one.error) << one.line;
  }
  EXPECT_EQ(Shown(), "p:g/a kernel_add a=%ax b=%bx:u8\n");
}

TEST_F(ProbeEventsTest, AnEventHasProbesAtSeveralPlaces) {
  ASSERT_EQ(Write("p:g/a kernel_add a=%di b=%si:u8\n"
                  "p:g/a kernel_add a=%si b=%si:u8\n"
                  "p:g/a kernel_add+4 a=%di b=%si:u8"),
            Status::kOk)
      << Error();
  EXPECT_EQ(Shown(),
            "p:g/a kernel_add a=%di b=%si:u8\n"
            "p:g/a kernel_add a=%si b=%si:u8\n"
            "p:g/a kernel_add+4 a=%di b=%si:u8\n");
  EXPECT_EQ(Write("p:g/a kernel_add a=%si b=%si:u8"), Status::kExists);
  EXPECT_EQ(Error(), "There is already the exact same probe event@0");
  TraceEventRef event = TraceEvents::Find("g", "a");
  ASSERT_TRUE(event);
  Counted counted;
  ASSERT_EQ(event->AddConsumer(counted), Status::kOk);
  auto* add = text_.As<Function>();
  add(1, 2);
  EXPECT_EQ(counted.count, 3u);
  // One more, and one less, while it is on.
  EXPECT_EQ(Write("p:g/a kernel_add+8 a=%ax b=%si:u8"), Status::kOk);
  add(1, 2);
  EXPECT_EQ(counted.count, 7u);
  EXPECT_EQ(Write("-:g/a kernel_add"), Status::kOk);  // both
  EXPECT_EQ(Shown(),
            "p:g/a kernel_add+4 a=%di b=%si:u8\n"
            "p:g/a kernel_add+8 a=%ax b=%si:u8\n");
  add(1, 2);
  EXPECT_EQ(counted.count, 9u);
  // The last one is kept by who wants it, as in Linux.
  EXPECT_EQ(Write("-:g/a"), Status::kBusy);
  EXPECT_EQ(Shown(), "p:g/a kernel_add+8 a=%ax b=%si:u8\n");
  EXPECT_EQ(event->name(), "a") << "of the first, which is gone";
  EXPECT_EQ(event->fields()[1].name, "a");
  EXPECT_EQ(Write("p:g/a kernel_add a=%di c=%si:u8"), Status::kExists);
  EXPECT_EQ(Error(),
            "Argument type or name is different from existing probe@23");
  add(1, 2);
  EXPECT_EQ(counted.count, 10u);
  event->RemoveConsumer(counted);
  event = TraceEventRef();
  EXPECT_EQ(Write("-:g/a"), Status::kOk);
  EXPECT_EQ(Shown(), "");
  EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
}

TEST_F(ProbeEventsTest, ReturnsOfOneNameAreFollowedFromSeveralFunctions) {
  HostText other("kernel_other", kAdd);
  ASSERT_EQ(Write("r:g/a kernel_add a=$retval\nr:g/a kernel_other a=$retval"),
            Status::kOk)
      << Error();
  TraceEventRef event = TraceEvents::Find("g", "a");
  Counted counted;
  ASSERT_EQ(event->AddConsumer(counted), Status::kOk);
  text_.As<Function>()(1, 2);
  EXPECT_EQ(counted.count, 1u);
  other.As<Function>()(1, 2);
  EXPECT_EQ(counted.count, 2u);
  event->RemoveConsumer(counted);
  event = TraceEventRef();
  EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
}

TEST_F(ProbeEventsTest, EachProbeOfAnEventHasAProfile) {
  ASSERT_EQ(Write("p:g/a kernel_add\np:g/a kernel_add+4"), Status::kOk);
  TraceEventRef event = TraceEvents::Find("g", "a");
  Counted counted;
  ASSERT_EQ(event->AddConsumer(counted), Status::kOk);
  text_.As<Function>()(1, 2);
  event->RemoveConsumer(counted);
  char buffer[256];
  uint64_t place = 0;
  for (int i = 0; i < 2; ++i) {
    TextWriter writer(buffer, sizeof(buffer));
    ASSERT_TRUE(ProbeEvents::PutProfile(writer, &place));
    EXPECT_EQ(std::string(buffer, writer.text().size()),
              "  a                                                          1"
              "               0\n");
  }
}

TEST_F(ProbeEventsTest, AnEventThatIsNoProbesKeepsItsName) {
  class Other final : public TraceEvent {
   public:
    StringView system() const override { return "g"; }
    StringView name() const override { return "a"; }
    Span<const EventField> fields() const override { return {}; }
    StringView print_format() const override { return ""; }
    Status AddConsumer(RecordConsumer&) override { return Status::kInvalid; }
    void RemoveConsumer(RecordConsumer&) override {}
  } other;
  ASSERT_EQ(TraceEvents::Add(other), Status::kOk);
  EXPECT_EQ(Write("p:g/a kernel_add"), Status::kExists);
  EXPECT_EQ(Error(),
            "Given group/event name is already used by another event@0");
  EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
  EXPECT_EQ(Write("p:g/a kernel_add"), Status::kExists) << "it is still there";
  TraceEvents::Remove(other);
  EXPECT_EQ(Write("p:g/a kernel_add"), Status::kOk);
}

/// Somebody uses one for some time, all the time.
TEST_F(ProbeEventsTest, AllGoOrNone) {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const auto sometime = std::chrono::microseconds(20);
    while (!stop) {
      const TraceEventRef held = TraceEvents::Find("g", "e3");
      if (held && TraceEvents::Use(*held)) {
        std::this_thread::sleep_for(sometime);
        TraceEvents::Unuse(*held);
      }
      std::this_thread::sleep_for(sometime);
    }
  });
  std::string lines;
  for (int i = 0; i < 5; ++i) {
    const std::string line = "p:g/e" + std::to_string(i) + " kernel_add";
    lines += line + "\n" + line + "+4\n";
  }
  int busy = 0;
  int done = 0;
  for (int i = 0; (busy < 10 || done < 10) && i < 10'000; ++i) {
    if (Shown().empty()) {
      EXPECT_EQ(Write(lines), Status::kOk) << Error();
    }
    const Status status = ProbeEvents::Clear();
    ++(status == Status::kBusy ? busy : done);
    EXPECT_EQ(Shown(), status == Status::kBusy ? lines : "") << i;
  }
  stop = true;
  other.join();
  EXPECT_GE(busy, 10);
  EXPECT_GE(done, 10);
}

TEST_F(ProbeEventsTest, EveryAllocationOfASecondProbeMayFail) {
  ForEachFailingAllocation("second probe", [&](FailingAllocator& allocator) {
    ProbeEvents::Init(HostMachineOps().registers, allocator_);
    ASSERT_EQ(Write("p:g/a kernel_add a=+0(%di):string"), Status::kOk);
    TraceEventRef event = TraceEvents::Find("g", "a");
    Counted counted;
    ASSERT_EQ(event->AddConsumer(counted), Status::kOk);
    ProbeEvents::Init(HostMachineOps().registers, allocator);
    const Status status = Write("p:g/a kernel_add+4 a=+0(%si):string");
    EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
    uint64_t hits = counted.count;
    text_.As<Function>()(0, 0);
    EXPECT_EQ(counted.count - hits, IsOk(status) ? 2u : 1u);
    event->RemoveConsumer(counted);
    event = TraceEventRef();
    EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
    EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
  });
  ProbeEvents::Init(HostMachineOps().registers, allocator_);
}

TEST_F(ProbeEventsTest, AWalkShowsOnceWhatIsThereAllTheTime) {
  ASSERT_EQ(Write("p:a kernel_add\np:b kernel_add\np:c kernel_add"),
            Status::kOk);
  uint64_t place = 0;
  const auto next = [&] {
    char buffer[128];
    TextWriter writer(buffer, sizeof(buffer));
    return ProbeEvents::Put(writer, &place)
               ? std::string(buffer, writer.text().size())
               : "";
  };
  EXPECT_EQ(next(), "p:kprobes/a kernel_add\n");
  EXPECT_EQ(next(), "p:kprobes/b kernel_add\n");
  ASSERT_EQ(Write("-:a\n-:b\np:a kernel_add"), Status::kOk);
  EXPECT_EQ(next(), "p:kprobes/c kernel_add\n");
  EXPECT_EQ(next(), "p:kprobes/a kernel_add\n");
  EXPECT_EQ(next(), "");
}

TEST_F(ProbeEventsTest, LinesHaveALength) {
  const std::string line = "p:a kernel_add";
  const size_t most = ProbeDefinition::kMaxLineSize;
  EXPECT_EQ(Write(line + std::string(most - line.size(), ' ')), Status::kOk);
  EXPECT_EQ(Write("-:a"), Status::kOk);
  EXPECT_EQ(Write(line + std::string(most - line.size() + 1, ' ')),
            Status::kInvalid);
  EXPECT_EQ(Shown(), "");
}

/// Two threads run what probes come to and go from; one is there all the time.
TEST_F(ProbeEventsTest, ProbesComeAndGoWhileTheirPlaceIsHit) {
  ASSERT_EQ(Write("p:stays kernel_add %di"), Status::kOk);
  TraceEventRef event = TraceEvents::Find("kprobes", "stays");
  Counted stays;
  ASSERT_EQ(event->AddConsumer(stays), Status::kOk);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> wrong{0};
  std::thread callers[2];
  for (unsigned i = 0; i < 2; ++i) {
    callers[i] = std::thread([&, i] {
      HostCpu cpu(1 + i);
      auto* add = text_.As<Function>();
      while (!stop) {
        wrong += add(40, 2) != 42;
        ++calls;
      }
    });
  }
  Counted passing;
  int busy = 0;
  for (int i = 0; i < 300 || calls < 100; ++i) {
    const std::string name = "e" + std::to_string(i % 3);
    const bool is_return = i % 2 != 0;
    ASSERT_EQ(Write((is_return ? "r:" : "p:") + name + " kernel_add $comm"),
              Status::kOk)
        << Error();
    {
      TraceEventRef one =
          TraceEvents::Find("kprobes", {name.data(), name.size()});
      ASSERT_TRUE(one);
      ASSERT_EQ(one->AddConsumer(passing), Status::kOk);
      busy += Write("-:" + name) == Status::kBusy;
      one->RemoveConsumer(passing);
    }
    ASSERT_EQ(Write("-:" + name), Status::kOk);
  }
  stop = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  event->RemoveConsumer(stays);
  EXPECT_EQ(stays.count, calls);
  EXPECT_EQ(wrong, 0u);
  EXPECT_GE(busy, 300) << "each was held once";
  event = TraceEventRef();
  EXPECT_EQ(ProbeEvents::Clear(), Status::kOk);
  EXPECT_TRUE(EqualBytes(text_.bytes(), kAdd));
}

}  // namespace
}  // namespace ebpf
