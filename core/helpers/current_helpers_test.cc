// SPDX-License-Identifier: MIT
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

}  // namespace
}  // namespace ebpf
