// SPDX-License-Identifier: MIT
//
// The numbers of system calls on x86-64: the host's events say under which name
// it knows each.
#include <fcntl.h>
#include <map>
#include <sched.h>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/tracepoints/events/syscall_table.h"
#include "gtest/gtest.h"
#include "testing/linux_tracefs/host_tracefs.h"
#include "testing/linux_tracefs/raw_page.h"

namespace ebpf {
namespace {

/// Those that would end or stop the caller, or do more than fail.
const std::set<long> kNotCalled = {SYS_rt_sigreturn,
                                   SYS_pause,
                                   SYS_clone,
                                   SYS_fork,
                                   SYS_vfork,
                                   SYS_exit,
                                   SYS_kill,
                                   SYS_vhangup,
                                   SYS_reboot,
                                   SYS_clone3,
                                   SYS_exit_group,
                                   335 /* uretprobe */,
                                   336 /* uprobe */};

constexpr long kNumberEnd = 480;

/// All others, with arguments that none takes.
[[noreturn]] void CallAll() {
  for (long number = 0; number < kNumberEnd; ++number) {
    if (!kNotCalled.contains(number)) {
      syscall(number, -1, -1, -1, -1, -1, -1);
    }
  }
  _exit(0);
}

TEST(SyscallNumbersTest, AreTheHosts) {
  std::string reason;
  const std::unique_ptr<HostTracefs> host = HostTracefs::Open(&reason);
  if (host == nullptr) {
    GTEST_SKIP() << "NO ORACLE: " << reason;
  }
  std::map<int, std::string> names;  // by the event's id
  for (const SyscallInfo& info : SyscallTable()) {
    const std::string name(info.enter_name.data(), info.enter_name.size());
    names[std::stoi(host->Read("events/syscalls/" + name + "/id"))] = name;
  }
  ASSERT_EQ(host->Write("events/syscalls/enable", "1"), 0);
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    char c;
    if (read(go[0], &c, 1) != 1 || unshare(CLONE_NEWIPC) != 0) {
      _exit(1);
    }
    CallAll();
  }
  ASSERT_EQ(host->Write("set_event_pid", std::to_string(child)), 0);
  host->Write("trace", "");
  ASSERT_EQ(write(go[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(host->Write("tracing_on", "0"), 0);
  ASSERT_EQ(host->Write("events/syscalls/enable", "0"), 0);

  std::map<int, std::string> seen;  // by the call's number
  for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); ++cpu) {
    const int fd = open(
        host->PathOf("per_cpu/cpu" + std::to_string(cpu) + "/trace_pipe_raw")
            .c_str(),
        O_RDONLY | O_NONBLOCK);
    std::string page(4096, '\0');
    for (ssize_t got; (got = read(fd, page.data(), page.size())) > 0;) {
      for (const std::string& record :
           RecordsIn(page.substr(0, static_cast<size_t>(got)))) {
        uint16_t id = 0;
        int32_t number = 0;
        memcpy(&id, record.data(), sizeof(id));
        memcpy(&number, record.data() + kSyscallNumberOffset, sizeof(number));
        if (const auto name = names.find(id); name != names.end()) {
          seen[number] = name->second;
        }
      }
    }
    close(fd);
  }
  size_t compared = 0;
  for (const SyscallInfo& info : SyscallTable()) {
    const std::string name(info.enter_name.data(), info.enter_name.size());
    if (!kNotCalled.contains(info.x86_64)) {
      EXPECT_EQ(seen[info.x86_64], name) << info.x86_64;
      seen.erase(info.x86_64);
      ++compared;
    }
  }
  for (const auto& [number, name] : seen) {
    EXPECT_TRUE(kNotCalled.contains(number)) << number << " is " << name;
  }
  printf("%zu numbers are the host's\n", compared);
  EXPECT_GT(compared, 340u);
}

}  // namespace
}  // namespace ebpf
