// SPDX-License-Identifier: MIT
#include <linux/bpf.h>

#include "core/helpers/helper_test_util.h"
#include "core/platform/cpu.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_variables.h"

namespace ebpf {
namespace {

class VariableHelpersTest : public HelperTest {
 protected:
  VariableHelpersTest() { AddHostVariable("runs", runs_, sizeof(runs_[0])); }
  ~VariableHelpersTest() override { RemoveHostVariables(); }

  uint64_t runs_[64] = {};
};

TEST_F(VariableHelpersTest, EachCpuHasItsOwn) {
  const uint32_t count = ebpf_port_cpu_count();
  ASSERT_LE(count, 64u);
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    EXPECT_EQ(Call(BPF_FUNC_per_cpu_ptr, Address(runs_), cpu),
              Address(&runs_[cpu]));
    const HostCpu here(cpu);
    EXPECT_EQ(Call(BPF_FUNC_this_cpu_ptr, Address(runs_)),
              Address(&runs_[cpu]));
  }
}

TEST_F(VariableHelpersTest, CpusThatAreNoneHaveNothing) {
  EXPECT_EQ(Call(BPF_FUNC_per_cpu_ptr, Address(runs_), ebpf_port_cpu_count()),
            0u);
  EXPECT_EQ(Call(BPF_FUNC_per_cpu_ptr, Address(runs_), UINT32_MAX), 0u);
  EXPECT_EQ(Call(BPF_FUNC_per_cpu_ptr, Address(runs_), uint64_t{1} << 32),
            Address(runs_))
      << "32 bits count, as in Linux";
}

}  // namespace
}  // namespace ebpf
