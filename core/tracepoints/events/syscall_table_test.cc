// SPDX-License-Identifier: MIT
//
// The numbers of syscalls.def beside those of Linux's header for AArch64,
// RISC-V and others.
#include <cstdlib>
#include <string_view>

#include "core/tracepoints/events/syscall_table_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SyscallTableTest, GenericNumbersAreThoseOfLinuxsHeader) {
  int compared = 0;
  for (const LinuxNumber& one : LinuxNumbers()) {
    // It goes to what the table calls fadvise64_64 there.
    if (std::string_view(one.theirs).starts_with("__NR") ||
        std::string_view(one.call) == "fadvise64") {
      continue;
    }
    EXPECT_EQ(one.ours, std::atoi(one.theirs)) << one.call;
    ++compared;
  }
  EXPECT_GT(compared, 270);
}

}  // namespace
}  // namespace ebpf
