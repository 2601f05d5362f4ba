// SPDX-License-Identifier: MIT
//
// BPF_TASK_FD_QUERY: what a process's probes run, and who may ask.
#include <string>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/perf_event.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using linux_abi::TaskFdQueryAttr;

// push rbp; mov rbp, rsp; pop rbp; ret
constexpr uint8_t kFunction[] = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3};

class TaskFdQueryTest : public SyscallTest {
 protected:
  TaskFdQueryTest() : text_("some_function", kFunction) {
    SetHostTask(4711, 4700, "test");
  }
  ~TaskFdQueryTest() override {
    caller_.client().fds().CloseAll();
    SetHostTaskClient(0, nullptr);
    SetHostTask(1, 1, "host");
  }

  /// A probe on the function with a program on it.
  int64_t Probe(TestCaller& caller) {
    const int64_t program = caller.Load(kKprobe, Returning(1));
    const int64_t event = caller.Attach(program, "some_function");
    EXPECT_GE(event, 0);
    return event;
  }
  int64_t Ask(uint32_t pid, int64_t fd, uint32_t room = 64) {
    const uint64_t name = caller_.Put(nullptr, 64);
    TaskFdQueryAttr attr{};
    attr.pid = pid;
    attr.fd = static_cast<uint32_t>(fd);
    attr.buf_len = room;
    attr.buf = name;
    const uint64_t at = caller_.Put(attr);
    const int64_t result =
        caller_.BpfAt(linux_abi::kTaskFdQuery, at, sizeof(attr));
    told_ = caller_.Get<TaskFdQueryAttr>(at);
    name_ = static_cast<const char*>(caller_.At(name));
    return result;
  }

  HostText text_;
  TaskFdQueryAttr told_ = {};
  std::string name_;
};

INSTANTIATE_TEST_SUITE_P(, TaskFdQueryTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(TaskFdQueryTest, AProbeTellsItsProgramAndPlace) {
  const int64_t event = Probe(caller_);
  for (const uint32_t pid : {4711u, 4700u}) {
    ASSERT_EQ(Ask(pid, event), 0);
    EXPECT_EQ(name_, "some_function");
    EXPECT_EQ(told_.buf_len, 13u);
    EXPECT_EQ(told_.fd_type, linux_abi::kFdKprobe);
    EXPECT_GT(told_.prog_id, 0u);
    EXPECT_EQ(told_.probe_offset, 0u);
    EXPECT_EQ(told_.probe_addr, text_.address());
  }
  EXPECT_EQ(Ask(4711, event, 5), Minus(Status::kNoSpace));
  EXPECT_EQ(name_, "some");
  EXPECT_EQ(told_.buf_len, 13u);
}

TEST_P(TaskFdQueryTest, ItsAddressIsForWhoMaySeeAddresses) {
  if (GetParam() == Origin::kKernel) {
    return;  // may see all
  }
  const int64_t event = Probe(caller_);
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
  EXPECT_EQ(Ask(4711, event), 0);
  EXPECT_EQ(told_.probe_addr, 0u);
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin |
                      uint64_t{1} << linux_abi::kCapSyslog);
  EXPECT_EQ(Ask(4711, event), 0);
  EXPECT_EQ(told_.probe_addr, text_.address());
}

TEST_P(TaskFdQueryTest, AKretprobeTellsSo) {
  linux_abi::PerfEventAttr attr = caller_.Kprobe("some_function");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t event = caller_.OpenEvent(attr);
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocSetBpf,
                            static_cast<uint64_t>(program)),
            0);
  ASSERT_EQ(Ask(4711, event), 0);
  EXPECT_EQ(name_, "some_function");
  EXPECT_EQ(told_.fd_type, linux_abi::kFdKretprobe);
  EXPECT_EQ(told_.probe_addr, text_.address());
}

TEST_P(TaskFdQueryTest, AnotherProcessIsAskedWhereThePortKnowsIt) {
  const int64_t own = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
  TestCaller other(Origin::kKernel);
  const int64_t event = Probe(other);
  EXPECT_EQ(Ask(99, event), Minus(Status::kNotFound));
  SetHostTaskClient(99, &other.client());
  EXPECT_EQ(Ask(99, event), 0);
  EXPECT_EQ(name_, "some_function");
  EXPECT_EQ(Ask(99, 400), Minus(Status::kBadFd));
  EXPECT_EQ(Ask(4711, own), Minus(Status::kNotSupportedLinux));
  SetHostTaskClient(0, nullptr);
  other.client().fds().CloseAll();
}

TEST_P(TaskFdQueryTest, NoProgramNoProcessNoRights) {
  const int64_t event = caller_.OpenEvent(caller_.Kprobe("some_function"));
  ASSERT_GE(event, 0);
  EXPECT_EQ(Ask(4711, event), Minus(Status::kNotFound));
  EXPECT_EQ(Ask(0, event), Minus(Status::kNotFound));
  EXPECT_EQ(Ask(4711, -1), Minus(Status::kBadFd));
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf);
  EXPECT_EQ(Ask(4711, event), GetParam() == Origin::kUser
                                  ? Minus(Status::kNotPermitted)
                                  : Minus(Status::kNotFound));
}

}  // namespace
}  // namespace ebpf
