// SPDX-License-Identifier: MIT
//
// The files of a trace, through the calls: each one's read, write, append,
// partial read and bad write. What is expected was seen on Linux 6.18, beside
// which testing/linux_tracefs sets the same.
#include "testing/caller/trace_files.h"

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "core/files/text_walk.h"
#include "core/helpers/trace_log.h"
#include "core/tracepoints/trace.h"
#include "core/tracepoints/trace_instance.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

/// Two events of a system of their own.
struct Opened {
  static constexpr char kSystem[] = "shop";
  static constexpr char kName[] = "opened";
  struct Record {
    EventHeader header;
    int32_t hour;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("int", hour)};
  static constexpr char kPrintFormat[] = "\"hour=%d\", REC->hour";
  static void Fill(Record& record, int hour) { record.hour = hour; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Opened);

struct Sold {
  static constexpr char kSystem[] = "shop";
  static constexpr char kName[] = "sold";
  struct Record {
    EventHeader header;
    char what[16];
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("char[16]", what)};
  static constexpr char kPrintFormat[] = "\"what=%s\", REC->what";
  static void Fill(Record& record, const char* what) {
    PutText(record.what, what);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Sold);

void Open(int hour) {
  const uint64_t words[] = {trace::ToWord(hour)};
  ebpf_tracepoint_fire(&Opened::tracepoint, words);
}
void Sell(const char* what) {
  const uint64_t words[] = {trace::ToWord(what)};
  ebpf_tracepoint_fire(&Sold::tracepoint, words);
}

int64_t Minus(int error) { return -error; }

class TraceFilesTest : public SyscallTest {
 protected:
  TraceFilesTest() : files_(caller_) {
    SetHostTime(12'345'678'912'345);
    SetHostTask(77, 42, "cat");
  }
  ~TraceFilesTest() override {
    ResumeHostTime();
    SetHostTask(1, 1, "host");
    ThisHostTask().uid = 0;
    caller_.client().fds().CloseAll();
  }

  std::string ReadText(const std::string& file) { return files_.ReadAll(file); }
  int64_t WriteText(const std::string& file, const std::string& text) {
    return files_.Write1(file, text);
  }
  /// Writes `text`, all of which is taken.
  void Set(const std::string& file, const std::string& text) {
    EXPECT_EQ(WriteText(file, text), static_cast<int64_t>(text.size()))
        << file << ": " << text;
  }
  /// The lines of `trace` that are not comments.
  std::string Lines(const std::string& file = "trace") {
    std::string lines;
    std::string all = ReadText(file);
    size_t at = 0;
    while (at < all.size()) {
      const size_t end = all.find('\n', at) + 1;
      if (all[at] != '#') {
        lines += all.substr(at, end - at);
      }
      at = end;
    }
    return lines;
  }

  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, TraceFilesTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

const std::string kPrefix =
    "             cat-77      [000] ..... 12345.678912: ";

TEST_P(TraceFilesTest, AnEventIsSwitchedOnAndReadOnce) {
  Open(1);
  Set("events/shop/opened/enable", "1\n");
  Open(2);
  Sell("tea");
  Set("events/shop/opened/enable", "0");
  Open(3);
  const int64_t pipe = files_.Open("trace_pipe", linux_abi::kOpenReadOnly);
  ASSERT_GE(pipe, 0);
  EXPECT_EQ(files_.PollFd(pipe),
            linux_abi::kPollIn | linux_abi::kPollReadNormal);
  const std::string line = kPrefix + "opened: hour=";
  EXPECT_EQ(files_.ReadFd(pipe, 3), line.substr(0, 3));
  EXPECT_EQ(files_.ReadFd(pipe, 10), line.substr(3, 10));
  const std::string rest = files_.ReadFd(pipe, 4096);
  EXPECT_EQ(rest.find(line.substr(13)), 0u) << rest;
  EXPECT_EQ(std::count(rest.begin(), rest.end(), '\n'), 1);
  int64_t error = 0;
  EXPECT_EQ(files_.ReadFd(pipe, 4096, &error), "");
  EXPECT_EQ(error, Minus(EAGAIN));
  EXPECT_EQ(files_.PollFd(pipe), 0);
  EXPECT_EQ(files_.Open("trace_pipe", linux_abi::kOpenReadOnly), Minus(EBUSY));
  EXPECT_EQ(files_.Open("per_cpu/cpu1/trace_pipe", linux_abi::kOpenReadOnly),
            Minus(EBUSY));
  files_.CloseFd(pipe);
  EXPECT_GE(files_.Open("per_cpu/cpu1/trace_pipe", linux_abi::kOpenReadOnly),
            0);
}

TEST_P(TraceFilesTest, RawPagesAreReadAsAWholeOrInParts) {
  const std::string file = "per_cpu/cpu0/trace_pipe_raw";
  const int64_t pipe = files_.Open("trace_pipe", linux_abi::kOpenReadOnly);
  const int64_t raw = files_.Open(file, linux_abi::kOpenReadOnly);
  const int64_t other = files_.Open(file, linux_abi::kOpenReadOnly);
  ASSERT_GE(pipe, 0);
  ASSERT_GE(raw, 0);
  ASSERT_GE(other, 0);
  int64_t error = 0;
  EXPECT_EQ(files_.ReadFd(raw, 4096, &error), "");
  EXPECT_EQ(error, Minus(EAGAIN));
  EXPECT_EQ(files_.PollFd(raw), 0);
  EXPECT_EQ(files_.WriteFd(raw, "1"), Minus(EBADF));
  EXPECT_EQ(files_.Open("trace_pipe_raw", linux_abi::kOpenReadOnly),
            Minus(ENOENT));

  Set("events/shop/opened/enable", "1");
  Open(5);
  SetHostTime(12'345'678'912'400);
  Open(6);
  EXPECT_EQ(files_.PollFd(raw),
            linux_abi::kPollIn | linux_abi::kPollReadNormal);
  const std::string page = files_.ReadFd(raw, 4096);
  ASSERT_EQ(page.size(), 4096u);
  const auto word = [&](size_t at) {
    uint32_t value;
    memcpy(&value, page.data() + at, sizeof(value));
    return value;
  };
  EXPECT_EQ(word(0) | uint64_t{word(4)} << 32, 12'345'678'912'345u);
  EXPECT_EQ(word(8), 32u);
  EXPECT_EQ(word(12), 0u);
  EXPECT_EQ(word(16), 3u);  // words
  EXPECT_EQ(word(20) & 0xffff, Opened::tracepoint.id);
  EXPECT_EQ(word(24), 77u);
  EXPECT_EQ(word(28), 5u);
  EXPECT_EQ(word(32), 3u | 55u << 5);
  EXPECT_EQ(word(44), 6u);
  EXPECT_EQ(page.substr(48), std::string(4048, '\0'));
  EXPECT_EQ(files_.ReadFd(pipe, 4096), "");  // it is gone
  EXPECT_EQ(files_.ReadFd(other, 4096), "");

  Open(7);
  EXPECT_EQ(files_.ReadFd(other, 30).size(), 30u);
  EXPECT_EQ(files_.ReadFd(raw, 4096), "");
  Open(8);
  EXPECT_EQ(files_.ReadFd(other, 4066).size(), 4066u);
  EXPECT_EQ(files_.ReadFd(pipe, 4096).substr(0, kPrefix.size() + 1).back(),
            'o');
}

TEST_P(TraceFilesTest, TraceShowsWhatIsThereAndIsClearedWhenOpenedToWrite) {
  const std::string empty =
      "# tracer: nop\n"
      "#\n"
      "# entries-in-buffer/entries-written: 0/0   #P:" +
      std::to_string(ebpf_port_cpu_count()) +
      "\n"
      "#\n"
      "#                                _-----=> irqs-off/BH-disabled\n"
      "#                               / _----=> need-resched\n"
      "#                              | / _---=> hardirq/softirq\n"
      "#                              || / _--=> preempt-depth\n"
      "#                              ||| / _-=> migrate-disable\n"
      "#                              |||| /     delay\n"
      "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
      "#              | |         |   |||||     |         |\n";
  EXPECT_EQ(ReadText("trace"), empty);
  Set("trace_marker", "one");
  {
    const HostCpu cpu(1);
    SetHostTime(12'345'678'913'500);
    Set("trace_marker", "two\n");
  }
  const std::string first = kPrefix + "tracing_mark_write: one\n";
  const std::string second =
      "             cat-77      [001] ..... 12345.678914: "
      "tracing_mark_write: two\n";
  EXPECT_NE(ReadText("trace").find(": 2/2   #P:"), std::string::npos);
  for (const size_t step : {1, 7, 4096}) {
    EXPECT_EQ(files_.ReadAll("trace", step), ReadText("trace"));
  }
  EXPECT_EQ(Lines(), first + second);
  EXPECT_EQ(Lines("per_cpu/cpu1/trace"), second);
  EXPECT_EQ(Lines("per_cpu/cpu2/trace"), "");
  // What is written does nothing, opening it does.
  EXPECT_EQ(files_.Write1("trace", "x", linux_abi::kOpenWriteOnly), 1);
  EXPECT_EQ(files_.Write1("trace", "x",
                          linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend),
            1);
  EXPECT_EQ(Lines(), first + second);
  Set("per_cpu/cpu0/trace", "");
  EXPECT_EQ(Lines(), second);
  EXPECT_EQ(files_.Write1("trace", "x",
                          linux_abi::kOpenReadWrite | linux_abi::kOpenTruncate),
            1);
  EXPECT_EQ(ReadText("trace"), empty);
}

TEST_P(TraceFilesTest, NumbersAreTakenAndRefusedAsByLinux) {
  for (const char* file :
       {"tracing_on", "events/shop/enable", "options/overwrite",
        "buffer_size_kb", "saved_cmdlines_size"}) {
    for (const std::string text : {"", "x", " 1", "1 ", "1 0", "-1", "0x1",
                                   "\n", "1\n\n", "+", "true"}) {
      EXPECT_EQ(WriteText(file, text), Minus(EINVAL)) << file << ": " << text;
    }
    EXPECT_EQ(WriteText(file, std::string(70, '1')), Minus(ERANGE)) << file;
    EXPECT_EQ(WriteText(file, "10000000000000000000000"), Minus(ERANGE));
    for (const std::string& text : std::vector<std::string>{
             "1", "1\n", "+1", "01", std::string("1\0", 2)}) {
      Set(file, text);
    }
  }
  for (const char* file :
       {"events/enable", "events/shop/opened/enable", "options/irq-info"}) {
    EXPECT_EQ(WriteText(file, "2"), Minus(EINVAL)) << file;
  }
}

TEST_P(TraceFilesTest, NothingIsRecordedWhileTracingIsOff) {
  Set("events/shop/enable", "1");
  EXPECT_EQ(ReadText("tracing_on"), "1\n");
  Set("tracing_on", "0\n");
  EXPECT_EQ(ReadText("tracing_on"), "0\n");
  Open(1);
  EXPECT_EQ(WriteText("trace_marker", "x"), Minus(EBADF));
  EXPECT_EQ(ReadText("events/shop/enable"), "1\n");
  Set("tracing_on", "2");
  EXPECT_EQ(ReadText("tracing_on"), "1\n");
  EXPECT_EQ(Lines(), "");
}

TEST_P(TraceFilesTest, EnableIsOfOneOfASystemAndOfAll) {
  EXPECT_EQ(ReadText("events/enable"), "0\n");
  Set("events/shop/sold/enable", "1");
  EXPECT_EQ(ReadText("events/shop/sold/enable"), "1\n");
  EXPECT_EQ(ReadText("events/shop/opened/enable"), "0\n");
  EXPECT_EQ(ReadText("events/shop/enable"), "X\n");
  EXPECT_EQ(ReadText("events/enable"), "X\n");
  Set("events/shop/enable", "1");
  EXPECT_EQ(ReadText("events/shop/enable"), "1\n");
  EXPECT_EQ(ReadText("set_event"), "shop:opened\nshop:sold\n");
  Set("events/enable", "1");
  EXPECT_EQ(ReadText("events/enable"), "1\n");
  EXPECT_EQ(ReadText("set_event"), ReadText("available_events"));
  Set("events/enable", "0");
  EXPECT_EQ(ReadText("set_event"), "");
}

TEST_P(TraceFilesTest, SetEventTakesAWordAtATime) {
  const auto append = linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend;
  const std::string both = "shop:opened\nshop:sold\n";
  struct Case {
    std::string text;
    int64_t result;
    std::string on;
  };
  const std::vector<Case> cases = {
      {"shop:opened\n", 12, "shop:opened\n"},
      {"shop:opened", 11, "shop:opened\n"},
      {"opened", 6, "shop:opened\n"},
      {"\tshop:opened\n", 13, "shop:opened\n"},
      {"!opened\n", 8, ""},
      {"!*:*\n", 5, ""},
      {"shop:", 5, both},
      {"shop:*\n", 7, both},
      {"shop\n", 5, both},
      {"*:sold\n", 7, "shop:sold\n"},
      {":sold\n", 6, "shop:sold\n"},
      {"shop:opened shop:sold\n", 12, "shop:opened\n"},
      {std::string("shop:opened\0shop:sold\n", 22), 12, "shop:opened\n"},
      {"", 0, ""},
      {"\n", 1, ""},
      {" ", 1, ""},
      {"nosuch\n", Minus(EINVAL), ""},
      {"nosuch:*\n", Minus(EINVAL), ""},
      {"shop:nosuch\n", Minus(EINVAL), ""},
      {"shop:sol", Minus(EINVAL), ""},
      {"shop:so*\n", Minus(EINVAL), ""},
      {"shop:sold:x\n", Minus(EINVAL), ""},
      {"!nosuch", Minus(EINVAL), ""},
      {"!", Minus(EINVAL), ""},
      {"! ", Minus(EINVAL), ""},
      {"!!shop", Minus(EINVAL), ""},
      {"*", Minus(EINVAL), ""},
      {"!:", 2, ""},
      {"ftrace:print\n", Minus(EINVAL), ""},
      {"ftrace:*", Minus(EINVAL), ""},
      {std::string(5000, 'x'), Minus(EINVAL), ""},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(files_.Write1("set_event", one.text, append), one.result)
        << one.text;
    EXPECT_EQ(ReadText("set_event"), one.on) << one.text;
    Set("set_event", "");  // switches all off
    EXPECT_EQ(ReadText("set_event"), "");
  }
  // Appending and overwriting.
  files_.Write1("set_event", "shop:opened\n", append);
  files_.Write1("set_event", "shop:sold\n", linux_abi::kOpenWriteOnly);
  EXPECT_EQ(ReadText("set_event"), both);
  Set("set_event", "shop:sold\n");
  EXPECT_EQ(ReadText("set_event"), "shop:sold\n");
}

TEST_P(TraceFilesTest, AFilterIsSetShownAndTakenAway) {
  const char file[] = "events/shop/opened/filter";
  EXPECT_EQ(ReadText(file), "none\n");
  Set(file, "hour == 9 \n");
  EXPECT_EQ(ReadText(file), "hour == 9\n");
  Set("events/shop/opened/enable", "1");
  Open(8);
  Open(9);
  EXPECT_EQ(Lines().find(kPrefix + "opened: hour="), 0u) << Lines();
  EXPECT_NE(ReadText("trace").find(": 1/1   #P"), std::string::npos);
  EXPECT_EQ(WriteText(file, "hour == "), Minus(EINVAL));
  EXPECT_EQ(ReadText(file),
            "hour ==\n       ^\nparse_error: Invalid value (did you forget "
            "quotes)?\n\n");
  EXPECT_EQ(WriteText(file, "foo == 1"), Minus(EINVAL));
  EXPECT_EQ(ReadText(file),
            "foo == 1\n    ^\nparse_error: Field not found\n\n");
  EXPECT_EQ(ReadText("error_log"),
            "[12345.678912] event filter parse error: error: Invalid value "
            "(did you forget quotes)?\n  Command: hour ==\n"
            "                  ^\n"
            "[12345.678912] event filter parse error: error: Field not found\n"
            "  Command: foo == 1\n               ^\n");
  Set("error_log", "");
  EXPECT_EQ(ReadText("error_log"), "");
  for (const char* none : {"0", " 0", "0\n"}) {
    Set(file, "hour == 1");
    Set(file, none);
    EXPECT_EQ(ReadText(file), "none\n");
  }
  EXPECT_EQ(WriteText(file, ""), Minus(EINVAL));
  EXPECT_EQ(WriteText(file, "00"), Minus(EINVAL));
  EXPECT_EQ(WriteText(file, std::string(4096, 'x')), Minus(EINVAL));
  const std::string longest = std::string(4000, ' ') + "hour == 1";
  Set(file, longest);
  EXPECT_EQ(ReadText(file), "hour == 1\n");
}

TEST_P(TraceFilesTest, AFilterIsLessThanAPage) {
  const std::string filter = "hour == 9";
  for (const char* file : {"events/shop/opened/filter", "events/shop/filter"}) {
    std::string text = filter + std::string(4095 - filter.size(), ' ');
    EXPECT_EQ(WriteText(file, text), 4095) << file;
    EXPECT_EQ(WriteText(file, text + " "), Minus(EINVAL)) << file;
    EXPECT_EQ(WriteText(file, text + std::string(5000, ' ')), Minus(EINVAL));
    EXPECT_EQ(ReadText("events/shop/opened/filter"), "hour == 9\n");
    Set("events/shop/opened/filter", "0");
  }
}

TEST_P(TraceFilesTest, ASystemsFilterIsOfThoseThatItFits) {
  const char file[] = "events/shop/filter";
  const std::string text = ReadText(file);
  EXPECT_EQ(text.find("### global filter ###\n# Use this to set filters"), 0u);
  Set(file, "hour == 3");
  EXPECT_EQ(ReadText("events/shop/opened/filter"), "hour == 3\n");
  EXPECT_EQ(ReadText("events/shop/sold/filter"),
            "hour == 3\n^\nparse_error: Couldn't find or set field in one of a "
            "subsystem's events\n\n");
  Set(file, "foo == 1");
  EXPECT_EQ(ReadText("events/shop/opened/filter").find("foo == 1\n^\n"), 0u);
  Set(file, "0\n");
  EXPECT_EQ(ReadText("events/shop/opened/filter"), "none\n");
  EXPECT_EQ(ReadText("events/shop/sold/filter"), "none\n");
  EXPECT_EQ(ReadText(file), text);
}

TEST_P(TraceFilesTest, OptionsAreWordsAndFiles) {
  EXPECT_EQ(ReadText("trace_options"),
            "nofields\ncontext-info\nrecord-cmd\noverwrite\nirq-info\n"
            "markers\n");
  Set("trace_options", "nooverwrite");
  EXPECT_EQ(ReadText("options/overwrite"), "0\n");
  Set("options/overwrite", "1");
  Set("trace_options", " noirq-info\n");
  Set("trace_options", "fields ");
  EXPECT_EQ(ReadText("trace_options"),
            "fields\ncontext-info\nrecord-cmd\noverwrite\nnoirq-info\n"
            "markers\n");
  for (const char* bad :
       {"", "\n", "foo", "nofoo", "no", "overwrite irq-info", "Overwrite"}) {
    EXPECT_EQ(WriteText("trace_options", bad), Minus(EINVAL)) << bad;
  }
  EXPECT_EQ(WriteText("trace_options", std::string(70, 'x')), Minus(EINVAL));
  Set("events/shop/enable", "1");
  Open(10);
  EXPECT_EQ(Lines(),
            "             cat-77      [000]  12345.678912: opened: hour=0xa "
            "(10)\n");
  const std::string trace = ReadText("trace");
  EXPECT_NE(trace.find("#           TASK-PID     CPU#     TIMESTAMP  FUNCTION\n"
                       "#              | |         |         |         |\n"),
            std::string::npos);
  Set("options/context-info", "0");
  EXPECT_EQ(ReadText("trace"), "# tracer: nop\n#\nopened: hour=0xa (10)\n");
  Set("options/markers", "0");
  EXPECT_EQ(WriteText("trace_marker", "x"), Minus(EINVAL));
}

TEST_P(TraceFilesTest, WordsOfTheClockAndTheTracer) {
  EXPECT_EQ(ReadText("trace_clock"), "[local] mono\n");
  Set("trace_marker", "x");
  Set("trace_clock", "mono\n");
  EXPECT_EQ(ReadText("trace_clock"), "local [mono]\n");
  EXPECT_EQ(Lines(), "");
  Set("trace_clock", " local ");
  EXPECT_EQ(ReadText("trace_clock"), "[local] mono\n");
  for (const char* bad : {"", "foo", "loca", "boot", "x86-tsc", "\n"}) {
    EXPECT_EQ(WriteText("trace_clock", bad), Minus(EINVAL)) << bad;
    EXPECT_EQ(WriteText("current_tracer", bad), Minus(EINVAL)) << bad;
  }
  EXPECT_EQ(ReadText("available_tracers"), "nop\n");
  EXPECT_EQ(ReadText("current_tracer"), "nop\n");
  Set("current_tracer", " nop\n");
}

TEST_P(TraceFilesTest, BufferSizesAreOfACpuOrOfAll) {
  const std::string cpus = std::to_string(ebpf_port_cpu_count());
  EXPECT_EQ(ReadText("buffer_size_kb"), "20 (expanded: 512)\n");
  Set("trace_marker", "stays");
  Set("set_event", "shop:sold\n");
  EXPECT_EQ(ReadText("buffer_size_kb"), "512\n");
  EXPECT_EQ(ReadText("buffer_total_size_kb"),
            std::to_string(512 * ebpf_port_cpu_count()) + "\n");
  Set("buffer_size_kb", "61\n");
  EXPECT_EQ(ReadText("buffer_size_kb"), "64\n");
  Set("buffer_size_kb", "1");
  EXPECT_EQ(ReadText("buffer_size_kb"), "12\n");
  Set("per_cpu/cpu1/buffer_size_kb", "100");
  EXPECT_EQ(ReadText("buffer_size_kb"), "X\n");
  EXPECT_EQ(ReadText("per_cpu/cpu1/buffer_size_kb"), "100\n");
  EXPECT_EQ(ReadText("per_cpu/cpu0/buffer_size_kb"), "12\n");
  EXPECT_EQ(WriteText("buffer_size_kb", "0"), Minus(EINVAL));
  EXPECT_EQ(WriteText("buffer_size_kb", "99999999999"), Minus(ENOMEM));
  EXPECT_EQ(WriteText("buffer_size_kb", "18446744073709551615"), Minus(ENOMEM));
  EXPECT_EQ(WriteText("buffer_total_size_kb", "3"), Minus(EINVAL));
  EXPECT_EQ(Lines(), kPrefix + "tracing_mark_write: stays\n");
}

TEST_P(TraceFilesTest, StatsCountWhatWasLost) {
  EXPECT_EQ(ReadText("per_cpu/cpu0/stats"),
            "entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 0\n"
            "oldest event ts:     0.000000\nnow ts: 12345.678912\n"
            "dropped events: 0\nread events: 0\n");
  Set("buffer_size_kb", "12");
  const std::string text(500, 'x');
  for (int i = 0; i < 50; ++i) {
    Set("trace_marker", text);
  }
  std::smatch match;
  std::string stats = ReadText("per_cpu/cpu0/stats");
  ASSERT_TRUE(std::regex_search(
      stats, match,
      std::regex("entries: ([0-9]+)\noverrun: ([0-9]+)\ncommit overrun: 0\n"
                 "bytes: ([0-9]+)\noldest event ts: 12345\\.678912\n"
                 "now ts: 12345.678912\ndropped events: 0\nread events: 0\n")));
  EXPECT_EQ(std::stoi(match[1]) + std::stoi(match[2]), 50);
  EXPECT_NE(ReadText("trace").find(": " + match[1].str() + "/50   #P"),
            std::string::npos);
  const std::string lost = "CPU:0 [LOST " + match[2].str() + " EVENTS]\n";
  EXPECT_EQ(Lines().find(lost), 0u);
  EXPECT_EQ(files_.ReadAll("trace_pipe").find(lost), 0u);
  Set("options/overwrite", "0");
  for (int i = 0; i < 50; ++i) {
    Set("trace_marker", text);
  }
  stats = ReadText("per_cpu/cpu0/stats");
  std::map<std::string, int> counts;
  const std::regex count("([a-z ]+): ([0-9]+)\n");
  for (std::sregex_iterator at(stats.begin(), stats.end(), count);
       at != std::sregex_iterator(); ++at) {
    counts[(*at)[1]] = std::stoi((*at)[2]);
  }
  EXPECT_GT(counts["dropped events"], 0) << stats;
  EXPECT_EQ(counts["entries"] + counts["overrun"] + counts["dropped events"] +
                counts["read events"],
            100)
      << stats;
}

TEST_P(TraceFilesTest, NamesOfTasksAreKept) {
  EXPECT_EQ(ReadText("saved_cmdlines"), "");
  EXPECT_EQ(ReadText("saved_cmdlines_size"), "128\n");
  Set("trace_marker", "x");
  SetHostTask(78, 42, "dog");
  Set("trace_marker", "x");
  EXPECT_EQ(ReadText("saved_cmdlines"), "77 cat\n78 dog\n");
  Set("saved_cmdlines_size", "64");
  EXPECT_EQ(ReadText("saved_cmdlines_size"), "64\n");
  EXPECT_EQ(ReadText("saved_cmdlines"), "");
  EXPECT_NE(Lines().find("           <...>-77      [000] "), std::string::npos);
  for (const char* bad : {"0", "32769", "100000000"}) {
    EXPECT_EQ(WriteText("saved_cmdlines_size", bad), Minus(EINVAL)) << bad;
  }
}

TEST_P(TraceFilesTest, LinesOfPeopleMayBeLong) {
  EXPECT_EQ(WriteText("trace_marker", ""), 0);
  const std::string text(5000, 'y');
  const int64_t count = WriteText("trace_marker", text);
  EXPECT_GT(count, 1000);
  EXPECT_EQ(Lines(), kPrefix + "tracing_mark_write: \n" + kPrefix +
                         "tracing_mark_write: " +
                         text.substr(0, static_cast<size_t>(count)) + "\n");
  EXPECT_EQ(ReadText("trace_marker"), "!22");
}

TEST_P(TraceFilesTest, WhatProgramsPrintIsInTheTraceAmongTheRest) {
  EXPECT_EQ(ReadText("set_event"), "");
  // *(u64*)(r10 - 8) = "hi"; bpf_trace_printk(r10 - 8, 3)
  const int64_t program = caller_.Load(
      kKprobe, {MovImm(1, 0x6968), Insn(0x7b, 10, 1, -8, 0), MovReg(1, 10),
                Insn(0x07, 1, 0, 0, -8), MovImm(2, 3), CallHelper(6),
                MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  EXPECT_EQ(ReadText("set_event"), "bpf_trace:bpf_trace_printk\n");
  Set("trace_marker", "before");
  const uintptr_t preemption = ebpf_port_preempt_disable();
  EXPECT_TRUE(GlobalTraceLog()->Print(BytesOf(StringView("hi\0", 3)), {}).ok());
  ebpf_port_preempt_enable(preemption);
  Set("trace_marker", "after");
  EXPECT_EQ(Lines(), kPrefix + "tracing_mark_write: before\n" + kPrefix +
                         "bpf_trace_printk: hi\n" + kPrefix +
                         "tracing_mark_write: after\n");
}

TEST_P(TraceFilesTest, WhatProgramsPrintHasTheValuesOfAnyRegister) {
  // The format "%d%d%d" on the stack; values that only the call reads.
  const int64_t program = caller_.Load(
      kSocketFilter,
      {MovImm(1, 0x6425'6425), Insn(0x63, 10, 1, -8, 0), MovImm(1, 0x0000'6425),
       Insn(0x63, 10, 1, -4, 0), MovImm(6, 41), MovImm(7, 42), MovReg(3, 6),
       MovReg(4, 7), MovImm(5, 43), MovReg(1, 10), Insn(0x07, 1, 0, 0, -8),
       MovImm(2, 7), CallHelper(6), Exit()});
  ASSERT_GE(program, 0);
  const uint8_t packet[14] = {};
  linux_abi::ProgTestRunAttr run{};
  run.prog_fd = static_cast<uint32_t>(program);
  run.data_in = caller_.Put(packet, sizeof(packet));
  run.data_size_in = sizeof(packet);
  ASSERT_EQ(caller_.Call(linux_abi::kProgTestRun, run), 0);
  EXPECT_NE(Lines().find("bpf_trace_printk: 414243\n"), std::string::npos);
}

TEST_P(TraceFilesTest, FormatsAndNumbersOfEvents) {
  const std::string id = ReadText("events/shop/opened/id");
  EXPECT_EQ(id, std::to_string(Opened::tracepoint.id) + "\n");
  EXPECT_EQ(ReadText("events/shop/opened/format"),
            "name: opened\nID: " + id +
                "format:\n"
                "\tfield:unsigned short common_type;\toffset:0;\tsize:2;"
                "\tsigned:0;\n"
                "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;"
                "\tsigned:0;\n"
                "\tfield:unsigned char common_preempt_count;\toffset:3;"
                "\tsize:1;\tsigned:0;\n"
                "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
                "\n"
                "\tfield:int hour;\toffset:8;\tsize:4;\tsigned:1;\n"
                "\n"
                "print fmt: \"hour=%d\", REC->hour\n");
  const std::string print = ReadText("events/ftrace/print/format");
  EXPECT_NE(print.find("\tfield:unsigned long ip;\toffset:8;\tsize:8;"
                       "\tsigned:0;\n"
                       "\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;\n"
                       "\nprint fmt: \"%ps: %s\", (void *)REC->ip, REC->buf\n"),
            std::string::npos)
      << print;
  EXPECT_EQ(ReadText("events/header_page").find("\tfield: u64 timestamp;"), 0u);
  EXPECT_EQ(ReadText("events/header_event").find("# compressed entry"), 0u);
  for (const char* file : {"events/shop/opened/id", "events/shop/opened/format",
                           "events/header_page", "available_events"}) {
    EXPECT_EQ(WriteText(file, "1"), Minus(EINVAL)) << file;
  }
}

TEST_P(TraceFilesTest, PathsLeadWhereTheyDoOnLinux) {
  EXPECT_EQ(files_.Open("nosuch", 0), Minus(ENOENT));
  EXPECT_EQ(files_.Open("events/nosuch/enable", 0), Minus(ENOENT));
  EXPECT_EQ(files_.Open("events/ftrace/enable", 0), Minus(ENOENT));
  EXPECT_EQ(files_.Open("events/ftrace/print/filter", 0), Minus(ENOENT));
  EXPECT_EQ(files_.Open("events", 1), Minus(EISDIR));
  EXPECT_EQ(files_.Open("tracing_on/x", 0), Minus(ENOTDIR));
  EXPECT_EQ(files_.Open("per_cpu/cpu99/stats", 0), Minus(ENOENT));
  EXPECT_EQ(files_.Open("per_cpu/cpu00/stats", 0), Minus(ENOENT));
  EXPECT_GE(files_.Open("events/shop/opened/id", 1), 0);
  EXPECT_GE(files_.Open("trace_marker", 0), 0);
  Client& client = caller_.client();
  for (const char* path : {"/sys/kernel/debug/tracing/tracing_on",
                           "//sys/kernel/tracing//tracing_on"}) {
    EXPECT_GE(OpenText(client, client.Pointer(caller_.Put(path)), 0), 0);
  }
  EXPECT_EQ(
      OpenText(client,
               client.Pointer(caller_.Put("/sys/kernel/debug/tracingx")), 0),
      Minus(ENOENT));
  const int64_t fd = files_.Open("tracing_on", linux_abi::kOpenReadOnly);
  EXPECT_EQ(files_.WriteFd(fd, "0"), Minus(EBADF));
  int64_t error;
  EXPECT_EQ(files_.ReadFd(files_.Open("tracing_on", 1), 10, &error), "");
  EXPECT_EQ(error, Minus(EBADF));
}

TEST_P(TraceFilesTest, WhoIsNotRootIsKeptOut) {
  SetHostCapabilities(0);
  caller_.client().DropCapabilities();
  ThisHostTask().uid = 1000;
  for (const char* file : {"trace", "set_event", "events/shop/sold/enable"}) {
    EXPECT_EQ(files_.Open(file, 0), Minus(EACCES)) << file;
    EXPECT_EQ(files_.Open(file, 1), Minus(EACCES)) << file;
  }
  EXPECT_EQ(files_.Open("trace_marker", 1), Minus(EACCES));
}

/// Each path that readdir leads to, and what stat(2) says of it.
class Walk {
 public:
  explicit Walk(TestCaller& caller) : caller_(caller) {}

  void Below(const std::string& path) {
    TextEntry entry;
    std::vector<std::string> names;
    for (uint32_t i = 0; Get(path, i, &entry) == 0; ++i) {
      const std::string name = entry.name;
      EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << name;
      names.push_back(name);
      const std::string below = path + "/" + name;
      TextEntry stat;
      EXPECT_EQ(StatText(caller_.client(), At(below), &stat), 0) << below;
      EXPECT_EQ(std::string(stat.name), name);
      EXPECT_EQ(stat.is_directory, entry.is_directory);
      EXPECT_EQ(stat.mode, entry.mode);
      if (entry.is_directory) {
        Below(below);
      } else {
        modes[below] = entry.mode;
      }
    }
    EXPECT_FALSE(names.empty()) << path;
  }
  int64_t Get(const std::string& path, uint32_t index, TextEntry* entry) {
    return ReadTextDirectory(caller_.client(), At(path), index, entry);
  }
  CallerPtr At(const std::string& path) {
    return caller_.client().Pointer(caller_.Put(path.c_str()));
  }

  std::map<std::string, uint32_t> modes;

 private:
  TestCaller& caller_;
};

TEST_P(TraceFilesTest, TheTreeIsLinuxs) {
  Walk walk(caller_);
  walk.Below("/sys");
  const std::string tracing = "/sys/kernel/tracing/";
  for (const char* file :
       {"trace", "trace_pipe", "events/shop/sold/filter",
        "events/shop/opened/format", "events/ftrace/print/id",
        "per_cpu/cpu0/stats", "options/irq-info", "events/header_page"}) {
    EXPECT_EQ(walk.modes.count(tracing + file), 1u) << file;
  }
  EXPECT_EQ(walk.modes.count(tracing + "events/ftrace/print/enable"), 0u);
  EXPECT_EQ(walk.modes.count(tracing + "events/ftrace/filter"), 0u);
  EXPECT_EQ(walk.modes[tracing + "trace_marker"], 0220u);
  EXPECT_EQ(walk.modes[tracing + "set_event"], 0640u);
  for (const auto& [path, mode] : walk.modes) {
    const int64_t fd =
        OpenText(caller_.client(), walk.At(path), linux_abi::kOpenReadOnly);
    EXPECT_GE(fd, 0) << path;
    caller_.CloseFd(fd);
  }
  Walk alias(caller_);
  alias.Below("/sys/kernel/debug/tracing");
  EXPECT_EQ(alias.modes.count("/sys/kernel/debug/tracing/events/shop/enable"),
            1u);
  TextEntry entry;
  EXPECT_EQ(walk.Get(tracing + "trace", 0, &entry), Minus(ENOTDIR));
  EXPECT_EQ(walk.Get(tracing + "nosuch", 0, &entry), Minus(ENOENT));
}

TEST_P(TraceFilesTest, OnlyRootSeesNamesOfEvents) {
  Walk walk(caller_);
  TextEntry entry;
  const auto stat = [&](const std::string& path) {
    return StatText(caller_.client(), walk.At(path), &entry);
  };
  const std::string tracing = "/sys/kernel/tracing";
  const std::string alias = "/sys/kernel/debug/tracing";
  struct Mode {
    std::string path;
    uint32_t mode;
  };
  // As Linux 6.18's.
  for (const Mode& one :
       {Mode{tracing, 0700}, Mode{tracing + "/events", 0755},
        Mode{tracing + "/events/shop", 0755},
        Mode{tracing + "/events/shop/sold", 0755},
        Mode{tracing + "/options", 0750}, Mode{tracing + "/per_cpu/", 0750},
        Mode{"//sys/kernel/tracing/per_cpu//cpu0", 0750},
        Mode{"/sys/kernel/debug", 0700}, Mode{alias + "/options", 0750},
        Mode{"/sys/kernel", 0755}}) {
    EXPECT_EQ(stat(one.path), 0) << one.path;
    EXPECT_EQ(entry.mode, one.mode) << one.path;
  }
  ThisHostTask().uid = 1000;
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapDacOverride);
  EXPECT_EQ(stat(tracing + "/events/shop"), 0);
  EXPECT_EQ(walk.Get(tracing, 0, &entry), 0);
  SetHostCapabilities(0);
  caller_.client().DropCapabilities();
  EXPECT_EQ(stat(tracing), 0);
  EXPECT_EQ(stat("/sys/bus/event_source/devices/kprobe/type"), 0);
  EXPECT_EQ(walk.Get("/sys/kernel", 0, &entry), 0);
  for (const std::string& path :
       {tracing + "/events", tracing + "/nosuch", alias,
        std::string("//sys/kernel/tracing//events/shop")}) {
    EXPECT_EQ(stat(path), Minus(EACCES)) << path;
    EXPECT_EQ(walk.Get(path, 0, &entry), Minus(EACCES)) << path;
    EXPECT_EQ(OpenText(caller_.client(), walk.At(path), 0), Minus(EACCES));
  }
  EXPECT_EQ(walk.Get(tracing, 0, &entry), Minus(EACCES));
}

TEST_P(TraceFilesTest, EveryAllocationMayFailAndThenNothingIsOn) {
  for (const char* file :
       {"trace", "trace_pipe", "per_cpu/cpu0/trace_pipe_raw",
        "events/shop/sold/format", "set_event", "events/shop/sold/filter",
        "saved_cmdlines", "error_log"}) {
    FailEachAllocation(
        file, caller_, [&] { return files_.Open(file, 0); },
        [&](int64_t fd) { files_.CloseFd(fd); });
  }
  Set("buffer_size_kb", "12");  // nor does it grow then
  struct Case {
    const char* file;
    const char* text;
  };
  for (const Case one :
       {Case{"set_event", "shop:\n"}, Case{"events/shop/enable", "1"},
        Case{"events/shop/sold/enable", "1"}}) {
    Set("set_event", "");
    const int64_t fd = files_.Open(one.file, 1);
    const uint64_t text = caller_.Put(one.text);
    FailEachAllocation(
        one.file, caller_,
        [&] {
          const int64_t result =
              Write(caller_.client(), static_cast<int32_t>(fd),
                    caller_.client().Pointer(text), strlen(one.text));
          if (result < 0) {
            EXPECT_EQ(ReadText("set_event"), "") << one.file;
          }
          return result;
        },
        [&](int64_t /*count*/) { Set("set_event", ""); });
    files_.CloseFd(fd);
  }
}

}  // namespace
}  // namespace ebpf
