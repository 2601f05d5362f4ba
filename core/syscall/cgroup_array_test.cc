// SPDX-License-Identifier: MIT
//
// Programs that ask in which cgroup the running task is.
#include <array>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cgroup.h"

namespace ebpf {
namespace {

using linux_abi::kMapDeleteElem;
using linux_abi::kMapLookupElem;
using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeCgroupArray;
using linux_abi::kMapUpdateElem;

// push rbp; mov rbp, rsp; pop rbp; ret
constexpr uint8_t kFunction[] = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3};

class CgroupArrayTest : public SyscallTest {
 protected:
  CgroupArrayTest()
      : text_("function", kFunction),
        groups_(caller_.CreateMap(kMapTypeCgroupArray, 4, 4, 2)),
        results_(caller_.CreateMap(kMapTypeArray, 4, 8, 1)) {}
  ~CgroupArrayTest() override {
    caller_.client().fds().CloseAll();
    SetHostCgroup(0);
    EXPECT_EQ(HostCgroupsHeld(), 0);
  }

  int64_t Put(uint32_t index, int fd, uint64_t flags = 0) {
    return caller_.Elem(kMapUpdateElem, groups_, caller_.Put(index),
                        caller_.Put(fd), flags);
  }
  int64_t Remove(uint32_t index) {
    return caller_.Elem(kMapDeleteElem, groups_, caller_.Put(index), 0);
  }
  /// What a program is answered for `index`.
  int64_t Ask(int32_t index) {
    const int64_t program = caller_.Load(
        kKprobe,
        {LoadLow(1, 1, static_cast<int32_t>(groups_)), LoadHigh(0),
         MovImm(2, index), CallHelper(helper_id::current_task_under_cgroup),
         LoadLow(1, 2, static_cast<int32_t>(results_)), LoadHigh(0),
         Insn(0x7b, 1, 0, 0, 0), MovImm(0, 0), Exit()});
    EXPECT_GE(program, 0);
    const int64_t event = caller_.Attach(program, "function");
    EXPECT_GE(event, 0);
    text_.As<void()>()();
    EXPECT_EQ(caller_.CloseFd(event), 0);
    EXPECT_EQ(caller_.CloseFd(program), 0);
    const uint64_t value = caller_.Put(int64_t{0});
    EXPECT_EQ(
        caller_.Elem(kMapLookupElem, results_, caller_.Put(uint32_t{0}), value),
        0);
    return caller_.Get<int64_t>(value);
  }

  HostText text_;
  const int64_t groups_;
  const int64_t results_;
};

INSTANTIATE_TEST_SUITE_P(, CgroupArrayTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(CgroupArrayTest, TasksAreUnderTheirGroupAndThoseAboveIt) {
  EXPECT_EQ(Ask(0), Minus(Status::kTryAgain));
  ASSERT_EQ(Put(0, kHostCgroupFd + 12), 0);
  EXPECT_EQ(Ask(0), 0);
  SetHostCgroup(12);
  EXPECT_EQ(Ask(0), 1);
  SetHostCgroup(123);
  EXPECT_EQ(Ask(0), 1);
  SetHostCgroup(1);
  EXPECT_EQ(Ask(0), 0);
  EXPECT_EQ(Ask(2), Minus(Status::kTooBig));
}

TEST_P(CgroupArrayTest, GroupsAreKeptAndGivenBack) {
  EXPECT_EQ(Put(1, kHostCgroupFd + 1), 0);
  EXPECT_EQ(HostCgroupsHeld(), 1);
  EXPECT_EQ(Put(1, kHostCgroupFd + 2), 0);
  EXPECT_EQ(HostCgroupsHeld(), 1);
  EXPECT_EQ(Remove(1), 0);
  EXPECT_EQ(HostCgroupsHeld(), 0);
  EXPECT_EQ(Remove(1), Minus(Status::kNotFound));
  EXPECT_EQ(Put(0, kHostCgroupFd + 2), 0);  // goes with the map
}

TEST_P(CgroupArrayTest, WhatIsRefused) {
  EXPECT_EQ(Put(2, kHostCgroupFd + 1), Minus(Status::kTooBig));
  EXPECT_EQ(Put(0, kHostCgroupFd + 1, 1), Minus(Status::kInvalid));
  EXPECT_EQ(Put(0, 17), Minus(Status::kBadFd));
  EXPECT_EQ(Remove(2), Minus(Status::kTooBig));
  EXPECT_EQ(caller_.Elem(kMapLookupElem, groups_, caller_.Put(uint32_t{0}),
                         caller_.Put(uint32_t{0})),
            Minus(Status::kNotSupportedLinux));
}

}  // namespace
}  // namespace ebpf
