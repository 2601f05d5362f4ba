// SPDX-License-Identifier: MIT
//
// Runs on the host and, built for other CPUs, under qemu-user.
#include "testing/host_port/host_machine.h"

#include <sys/utsname.h>

#include "core/platform/cpu.h"
#include "core/platform/memory.h"
#include "core/platform/text.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(HostMachineTest, IsWhatLinuxSaysThisProcessRunsOn) {
  utsname names;
  ASSERT_EQ(uname(&names), 0);
  EXPECT_STREQ(ThisMachine().name, names.machine);
}

TEST(HostMachineTest, HasMemoryAndExecutableMemory) {
  void* memory = ebpf_port_alloc(100, 16);
  ASSERT_NE(memory, nullptr);
  ebpf_port_free(memory, 100, 16);
  const auto here = reinterpret_cast<uintptr_t>(&ebpf_port_cpu_id);
  void* code = ebpf_port_exec_alloc(4096, here, 1 << 30);
  ASSERT_NE(code, nullptr);
  ebpf_port_exec_free(code, 4096);
}

}  // namespace
}  // namespace ebpf
