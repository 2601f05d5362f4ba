// SPDX-License-Identifier: MIT
//
// Probes with names, through the files of a trace: made, switched on, read,
// refused and taken away. Lines alone: text_calls_test.cc and
// core/tracepoints/probe_events_test.cc.
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/tracepoints/event_format.h"
#include "core/tracepoints/trace_event.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kAppend = linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend;

class NamedProbeFilesTest : public SyscallTest {
 protected:
  NamedProbeFilesTest() : text_("named_add", kAdd), files_(caller_) {
    SetHostTime(12'345'678'912'345);
    SetHostTask(77, 42, "cat");
  }
  ~NamedProbeFilesTest() override {
    Restore();
    caller_.client().fds().CloseAll();
    EXPECT_EQ(files_.Write1("events/enable", "0"), 1);
    EXPECT_EQ(files_.Write1("kprobe_events", ""), 0) << "somebody holds one";
    EXPECT_EQ(memcmp(text_.bytes().data(), kAdd, sizeof(kAdd)), 0);
    ResumeHostTime();
    SetHostTask(1, 1, "host");
  }

  void Restore() {
    ThisHostTask().uid = 0;
    SetHostCapabilities(~uint64_t{0});
  }
  int64_t Append(const std::string& line) {
    return files_.Write1("kprobe_events", line, kAppend);
  }
  void Make(const std::string& line) {
    EXPECT_EQ(Append(line), static_cast<int64_t>(line.size()))
        << files_.ReadAll("error_log");
  }
  void Enable(const std::string& name, bool on) {
    EXPECT_EQ(
        files_.Write1("events/kprobes/" + name + "/enable", on ? "1" : "0"), 1);
  }
  /// The lines of `trace` that are not comments, from the event's name on.
  std::vector<std::string> Traced() {
    std::vector<std::string> lines;
    const std::string all = files_.ReadAll("trace");
    for (size_t at = 0; at < all.size();) {
      const size_t end = all.find('\n', at);
      if (end == std::string::npos) {
        ADD_FAILURE() << "a line without an end";
        break;
      }
      if (all[at] != '#') {
        const std::string line = all.substr(at, end - at);
        lines.push_back(line.substr(line.find("912: ") + 5));
      }
      at = end + 1;
    }
    return lines;
  }
  uint64_t Call(uint64_t a = 40, uint64_t b = 2) {
    return text_.As<Function>()(a, b);
  }

  HostText text_;
  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, NamedProbeFilesTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(NamedProbeFilesTest, HitsAreInTheTraceWhileItIsOn) {
  Make("p:a named_add x=%di:u32 who=$comm y=+0(\\8):string\n");
  Make("r:b named_add result=$retval:u32\n");
  Call();
  EXPECT_EQ(Traced(), std::vector<std::string>{});
  Enable("a", true);
  Enable("b", true);
  EXPECT_EQ(files_.ReadAll("events/kprobes/enable"), "1\n");
  EXPECT_EQ(files_.ReadAll("set_event"), "kprobes:a\nkprobes:b\n");
  Call(40, 2);
  std::vector<std::string> lines = Traced();
  ASSERT_EQ(lines.size(), 2u);
  const size_t tail = lines[0].find(") ");
  EXPECT_EQ(lines[0].find("a: ("), 0u) << lines[0];
  EXPECT_EQ(lines[0].substr(tail), ") x=40 who=\"cat\" y=\"(fault)\"");
  EXPECT_EQ(lines[1].find("b: ("), 0u) << lines[1];
  EXPECT_NE(lines[1].find(" <- "), std::string::npos);
  EXPECT_EQ(lines[1].substr(lines[1].find(") ")), ") result=42");
  Enable("a", false);
  Call();
  EXPECT_EQ(Traced().size(), 3u);
  Enable("b", false);
  Call();
  EXPECT_EQ(Traced().size(), 3u);
}

TEST_P(NamedProbeFilesTest, AFilterIsOfItsArguments) {
  Make("p:a named_add x=%di name=\\\"tea\"\n");
  const std::string filter = "events/kprobes/a/filter";
  EXPECT_EQ(files_.ReadAll(filter), "none\n");
  EXPECT_EQ(files_.Write1(filter, "z == 1"), Minus(Status::kInvalid));
  EXPECT_EQ(files_.Write1(filter, "x > 7 && name == \"tea\""), 22);
  EXPECT_EQ(files_.ReadAll(filter), "x > 7 && name == \"tea\"\n");
  Enable("a", true);
  for (uint64_t i = 0; i < 10; ++i) {
    Call(i, 0);
  }
  EXPECT_EQ(Traced().size(), 2u);
}

TEST_P(NamedProbeFilesTest, ItHasAFormatAndANumberOfItsOwn) {
  Make("p:a named_add x=%di:u8\np:b named_add\n");
  const std::string id = files_.ReadAll("events/kprobes/a/id");
  EXPECT_NE(id, files_.ReadAll("events/kprobes/b/id"));
  const std::string format = files_.ReadAll("events/kprobes/a/format");
  EXPECT_EQ(format.find("name: a\nID: " + id + "format:\n"), 0u) << format;
  EXPECT_NE(format.find("\tfield:u8 x;\toffset:16;\tsize:1;\tsigned:0;\n"),
            std::string::npos);
  EXPECT_NE(format.find("print fmt: \"(%lx) x=%u\", REC->__probe_ip, REC->x\n"),
            std::string::npos);
  const std::string all = files_.ReadAll("available_events");
  EXPECT_NE(all.find("kprobes:a\n"), std::string::npos);
}

TEST_P(NamedProbeFilesTest, WhatIsOnStaysAndAFilterKeepsNothing) {
  Make("p:a named_add x=%di\np:b named_add\n");
  EXPECT_EQ(files_.Write1("events/kprobes/a/filter", "x == 1"), 6);
  Enable("a", true);
  EXPECT_EQ(Append("-:a\n"), Minus(Status::kBusy));
  EXPECT_EQ(files_.Write1("kprobe_events", ""), Minus(Status::kBusy));
  EXPECT_EQ(files_.Write1("dynamic_events", ""), Minus(Status::kBusy));
  EXPECT_EQ(files_.ReadAll("kprobe_events"),
            "p:kprobes/a named_add x=%di\np:kprobes/b named_add\n");
  Enable("a", false);
  EXPECT_EQ(Append("-:a\n"), 4);
  EXPECT_EQ(files_.ReadAll("events/kprobes/a/filter"),
            "!" + std::to_string(ENOENT));
  Make("p:a named_add x=%di\n");
  EXPECT_EQ(files_.ReadAll("events/kprobes/a/filter"), "none\n");
  // Nor does one that is none, and is still shown.
  EXPECT_EQ(files_.Write1("events/kprobes/a/filter", "x =="),
            Minus(Status::kInvalid));
  EXPECT_NE(files_.ReadAll("events/kprobes/a/filter"), "none\n");
  EXPECT_EQ(files_.Write1("kprobe_events", ""), 0);
  EXPECT_EQ(files_.ReadAll("kprobe_events"), "");
}

TEST_P(NamedProbeFilesTest, RecordsOfOneThatWentAreNotShownAsAnothers) {
  Make("p:a named_add\n");
  const std::string id = files_.ReadAll("events/kprobes/a/id");
  Enable("a", true);
  Call();
  ASSERT_EQ(Traced().size(), 1u);
  Enable("a", false);
  EXPECT_EQ(Traced().size(), 1u);
  EXPECT_EQ(Append("-:a\n"), 4);
  EXPECT_EQ(Traced(), std::vector<std::string>{}) << "as in Linux";
  // Who was never on leaves what there is of others.
  EXPECT_EQ(files_.Write1("trace_marker", "mark\n"), 5);
  Make("p:b named_add\n");
  EXPECT_EQ(Append("-:b\n"), 4);
  EXPECT_EQ(Traced().size(), 1u);
  EXPECT_EQ(files_.Write1("trace", ""), 0);
  Make("p:other named_add x=%di y=+0(%si):string z=%di:u64\n");
  EXPECT_EQ(files_.ReadAll("events/kprobes/other/id"), id) << "it may be";
  EXPECT_EQ(Traced(), std::vector<std::string>{});
}

TEST_P(NamedProbeFilesTest, AnEventsProbesComeAndGoWhileItIsOn) {
  Make("p:a named_add x=%di:u32\n");
  Enable("a", true);
  Call(3, 4);
  Make("p:a named_add+4 x=%si:u32\n");
  EXPECT_EQ(files_.ReadAll("kprobe_events"),
            "p:kprobes/a named_add x=%di:u32\n"
            "p:kprobes/a named_add+4 x=%si:u32\n");
  Call(5, 6);
  EXPECT_EQ(Append("p:a named_add+8 y=%si:u32\n"), Minus(Status::kExists));
  EXPECT_EQ(Append("-:a named_add\n"), 14);
  Call(7, 8);
  EXPECT_EQ(Append("-:a\n"), Minus(Status::kBusy));
  std::vector<std::string> values;
  for (const std::string& line : Traced()) {
    values.push_back(line.substr(line.find(") ") + 2));
  }
  EXPECT_EQ(values, (std::vector<std::string>{"x=3", "x=5", "x=6", "x=8"}));
  Enable("a", false);
  EXPECT_EQ(Append("-:a\n"), 4);
  EXPECT_EQ(files_.ReadAll("kprobe_events"), "");
}

TEST_P(NamedProbeFilesTest, LinesAreDoneUpToTheFirstThatIsWrong) {
  EXPECT_EQ(Append("p:a named_add\np:b named_add %zz\np:c named_add\n"),
            Minus(Status::kInvalid));
  EXPECT_EQ(files_.ReadAll("kprobe_events"), "p:kprobes/a named_add\n");
  EXPECT_EQ(Append("p:c nosuch_function\n"), Minus(Status::kInvalid));
  EXPECT_EQ(Append("p:c named_add+2\n"), Minus(Status::kBadSequence));
  EXPECT_EQ(Append("-:nosuch\n"), Minus(Status::kNotFound));
  EXPECT_EQ(Append("p:a named_add\n"), Minus(Status::kExists));
  EXPECT_EQ(Append("what\n"), Minus(Status::kInvalid));
  // Opened to be overwritten, all go first.
  EXPECT_EQ(files_.Write1("kprobe_events", "p:d named_add\n"), 14);
  EXPECT_EQ(files_.ReadAll("kprobe_events"), "p:kprobes/d named_add\n");
  EXPECT_EQ(files_.Write1("kprobe_events", "p:e named_add\n",
                          linux_abi::kOpenWriteOnly),
            14);
  EXPECT_EQ(files_.ReadAll("kprobe_events"),
            "p:kprobes/d named_add\np:kprobes/e named_add\n");
}

TEST_P(NamedProbeFilesTest, WhoIsNotRootIsKeptOut) {
  Make("p:a named_add\n");
  SetHostCapabilities(0);
  caller_.client().DropCapabilities();
  ThisHostTask().uid = 1000;
  for (const char* file :
       {"kprobe_events", "dynamic_events", "events/kprobes/a/enable",
        "events/kprobes/a/filter"}) {
    EXPECT_EQ(files_.Open(file, linux_abi::kOpenReadOnly),
              Minus(Status::kAccess))
        << file;
    EXPECT_EQ(files_.Open(file, kAppend), Minus(Status::kAccess)) << file;
  }
  Restore();
}

/// As in Linux, who only reads about a probe does not keep it.
TEST_P(NamedProbeFilesTest, WhoReadsOfAProbeDoesNotKeepIt) {
  ResumeHostTime();
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  std::thread reader([&] {
    HostCpu here(1);
    SetHostTask(101, 101, "reader");
    while (!stop) {
      const TraceEventRef event = TraceEvents::Find("kprobes", "a");
      if (event) {
        char text[256];
        TextWriter writer(text, sizeof(text));
        PutFormat(writer, *event);
        ++looks;
      }
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 60 || looks < 20; ++i) {
    Make("p:a named_add x=%di:u32\n");
    Enable("a", true);
    text_.As<Function>()(1, 2);
    Enable("a", false);
    if (i % 2 == 0) {
      EXPECT_EQ(Append("-:a\n"), 4);
    } else {
      EXPECT_EQ(files_.Write1("kprobe_events", ""), 0);
    }
    caller_.ForgetMemory();
  }
  stop = true;
  reader.join();
  EXPECT_EQ(files_.ReadAll("kprobe_events"), "");
}

/// Three threads run what probes are put on, by the files, and taken from.
TEST_P(NamedProbeFilesTest, ProbesAreMadeSwitchedAndRemovedWhileTheyAreHit) {
  ResumeHostTime();
  Make("p:stays named_add x=%di:u32\n");
  Enable("stays", true);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> callers;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    callers.emplace_back([&, cpu] {
      HostCpu here(cpu);
      SetHostTask(100 + cpu, 100 + cpu, "caller");
      auto* add = text_.As<Function>();
      while (!stop) {
        wrong += add(40, 2) != 42;
        ++calls;
      }
    });
  }
  const char* const kArguments[] = {
      "named_add x=%di c=$comm", "named_add+1 s=+0($stack):x8[4]",
      "named_add r=$retval:u8 a=$arg1",
      "named_add+4 w=$stack0 t=\\\"text\" f=+0(\\8):string"};
  int busy = 0;
  for (int i = 0; i < 100; ++i) {
    const int kind = i % 4;
    const std::string name = "e" + std::to_string(i % 5);
    Make((kind == 2 ? "r:" : "p:") + name + " " + kArguments[kind] + "\n");
    if (i % 3 == 0) {
      EXPECT_EQ(files_.Write1("events/kprobes/" + name + "/filter",
                              "common_pid > 101"),
                16);
    }
    Enable(name, true);
    busy += Append("-:" + name + "\n") == Minus(Status::kBusy);
    if (i % 8 == 0) {
      EXPECT_NE(files_.ReadAll("kprobe_profile").find("  stays "),
                std::string::npos);
      const int64_t trace = files_.Open("trace", linux_abi::kOpenReadOnly);
      EXPECT_NE(files_.ReadFd(trace, 4096), "");
      files_.CloseFd(trace);
    }
    Enable(name, false);
    EXPECT_EQ(Append("-:" + name + "\n"), 4 + 1);
    caller_.ForgetMemory();
  }
  while (calls < 1000) {
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(busy, 100) << "each was on once";
  EXPECT_EQ(files_.ReadAll("kprobe_events"),
            "p:kprobes/stays named_add x=%di:u32\n");
  // Each call was a hit of the one that was there all the time.
  const std::string profile = files_.ReadAll("kprobe_profile");
  EXPECT_EQ(std::stoull(profile.substr(2 + 44)), calls) << profile;
}

}  // namespace
}  // namespace ebpf
