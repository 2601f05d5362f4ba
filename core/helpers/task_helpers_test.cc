// SPDX-License-Identifier: MIT
#include <cstring>
#include <memory>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/memory/allocator.h"
#include "core/program/task_run.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

/// Remembers what it was asked, and whether that was outside of a program.
class Recorder final : public TaskServices {
 public:
  int64_t Bpf(uint32_t command, void* attr, uint32_t size) override {
    EXPECT_FALSE(HostPreemptionOff());
    EXPECT_EQ(CurrentRun(), nullptr);
    last = std::to_string(command) + " " +
           std::string(static_cast<const char*>(attr), size);
    return -22;
  }
  int64_t Close(int fd) override {
    last = "close " + std::to_string(fd);
    return 0;
  }
  int64_t FindType(StringView name, uint32_t kind) override {
    if (overwritten != nullptr) {
      *overwritten = 'x';
    }
    last = std::string(name.data(), name.size()) + " " + std::to_string(kind);
    return 77;
  }

  std::string last;
  /// A byte that somebody else writes before a name is looked at.
  char* overwritten = nullptr;
};

class TaskHelpersTest : public HelperTest {
 protected:
  TaskHelpersTest() : run_(std::make_unique<TaskRun>(services_)) {
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~TaskHelpersTest() override { ExitRunContexts(); }

  Recorder services_;
  std::unique_ptr<TaskRun> run_;
};

TEST_F(TaskHelpersTest, CallsAreMadeOutsideOfTheRun) {
  ASSERT_TRUE(run_->Enter());
  EXPECT_EQ(Call(helper_id::sys_bpf, 5, Address("abc"), 3), Negative(22));
  EXPECT_EQ(services_.last, "5 abc");
  EXPECT_EQ(TaskRun::Current(), run_.get());
  EXPECT_EQ(Call(helper_id::sys_close, 9), 0u);
  EXPECT_EQ(services_.last, "close 9");
  run_->Leave();
}

TEST_F(TaskHelpersTest, NobodyElseMayCall) {
  EXPECT_EQ(Call(helper_id::sys_bpf, 5, Address("abc"), 3), Negative(1));
  RunContext* run = BeginRun();
  EXPECT_EQ(Call(helper_id::sys_close, 9), Negative(1));
  EndRun(run);
}

TEST_F(TaskHelpersTest, NamesEndWithTheirSize) {
  ASSERT_TRUE(run_->Enter());
  EXPECT_EQ(Call(helper_id::btf_find_by_name_kind, Address("task"), 5, 4, 0),
            77u);
  EXPECT_EQ(services_.last, "task 4");
  EXPECT_EQ(Call(helper_id::btf_find_by_name_kind, Address("task"), 4, 4, 0),
            Negative(22));
  EXPECT_EQ(Call(helper_id::btf_find_by_name_kind, Address(""), 1, 4, 0),
            Negative(22));
  EXPECT_EQ(Call(helper_id::btf_find_by_name_kind, Address("task"), 5, 4, 1),
            Negative(22));
  run_->Leave();
}

TEST_F(TaskHelpersTest, NamesThatLoseTheirEndMeanwhileKeepTheirSize) {
  char memory[] = "task\0what is behind it";
  services_.overwritten = memory + 4;
  ASSERT_TRUE(run_->Enter());
  EXPECT_EQ(Call(helper_id::btf_find_by_name_kind, Address(memory), 5, 4, 0),
            77u);
  EXPECT_EQ(services_.last, "task 4");
  run_->Leave();
}

TEST_F(TaskHelpersTest, SymbolsThatAreNotThereHaveNoAddress) {
  uint64_t address = 5;
  EXPECT_EQ(Call(helper_id::kallsyms_lookup_name, Address("no_such_symbol"), 15,
                 0, Address(&address)),
            Negative(2));
  EXPECT_EQ(address, 0u);
}

}  // namespace
}  // namespace ebpf
