// SPDX-License-Identifier: MIT
#include "core/program/task_run.h"

#include <memory>

#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class NoServices final : public TaskServices {
 public:
  int64_t Bpf(uint32_t, void*, uint32_t) override { return 0; }
  int64_t Close(int) override { return 0; }
  int64_t FindType(StringView, uint32_t) override { return 0; }
};

class TaskRunTest : public testing::Test {
 protected:
  TaskRunTest() : run_(std::make_unique<TaskRun>(services_)) {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~TaskRunTest() override {
    ExitRunContexts();
    ExitReadSections();
  }

  NoServices services_;
  std::unique_ptr<TaskRun> run_;
};

TEST_F(TaskRunTest, ItIsARunBetweenEnterAndLeave) {
  EXPECT_EQ(TaskRun::Current(), nullptr);
  ASSERT_TRUE(run_->Enter());
  EXPECT_TRUE(HostPreemptionOff());
  EXPECT_EQ(CurrentRun(), &run_->context());
  EXPECT_EQ(TaskRun::Current(), run_.get());
  run_->Leave();
  EXPECT_FALSE(HostPreemptionOff());
  EXPECT_EQ(CurrentRun(), nullptr);
  EXPECT_EQ(TaskRun::Current(), nullptr);
}

TEST_F(TaskRunTest, WhatInterruptsItIsTheInnermostRun) {
  ASSERT_TRUE(run_->Enter());
  RunContext* inner = BeginRun();
  ASSERT_NE(inner, nullptr);
  EXPECT_EQ(inner->level, 1u);
  EXPECT_EQ(CurrentRun(), inner);
  EXPECT_EQ(TaskRun::Current(), nullptr);
  EndRun(inner);
  EXPECT_EQ(CurrentRun(), &run_->context());
  run_->Leave();
}

TEST_F(TaskRunTest, ReadersAreWaitedForOutsideOfIt) {
  ASSERT_TRUE(run_->Enter());
  run_->Leave();
  WaitForReaders();  // would never end inside
  ASSERT_TRUE(run_->Enter());
  run_->Leave();
}

TEST_F(TaskRunTest, ItDoesNotBeginInsideOfAProgram) {
  RunContext* outer = BeginRun();
  ASSERT_NE(outer, nullptr);
  EXPECT_FALSE(run_->Enter());
  EXPECT_EQ(CurrentRun(), outer);
  EndRun(outer);
}

}  // namespace
}  // namespace ebpf
