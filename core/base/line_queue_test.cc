// SPDX-License-Identifier: MIT
#include "core/base/line_queue.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

std::string Text(StringView text) {
  return std::string(text.data(), text.size());
}

TEST(LineQueueTest, PrintsInOrder) {
  LineQueue<4, 16> queue;
  std::vector<std::string> printed;
  const auto print = [&](StringView line) { printed.push_back(Text(line)); };

  EXPECT_TRUE(queue.Put("one"));
  EXPECT_TRUE(queue.Put("two"));
  EXPECT_FALSE(queue.empty());
  queue.Drain(print);

  EXPECT_EQ(printed, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(queue.empty());
}

TEST(LineQueueTest, CutsALongLine) {
  LineQueue<4, 4> queue;
  std::string printed;
  queue.Put("abcdef");
  queue.Drain([&](StringView line) { printed = Text(line); });
  EXPECT_EQ(printed, "abcd");
}

TEST(LineQueueTest, CountsWhatDoesNotFitAndGoesOn) {
  LineQueue<2, 8> queue;
  int printed = 0;
  const auto print = [&](StringView /*line*/) { ++printed; };
  for (int turn = 1; turn <= 5; ++turn) {
    EXPECT_TRUE(queue.Put("a"));
    EXPECT_TRUE(queue.Put("b"));
    EXPECT_FALSE(queue.Put("c"));
    EXPECT_EQ(queue.TakeLost(), 1u);
    queue.Drain(print);
    EXPECT_EQ(printed, 2 * turn);
  }
  EXPECT_EQ(queue.TakeLost(), 0u);
}

TEST(LineQueueTest, PrintsWhatATrapPutsDuringThePrinting) {
  LineQueue<4, 8> queue;
  std::vector<std::string> printed;
  const auto inner = [&](StringView /*line*/) { FAIL() << "nested printing"; };
  const auto print = [&](StringView line) {
    printed.push_back(Text(line));
    if (printed.size() == 1) {
      queue.Put("trap");
      queue.Drain(inner);  // somebody is at it: returns at once
    }
  };
  queue.Put("task");
  queue.Drain(print);
  EXPECT_EQ(printed, (std::vector<std::string>{"task", "trap"}));
}

TEST(LineQueueTest, PrintsByForceWhatAnInterruptedPrinterLeft) {
  LineQueue<4, 8> queue;
  std::vector<std::string> printed;
  queue.Put("one");
  queue.Put("two");
  queue.Drain([&](StringView /*line*/) {
    if (!printed.empty()) {
      return;
    }
    queue.DrainByForce([&](StringView line) { printed.push_back(Text(line)); });
  });
  EXPECT_EQ(printed, (std::vector<std::string>{"one", "two"}));
}

TEST(LineQueueTest, LosesNothingBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 5000;
  LineQueue<16, 32> queue;
  std::map<int, int> next;  // the printers exclude each other
  uint64_t wrong = 0;
  const auto print = [&](StringView line) {
    const std::string text = Text(line);
    const int thread = std::stoi(text);
    const int number = std::stoi(text.substr(text.find(' ') + 1));
    wrong += number != next[thread]++;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kLines; ++i) {
        const std::string line = std::to_string(t) + " " + std::to_string(i);
        while (!queue.Put(StringView(line.data(), line.size()))) {
          queue.Drain(print);
          std::this_thread::yield();
        }
        queue.Drain(print);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(wrong, 0u);
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(next[t], kLines);
  }
}

}  // namespace
}  // namespace ebpf
