// SPDX-License-Identifier: MIT
//
// The whole subsystem on the host port, for the length of a test.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace ebpf {

/// The running subsystem, for the length of a test; afterwards nothing of it is
/// left.
class TestSystem {
 public:
  TestSystem()
      : blocks_(HostAllocatedBlocks()), port_bytes_(PortAllocatedBytes()) {
    EXPECT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  }
  ~TestSystem() {
    ExitSystem();
    SetHostCapabilities(~uint64_t{0});
    EXPECT_EQ(HostAllocatedBlocks(), blocks_);
    EXPECT_EQ(PortAllocatedBytes(), port_bytes_);
    EXPECT_EQ(HostExecBytes(), 0u);
  }

 private:
  const uint64_t blocks_;
  const uint64_t port_bytes_;
  HostTraps traps_;
};

/// A test that runs once for the kernel as a caller and once for a process.
class SyscallTest : public testing::TestWithParam<Origin> {
 protected:
  SyscallTest() : caller_(GetParam()) {}

  TestSystem system_;
  TestCaller caller_;
};

inline std::string OriginName(const testing::TestParamInfo<Origin>& info) {
  return info.param == Origin::kUser ? "Process" : "Kernel";
}

}  // namespace ebpf
