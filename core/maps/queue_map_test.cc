// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_QUEUE and _STACK: Linux 6.18's answers, and a comparison with
// std::deque.
#include "core/maps/queue_map.h"

#include <deque>
#include <random>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

constexpr MapType kBoth[] = {MapType::kQueue, MapType::kStack};
constexpr uint64_t kAny = 0;
constexpr uint64_t kExist = 2;

class QueueMapTest : public MapTest {};

Status Push(Map& map, uint32_t value, uint64_t flags = kAny) {
  return map.Push(In(value), flags);
}
uint32_t Popped(Map& map) {
  uint32_t value = 0;
  EXPECT_EQ(map.Pop(Out(value)), Status::kOk);
  return value;
}

TEST_F(QueueMapTest, TakesTheSizesAndFlagsThatLinuxTakes) {
  using namespace linux_abi;  // NOLINT: flags only
  constexpr uint32_t kTaken = kMapNumaNode | kMapReadOnly | kMapWriteOnly |
                              kMapReadOnlyProg | kMapWriteOnlyProg;
  for (const MapType type : kBoth) {
    EXPECT_EQ(StatusOfMaking(Spec(type, 4, 8, 4)), Status::kInvalid);
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, 0, 4)), Status::kInvalid);
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, 8, 0)), Status::kInvalid);
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, 1u << 22, 1)), Status::kOk);
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, (1u << 22) + 1, 1)),
              Status::kTooBig);
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, UINT32_MAX, 1)), Status::kTooBig);
    for (uint32_t bit = 0; bit < 32; ++bit) {
      EXPECT_EQ(StatusOfMaking(Spec(type, 0, 8, 4, 1u << bit)),
                (kTaken >> bit & 1) != 0 ? Status::kOk : Status::kInvalid)
          << bit;
    }
    EXPECT_EQ(StatusOfMaking(Spec(type, 0, 8, 4, kMapReadOnly | kMapWriteOnly)),
              Status::kInvalid);
    EXPECT_EQ(StatusOfMaking(
                  Spec(type, 0, 8, 4, kMapReadOnlyProg | kMapWriteOnlyProg)),
              Status::kInvalid);
  }
}

TEST_F(QueueMapTest, MoreThanThereIsMemoryForIsRefused) {
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kQueue, 0, 1u << 22, UINT32_MAX)),
            Status::kNoMemory);
}

TEST_F(QueueMapTest, AQueueGivesTheOldestAStackTheYoungest) {
  const Ref<Map> queue = Make(Spec(MapType::kQueue, 0, 4, 3));
  const Ref<Map> stack = Make(Spec(MapType::kStack, 0, 4, 3));
  for (const uint32_t value : {1u, 2u, 3u}) {
    EXPECT_EQ(Push(*queue, value), Status::kOk);
    EXPECT_EQ(Push(*stack, value), Status::kOk);
  }

  uint32_t next = 0;
  EXPECT_EQ(queue->Peek(Out(next)), Status::kOk);
  EXPECT_EQ(next, 1u);
  EXPECT_EQ(stack->Peek(Out(next)), Status::kOk);
  EXPECT_EQ(next, 3u);
  for (const uint32_t value : {1u, 2u, 3u}) {
    EXPECT_EQ(Popped(*queue), value);
    EXPECT_EQ(Popped(*stack), 4 - value);
  }
}

TEST_F(QueueMapTest, WhatIsEmptyGivesZerosAndNotFound) {
  for (const MapType type : kBoth) {
    const Ref<Map> map = Make(Spec(type, 0, 4, 3));
    uint32_t value = 7;
    EXPECT_EQ(map->Peek(Out(value)), Status::kNotFound);
    EXPECT_EQ(value, 0u);
    value = 7;
    EXPECT_EQ(map->Pop(Out(value)), Status::kNotFound);
    EXPECT_EQ(value, 0u);
    EXPECT_EQ(map->CopyValueOut(ConstBytes(), Out(value)), Status::kNotFound);
    EXPECT_EQ(map->TakeOut(ConstBytes(), Out(value)), Status::kNotFound);
  }
}

TEST_F(QueueMapTest, BpfExistDropsTheOldestOfAFullMap) {
  for (const MapType type : kBoth) {
    const Ref<Map> map = Make(Spec(type, 0, 4, 2));
    EXPECT_EQ(Push(*map, 10, kExist), Status::kOk) << "not full: as without";
    EXPECT_EQ(Push(*map, 11), Status::kOk);
    EXPECT_EQ(Push(*map, 12), Status::kTooBig);
    EXPECT_EQ(Push(*map, 14, kExist), Status::kOk);

    const bool is_queue = type == MapType::kQueue;
    EXPECT_EQ(Popped(*map), is_queue ? 11u : 14u);
    EXPECT_EQ(Popped(*map), is_queue ? 14u : 11u);
  }
}

TEST_F(QueueMapTest, OtherFlagsAreInvalidFullOrNot) {
  for (const MapType type : kBoth) {
    const Ref<Map> map = Make(Spec(type, 0, 4, 1));
    for (int round = 0; round < 2; ++round) {
      for (const uint64_t flags :
           {1ull, 3ull, 4ull, 5ull, 6ull, 8ull, 1ull << 32 | 2, ~0ull}) {
        EXPECT_EQ(Push(*map, 1, flags), Status::kInvalid) << flags;
        EXPECT_EQ(map->UpdateFromUser(ConstBytes(), In(uint32_t{1}),
                                      UpdateMode(flags)),
                  Status::kInvalid)
            << flags;
      }
      (void)Push(*map, 1);
    }
  }
}

TEST_F(QueueMapTest, HasNoKeys) {
  for (const MapType type : kBoth) {
    const Ref<Map> map = Make(Spec(type, 0, 4, 1));
    uint32_t key = 0;
    EXPECT_EQ(map->DeleteFromUser(ConstBytes()), Status::kInvalid);
    EXPECT_EQ(map->NextKey(ConstBytes(), Bytes()), Status::kInvalid);
    EXPECT_EQ(map->Lookup(ConstBytes()).status(), Status::kNotSupportedLinux);
    EXPECT_EQ(map->Update(In(key), In(key), UpdateMode::kAny),
              Status::kNotSupportedLinux);
    EXPECT_EQ(map->DirectValue().status(), Status::kNotSupportedLinux);
  }
}

/// Random operations of programs and the system call beside a std::deque.
void CompareWithModel(MapType type, uint32_t value_size, uint32_t max_entries) {
  const Ref<Map> map = Make(Spec(type, 0, value_size, max_entries));
  std::deque<std::vector<uint8_t>> model;
  std::mt19937 random(value_size * 100 + max_entries);
  std::vector<uint8_t> value(value_size);
  for (uint64_t i = 0, count = ModelOperations(); i < count; ++i) {
    const bool task = random() % 2 == 0;
    // Longer rounds of putting in and of taking out: full, empty and between.
    const bool fills = (i / (3 * max_entries) % 2) == 0;
    const uint32_t kind = random() % 8;
    if (kind < (fills ? 5 : 2)) {
      for (uint8_t& byte : value) {
        byte = static_cast<uint8_t>(random());
      }
      const uint64_t flags = random() % 4 == 0 ? kExist : kAny;
      const bool full = model.size() == max_entries;
      ASSERT_EQ(
          task ? map->UpdateFromUser(ConstBytes(), In(value), UpdateMode(flags))
               : map->Push(In(value), flags),
          full && flags == kAny ? Status::kTooBig : Status::kOk);
      if (full && flags == kExist) {
        model.pop_front();
      }
      if (!full || flags == kExist) {
        model.push_back(value);
      }
      continue;
    }
    const bool takes = kind % 4 != 0;
    const Status status =
        takes ? (task ? map->TakeOut(ConstBytes(), Out(value))
                      : map->Pop(Out(value)))
              : (task ? map->CopyValueOut(ConstBytes(), Out(value))
                      : map->Peek(Out(value)));
    ASSERT_EQ(status, model.empty() ? Status::kNotFound : Status::kOk);
    if (model.empty()) {
      ASSERT_TRUE(AllZero(In(value)));
      continue;
    }
    const bool front = type == MapType::kQueue;
    ASSERT_EQ(value, front ? model.front() : model.back());
    if (takes && front) {
      model.pop_front();
    } else if (takes) {
      model.pop_back();
    }
  }
}

TEST_F(QueueMapTest, AQueueEqualsAModel) {
  CompareWithModel(MapType::kQueue, 8, 100);
}
TEST_F(QueueMapTest, AQueueOfOddValuesEqualsAModel) {
  CompareWithModel(MapType::kQueue, 13, 7);
}
TEST_F(QueueMapTest, AQueueOfOneEqualsAModel) {
  CompareWithModel(MapType::kQueue, 1, 1);
}
TEST_F(QueueMapTest, AStackEqualsAModel) {
  CompareWithModel(MapType::kStack, 8, 100);
}
TEST_F(QueueMapTest, AStackOfOddValuesEqualsAModel) {
  CompareWithModel(MapType::kStack, 13, 7);
}
TEST_F(QueueMapTest, AStackOfOneEqualsAModel) {
  CompareWithModel(MapType::kStack, 1, 1);
}

/// A value that shows whether it is of one piece.
struct Record {
  uint64_t producer;
  uint64_t number;
  uint64_t check[4];

  static Record Of(uint64_t producer, uint64_t number) {
    const uint64_t check = producer * 0x9e3779b97f4a7c15 ^ number;
    return Record{producer, number, {check, check, check, check}};
  }
  bool whole() const {
    const Record wanted = Of(producer, number);
    return memcmp(this, &wanted, sizeof(wanted)) == 0;
  }
};

TEST_F(QueueMapTest, ThreadsGetEachValueOnceInOneProducersOrder) {
  constexpr uint64_t kProducers = 3;
  constexpr uint64_t kEach = 40'000;
  const Ref<Map> map = Make(Spec(MapType::kQueue, 0, sizeof(Record), 16));
  std::vector<std::thread> threads;
  for (uint64_t producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&, producer] {
      const HostCpu cpu(static_cast<uint32_t>(producer) + 1);
      for (uint64_t i = 0; i < kEach;) {
        const Record record = Record::Of(producer, i);
        const Status status =
            i % 2 == 0 ? map->Push(In(record), kAny)
                       : map->UpdateFromUser(ConstBytes(), In(record),
                                             UpdateMode::kAny);
        if (IsOk(status)) {
          ++i;
          continue;
        }
        ASSERT_EQ(status, Status::kTooBig);
        std::this_thread::yield();
      }
    });
  }
  uint64_t next[kProducers] = {};
  for (uint64_t taken = 0; taken < kProducers * kEach;) {
    Record record;
    const Status status = taken % 2 == 0
                              ? map->Pop(Out(record))
                              : map->TakeOut(ConstBytes(), Out(record));
    if (status == Status::kNotFound) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(status, Status::kOk);
    ASSERT_TRUE(record.whole());
    ASSERT_LT(record.producer, kProducers);
    ASSERT_EQ(record.number, next[record.producer]++);
    ++taken;
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  Record record;
  EXPECT_EQ(map->Pop(Out(record)), Status::kNotFound);
}

/// What traps do with the map that they interrupted.
struct Trapped {
  Map* map;
  uint64_t pushed;
  uint64_t popped;
  uint64_t busy;
  uint64_t wrong;
};
Trapped g_trapped;

void OnTrap() {
  Trapped& t = g_trapped;
  Record record = Record::Of(1, t.pushed);
  const bool pushes = (t.pushed + t.popped + t.busy) % 2 == 0;
  const Status status =
      pushes ? t.map->Push(In(record), kAny) : t.map->Pop(Out(record));
  if (status == Status::kBusy) {
    ++t.busy;
  } else if (IsOk(status)) {
    ++(pushes ? t.pushed : t.popped);
    t.wrong += record.whole() ? 0 : 1;
  } else if (status != (pushes ? Status::kTooBig : Status::kNotFound)) {
    ++t.wrong;
  } else if (pushes) {
    ++t.busy;  // goes on with a pop
  }
}

TEST_F(QueueMapTest, ATrapAnywhereIsServedOrBusy) {
  for (const MapType type : kBoth) {
    const Ref<Map> map = Make(Spec(type, 0, sizeof(Record), 5));
    g_trapped = {map.get(), 0, 0, 0, 0};
    uint64_t pushed = 0;
    uint64_t popped = 0;
    {
      const SignalTraps traps(OnTrap);
      const auto enough = [] {
        return g_trapped.busy >= 20 && g_trapped.pushed >= 100 &&
               g_trapped.popped >= 100;
      };
      for (uint32_t i = 0; i < 200'000'000 && !enough(); ++i) {
        Record record = Record::Of(0, i);
        if (i % 3 != 0) {
          pushed += IsOk(map->Push(In(record), kAny)) ? 1 : 0;
        } else if (IsOk(map->Pop(Out(record)))) {
          ASSERT_TRUE(record.whole());
          ++popped;
        }
      }
    }
    EXPECT_EQ(g_trapped.wrong, 0u);
    EXPECT_GT(g_trapped.busy, 0u);
    uint64_t left = 0;
    for (Record record; IsOk(map->Pop(Out(record))); ++left) {
      EXPECT_TRUE(record.whole());
    }
    EXPECT_EQ(pushed + g_trapped.pushed, popped + g_trapped.popped + left);
  }
}

TEST_F(QueueMapTest, EachFailedAllocationLeavesNothingBehind) {
  for (const MapType type : kBoth) {
    ForEachFailingAllocation("queue", [type](FailingAllocator& allocator) {
      const Result<Ref<Map>> map =
          CreateMap(Spec(type, 0, 100, 1000), allocator);
      EXPECT_EQ(map.status(),
                allocator.failed() ? Status::kNoMemory : Status::kOk);
    });
  }
}

}  // namespace
}  // namespace ebpf
