// SPDX-License-Identifier: MIT
//
// The files of a trace beside the host's: the same is written to both and read
// from both, and errnos and texts are the same. Needs a tracefs that this
// process may use.
#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <regex>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"
#include "testing/host_port/host_task.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

// The host's system "task", as "tusk": so it is nobody else's here.

struct Rename {
  static constexpr char kSystem[] = "tusk";
  static constexpr char kName[] = "tusk_rename";
  struct Record {
    EventHeader header;
    int32_t pid;
    char oldcomm[16];
    char newcomm[16];
    int16_t oom_score_adj;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("pid_t", pid), EBPF_FIELD("char[16]", oldcomm),
      EBPF_FIELD("char[16]", newcomm), EBPF_FIELD("short", oom_score_adj)};
  static constexpr char kPrintFormat[] =
      "\"pid=%d oldcomm=%s newcomm=%s oom_score_adj=%hd\", REC->pid, "
      "REC->oldcomm, REC->newcomm, REC->oom_score_adj";
  static void Fill(Record& record, int pid, const char* oldcomm,
                   const char* newcomm, int oom_score_adj) {
    record.pid = pid;
    PutText(record.oldcomm, oldcomm);
    PutText(record.newcomm, newcomm);
    record.oom_score_adj = static_cast<int16_t>(oom_score_adj);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Rename);

struct NewTask {
  static constexpr char kSystem[] = "tusk";
  static constexpr char kName[] = "tusk_newtask";
  struct Record {
    EventHeader header;
    int32_t pid;
    char comm[16];
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("pid_t", pid),
                                           EBPF_FIELD("char[16]", comm)};
  static constexpr char kPrintFormat[] = "\"pid=%d\", REC->pid";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(NewTask);

struct PrctlUnknown {
  static constexpr char kSystem[] = "tusk";
  static constexpr char kName[] = "tusk_prctl_unknown";
  struct Record {
    EventHeader header;
    int32_t option;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("int", option)};
  static constexpr char kPrintFormat[] = "\"option=%d\", REC->option";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(PrctlUnknown);

std::string Replaced(const std::string& text, const char* from,
                     const char* to) {
  return std::regex_replace(text, std::regex(from), to);
}

std::string ToOurs(const std::string& text) {
  return Replaced(text, "\\btask", "tusk");
}
std::string ToHosts(const std::string& text) {
  return Replaced(text, "tusk", "task");
}

/// Without what cannot be the same: times, CPUs and how many, flags.
std::string Masked(std::string text) {
  text = Replaced(text, "\\[[0-9]{3}\\] [^ ]{5} ", "[CPU] ..... ");
  text = Replaced(text, "\\[[0-9]{3}\\]  ", "[CPU]  ");
  text = Replaced(text, " +[0-9]+\\.[0-9]{6}: ", " TIME: ");
  text = Replaced(text, "\\[ *[0-9]+\\.[0-9]{6}\\]", "[TIME]");
  text = Replaced(text, "ts: +[0-9]+\\.[0-9]{6}", "ts: TIME");
  text = Replaced(text, "#P:[0-9]+", "#P:N");
  return Replaced(text, "bytes: [0-9]+", "bytes: N");
}

/// Events of a kernel come in no certain order.
std::string Sorted(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  std::sort(lines.begin(), lines.end());
  std::string sorted;
  for (const std::string& line : lines) {
    sorted += line;
  }
  return sorted;
}

/// Where two texts part.
std::string Difference(const std::string& ours, const std::string& hosts) {
  const size_t at = static_cast<size_t>(
      std::mismatch(ours.begin(), ours.end(), hosts.begin(), hosts.end())
          .first -
      ours.begin());
  const size_t from = at < 60 ? 0 : at - 60;
  return "\nours, at " + std::to_string(at) + " of " +
         std::to_string(ours.size()) + ": ..." + ours.substr(from, 160) +
         "\nthe host's, of " + std::to_string(hosts.size()) + ": ..." +
         hosts.substr(from, 160);
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() : caller_(Origin::kKernel), files_(caller_) {}

  void SetUp() override {
    std::string reason;
    host_ = HostTracefs::Open(&reason);
    if (host_ == nullptr) {
      GTEST_SKIP() << "NO ORACLE: " << reason;
    }
    prctl(PR_GET_NAME, comm_before_);
    SetComm("before");
  }
  void TearDown() override {
    if (host_ != nullptr) {
      host_->Put("events/enable", "0", O_WRONLY);
      prctl(PR_SET_NAME, comm_before_);
    }
    SetHostTask(1, 1, "host");
    caller_.client().fds().CloseAll();
  }

  /// Writes to both, which take the same of it.
  void Put(const std::string& file, const std::string& text,
           int flags = O_WRONLY | O_TRUNC) {
    const int64_t hosts = host_->Put(file, text, flags);
    const int64_t ours =
        files_.Write1(ToOurs(file), ToOurs(text), static_cast<uint32_t>(flags));
    EXPECT_EQ(ours, hosts) << "to " << file << ": " << text.substr(0, 100);
    ++(hosts < 0 ? refused_ : taken_);
  }
  void Same(const std::string& file) {
    const std::string hosts = Masked(host_->Get(file));
    const std::string ours = Masked(ToHosts(files_.ReadAll(ToOurs(file))));
    if (file == "set_event") {
      EXPECT_EQ(Sorted(ours), Sorted(hosts)) << file;
    } else {
      EXPECT_TRUE(ours == hosts) << file << Difference(ours, hosts);
    }
    ++read_;
  }
  void SameOpen(const std::string& file, int flags) {
    const int hosts = host_->Open(file, flags);
    const int64_t ours =
        files_.Open(ToOurs(file), static_cast<uint32_t>(flags));
    EXPECT_EQ(std::min<int64_t>(ours, 0), std::min(hosts, 0))
        << file << ", " << flags;
    if (hosts >= 0) {
      close(hosts);
    }
    if (ours >= 0) {
      files_.CloseFd(ours);
    }
  }

  void SetComm(const std::string& name) {
    comm_ = name.substr(0, 15);
    prctl(PR_SET_NAME, name.c_str());
    const auto pid = static_cast<uint32_t>(getpid());
    SetHostTask(pid, pid, comm_.c_str());
  }
  /// Others of the host's do, too.
  static std::string OnlyThisTask() {
    return "common_pid == " + std::to_string(getpid());
  }
  /// The task gets another name: an event of both.
  void RenameTask(const std::string& name) {
    std::string adjustment;
    std::getline(std::ifstream("/proc/self/oom_score_adj"), adjustment);
    const std::string before = comm_;
    const int words_of[] = {getpid(), std::stoi(adjustment)};
    const uint64_t words[] = {
        trace::ToWord(words_of[0]), trace::ToWord(before.c_str()),
        trace::ToWord(name.c_str()), trace::ToWord(words_of[1])};
    ebpf_tracepoint_fire(&Rename::tracepoint, words);
    SetComm(name);
  }

  TestSystem system_;
  TestCaller caller_;
  TraceFiles files_;
  std::unique_ptr<HostTracefs> host_;
  std::string comm_;
  char comm_before_[17] = {};
  int taken_ = 0;
  int refused_ = 0;
  int read_ = 0;
};

const std::vector<std::string> kNumbers = {
    "0",    "0\n", "1",  "1\n",   "2",   " 1 ",
    "x",    "",    "-1", "0x0",   "00",  std::string("1\0", 2),
    "1 0",  "\n",  "+1", "-0",    "on",  "10000000000000000000000",
    "true", "01",  "1x", "1\n\n", "++1", std::string(70, '1')};

TEST_F(FilesTest, Switches) {
  for (const std::string file :
       {"tracing_on", "events/task/task_rename/enable", "events/task/enable",
        "options/overwrite", "options/irq-info", "options/context-info"}) {
    for (const std::string& number : kNumbers) {
      Put(file, number);
      Same(file);
    }
    Put(file, "1");
  }
  Put("events/enable", "2");
  Put("events/enable", "");
  printf("%d taken, %d refused, %d texts read\n", taken_, refused_, read_);
}

TEST_F(FilesTest, SetEvent) {
  const std::vector<std::string> texts = {
      "task:task_rename\n",
      "task:task_rename",
      "task_newtask",
      "!task_newtask\n",
      "task:",
      "task:*\n",
      "*:task_rename\n",
      ":task_rename",
      "nosuch\n",
      "nosuch:*\n",
      "task:nosuch\n",
      "",
      "\n",
      " ",
      "  \n",
      "task:task_rename task:task_newtask\n",
      "task:task_rename nosuch task:task_newtask\n",
      "!*:*\n",
      "!task:task_rename\n",
      "task:task_*\n",
      "task:ta?k_rename\n",
      "task_re",
      std::string(5000, 'x'),
      "task:task_rename:foo\n",
      "*task*:task_rename",
      "!nosuch",
      "!",
      std::string("task:task_rename\0task:task_newtask\n", 36),
      "\ttask:task_rename\n",
      "task\n",
      "!task\n",
      "ftrace:function\n",
      "ftrace:*",
      "task:task_renam",
      std::string(126, 'x'),
      std::string(127, 'x'),
      std::string(128, 'x')};
  for (const int flags :
       {O_WRONLY | O_APPEND, O_WRONLY, O_WRONLY | O_TRUNC, O_RDWR | O_TRUNC}) {
    for (const std::string& text : texts) {
      if (text == "!") {
        continue;  // all of the host's: events of any name
      }
      Put("set_event", text, flags);
      Same("set_event");
      Same("events/task/enable");
    }
    Put("set_event", "");
    Same("set_event");
  }
  printf("%d taken, %d refused, %d texts read\n", taken_, refused_, read_);
}

TEST_F(FilesTest, WhatIsWrittenInPieces) {
  const int hosts = host_->Open("set_event", O_WRONLY | O_TRUNC);
  const int64_t ours = files_.Open("set_event", O_WRONLY | O_TRUNC);
  for (const std::string piece :
       {"task:task_", "rename\n", "task:task_newtask ", "task_rename", " "}) {
    const ssize_t count = write(hosts, piece.data(), piece.size());
    EXPECT_EQ(files_.WriteFd(ours, ToOurs(piece)), count < 0 ? -errno : count)
        << piece;
  }
  close(hosts);
  Same("set_event");
}

TEST_F(FilesTest, Filters) {
  const std::string file = "events/task/task_rename/filter";
  for (const std::string& text : std::vector<std::string>{
           "pid == 1", std::string("pid == "), std::string("foo == 1"),
           std::string("0"), std::string("0\n"), std::string("none"),
           std::string(" 0"), std::string("pid==1 \n"), std::string("00"),
           std::string("comm ~ \"a*\" || CPU > 0"),
           "pid == 1" + std::string(4000, ' '),
           std::string("oom_score_adj & 2\n")}) {
    Put(file, text);
    Same(file);
  }
  // The host shows a page of it, ours all.
  Put(file, std::string(4095, 'x'));
  Put(file, std::string(4096, 'x'));
  Put("error_log", "");
  Same("error_log");
  Put(file, "foo == 1");
  Put(file, "pid ~ \"a\" || pid == 1");
  Same("error_log");
  Put("error_log", "x", O_WRONLY);
  Same("error_log");
  Put("error_log", "");
  Same("error_log");
  Same("events/task/filter");
  for (const char* text : {"pid == 3", "foo == 1", "newcomm == \"x\"", "0",
                           "pid ==", "option == 7", "0\n"}) {
    Put("events/task/filter", text);
    Same("events/task/filter");
    Same(file);
    Same("events/task/task_prctl_unknown/filter");
  }
}

TEST_F(FilesTest, Words) {
  for (const std::string text :
       {"nooverwrite", "overwrite\n", "noirq-info", "foo", "", "nofoo",
        "overwrite irq-info", " overwrite", "nooverwrite ", "\n", "no",
        "irq-info", "nomarkers", "markers", "fields", "nofields",
        "context-info",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxx"}) {
    Put("trace_options", text);
    for (const char* option : {"overwrite", "irq-info", "markers", "fields"}) {
      Same(std::string("options/") + option);
    }
  }
  for (const std::string text : {"mono", "foo", "", "local", "loca", "local ",
                                 "  mono", "\n", "local\n", "local mono"}) {
    Put("trace_clock", text);
  }
  for (const std::string text :
       {"nop", "foo", "", "nop ", " nop", "\n", "nop\n", "no"}) {
    Put("current_tracer", text);
    Same("current_tracer");
  }
  for (const char* text : {"0", "-1", "abc", "", "100 200", "1410x", "0x10",
                           " 20", "\n", "99999999999"}) {
    Put("buffer_size_kb", text);
    Put("per_cpu/cpu1/buffer_size_kb", text);
  }
  Put("buffer_total_size_kb", "3");
  // Of the host's whole trace: only what it refuses.
  for (const char* text : {"0", "-1", "x", "", "100000000", "32769", "\n"}) {
    const int64_t hosts =
        host_->Put("../../saved_cmdlines_size", text, O_WRONLY);
    EXPECT_LT(hosts, 0);
    EXPECT_EQ(files_.Write1("saved_cmdlines_size", text), hosts) << text;
  }
  printf("%d taken, %d refused, %d texts read\n", taken_, refused_, read_);
}

TEST_F(FilesTest, BufferSizesAreOfWholePages) {
  for (const uint64_t wanted : {16, 100, 101, 1410, 4000}) {
    for (const char* file : {"buffer_size_kb", "per_cpu/cpu1/buffer_size_kb"}) {
      Put(file, std::to_string(wanted));
      for (const std::string& text : {host_->Get(file), files_.ReadAll(file)}) {
        EXPECT_GE(std::stoull(text), wanted) << file;
        EXPECT_LT(std::stoull(text), wanted + 8) << file;
      }
    }
    EXPECT_EQ(host_->Get("buffer_size_kb").find(' '), std::string::npos);
  }
  Put("per_cpu/cpu1/buffer_size_kb", "50");
  Same("buffer_size_kb");  // X
}

TEST_F(FilesTest, LinesOfEventsAndPeople) {
  Same("trace");
  Same("per_cpu/cpu0/trace");
  Put("events/task/task_rename/filter", OnlyThisTask());
  Put("events/task/task_rename/enable", "1");
  RenameTask("abc");
  RenameTask("defghijklmnopqrstuv");
  Put("trace_marker", "hello");
  Put("trace_marker", "hello\n");
  Put("trace_marker", "");
  Put("trace_marker", "two\nlines\n");
  Put("trace_marker", "\n");
  Put("trace_marker", std::string(1000, 'x'));
  Put("events/task/task_rename/filter",
      OnlyThisTask() + " && newcomm ~ \"a*\"");
  RenameTask("bcd");
  RenameTask("acd");
  Put("events/task/task_rename/enable", "0");
  RenameTask("adefg");
  // Each has the names of its own moments.
  const auto same_but_for_names = [&](const std::string& file) {
    const auto without_names = [&](const std::string& text) {
      return std::regex_replace(Masked(text), std::regex("(^|\n) *[^ \n]+-"),
                                "$1COMM-");
    };
    const std::string ours = without_names(ToHosts(files_.ReadAll(file)));
    const std::string hosts = without_names(host_->Get(file));
    EXPECT_TRUE(ours == hosts) << file << Difference(ours, hosts);
    ++read_;
  };
  same_but_for_names("trace");
  for (const char* option :
       {"noirq-info", "nocontext-info", "irq-info", "context-info"}) {
    Put("trace_options", option);
    same_but_for_names("trace");
  }
  Put("tracing_on", "0");
  Put("trace_marker", "off");
  Put("tracing_on", "1");
  Put("trace_options", "nomarkers");
  Put("trace_marker", "off");
  Put("trace_options", "markers");
  Put("trace", "x", O_WRONLY);
  Put("trace", "x", O_WRONLY | O_APPEND);
  same_but_for_names("trace");
  same_but_for_names("trace_pipe");
  same_but_for_names("trace");
  Put("trace_marker", "again");
  Put("trace", "x", O_RDWR | O_TRUNC);
  Same("trace");
  Put("trace_marker", "again");
  Put("trace", "");
  Same("trace");
}

TEST_F(FilesTest, FieldsInPlaceOfFormats) {
  Put("events/task/task_rename/enable", "1");
  Put("trace_options", "fields");
  Put("trace_options", "nocontext-info");
  RenameTask("abc");
  Same("trace");
}

TEST_F(FilesTest, LossesInTraceAndPipe) {
  Put("buffer_size_kb", "12");
  const std::string text(700, 'x');
  for (int i = 0; i < 200; ++i) {
    host_->Put("trace_marker", text + std::to_string(i), O_WRONLY);
    files_.Write1("trace_marker", text + std::to_string(i));
  }
  const std::regex lost(
      "CPU:[0-9]+ \\[LOST ([0-9]+) EVENTS\\]\n[^x]+x+([0-9]+)");
  for (const std::string& all :
       {host_->Get("trace_pipe"), files_.ReadAll("trace_pipe")}) {
    std::smatch match;
    ASSERT_TRUE(std::regex_search(all, match, lost)) << all;
    if (all.find("[LOST") == 4 + 1) {
      EXPECT_EQ(match[1], match[2]) << all.substr(0, 200);
    }
  }
}

TEST_F(FilesTest, Stats) {
  const auto shape = [](const std::string& text) {
    return Replaced(Masked(text), ": [0-9]+", ": N");
  };
  EXPECT_EQ(shape(files_.ReadAll("per_cpu/cpu0/stats")),
            shape(host_->Get("per_cpu/cpu0/stats")));
  Same("events/header_page");
  Same("events/header_event");
}

TEST_F(FilesTest, OneReaderTakesRecords) {
  const int hosts = host_->Open("trace_pipe", O_RDONLY);
  const int64_t ours = files_.Open("trace_pipe", O_RDONLY);
  ASSERT_GE(hosts, 0);
  ASSERT_GE(ours, 0);
  for (const char* file : {"trace_pipe", "per_cpu/cpu0/trace_pipe", "trace"}) {
    SameOpen(file, O_RDONLY);
  }
  Put("trace_marker", "one");
  Put("trace_marker", "two");
  // A line at most, or a part of it.
  char some[4096];
  for (const size_t size : {3, 10, 4096}) {
    ASSERT_GT(read(hosts, some, size), 0);
    ASSERT_NE(files_.ReadFd(ours, size), "");
  }
  while (read(hosts, some, sizeof(some)) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
  int64_t error = 0;
  while (!files_.ReadFd(ours, sizeof(some), &error).empty()) {
  }
  EXPECT_EQ(error, -EAGAIN);
  close(hosts);
  files_.CloseFd(ours);
}

TEST_F(FilesTest, OpeningWhatIsThereAndWhatIsNot) {
  const std::vector<std::string> names = {"tracing_on",
                                          "trace_marker",
                                          "nosuch",
                                          "events/nosuch/enable",
                                          "events/ftrace/enable",
                                          "events/ftrace/print/enable",
                                          "events/ftrace/print/format",
                                          "events/task/task_rename/id",
                                          "tracing_on/x",
                                          "trace_pipe",
                                          "available_tracers",
                                          "per_cpu/cpu0/stats",
                                          "per_cpu/cpu9999/stats",
                                          "options/nosuch",
                                          "events/task/nosuch/id"};
  for (const std::string& name : names) {
    SameOpen(name, O_RDONLY);
    SameOpen(name, O_WRONLY);
    SameOpen(name, O_RDWR);
  }
  SameOpen("events", O_WRONLY);
  SameOpen("events/task", O_RDWR);
  for (const char* file :
       {"events/task/task_rename/id", "events/task/task_rename/format",
        "available_tracers", "events/header_page", "per_cpu/cpu0/stats",
        "trace_pipe"}) {
    Put(file, "1");
  }
  EXPECT_EQ(files_.ReadAll("trace_marker"), host_->Get("trace_marker"));
}

TEST_F(FilesTest, FormatsOfTheTracesOwnEvents) {
  const auto without_id = [](const std::string& text) {
    return Replaced(text, "ID: [0-9]+", "ID: N");
  };
  for (const char* file : {"../../events/ftrace/print/format",
                           "../../events/bpf_trace/bpf_trace_printk/format"}) {
    const std::string hosts = host_->Get(file);
    if (hosts[0] != '!') {  // a Linux without it
      EXPECT_EQ(without_id(files_.ReadAll(std::string(file).substr(6))),
                without_id(hosts));
    }
  }
  EXPECT_EQ(
      without_id(ToHosts(files_.ReadAll("events/tusk/tusk_rename/format"))),
      without_id(host_->Get("events/task/task_rename/format")));
}

}  // namespace
}  // namespace ebpf
