// SPDX-License-Identifier: MIT
#include "core/probes/refusal_log.h"

#include <algorithm>
#include <string>

#include "core/probes/kprobe_test_util.h"
#include "testing/host_port/host_log.h"

namespace ebpf {
namespace {

TEST(LogLimitTest, GivesSoManyLinesInEachWindow) {
  LogLimit limit;
  uint64_t now = 77;
  for (int window = 0; window < 3; ++window) {
    uint32_t allowed = 0;
    uint64_t told = 0;
    for (int i = 0; i < 1000; ++i) {
      uint64_t left_out = 0;
      allowed += limit.Allows(now + static_cast<uint64_t>(i), left_out) ? 1 : 0;
      told += left_out;
    }
    EXPECT_EQ(allowed, LogLimit::kLines);
    EXPECT_EQ(told, window == 0 ? 0 : 1000 - LogLimit::kLines);
    now += LogLimit::kWindowNs;
  }
}

using RefusalLogTest = KprobeTest;

TEST_F(RefusalLogTest, WhoAsksAgainAndAgainDoesNotFillTheLog) {
  Counter counter;
  ClearHostLog();
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(AttachKprobe("nobody", 0, 0, counter).status(),
              Status::kNotFound);
  }
  const std::string log = HostLog();
  const auto lines = std::count(log.begin(), log.end(), '\n');
  EXPECT_GT(lines, 0);
  EXPECT_LE(lines, 2 * LogLimit::kLines);
}

/// Who reads the log may be somebody who does not see addresses.
TEST_F(RefusalLogTest, APlaceIsToldByItsFunctionNotItsAddress) {
  Counter counter;
  ClearHostLog();
  EXPECT_EQ(AttachKprobe("ebpf_on_breakpoint", 0, 0, counter).status(),
            Status::kInvalid);
  EXPECT_EQ(HostLog(),
            "ebpf: no kprobe at ebpf_on_breakpoint+0x0: it is on a "
            "breakpoint's own way\n");
}

TEST_F(RefusalLogTest, WhatAClientWritesIsOneLineOfCharactersThatAreShown) {
  Counter counter;
  ClearHostLog();
  EXPECT_EQ(AttachKprobe("a\x1b[2Jb\nc\xff", 0, 0, counter).status(),
            Status::kNotFound);
  EXPECT_EQ(HostLog(), "ebpf: no kprobe at a?[2Jb?c?+0x0: no such function\n");
  ClearHostLog();
  EXPECT_EQ(AttachKprobe(std::string(400, 'n').c_str(), 0, 0, counter).status(),
            Status::kNotFound);
  EXPECT_EQ(HostLog(), "ebpf: no kprobe at " + std::string(80, 'n') +
                           "+0x0: no such function\n");
}

}  // namespace
}  // namespace ebpf
