// SPDX-License-Identifier: MIT
//
// Programs on groups of tasks: who may attach where, what counts for whom, and
// that all is given back.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/cgroup_programs.h"
#include "core/platform/features.h"
#include "testing/caller/insns.h"
#include "testing/caller/object_info.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cgroup.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using linux_abi::kAttachAllowMulti;
using linux_abi::kAttachAllowOverride;
using linux_abi::kAttachReplace;
using linux_abi::ProgAttachAttr;
using linux_abi::ProgQueryAttr;

constexpr uint32_t kCgroupDevice = 15;
constexpr uint32_t kDeviceAttach = 6;

class ProgAttachTest : public ObjectInfoTest {
 protected:
  ProgAttachTest() : yes_(Program(1)), no_(Program(0)) {}
  ~ProgAttachTest() override {
    for (int group : {1, 12, 123, 2}) {
      RemoveCgroup(HostCgroup(group));
    }
    caller_.client().fds().CloseAll();
    EXPECT_EQ(HostCgroupsHeld(), 0);
  }

  int64_t Program(int32_t verdict) {
    const int64_t fd = caller_.Load(kCgroupDevice, Returning(verdict));
    EXPECT_GE(fd, 0);
    return fd;
  }
  ProgAttachAttr Attr(int group, int64_t program, uint32_t flags = 0) {
    ProgAttachAttr attr{};
    attr.target_fd = static_cast<uint32_t>(kHostCgroupFd + group);
    attr.attach_bpf_fd = static_cast<uint32_t>(program);
    attr.attach_type = kDeviceAttach;
    attr.attach_flags = flags;
    return attr;
  }
  int64_t Attach(int group, int64_t program, uint32_t flags = 0) {
    return caller_.Call(linux_abi::kProgAttach, Attr(group, program, flags));
  }
  int64_t Detach(int group, int64_t program) {
    return caller_.Call(linux_abi::kProgDetach, Attr(group, program));
  }
  int64_t Replace(int group, int64_t program, int64_t old) {
    ProgAttachAttr attr =
        Attr(group, program, kAttachAllowMulti | kAttachReplace);
    attr.replace_bpf_fd = static_cast<uint32_t>(old);
    return caller_.Call(linux_abi::kProgAttach, attr);
  }
  int64_t Link(int group, int64_t program, uint32_t flags = 0) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(kHostCgroupFd + group);
    attr.attach_type = kDeviceAttach;
    attr.flags = flags;
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  uint32_t IdOf(int64_t program) {
    linux_abi::ProgramInfo info{};
    EXPECT_EQ(Get(program, info), 0);
    return info.id;
  }
  /// Programs' ids; the answer and the flags in members.
  std::vector<uint32_t> Query(int group, bool effective = false,
                              uint32_t room = 16) {
    const uint64_t ids = caller_.Put(nullptr, 4 * 256);
    ProgQueryAttr attr{};
    attr.target_fd = static_cast<uint32_t>(kHostCgroupFd + group);
    attr.attach_type = kDeviceAttach;
    attr.query_flags = effective ? linux_abi::kQueryEffective : 0;
    attr.prog_ids = ids;
    attr.prog_cnt = room;
    const uint64_t at = caller_.Put(attr);
    answer_ = caller_.BpfAt(linux_abi::kProgQuery, at, sizeof(attr));
    const auto told = caller_.Get<ProgQueryAttr>(at);
    flags_ = told.attach_flags;
    count_ = told.prog_cnt;
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < std::min(room, count_); ++i) {
      found.push_back(caller_.Get<uint32_t>(ids + 4 * i));
    }
    return found;
  }
  bool Allowed(int group) {
    return MayUseDevice(HostCgroup(group), {2u << 16 | 2, 1, 3}) == Status::kOk;
  }

  const int64_t yes_;
  const int64_t no_;
  int64_t answer_ = 0;
  uint32_t flags_ = 0;
  uint32_t count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, ProgAttachTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ProgAttachTest, AProgramDecidesForItsGroupAndThoseBelow) {
  EXPECT_TRUE(Allowed(12));
  ASSERT_EQ(Attach(1, no_), 0);
  EXPECT_FALSE(Allowed(1));
  EXPECT_FALSE(Allowed(12));
  EXPECT_FALSE(Allowed(123));
  EXPECT_TRUE(Allowed(2));
  ASSERT_EQ(Detach(1, no_), 0);
  EXPECT_TRUE(Allowed(12));
}

TEST_P(ProgAttachTest, ProgramsSeeTheDevice) {
  // return ctx->access_type == (write << 16 | character) && major == 5
  const int64_t program = caller_.Load(
      kCgroupDevice, {Insn(0x61, 2, 1, 0, 0), Insn(0x61, 3, 1, 4, 0),
                      MovImm(0, 0), Insn(0x55, 2, 0, 2, 4 << 16 | 2),
                      Insn(0x55, 3, 0, 1, 5), MovImm(0, 1), Exit()});
  ASSERT_GE(program, 0);
  ASSERT_EQ(Attach(1, program), 0);
  EXPECT_EQ(MayUseDevice(HostCgroup(1), {4u << 16 | 2, 5, 0}), Status::kOk);
  EXPECT_EQ(MayUseDevice(HostCgroup(1), {4u << 16 | 2, 6, 0}),
            Status::kNotPermitted);
  EXPECT_EQ(MayUseDevice(HostCgroup(1), {2u << 16 | 2, 5, 0}),
            Status::kNotPermitted);
}

TEST_P(ProgAttachTest, WithoutFlagsOnlyOneGroupOnAWayHasAProgram) {
  ASSERT_EQ(Attach(1, yes_), 0);
  EXPECT_EQ(Attach(12, no_), Minus(Status::kNotPermitted));
  EXPECT_EQ(Attach(12, no_, kAttachAllowMulti), Minus(Status::kNotPermitted));
  EXPECT_EQ(Attach(1, no_, kAttachAllowMulti), Minus(Status::kNotPermitted));
  ASSERT_EQ(Attach(1, no_), 0);  // in its place
  EXPECT_EQ(Query(1), std::vector<uint32_t>{IdOf(no_)});
  // Which one is detached need not be said.
  EXPECT_EQ(Detach(1, -1), 0);
  EXPECT_EQ(Detach(1, -1), Minus(Status::kNotFound));
}

TEST_P(ProgAttachTest, OverridingProgramsDecideInThePlaceOfThoseAbove) {
  ASSERT_EQ(Attach(1, no_, kAttachAllowOverride), 0);
  ASSERT_EQ(Attach(12, yes_, kAttachAllowOverride), 0);
  EXPECT_FALSE(Allowed(1));
  EXPECT_TRUE(Allowed(12));
  EXPECT_TRUE(Allowed(123));
  EXPECT_EQ(Query(123, true), std::vector<uint32_t>{IdOf(yes_)});
  EXPECT_EQ(flags_, 0u);
  EXPECT_EQ(Query(12), std::vector<uint32_t>{IdOf(yes_)});
  EXPECT_EQ(flags_, kAttachAllowOverride);
}

TEST_P(ProgAttachTest, OfManyProgramsAllMustAllow) {
  ASSERT_EQ(Attach(1, yes_, kAttachAllowMulti), 0);
  ASSERT_EQ(Attach(12, yes_, kAttachAllowMulti), 0);
  EXPECT_TRUE(Allowed(12));
  ASSERT_EQ(Attach(1, no_, kAttachAllowMulti), 0);
  EXPECT_FALSE(Allowed(12));
  EXPECT_EQ(Query(12, true),
            (std::vector<uint32_t>{IdOf(yes_), IdOf(yes_), IdOf(no_)}));
  EXPECT_EQ(Query(1), (std::vector<uint32_t>{IdOf(yes_), IdOf(no_)}));
  EXPECT_EQ(flags_, kAttachAllowMulti);
  EXPECT_EQ(Attach(1, no_, kAttachAllowMulti), Minus(Status::kInvalid));
  EXPECT_EQ(Detach(1, -1), Minus(Status::kInvalid));
  ASSERT_EQ(Detach(1, no_), 0);
  EXPECT_EQ(Detach(1, no_), Minus(Status::kNotFound));
  EXPECT_TRUE(Allowed(12));
}

TEST_P(ProgAttachTest, AProgramIsReplacedWhereItStands) {
  const int64_t third = Program(1);
  ASSERT_EQ(Attach(1, yes_, kAttachAllowMulti), 0);
  ASSERT_EQ(Attach(1, third, kAttachAllowMulti), 0);
  EXPECT_EQ(Replace(1, no_, no_), Minus(Status::kNotFound));
  ASSERT_EQ(Replace(1, no_, yes_), 0);
  EXPECT_EQ(Query(1), (std::vector<uint32_t>{IdOf(no_), IdOf(third)}));
  EXPECT_EQ(Replace(1, third, no_), Minus(Status::kInvalid));
  ASSERT_EQ(Replace(1, no_, no_), 0);  // by itself
  EXPECT_EQ(Replace(1, yes_, -1), Minus(Status::kBadFd));
  EXPECT_EQ(Attach(1, yes_, kAttachReplace), Minus(Status::kInvalid));
}

TEST_P(ProgAttachTest, AGroupHasAtMost64Programs) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(Attach(1, Program(1), kAttachAllowMulti), 0);
  }
  EXPECT_EQ(Attach(1, yes_, kAttachAllowMulti), Minus(Status::kTooBig));
  EXPECT_EQ(Query(1, false, 64).size(), 64u);
  EXPECT_EQ(answer_, 0);
  EXPECT_EQ(Query(1, false, 63).size(), 63u);
  EXPECT_EQ(answer_, Minus(Status::kNoSpace));
  EXPECT_EQ(count_, 64u);
}

TEST_P(ProgAttachTest, ALinkAttachesAsLongAsItLives) {
  const int64_t link = Link(12, no_);
  ASSERT_GE(link, 0);
  EXPECT_FALSE(Allowed(12));
  const int64_t twice = Link(12, no_);
  ASSERT_GE(twice, 0);
  EXPECT_EQ(Query(12), (std::vector<uint32_t>{IdOf(no_), IdOf(no_)}));
  EXPECT_EQ(Detach(12, no_), Minus(Status::kNotFound));  // it is the links'
  ASSERT_EQ(Attach(12, no_, kAttachAllowMulti), 0);
  ASSERT_EQ(Detach(12, no_), 0);
  EXPECT_EQ(caller_.CloseFd(link), 0);
  EXPECT_FALSE(Allowed(12));
  EXPECT_EQ(caller_.CloseFd(twice), 0);
  EXPECT_TRUE(Allowed(12));
  EXPECT_EQ(Link(12, no_, 1), Minus(Status::kInvalid));
  EXPECT_EQ(Link(5000, no_), Minus(Status::kBadFd));
}

TEST_P(ProgAttachTest, LinksAreUpdatedAndDetached) {
  const int64_t link = Link(1, no_);
  ASSERT_GE(link, 0);
  const auto update = [&](int64_t program, uint32_t flags, int64_t old) {
    return caller_.Call(
        linux_abi::kLinkUpdate,
        linux_abi::LinkUpdateAttr{static_cast<uint32_t>(link),
                                  static_cast<uint32_t>(program), flags,
                                  static_cast<uint32_t>(old)});
  };
  EXPECT_EQ(update(yes_, linux_abi::kLinkReplace, yes_),
            Minus(Status::kNotPermitted));
  ASSERT_EQ(update(yes_, linux_abi::kLinkReplace, no_), 0);
  EXPECT_TRUE(Allowed(1));
  EXPECT_EQ(Query(1), std::vector<uint32_t>{IdOf(yes_)});
  const int64_t other = caller_.Load(kSocketFilter, Returning(0));
  EXPECT_EQ(update(other, 0, 0), Minus(Status::kInvalid));
  ASSERT_EQ(update(no_, 0, 0), 0);
  EXPECT_FALSE(Allowed(1));
  const linux_abi::LinkDetachAttr detach = {static_cast<uint32_t>(link)};
  EXPECT_EQ(caller_.Call(linux_abi::kLinkDetach, detach), 0);
  EXPECT_TRUE(Allowed(1));
  EXPECT_EQ(caller_.Call(linux_abi::kLinkDetach, detach), 0);
  EXPECT_EQ(update(yes_, 0, 0), Minus(Status::kNoLink));
}

TEST_P(ProgAttachTest, ALinkTellsItsGroup) {
  const int64_t link = Link(12, no_);
  struct {
    uint32_t type, id, prog_id, padding;
    uint64_t cgroup_id;
    uint32_t attach_type, padding_2;
    uint64_t rest[4];
  } info = {};
  ASSERT_EQ(Get(link, info), 0);
  EXPECT_EQ(info.type, 3u);
  EXPECT_EQ(info.prog_id, IdOf(no_));
  EXPECT_EQ(info.cgroup_id, 12u);
  EXPECT_EQ(info.attach_type, kDeviceAttach);
}

TEST_P(ProgAttachTest, AGroupThatIsRemovedHasNoPrograms) {
  const int64_t link = Link(12, no_);
  ASSERT_EQ(Attach(12, yes_, kAttachAllowMulti), 0);
  ASSERT_EQ(Attach(1, yes_, kAttachAllowMulti), 0);
  RemoveCgroup(HostCgroup(12));
  EXPECT_TRUE(Allowed(12));
  EXPECT_EQ(Query(12), std::vector<uint32_t>{});
  EXPECT_EQ(Query(1), std::vector<uint32_t>{IdOf(yes_)});
  EXPECT_EQ(caller_.CloseFd(link), 0);
}

TEST_P(ProgAttachTest, AttachedProgramsOutliveTheirDescriptors) {
  ASSERT_EQ(Attach(1, no_), 0);
  EXPECT_EQ(caller_.CloseFd(no_), 0);
  EXPECT_FALSE(Allowed(1));
}

TEST_P(ProgAttachTest, NothingIsAttachedWhereNobodyAsks) {
  const uint32_t features = ebpf_port_features();
  SetHostFeatures(0);
  EXPECT_EQ(Attach(1, no_), Minus(Status::kInvalid));
  EXPECT_EQ(Link(1, no_), Minus(Status::kInvalid));
  EXPECT_EQ(Query(1), std::vector<uint32_t>{});
  EXPECT_EQ(answer_, 0);
  EXPECT_EQ(Detach(1, no_), Minus(Status::kNotFound));
  SetHostFeatures(features);
}

/// Hooks ask on other CPUs meanwhile. One program of the group forbids it all
/// the time, whatever else comes and goes.
TEST_P(ProgAttachTest, HooksAskWhileTasksChangeWhatIsAttached) {
  ASSERT_EQ(Attach(1, no_, kAttachAllowMulti), 0);
  const int64_t third = Program(1);
  std::atomic<bool> done{false};
  std::atomic<uint64_t> asked{0};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    cpus.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      while (!done) {
        wrong += Allowed(1) || Allowed(123) ? 1 : 0;
        (void)Allowed(2);
        ++asked;
      }
    });
  }
  while (asked < 10) {
    std::this_thread::yield();
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(Attach(1, yes_, kAttachAllowMulti), 0);
    EXPECT_EQ(Replace(1, third, yes_), 0);
    EXPECT_EQ(Attach(12, yes_, kAttachAllowMulti), 0);
    const int64_t link = Link(12, third);
    EXPECT_GE(link, 0);
    EXPECT_EQ(Attach(2, no_), 0);
    EXPECT_EQ(Detach(12, yes_), 0);
    EXPECT_EQ(Detach(1, third), 0);
    RemoveCgroup(HostCgroup(12));
    RemoveCgroup(HostCgroup(2));
    EXPECT_EQ(caller_.CloseFd(link), 0);
  }
  done = true;
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  EXPECT_EQ(wrong, 0u);
}

TEST_P(ProgAttachTest, EachAllocationMayFail) {
  FailEachAllocation(
      "attach", caller_,
      [&] {
        const int64_t result = Attach(1, no_);
        return result == 0 ? no_ : result;
      },
      [&](int64_t) { EXPECT_EQ(Detach(1, no_), 0); });
  FailEachAllocation(
      "link to a group", caller_, [&] { return Link(1, no_); },
      [&](int64_t link) { EXPECT_EQ(caller_.CloseFd(link), 0); });
}

}  // namespace
}  // namespace ebpf
