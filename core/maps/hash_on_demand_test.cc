// SPDX-License-Identifier: MIT
//
// The hash kinds with BPF_F_NO_PREALLOC: elements on demand.
#include <atomic>
#include <chrono>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/hash_map.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Key = uint32_t;

constexpr UpdateMode kAny = UpdateMode::kAny;

class HashOnDemandTest : public LeavesNothingTest,
                         public ::testing::WithParamInterface<MapType> {
 protected:
  ~HashOnDemandTest() override { SetHostDeferSupport(true); }

  static MapSpec SpecOf(uint32_t max_entries,
                        uint32_t flags = linux_abi::kMapNoPrealloc) {
    return Spec(GetParam(), sizeof(Key), 8, max_entries, flags);
  }
  Map& MakeCounted(const MapSpec& spec) {
    Result<Ref<Map>> map = CreateCountedMap(spec, PortAllocator());
    EXPECT_TRUE(map.ok());
    map_ = *map;
    return *map_;
  }
  Status PutFromUser(Key key, uint64_t value = 1) {
    AllValues values;
    for (uint64_t& one : values.of) {
      one = value;
    }
    return map_->UpdateFromUser(
        In(key), Out(values).First(map_->user_value_size()), kAny);
  }
  Status Put(Key key, uint64_t value = 1) {
    return map_->Update(In(key), In(value), kAny);
  }
  uint64_t Get(Key key) { return ValueAs<uint64_t>(map_->Lookup(In(key))); }

  Ref<Map> map_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, HashOnDemandTest,
                         ::testing::Values(MapType::kHash,
                                           MapType::kPerCpuHash),
                         [](const auto& info) {
                           return info.param == MapType::kHash ? "Hash"
                                                               : "PerCpuHash";
                         });

TEST_P(HashOnDemandTest, AnEmptyMapCostsLittleMoreThanItsBuckets) {
  constexpr uint32_t kMany = 1 << 20;
  const uint64_t small = MakeCounted(SpecOf(kMany)).memory_bytes();
  const uint64_t large = MakeCounted(SpecOf(kMany, 0)).memory_bytes();
  EXPECT_LE(small, (16u << 20) + (1u << 20));
  EXPECT_GE(large, 60u << 20);
}

TEST_P(HashOnDemandTest, ItsMemoryIsReportedAsItGrowsAndShrinks) {
  constexpr uint32_t kCount = 20'000;
  Map& map = MakeCounted(SpecOf(1 << 20));
  const uint64_t empty = map.memory_bytes();
  for (Key key = 0; key < kCount; ++key) {
    ASSERT_EQ(PutFromUser(key), Status::kOk);
  }
  EXPECT_GE(map.memory_bytes(), empty + kCount * 40);
  for (Key key = 0; key < kCount; ++key) {
    ASSERT_EQ(map.DeleteFromUser(In(key)), Status::kOk);
  }
  RunHostDeferred();
  EXPECT_LE(map.memory_bytes(), empty + (256 << 10));
}

TEST_P(HashOnDemandTest, MoreThanMaxEntriesAreRefusedAndOldKeysAreNot) {
  constexpr uint32_t kCount = 1000;
  Map& map = MakeCounted(SpecOf(kCount));
  for (Key key = 0; key < kCount; ++key) {
    ASSERT_EQ(PutFromUser(key), Status::kOk);
  }
  EXPECT_EQ(PutFromUser(kCount), Status::kTooBig);
  EXPECT_EQ(Put(kCount), Status::kTooBig);
  EXPECT_EQ(Put(7, 70), Status::kOk);
  EXPECT_EQ(PutFromUser(8, 80), Status::kOk);
  EXPECT_EQ(Get(7), 70u);
  EXPECT_EQ(Get(8), 80u);
  ASSERT_EQ(map.Delete(In(Key{7})), Status::kOk);
  EXPECT_EQ(Put(kCount, 5), Status::kOk);
  EXPECT_EQ(Put(7), Status::kTooBig);
}

TEST_P(HashOnDemandTest, AProgramThatFindsNoElementGetsNoMemoryAndGoesOnLater) {
  MakeCounted(SpecOf(1 << 20));
  Key key = 0;
  Status status = Status::kOk;
  {
    const HostTrap trap;
    while (IsOk(status = Put(key, key))) {
      ++key;
    }
  }
  EXPECT_EQ(status, Status::kNoMemory);
  EXPECT_GE(key, 300u);
  EXPECT_EQ(Put(5, 55), Status::kOk) << "there is a spare for an old key";
  RunHostDeferred();
  EXPECT_EQ(Put(key, key), Status::kOk);
  EXPECT_EQ(Get(5), 55u);
  for (Key other = 6; other <= key; ++other) {
    ASSERT_EQ(Get(other), other);
  }
}

TEST_P(HashOnDemandTest, WithoutMemoryOldKeysAreUpdatedAndNewOnesRefused) {
  MakeCounted(SpecOf(1 << 20));
  Key key = 0;
  ASSERT_EQ(PutFromUser(key, 1), Status::kOk);
  FailAllocationsFrom(1);
  Status status = Status::kOk;
  while (IsOk(status)) {
    ++key;
    status = PutFromUser(key, key);
  }
  EXPECT_EQ(status, Status::kNoMemory);
  EXPECT_EQ(PutFromUser(0, 2), Status::kOk);
  EXPECT_EQ(Put(1, 3), Status::kOk);
  EXPECT_EQ(Put(key, 3), Status::kNoMemory);
  FailNthAllocation(0);
  EXPECT_EQ(PutFromUser(key, 4), Status::kOk);
  EXPECT_EQ(Get(0), 2u);
  EXPECT_EQ(Get(1), 3u);
  EXPECT_EQ(Get(key), 4u);
}

TEST_P(HashOnDemandTest, WhatAReaderFoundStaysThoughItIsDeletedAndEvenedOut) {
  Map& map = MakeCounted(SpecOf(1 << 20));
  for (Key key = 0; key < 2000; ++key) {
    ASSERT_EQ(PutFromUser(key, 77), Status::kOk);
  }
  std::atomic<bool> found{false};
  std::atomic<bool> deleted{false};
  std::thread reader([&] {
    const HostCpu cpu(1);
    const ReadSection section;
    uint64_t* values[2000];
    for (Key key = 0; key < 2000; ++key) {
      values[key] = reinterpret_cast<uint64_t*>(map.Lookup(In(key))->data());
    }
    found = true;
    while (!deleted) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (uint64_t* value : values) {
      ASSERT_EQ(*value, 77u);  // the host port overwrites what is freed
    }
  });
  while (!found) {
    std::this_thread::yield();
  }
  for (Key key = 0; key < 2000; ++key) {
    ASSERT_EQ(map.Delete(In(key)), Status::kOk);
  }
  deleted = true;
  RunHostDeferred();
  reader.join();
}

TEST_P(HashOnDemandTest, AMapThatDiesWhileATaskIsAskedForLeavesNothing) {
  Map& map = MakeCounted(SpecOf(100'000));
  for (Key key = 0; key < 1000; ++key) {
    ASSERT_EQ(PutFromUser(key), Status::kOk);
  }
  for (Key key = 0; key < 900; ++key) {
    ASSERT_EQ(map.Delete(In(key)), Status::kOk);
  }
  map_ = {};  // the rest is the destructor's
}

TEST_P(HashOnDemandTest, APortWithoutDeferIsServedByTheNextCall) {
  SetHostDeferSupport(false);
  MakeCounted(SpecOf(100'000));
  Key key = 0;
  while (IsOk(Put(key))) {
    ++key;
  }
  EXPECT_EQ(RunHostDeferred(), 0u);
  EXPECT_EQ(Put(key), Status::kNoMemory);
  ServeElementCaches();
  EXPECT_EQ(Put(key), Status::kOk);
}

TEST_P(HashOnDemandTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("hash on demand", [](FailingAllocator& allocator) {
    Result<Ref<Map>> map = CreateMap(SpecOf(3), allocator);
    if (!map.ok()) {
      EXPECT_TRUE(allocator.failed());
      EXPECT_EQ(map.status(), Status::kNoMemory);
      return;
    }
    const AllValues value = {};
    const Key key = 4;
    EXPECT_EQ((*map)->UpdateFromUser(
                  In(key), In(value).First((*map)->user_value_size()), kAny),
              Status::kOk)
        << "without memory a task uses the stocks";
    map = Status::kNotFound;  // the map goes
    RunHostDeferred();
  });
}

TEST_P(HashOnDemandTest, ProgramsInTheAllocatorUseTheMapThatIsBeingRefilled) {
  ProbedAllocator allocator;
  Ref<Map> map = Make(SpecOf(1 << 20), allocator);
  uint64_t put = 0;
  uint64_t removed = 0;
  allocator.program = [&] {
    const ReadSection section;
    const Key key = static_cast<Key>(1'000'000 + put % 100);
    put += IsOk(map->Update(In(key), In(put), kAny)) ? 1 : 0;
    if (put % 3 == 0) {
      removed += IsOk(map->Delete(In(key))) ? 1 : 0;
    }
  };
  map_ = map;
  for (Key key = 0; key < 5000; ++key) {
    ASSERT_EQ(PutFromUser(key, key), Status::kOk);
    if (key % 100 == 0) {
      RunHostDeferred();
    }
  }
  for (Key key = 0; key < 5000; ++key) {
    ASSERT_EQ(Get(key), key);
    ASSERT_EQ(map->DeleteFromUser(In(key)), Status::kOk);
  }
  const uint64_t before = Exchange(put, uint64_t{0});
  RunHostDeferred();  // frees what was deleted
  EXPECT_GE(before, 4000u);
  EXPECT_GE(put, 3000u);
  EXPECT_GT(removed, 1000u);
  allocator.program = nullptr;
  map = {};
  map_ = {};
  RunHostDeferred();
}

}  // namespace
}  // namespace ebpf
