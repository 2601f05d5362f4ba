// SPDX-License-Identifier: MIT
#include "core/verifier/run_stack.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::verifier {
namespace {

class RunStackTest : public ::testing::Test {
 protected:
  Status Plan(std::vector<RunFunction> functions) {
    for (uint32_t i = 0; i < functions.size(); ++i) {
      functions[i].number = i;
      functions[i].start = 10 * i;
    }
    Buffer<ProgramFunction> out(PortAllocator());
    Log log(kLogPath, text_, sizeof(text_));
    const Status status = PlanRunStack(
        *graph_, Span<const RunFunction>(functions.data(), functions.size()),
        log, PortAllocator(), out);
    log_ = std::string(log.writer().text().data(), log.writer().text().size());
    planned_.assign(out.span().begin(), out.span().end());
    return status;
  }

  std::unique_ptr<CallGraph> graph_ = std::make_unique<CallGraph>();
  std::vector<ProgramFunction> planned_;
  std::string log_;
  char text_[256];
};

constexpr RunFunction Function(uint32_t bytes, bool tail_calls = false) {
  return {0, bytes, 0, tail_calls};
}

TEST_F(RunStackTest, DepthIsThatOfTheLongestChain) {
  graph_->Add(0, 1);
  graph_->Add(0, 2);
  graph_->Add(1, 2);
  graph_->Add(2, 3);

  ASSERT_EQ(Plan({Function(8), Function(16), Function(0), Function(24)}),
            Status::kOk);

  const uint8_t depths[] = {0, 1, 2, 3};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(planned_[i].depth, depths[i]);
    EXPECT_EQ(planned_[i].start, 10 * i);
  }
  EXPECT_EQ(planned_[3].stack_bytes, 24u);
}

TEST_F(RunStackTest, ChainsHaveFiveHundredAndTwelveBytes) {
  graph_->Add(0, 1);
  EXPECT_EQ(Plan({Function(256), Function(256)}), Status::kOk);
  EXPECT_EQ(Plan({Function(256), Function(264)}), Status::kAccess);
  EXPECT_EQ(log_, "combined stack size of 2 calls is 520. Too large\n");
}

TEST_F(RunStackTest, TailCallsLeaveTwoHundredAndFiftySixBytesAtMost) {
  graph_->Add(0, 1);
  EXPECT_EQ(Plan({Function(256), Function(256, true)}), Status::kOk);
  EXPECT_TRUE(planned_[0].reaches_tail_call);
  EXPECT_EQ(Plan({Function(264), Function(8, true)}), Status::kAccess);
  EXPECT_EQ(log_,
            "tail_calls are not allowed when call stack of previous frames is "
            "264 bytes. Too large\n");
  EXPECT_EQ(Plan({Function(512, true), Function(0)}), Status::kOk);
  EXPECT_FALSE(planned_[1].reaches_tail_call);
}

TEST_F(RunStackTest, CallsThatRecurAreNoProgram) {
  graph_->Add(0, 1);
  graph_->Add(1, 1);
  EXPECT_EQ(Plan({Function(0), Function(0)}), Status::kInvalid);
}

}  // namespace
}  // namespace ebpf::verifier
