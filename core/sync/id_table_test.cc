// SPDX-License-Identifier: MIT
#include "core/sync/id_table.h"

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

std::atomic<int> living{0};

class Thing final : public RefCounted<Thing>, public IdNode {
 public:
  static Ref<Thing> Make() {
    ++living;
    return Ref<Thing>::Adopt(*PortAllocator().New<Thing>());
  }
  uint64_t payload = 0x600d;

 private:
  friend class ::ebpf::Allocator;
  friend class RefCounted<Thing>;

  ~Thing() = default;
  void Destroy() {
    payload = 0xdead;
    LeaveTable();
    PortAllocator().Delete(this);
    --living;
  }
};

TEST(IdTableTest, IdsBeginAtOneAndGrow) {
  IdTable<Thing> table;
  Ref<Thing> a = Thing::Make();
  EXPECT_EQ(a->id(), 0u);
  table.Add(*a);
  Ref<Thing> b = Thing::Make();
  table.Add(*b);

  EXPECT_EQ(a->id(), 1u);
  EXPECT_EQ(b->id(), 2u);
  EXPECT_EQ(table.Find(1)->get(), a.get());
  EXPECT_EQ(table.Find(2)->get(), b.get());
}

TEST(IdTableTest, WhatIsGoneIsNotFoundAndItsIdDoesNotComeBack) {
  IdTable<Thing> table;
  table.Add(*Thing::Make());
  EXPECT_EQ(table.Find(1).status(), Status::kNotFound);
  EXPECT_EQ(table.FirstId(0).status(), Status::kNotFound);

  Ref<Thing> next = Thing::Make();
  table.Add(*next);
  EXPECT_EQ(next->id(), 2u);
}

TEST(IdTableTest, WhatItFoundIsKept) {
  IdTable<Thing> table;
  Ref<Thing> thing = Thing::Make();
  table.Add(*thing);
  {
    Ref<Thing> found = *table.Find(1);
    thing = Ref<Thing>();
    EXPECT_EQ(found->payload, 0x600du);
    EXPECT_TRUE(table.Find(1).ok());
  }
  EXPECT_FALSE(table.Find(1).ok());
  EXPECT_EQ(living, 0);
}

TEST(IdTableTest, ANumberedObjectIsNotFoundBeforeItIsAdded) {
  IdTable<Thing> table;
  Ref<Thing> thing = Thing::Make();
  table.Number(*thing);
  Ref<Thing> other = Thing::Make();
  table.Add(*other);

  EXPECT_EQ(thing->id(), 1u);
  EXPECT_EQ(other->id(), 2u);
  EXPECT_FALSE(table.Find(1).ok());
  table.Add(*thing);
  EXPECT_EQ(thing->id(), 1u);
  EXPECT_TRUE(table.Find(1).ok());
}

TEST(IdTableTest, AfterTheLastIdTheLowestFreeOneFollows) {
  IdTable<Thing> table;
  Ref<Thing> first = Thing::Make();
  Ref<Thing> second = Thing::Make();
  table.Add(*first);
  table.Add(*second);
  table.SetLastId(IdTree::kMaxId - 1);
  Ref<Thing> last = Thing::Make();
  table.Add(*last);
  EXPECT_EQ(last->id(), IdTree::kMaxId);

  Ref<Thing> again = Thing::Make();
  table.Add(*again);
  EXPECT_EQ(again->id(), 3u);
  EXPECT_EQ(*table.FirstId(4), IdTree::kMaxId);
}

TEST(IdTableTest, NothingIsFoundOutsideOfTheIds) {
  IdTable<Thing> table;
  Ref<Thing> thing = Thing::Make();
  table.SetLastId(IdTree::kMaxId - 1);
  table.Add(*thing);

  EXPECT_FALSE(table.Find(0).ok());
  EXPECT_FALSE(table.Find(IdTree::kMaxId + 1).ok());
  EXPECT_FALSE(table.Find(0xffffffff).ok());
  EXPECT_FALSE(table.Find(IdTree::kMaxId | 0x80000000).ok());
  EXPECT_FALSE(table.FirstId(IdTree::kMaxId + 1).ok());
}

TEST(IdTableTest, BehavesAsAnOrderedMap) {
  IdTable<Thing> table;
  std::map<uint32_t, Ref<Thing>> model;
  std::mt19937 random(7);
  const auto pick = [&] { return model.lower_bound(random() % 70000); };
  for (int i = 0; i < 100000; ++i) {
    if (random() % 1000 == 0) {
      table.SetLastId(random() % 65536);
    }
    if (random() % 100 < (i / 10000 % 2 == 0 ? 60 : 40)) {
      Ref<Thing> thing = Thing::Make();
      table.Add(*thing);
      ASSERT_EQ(model.count(thing->id()), 0u);
      model[thing->id()] = thing;
    } else if (const auto it = pick(); it != model.end()) {
      model.erase(it);
    }
    const uint32_t from = random() % 70000;
    const auto expected = model.lower_bound(from);
    const Result<uint32_t> first = table.FirstId(from);
    ASSERT_EQ(first.ok(), expected != model.end()) << from;
    if (first.ok()) {
      ASSERT_EQ(*first, expected->first) << from;
      ASSERT_EQ(table.FindFrom(from)->get(), expected->second.get());
    }
    ASSERT_EQ(table.Find(from).ok(), model.count(from) == 1);
  }
  EXPECT_GT(model.size(), 100u);
  model.clear();
  EXPECT_FALSE(table.FirstId(0).ok());
  EXPECT_EQ(living, 0);
}

// Under TSan and ASan, too.
TEST(IdTableTest, WhoLooksWhileOthersDestroyFindsOnlyWhatLives) {
  SetHostCpuCount(5);
  constexpr int kRounds = 20000;
  IdTable<Thing> table;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> found{0};
  std::vector<std::thread> threads;
  for (uint32_t cpu = 0; cpu < 2; ++cpu) {
    threads.emplace_back([&, cpu] {
      HostCpu self(cpu + 1);
      std::vector<Ref<Thing>> mine;
      std::mt19937 random(cpu);
      for (int i = 0; i < kRounds; ++i) {
        Ref<Thing> thing = Thing::Make();
        table.Add(*thing);
        mine.push_back(thing);
        if (mine.size() > 20) {
          mine.erase(mine.begin() + random() % mine.size());
        }
      }
    });
  }
  for (uint32_t cpu = 2; cpu < 4; ++cpu) {
    threads.emplace_back([&, cpu] {
      HostCpu self(cpu + 1);
      for (uint32_t from = 0; !done;) {
        Result<Ref<Thing>> thing = table.FindFrom(from);
        if (!thing.ok()) {
          from = 0;
          continue;
        }
        ASSERT_EQ((*thing)->payload, 0x600du);
        ASSERT_GE((*thing)->id(), from);
        from = (*thing)->id() + 1;
        Result<Ref<Thing>> same = table.Find((*thing)->id());
        ASSERT_TRUE(same.ok());
        ASSERT_EQ(same->get(), thing->get());
        ++found;
      }
    });
  }
  threads[0].join();
  threads[1].join();
  done = true;
  threads[2].join();
  threads[3].join();
  EXPECT_GT(found, 0u);
  EXPECT_EQ(living, 0);
}

}  // namespace
}  // namespace ebpf
