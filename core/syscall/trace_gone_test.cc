// SPDX-License-Identifier: MIT
//
// Files that are open while the event that they are of goes, and lines of
// kprobe_events that one write cuts. What is expected was seen on Linux 6.18,
// of uprobe_events.
#include <map>
#include <string>

#include "core/memory/allocator.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/syscall_events.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/caller/trace_files.h"

namespace ebpf {
namespace {

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};
constexpr uint32_t kAppend = linux_abi::kOpenWriteOnly | linux_abi::kOpenAppend;

class TraceGoneTest : public SyscallTest {
 protected:
  TraceGoneTest() : text_("gone_add", kAdd), files_(caller_) {}
  ~TraceGoneTest() override {
    caller_.client().fds().CloseAll();
    EXPECT_EQ(files_.Write1("kprobe_events", ""), 0);
  }
  int64_t Append(const std::string& lines) {
    return files_.Write1("kprobe_events", lines, kAppend);
  }

  HostText text_;
  TraceFiles files_;
};

INSTANTIATE_TEST_SUITE_P(, TraceGoneTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(TraceGoneTest, FilesOfAnEventThatIsGoneSaySo) {
  ASSERT_EQ(Append("p:g/a gone_add\n"), 15);
  std::map<std::string, int64_t> files;
  for (const char* file : {"enable", "filter"}) {
    files[file] = files_.Open("events/g/a/" + std::string(file),
                              linux_abi::kOpenReadWrite);
  }
  files["id"] = files_.Open("events/g/a/id", linux_abi::kOpenReadOnly);
  ASSERT_EQ(Append("-:g/a\n"), 6);
  int64_t error = 0;
  for (const char* file : {"enable", "id"}) {
    EXPECT_EQ(files_.ReadFd(files[file], 100, &error), "") << file;
    EXPECT_EQ(error, Minus(Status::kNoDevice)) << file;
  }
  for (const char* file : {"enable", "filter"}) {
    EXPECT_EQ(files_.WriteFd(files[file], "0"), Minus(Status::kNoDevice));
  }
}

/// Whoever left them on, or has a descriptor of one.
TEST_P(TraceGoneTest, EventsOfCallsAreTakenAwayWhileTheyAreOn) {
  ASSERT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kGeneric),
            Status::kOk);
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeTracepoint;
  attr.size = sizeof(attr);
  attr.config =
      std::stoul(files_.ReadAll("events/syscalls/sys_enter_close/id"));
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_GE(event, 0);
  ASSERT_EQ(files_.Write1("events/syscalls/enable", "1"), 1);
  ASSERT_EQ(files_.Write1("events/syscalls/sys_exit_close/filter", "ret < 0"),
            7);
  const uint64_t arguments[kSyscallArguments] = {3};
  const auto close = [&arguments] {
    EBPF_TRACE(RawSyscallsSysEnter, nullptr, int64_t{57}, arguments);
  };
  close();
  EXPECT_NE(files_.ReadAll("trace").find(" sys_close(fd: 3)\n"),
            std::string::npos);
  ExitSyscallEvents();
  close();
  EXPECT_EQ(files_.ReadAll("trace").find("sys_close"), std::string::npos);
  EXPECT_EQ(files_.ReadAll("set_event"), "");
  EXPECT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocDisable), 0);
  EXPECT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocEnable),
            Minus(Status::kNotFound));
  EXPECT_EQ(caller_.CloseFd(event), 0);
  EXPECT_FALSE(RawSyscallsSysEnter::tracepoint.key.enabled());
  EXPECT_FALSE(RawSyscallsSysExit::tracepoint.key.enabled());
}

/// A line whose end is in the next write is not understood before that.
TEST_P(TraceGoneTest, LinesThatAWriteCutsAreWhole) {
  std::string lines;
  int count = 0;
  while (lines.size() < 6000) {
    lines += "p:g/e" + std::to_string(count++) + " gone_add+1\n";
  }
  ASSERT_NE(lines[4095], '\n');
  const int64_t fd = files_.Open("kprobe_events", kAppend);
  const int64_t first = files_.WriteFd(fd, lines);
  ASSERT_GT(first, 4000);
  EXPECT_EQ(lines[static_cast<size_t>(first - 1)], '\n');
  const std::string rest = lines.substr(static_cast<size_t>(first));
  EXPECT_EQ(files_.WriteFd(fd, rest), static_cast<int64_t>(rest.size()));
  EXPECT_EQ(files_.ReadAll("kprobe_events"), lines);
  // What is no line in so much.
  EXPECT_EQ(files_.WriteFd(fd, "p:g/x gone_add" + std::string(5000, ' ')),
            Minus(Status::kInvalid));
  EXPECT_EQ(files_.ReadAll("kprobe_events"), lines);
}

}  // namespace
}  // namespace ebpf
