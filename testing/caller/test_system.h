// SPDX-License-Identifier: MIT
//
// The whole subsystem on the host port, for the length of a test.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "core/base/status.h"
#include "core/memory/allocator.h"
#include "core/syscall/system.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace ebpf {

/// The running subsystem, for the length of a test; afterwards nothing of it is
/// left.
class TestSystem {
 public:
  explicit TestSystem(const KernelView& kernel = {})
      : deferred_(RunHostDeferred()),
        blocks_(HostAllocatedBlocks()),
        port_bytes_(PortAllocatedBytes()) {
    EXPECT_EQ(InitSystem(HostMachineOps(), {}, kernel), Status::kOk);
  }
  ~TestSystem() {
    RunHostDeferred();
    ExitSystem();
    SetHostCapabilities(~uint64_t{0});
    EXPECT_EQ(HostAllocatedBlocks(), blocks_);
    EXPECT_EQ(PortAllocatedBytes(), port_bytes_);
    EXPECT_EQ(HostExecBytes(), 0u);
  }

 private:
  /// What the tests before left to do, done before anything is counted.
  const uint64_t deferred_;
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

/// Calls `run` again and again while its 1st, 2nd, ... allocation fails, until
/// it has no more; prints how many there were. `run` returns a descriptor or a
/// negative errno, which is then ENOMEM; `undo` gets what is not. Each time
/// memory is afterwards as it was before, and so is the next descriptor.
template <typename Run, typename Undo>
void FailEachAllocation(const char* what, TestCaller& caller, Run run,
                        Undo undo) {
  const auto next_fd = [&caller] {
    const int64_t fd = caller.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
    EXPECT_EQ(caller.CloseFd(fd), 0);
    return fd;
  };
  KeepASlotPage();
  const int64_t fd_before = next_fd();
  bool failed = true;
  uint64_t n = 0;
  while (failed) {
    const uint64_t bytes = PortAllocatedBytes();
    const uint64_t exec_bytes = HostExecBytes();
    FailNthAllocation(++n);
    const int64_t result = run();
    failed = AllocationFailed();
    FailNthAllocation(0);
    if (result >= 0) {
      undo(result);
    } else {
      EXPECT_EQ(result, Minus(Status::kNoMemory)) << what << ", n = " << n;
      EXPECT_TRUE(failed) << what;
    }
    EXPECT_EQ(PortAllocatedBytes(), bytes) << what << ", n = " << n;
    EXPECT_EQ(HostExecBytes(), exec_bytes) << what << ", n = " << n;
    EXPECT_EQ(next_fd(), fd_before) << what << ", n = " << n;
  }
  printf("%s: every allocation failed in turn, up to n = %llu\n", what,
         static_cast<unsigned long long>(n - 1));
}

}  // namespace ebpf
