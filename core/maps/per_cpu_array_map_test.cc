// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_PERCPU_ARRAY.
#include "core/maps/per_cpu_array_map.h"

#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "core/platform/cpu.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr UpdateMode kAny = UpdateMode::kAny;

MapSpec PerCpuSpec(uint32_t value_size, uint32_t max_entries,
                   uint32_t flags = 0) {
  return Spec(MapType::kPerCpuArray, 4, value_size, max_entries, flags);
}

class PerCpuArrayMapTest : public MapTest {};

TEST_F(PerCpuArrayMapTest, TellsWhereEachCpusValuesAre) {
  const Ref<Map> map = Make(Spec(MapType::kPerCpuArray, 4, 12, 5));
  ArrayLayout layout;

  ASSERT_TRUE(map->GetLayout(layout));

  EXPECT_EQ(layout.base, nullptr);
  EXPECT_EQ(layout.entry_count, 5u);
  for (uint32_t key = 0; key < 5; ++key) {
    EXPECT_EQ(layout.blocks[ebpf_port_cpu_id()] + key * layout.element_size,
              map->Lookup(In(key))->data());
  }
}

TEST_F(PerCpuArrayMapTest, EachCpuHasItsOwnValue) {
  const Ref<Map> map = Make(PerCpuSpec(8, 2));
  const uint32_t key = 1;
  for (uint32_t number = 0; number < ebpf_port_cpu_count(); ++number) {
    const HostCpu cpu(number);
    EXPECT_EQ(ValueAs<uint64_t>(map->Lookup(In(key))), 0u);
    ASSERT_EQ(map->Update(In(key), In(uint64_t{number} + 100), kAny),
              Status::kOk);
  }

  std::vector<uint64_t> all(ebpf_port_cpu_count());
  ASSERT_EQ(map->user_value_size(), all.size() * 8);
  ASSERT_EQ(
      map->CopyValueOut(In(key), Bytes(reinterpret_cast<uint8_t*>(all.data()),
                                       all.size() * 8)),
      Status::kOk);
  for (uint32_t number = 0; number < all.size(); ++number) {
    EXPECT_EQ(all[number], number + 100);
  }
}

TEST_F(PerCpuArrayMapTest, TheSystemCallMovesEachValueInEightAlignedBytes) {
  const Ref<Map> map = Make(PerCpuSpec(5, 1));
  const uint32_t cpus = ebpf_port_cpu_count();
  ASSERT_EQ(map->user_value_size(), size_t{8} * cpus);
  std::vector<uint8_t> values(8 * cpus);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint8_t>(i + 1);
  }
  ASSERT_EQ(map->UpdateFromUser(In(uint32_t{0}), In(values), kAny),
            Status::kOk);

  const HostCpu cpu(2);
  const Result<Bytes> mine = map->Lookup(In(uint32_t{0}));
  ASSERT_TRUE(mine.ok());
  ASSERT_EQ(mine->size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ((*mine)[i], 16 + i + 1);
  }
  std::vector<uint8_t> back(8 * cpus);
  ASSERT_EQ(map->CopyValueOut(In(uint32_t{0}), Out(back)), Status::kOk);
  EXPECT_EQ(back, values);
}

TEST_F(PerCpuArrayMapTest, RefusesValuesThatLinuxHasNoPerCpuUnitFor) {
  EXPECT_TRUE(Make(PerCpuSpec(32768, 1)));
  EXPECT_EQ(StatusOfMaking(PerCpuSpec(32769, 1)), Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(PerCpuSpec(0x7fffffff, 1)), Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(PerCpuSpec(0xffffffff, 1)), Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(PerCpuSpec(0, 1)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(PerCpuSpec(8, 0)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kPerCpuArray, 8, 8, 1)),
            Status::kInvalid);
}

TEST_F(PerCpuArrayMapTest, TakesAccessFlagsOnly) {
  using namespace linux_abi;  // NOLINT: flags only
  for (uint32_t flag :
       {kMapReadOnly, kMapWriteOnly, kMapReadOnlyProg, kMapWriteOnlyProg}) {
    EXPECT_TRUE(Make(PerCpuSpec(8, 1, flag))) << flag;
  }
  for (uint32_t flag : {kMapNoPrealloc, kMapNumaNode, kMapMmapable,
                        kMapInnerMap, kMapPreserveElems, kMapZeroSeed}) {
    EXPECT_EQ(StatusOfMaking(PerCpuSpec(8, 1, flag)), Status::kInvalid) << flag;
  }
}

TEST_F(PerCpuArrayMapTest, HasAnArraysErrors) {
  const Ref<Map> map = Make(PerCpuSpec(8, 2));
  std::vector<uint8_t> values(map->user_value_size());
  const uint64_t value = 1;
  const uint32_t past = 2;
  const uint32_t key = 1;
  uint32_t next = 0;
  EXPECT_EQ(map->Lookup(In(past)).status(), Status::kNotFound);
  EXPECT_EQ(map->CopyValueOut(In(past), Out(values)), Status::kNotFound);
  EXPECT_EQ(map->Update(In(past), In(value), kAny), Status::kTooBig);
  EXPECT_EQ(map->UpdateFromUser(In(past), In(values), kAny), Status::kTooBig);
  EXPECT_EQ(map->Update(In(key), In(value), UpdateMode::kNoExist),
            Status::kExists);
  EXPECT_EQ(map->UpdateFromUser(In(key), In(values), UpdateMode::kNoExist),
            Status::kExists);
  EXPECT_EQ(map->Update(In(past), In(value), UpdateMode(4)), Status::kInvalid);
  EXPECT_EQ(map->UpdateFromUser(In(past), In(values), UpdateMode(3)),
            Status::kInvalid);
  EXPECT_EQ(map->Delete(In(key)), Status::kInvalid);
  EXPECT_EQ(map->NextKey(In(key), Out(next)), Status::kNotFound);
  EXPECT_EQ(map->DirectValue().status(), Status::kNotSupportedLinux);
  EXPECT_EQ(map->Pages(0, 4096, false).status(), Status::kNotSupportedLinux);
}

TEST_F(PerCpuArrayMapTest, CountersOfCpusNeverMix) {
  const Ref<Map> map = Make(PerCpuSpec(8, 1));
  constexpr uint64_t kRounds = 200'000;
  std::vector<std::thread> threads;
  for (uint32_t number = 1; number < ebpf_port_cpu_count(); ++number) {
    threads.emplace_back([&map, number] {
      const HostCpu cpu(number);
      for (uint64_t i = 0; i < kRounds * number; ++i) {
        // As a program counts: look up, add one in place.
        const Result<Bytes> mine = map->Lookup(In(uint32_t{0}));
        *reinterpret_cast<uint64_t*>(mine->data()) += 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<uint8_t> all(map->user_value_size());
  ASSERT_EQ(map->CopyValueOut(In(uint32_t{0}), Out(all)), Status::kOk);
  for (uint32_t number = 0; number < ebpf_port_cpu_count(); ++number) {
    uint64_t count;
    memcpy(&count, &all[8 * number], 8);
    EXPECT_EQ(count, kRounds * number);
  }
}

TEST_F(PerCpuArrayMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("per-CPU array", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map = CreateMap(PerCpuSpec(100, 100), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
