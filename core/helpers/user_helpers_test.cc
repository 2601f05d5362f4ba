// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/prototype.h"
#include "testing/host_port/host_timer.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

class UserHelpersTest : public ::testing::Test {
 protected:
  UserHelpersTest() : memory_(4096) {}

  HostUserMemory memory_;
  char buffer_[16] = "zzzzzzzzzzzzzzz";
};

TEST_F(UserHelpersTest, ReadsBytesOfTheRunningProcess) {
  const uint64_t at = memory_.Put("user", 5);
  EXPECT_EQ(Call(BPF_FUNC_probe_read_user, Address(buffer_), 5, at), 0u);
  EXPECT_STREQ(buffer_, "user");
  EXPECT_EQ(Call(BPF_FUNC_copy_from_user, Address(buffer_), 2, at + 2), 0u);
  EXPECT_EQ(memcmp(buffer_, "er", 2), 0);
}

TEST_F(UserHelpersTest, ReadsStringsUpToTheirZero) {
  const uint64_t at = memory_.Put("a user's string", 16);
  EXPECT_EQ(Call(BPF_FUNC_probe_read_user_str, Address(buffer_), 16, at), 16u);
  EXPECT_STREQ(buffer_, "a user's string");
  EXPECT_EQ(Call(BPF_FUNC_probe_read_user_str, Address(buffer_), 7, at), 7u);
  EXPECT_STREQ(buffer_, "a user");
}

TEST_F(UserHelpersTest, WhatFaultsIsZeros) {
  const uint64_t end = HostUserMemory::kBase + 4096;
  EXPECT_EQ(Call(BPF_FUNC_probe_read_user, Address(buffer_), 8, end - 4),
            Negative(EFAULT));
  EXPECT_EQ(std::string(buffer_, 9), std::string("\0\0\0\0\0\0\0\0z", 9));
  EXPECT_EQ(Call(BPF_FUNC_probe_read_user_str, Address(buffer_), 16, end),
            Negative(EFAULT));
  EXPECT_EQ(std::string(buffer_, 16), std::string(16, '\0'));
}

TEST_F(UserHelpersTest, KernelMemoryIsNoUserMemory) {
  const char secret[16] = "kernel";
  EXPECT_EQ(
      Call(BPF_FUNC_probe_read_user, Address(buffer_), 8, Address(secret)),
      Negative(EFAULT));
  EXPECT_EQ(
      Call(BPF_FUNC_probe_write_user, Address(secret), Address(buffer_), 8),
      Negative(EFAULT));
  EXPECT_STREQ(secret, "kernel");
}

TEST_F(UserHelpersTest, WritesBytes) {
  const uint64_t at = memory_.Put("before", 7);
  EXPECT_EQ(Call(BPF_FUNC_probe_write_user, at, Address("AFTER"), 6), 0u);
  EXPECT_STREQ(static_cast<char*>(memory_.At(at)), "AFTER");
}

TEST_F(UserHelpersTest, TheOldNamesFindKernelAndUserMemory) {
  const uint64_t at = memory_.Put("process", 8);
  const char kernel[] = "kernel";
  EXPECT_EQ(Call(BPF_FUNC_probe_read, Address(buffer_), 8, at), 0u);
  EXPECT_STREQ(buffer_, "process");
  EXPECT_EQ(Call(BPF_FUNC_probe_read, Address(buffer_), 7, Address(kernel)),
            0u);
  EXPECT_STREQ(buffer_, "kernel");
  EXPECT_EQ(Call(BPF_FUNC_probe_read_str, Address(buffer_), 16, at), 8u);
  EXPECT_STREQ(buffer_, "process");
}

TEST(PortFeaturesTest, HelpersOfAServiceThatThePortLacksDoNotExist) {
  for (uint32_t id :
       {BPF_FUNC_probe_read_user, BPF_FUNC_probe_read_user_str,
        BPF_FUNC_probe_write_user, BPF_FUNC_send_signal, BPF_FUNC_timer_init,
        BPF_FUNC_ktime_get_tai_ns, BPF_FUNC_get_current_task}) {
    EXPECT_TRUE(HelperExists(*FindHelper(id))) << id;
    SetHostFeatures(0);
    EXPECT_FALSE(HelperExists(*FindHelper(id))) << id;
    EXPECT_TRUE(HelperExists(*FindHelper(BPF_FUNC_ktime_get_ns)));
    SetHostFeatures(~uint32_t{0});
  }
}

}  // namespace
}  // namespace ebpf
