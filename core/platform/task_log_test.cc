// SPDX-License-Identifier: MIT
#include "core/platform/task_log.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

class TaskLogTest : public testing::Test {
 protected:
  TaskLogTest() { printed.clear(); }

  void Put(const std::string& text) { log_.Put(text.data(), text.size()); }
  void Print() {
    log_.Print(
        [](StringView text) { printed.append(text.data(), text.size()); });
  }

  static inline std::string printed;
  TaskLog<4> log_;
};

TEST_F(TaskLogTest, PrintsWhatWasPutOnceAndInOrder) {
  Put("one\n");
  Put("two\n");
  EXPECT_EQ(printed, "");
  Print();
  EXPECT_EQ(printed, "one\ntwo\n");
  Print();
  Put("");
  Print();
  EXPECT_EQ(printed, "one\ntwo\n");
}

TEST_F(TaskLogTest, ALongLineIsPrintedWhole) {
  const std::string line = std::string(2 * TaskLog<4>::kPiece, 'x') + "y\n";
  Put(line);
  Print();
  EXPECT_EQ(printed, line);
}

TEST_F(TaskLogTest, SaysOnceThatLinesWereLost) {
  for (int i = 0; i < 6; ++i) {
    Put(std::to_string(i) + "\n");
  }
  Print();
  EXPECT_EQ(printed, "0\n1\n2\n3\nebpf: log lines were lost\n");
  printed.clear();
  Put("more\n");
  Print();
  EXPECT_EQ(printed, "more\n");
}

TEST_F(TaskLogTest, WhatPrintsMayLog) {
  static TaskLog<4>* log;
  log = &log_;
  Put("outer\n");
  log_.Print([](StringView text) {
    printed.append(text.data(), text.size());
    if (text == StringView("outer\n")) {
      log->Put("inner\n", 6);
      log->Print([](StringView) { FAIL() << "printed out of its turn"; });
    }
  });
  EXPECT_EQ(printed, "outer\ninner\n");
}

}  // namespace
}  // namespace ebpf
