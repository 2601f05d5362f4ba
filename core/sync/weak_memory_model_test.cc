// SPDX-License-Identifier: MIT
//
// The model checker against litmus tests whose results are known: what weakly
// ordered CPUs do, and what they do not.
#include "core/sync/weak_memory_model.h"

#include "gtest/gtest.h"

namespace ebpf::model {
namespace {

constexpr int kX = 0;
constexpr int kY = 1;

Location At(int location) {
  return [location](const Values&) { return location; };
}
Value One() {
  return [](const Values&) { return uint8_t{1}; };
}

// Goes on where step `load` found `expected`.
void Expect(Thread& thread, int load, uint8_t expected) {
  thread.Wait(
      [load, expected](const Values& values) {
        return values[static_cast<size_t>(load)] == expected;
      },
      {load});
}

bool CanHappen(std::vector<Thread> threads) {
  return Explorer(std::move(threads), 2).Explore().completed;
}

// Store, then load of the other's location: may both find nothing?
Thread StoreBuffering(int mine, int other, bool fence) {
  Thread thread;
  thread.Store(At(mine), One());
  if (fence) {
    thread.Fence();
  }
  Expect(thread, thread.Load(At(other)), 0);
  return thread;
}

TEST(WeakMemoryModelTest, StoresMayBeBufferedUnlessThereIsAFence) {
  EXPECT_TRUE(CanHappen(
      {StoreBuffering(kX, kY, false), StoreBuffering(kY, kX, false)}));
  EXPECT_TRUE(
      CanHappen({StoreBuffering(kX, kY, true), StoreBuffering(kY, kX, false)}));
  EXPECT_FALSE(
      CanHappen({StoreBuffering(kX, kY, true), StoreBuffering(kY, kX, true)}));
}

// Data, then a flag; the reader finds the flag but not the data.
bool MessageIsLost(Order release, Order acquire) {
  Thread writer;
  writer.Store(At(kX), One());
  writer.Store(At(kY), One(), {}, release);
  Thread reader;
  const int flag = reader.Load(At(kY), {}, acquire);
  const int data = reader.Load(At(kX));
  Expect(reader, flag, 1);
  Expect(reader, data, 0);
  return CanHappen({writer, reader});
}

TEST(WeakMemoryModelTest, MessagesArriveOnlyWithReleaseAndAcquire) {
  EXPECT_TRUE(MessageIsLost(Order::kRelaxed, Order::kRelaxed));
  EXPECT_TRUE(MessageIsLost(Order::kRelease, Order::kRelaxed));
  EXPECT_TRUE(MessageIsLost(Order::kRelaxed, Order::kAcquire));
  EXPECT_FALSE(MessageIsLost(Order::kRelease, Order::kAcquire));
}

// A load, then a store to the other's location: may both find the store?
Thread LoadBuffering(int mine, int other, bool condition) {
  Thread thread;
  const int load = thread.Load(At(other));
  if (condition) {
    Expect(thread, load, 1);
  }
  thread.Store(At(mine), One());
  if (!condition) {
    Expect(thread, load, 1);
  }
  return thread;
}

TEST(WeakMemoryModelTest, AStoreWaitsForTheConditionBeforeIt) {
  EXPECT_TRUE(
      CanHappen({LoadBuffering(kX, kY, false), LoadBuffering(kY, kX, false)}));
  EXPECT_FALSE(
      CanHappen({LoadBuffering(kX, kY, true), LoadBuffering(kY, kX, true)}));
}

TEST(WeakMemoryModelTest, ALoadIsGuessedAheadOfACondition) {
  Thread writer;
  writer.Store(At(kX), One());
  writer.Store(At(kY), One(), {}, Order::kRelease);
  Thread reader;
  Expect(reader, reader.Load(At(kY)), 1);
  Expect(reader, reader.Load(At(kX)), 0);
  EXPECT_TRUE(CanHappen({writer, reader}));
}

TEST(WeakMemoryModelTest, OneLocationIsReadInOrder) {
  Thread writer;
  writer.Store(At(kX), One());
  Thread reader;
  const int first = reader.Load(At(kX));
  const int second = reader.Load(At(kX));
  Expect(reader, first, 1);
  Expect(reader, second, 0);
  EXPECT_FALSE(CanHappen({writer, reader}));
}

TEST(WeakMemoryModelTest, AnAddressThatIsLoadedComesBeforeItsUse) {
  // y points to x once x is set.
  Thread writer;
  writer.Store(At(kX), One());
  writer.Store(At(kY), One(), {}, Order::kRelease);
  Thread reader;
  const int pointer = reader.Load(At(kY));
  const int data = reader.Load(
      [pointer](const Values& values) {
        return values[static_cast<size_t>(pointer)] == 1 ? kX : kY;
      },
      {pointer});
  Expect(reader, pointer, 1);
  Expect(reader, data, 0);
  EXPECT_FALSE(CanHappen({writer, reader}));
}

TEST(WeakMemoryModelTest, AdditionsLoseNothingAndSeparateOnesDo) {
  Thread added;
  added.Add(At(kX), 1);
  Thread last;
  last.Add(At(kX), 1);
  Expect(last, last.Load(At(kX)), 1);  // may come before `added`
  EXPECT_TRUE(CanHappen({added, last}));

  const auto finds = [](bool atomic, uint8_t total) {
    std::vector<Thread> threads(2);
    for (Thread& thread : threads) {
      if (atomic) {
        thread.Add(At(kX), 1);
      } else {
        const int old = thread.Load(At(kX));
        thread.Store(
            At(kX),
            [old](const Values& values) {
              return static_cast<uint8_t>(values[static_cast<size_t>(old)] + 1);
            },
            {old});
      }
      thread.Fence();
      thread.Add(At(kY), 1);
    }
    Thread reader;
    const int done = reader.Load(At(kY), {}, Order::kAcquire);
    const int sum = reader.Load(At(kX));
    Expect(reader, done, 2);
    Expect(reader, sum, total);
    threads.push_back(reader);
    return CanHappen(threads);
  };
  EXPECT_TRUE(finds(true, 2));
  EXPECT_FALSE(finds(true, 1));
  EXPECT_TRUE(finds(false, 1));
}

TEST(WeakMemoryModelTest, UseOfWhatIsFreedIsAViolation) {
  Thread owner;
  owner.Store(At(kX), One());
  Thread user;
  user.Use(At(kX), {});
  EXPECT_TRUE(Explorer({owner, user}, 2).Explore().violated);
  EXPECT_FALSE(Explorer({user}, 2).Explore().violated);
}

}  // namespace
}  // namespace ebpf::model
