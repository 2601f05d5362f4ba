// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/current_task.h"
#include "core/helpers/helper_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

class CurrentHelpersTest : public ::testing::Test {
 protected:
  ~CurrentHelpersTest() override { SetHostTask(1, 1, "host"); }

  /// The name as a program with `size` bytes for it gets it.
  static std::string Comm(size_t size) {
    char buffer[64];
    memset(buffer, 'z', sizeof(buffer));
    EXPECT_EQ(Call(BPF_FUNC_get_current_comm, Address(buffer), size), 0u);
    EXPECT_EQ(buffer[size], 'z');
    return std::string(buffer, size);
  }
};

TEST_F(CurrentHelpersTest, TheCpuIsTheOneThatRuns) {
  const HostCpu cpu(2);
  EXPECT_EQ(Call(BPF_FUNC_get_smp_processor_id), 2u);
}

TEST_F(CurrentHelpersTest, TheProcessIsInTheUpperHalf) {
  SetHostTask(0x1234, 0xfedcba98, "x");
  EXPECT_EQ(Call(BPF_FUNC_get_current_pid_tgid), 0xfedcba9800001234u);
}

TEST_F(CurrentHelpersTest, TheNameIsCutAndFilledWithZeros) {
  SetHostTask(1, 1, "sleep");
  EXPECT_EQ(Comm(16), std::string("sleep") + std::string(11, '\0'));
  EXPECT_EQ(Comm(32), std::string("sleep") + std::string(27, '\0'));
  EXPECT_EQ(Comm(6), std::string("sleep") + '\0');
  EXPECT_EQ(Comm(4), std::string("sle") + '\0');
  EXPECT_EQ(Comm(1), std::string(1, '\0'));
}

TEST_F(CurrentHelpersTest, ANameOfFifteenIsTheLongest) {
  SetHostTask(1, 1, "a-name-much-longer-than-that");
  EXPECT_EQ(Comm(16), std::string("a-name-much-lon") + '\0');
}

TEST_F(CurrentHelpersTest, WithoutNamesTheTaskHasItsNumber) {
  SetHostTask(4294967295, 1, nullptr);
  EXPECT_EQ(Comm(16), std::string("task-4294967295") + '\0');
  SetHostTask(7, 1, nullptr);
  char comm[kCommSize];
  CurrentComm(comm);
  EXPECT_STREQ(comm, "task-7");
  EXPECT_EQ(comm[15], '\0');
}

TEST_F(CurrentHelpersTest, TheGroupIsInTheUpperHalf) {
  ThisHostTask().uid = 1000;
  ThisHostTask().gid = 0x80000001;
  EXPECT_EQ(Call(BPF_FUNC_get_current_uid_gid), 0x80000001000003e8u);
  ThisHostTask() = {};
  EXPECT_EQ(Call(BPF_FUNC_get_current_uid_gid), 0u);
}

TEST_F(CurrentHelpersTest, TheTaskIsWhatThePortShows) {
  ThisHostTask().view = 0xffff888000001000;
  EXPECT_EQ(Call(BPF_FUNC_get_current_task), 0xffff888000001000u);
  EXPECT_EQ(Call(BPF_FUNC_get_current_task_btf), 0xffff888000001000u);
  ThisHostTask() = {};
}

TEST_F(CurrentHelpersTest, CgroupsAreCountedFromTheRoot) {
  ThisHostTask().cgroups[0] = 1;
  ThisHostTask().cgroups[1] = 20;
  ThisHostTask().cgroups[2] = 300;
  EXPECT_EQ(Call(BPF_FUNC_get_current_cgroup_id), 300u);
  EXPECT_EQ(Call(BPF_FUNC_get_current_ancestor_cgroup_id, 0), 1u);
  EXPECT_EQ(Call(BPF_FUNC_get_current_ancestor_cgroup_id, 2), 300u);
  EXPECT_EQ(Call(BPF_FUNC_get_current_ancestor_cgroup_id, 3), 0u);
  EXPECT_EQ(Call(BPF_FUNC_get_current_ancestor_cgroup_id, uint64_t(-1)), 0u);
  ThisHostTask() = {};
  EXPECT_EQ(Call(BPF_FUNC_get_current_cgroup_id), 0u);
}

TEST_F(CurrentHelpersTest, IdsInANamespaceAreThoseOfTheTasksOwn) {
  ThisHostTask().namespace_device = 4;
  ThisHostTask().namespace_inode = 0xeffffffc;
  ThisHostTask().namespace_pid = 12;
  ThisHostTask().namespace_tgid = 11;
  uint32_t ids[2] = {7, 7};
  EXPECT_EQ(Call(BPF_FUNC_get_ns_current_pid_tgid, 4, 0xeffffffc, Address(ids),
                 sizeof(ids)),
            0u);
  EXPECT_EQ(ids[0], 12u);
  EXPECT_EQ(ids[1], 11u);
  EXPECT_EQ(Call(BPF_FUNC_get_ns_current_pid_tgid, 4, 0xeffffffd, Address(ids),
                 sizeof(ids)),
            Negative(EINVAL));
  EXPECT_EQ(ids[0] | ids[1], 0u);
  ids[0] = 7;
  EXPECT_EQ(
      Call(BPF_FUNC_get_ns_current_pid_tgid, 4, 0xeffffffc, Address(ids), 4),
      Negative(EINVAL));
  EXPECT_EQ(ids[0], 0u);
  ThisHostTask() = {};
}

TEST_F(CurrentHelpersTest, SignalsGoToTheThreadOrItsProcess) {
  EXPECT_EQ(Call(BPF_FUNC_send_signal, 9), 0u);
  EXPECT_EQ(ThisHostTask().signal, 9);
  EXPECT_TRUE(ThisHostTask().signal_to_process);
  EXPECT_EQ(Call(BPF_FUNC_send_signal_thread, 64), 0u);
  EXPECT_EQ(ThisHostTask().signal, 64);
  EXPECT_FALSE(ThisHostTask().signal_to_process);
  EXPECT_EQ(Call(BPF_FUNC_send_signal, 65), Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_send_signal, uint32_t(-1)), Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_send_signal_thread, 0), 0u);
  EXPECT_EQ(ThisHostTask().signal, 64) << "0 only asks";
  ThisHostTask().signal_result = -EPERM;
  EXPECT_EQ(Call(BPF_FUNC_send_signal, 15), Negative(EPERM));
  ThisHostTask() = {};
}

TEST_F(CurrentHelpersTest, MemoryIsOneNode) {
  EXPECT_EQ(Call(BPF_FUNC_get_numa_node_id), 0u);
}

}  // namespace
}  // namespace ebpf
