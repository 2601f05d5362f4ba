// SPDX-License-Identifier: MIT
#include "core/platform/work_queue.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// Work that notes when it runs.
struct Note {
  ebpf_deferred work = {nullptr, &Run};
  std::vector<Note*>* order = nullptr;
  /// Pushes itself again there, so often.
  WorkQueue* queue = nullptr;
  int again = 0;

  static void Run(ebpf_deferred* work) {
    Note& self = *reinterpret_cast<Note*>(work);
    self.order->push_back(&self);
    if (self.again != 0) {
      --self.again;
      self.queue->Push(work);
    }
  }
};

TEST(WorkQueueTest, TakesNothingBeforeItIsOpen) {
  WorkQueue queue;
  std::vector<Note*> order;
  Note note = {.order = &order};
  EXPECT_FALSE(queue.Push(&note.work));
  queue.Open();
  queue.Run();
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(queue.Push(&note.work));
  queue.Run();
  EXPECT_EQ(order, std::vector<Note*>{&note});
}

TEST(WorkQueueTest, RunsEachOnceAndInOrder) {
  WorkQueue queue;
  queue.Open();
  std::vector<Note*> order;
  Note notes[3];
  std::vector<Note*> pushed;
  for (Note& note : notes) {
    note.order = &order;
    ASSERT_TRUE(queue.Push(&note.work));
    EXPECT_FALSE(queue.empty());
    pushed.push_back(&note);
  }
  queue.Run();
  EXPECT_TRUE(queue.empty());
  queue.Run();
  EXPECT_EQ(order, pushed);
}

TEST(WorkQueueTest, WorkMayPushItselfAgainWhileItRuns) {
  WorkQueue queue;
  queue.Open();
  std::vector<Note*> order;
  Note first = {.order = &order, .queue = &queue, .again = 1};
  Note second = {.order = &order};
  queue.Push(&first.work);
  queue.Push(&second.work);
  queue.Run();
  EXPECT_EQ(order, (std::vector<Note*>{&first, &second}));
  queue.Run();
  EXPECT_EQ(order, (std::vector<Note*>{&first, &second, &first}));
}

TEST(WorkQueueTest, LosesNothingOfWhatSeveralPush) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20'000;
  static std::atomic<int> ran;
  ran = 0;
  struct Count {
    ebpf_deferred work = {nullptr, [](ebpf_deferred*) { ++ran; }};
  };
  WorkQueue queue;
  queue.Open();
  std::vector<std::vector<Count>> work(kThreads, std::vector<Count>(kEach));
  std::vector<std::thread> threads;
  for (std::vector<Count>& mine : work) {
    threads.emplace_back([&] {
      for (Count& one : mine) {
        queue.Push(&one.work);
      }
    });
  }
  while (ran < kThreads * kEach / 2) {
    queue.Run();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  queue.Run();
  EXPECT_EQ(ran, kThreads * kEach);
}

}  // namespace
}  // namespace ebpf
