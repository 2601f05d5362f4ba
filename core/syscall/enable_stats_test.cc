// SPDX-License-Identifier: MIT
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/program.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

class EnableStatsTest : public SyscallTest {
 protected:
  int64_t Enable(uint32_t type = linux_abi::kStatsRunTime) {
    return caller_.Call(linux_abi::kEnableStats,
                        linux_abi::EnableStatsAttr{type});
  }
  Ref<Program> ProgramOf(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->AsProgram()->program();
  }
};

INSTANTIATE_TEST_SUITE_P(, EnableStatsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(EnableStatsTest, RunsAreMeasuredUntilTheLastDescriptorIsClosed) {
  Ref<Program> program = ProgramOf(caller_.Load(kKprobe, Returning(0)));
  const auto timed = [&] {
    program->Run(nullptr);
    return program->Stats().timed_runs;
  };
  EXPECT_EQ(timed(), 0u);
  const int64_t first = Enable();
  const int64_t second = Enable();
  ASSERT_GE(second, 0);
  EXPECT_EQ(timed(), 1u);
  caller_.CloseFd(first);
  EXPECT_EQ(timed(), 2u);
  caller_.CloseFd(second);
  EXPECT_EQ(timed(), 2u);
  EXPECT_EQ(program->Stats().runs, 4u);
}

TEST_P(EnableStatsTest, IsForWhoMayDoAll) {
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf);
  const bool may = GetParam() == Origin::kKernel;
  EXPECT_EQ(Enable() >= 0, may);
  EXPECT_EQ(Enable(1), Minus(may ? Status::kInvalid : Status::kNotPermitted));
}

TEST_P(EnableStatsTest, KnowsOneKind) {
  EXPECT_EQ(Enable(1), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.Call(linux_abi::kEnableStats, uint64_t{1} << 32),
            Minus(Status::kInvalid));
}

TEST_P(EnableStatsTest, EachAllocationMayFail) {
  FailEachAllocation(
      "enable statistics", caller_, [&] { return Enable(); },
      [&](int64_t fd) { caller_.CloseFd(fd); });
}

}  // namespace
}  // namespace ebpf
