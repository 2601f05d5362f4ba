// SPDX-License-Identifier: MIT
//
// Lines of kprobe_events. Words, carets and errno are those that Linux 6.18
// gave for the same lines of uprobe_events.
#include "core/tracepoints/probe_events.h"

#include <atomic>
#include <string>
#include <thread>

#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/probe_event_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

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
  // Linux adds a second probe to the event.
  EXPECT_EQ(Write("p:g/a kernel_add+4 a=%ax b=%bx:u8"), Status::kExists);
  EXPECT_EQ(Error(),
            "Given group/event name is already used by another event@0");
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
