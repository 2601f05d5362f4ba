// SPDX-License-Identifier: MIT
//
// The per-CPU hash kinds: whose values are whose, and a comparison with a
// model.
#include <map>
#include <random>

#include "core/linux_abi/bpf.h"
#include "core/maps/hash_map.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Key = uint32_t;
using Value = uint64_t;

constexpr UpdateMode kAny = UpdateMode::kAny;

class PerCpuHashTest : public MapTest,
                       public ::testing::WithParamInterface<MapType> {
 protected:
  MapSpec PerCpuSpec(uint32_t max_entries, uint32_t value_size = 8) {
    return Spec(GetParam(), sizeof(Key), value_size, max_entries);
  }
};

std::string NameOf(const ::testing::TestParamInfo<MapType>& info) {
  return info.param == MapType::kPerCpuHash ? "PerCpuHash" : "LruPerCpuHash";
}
INSTANTIATE_TEST_SUITE_P(Kinds, PerCpuHashTest,
                         ::testing::Values(MapType::kPerCpuHash,
                                           MapType::kLruPerCpuHash),
                         NameOf);

TEST_P(PerCpuHashTest, AProgramInsertsItsCpusValueAndZerosForOthers) {
  const Ref<Map> map = Make(PerCpuSpec(4));
  {
    const HostCpu cpu(3);
    ASSERT_EQ(map->Update(In(Key{1}), In(Value{30}), kAny), Status::kOk);
    EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{1}))), 30u);
  }
  EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{1}))), 0u);
  AllValues values;
  ASSERT_EQ(map->CopyValueOut(In(Key{1}), Out(values)), Status::kOk);
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    EXPECT_EQ(values.of[cpu], cpu == 3 ? 30u : 0u);
  }
}

TEST_P(PerCpuHashTest, AProgramOverwritesItsCpusValueOnly) {
  const Ref<Map> map = Make(PerCpuSpec(4));
  AllValues values;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    values.of[cpu] = 100 + cpu;
  }
  ASSERT_EQ(map->UpdateFromUser(In(Key{1}), In(values), kAny), Status::kOk);
  {
    const HostCpu cpu(5);
    ASSERT_EQ(map->Update(In(Key{1}), In(Value{1}), UpdateMode::kExist),
              Status::kOk);
  }
  ASSERT_EQ(map->CopyValueOut(In(Key{1}), Out(values)), Status::kOk);
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    EXPECT_EQ(values.of[cpu], cpu == 5 ? 1u : 100 + cpu);
    EXPECT_EQ(ValueAs<Value>(map->LookupOnCpu(In(Key{1}), cpu)),
              values.of[cpu]);
  }
}

TEST_P(PerCpuHashTest, NothingOfADeletedKeyIsInTheNextOne) {
  const Ref<Map> map = Make(PerCpuSpec(1));
  AllValues values;
  memset(&values, 0x55, sizeof(values));
  ASSERT_EQ(map->UpdateFromUser(In(Key{1}), In(values), kAny), Status::kOk);
  ASSERT_EQ(map->Delete(In(Key{1})), Status::kOk);
  ASSERT_EQ(map->Update(In(Key{2}), In(Value{7}), kAny), Status::kOk);

  ASSERT_EQ(map->CopyValueOut(In(Key{2}), Out(values)), Status::kOk);
  EXPECT_EQ(values.of[0], 7u);
  for (uint32_t cpu = 1; cpu < kCpus; ++cpu) {
    EXPECT_EQ(values.of[cpu], 0u);
  }
}

TEST_P(PerCpuHashTest, LookupOnCpuKnowsNoOtherCpusAndKeys) {
  const Ref<Map> map = Make(PerCpuSpec(4));
  ASSERT_EQ(map->Update(In(Key{1}), In(Value{7}), kAny), Status::kOk);
  EXPECT_EQ(map->LookupOnCpu(In(Key{1}), kCpus).status(), Status::kNotFound);
  EXPECT_EQ(map->LookupOnCpu(In(Key{1}), UINT32_MAX).status(),
            Status::kNotFound);
  EXPECT_EQ(map->LookupOnCpu(In(Key{2}), 0).status(), Status::kNotFound);
}

TEST_P(PerCpuHashTest, UserSpaceSeesEachValueRoundedUpTo8) {
  const Ref<Map> map = Make(PerCpuSpec(4, 5));
  EXPECT_EQ(map->user_value_size(), 8u * kCpus);
  std::vector<uint8_t> values(8 * kCpus);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint8_t>(i + 1);
  }
  ASSERT_EQ(map->UpdateFromUser(In(Key{1}), In(values), kAny), Status::kOk);

  const HostCpu cpu(2);
  const Result<Bytes> found = map->Lookup(In(Key{1}));
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 5u);
  EXPECT_EQ(memcmp(found->data(), &values[16], 5), 0);
  std::vector<uint8_t> copied(8 * kCpus);
  ASSERT_EQ(map->CopyValueOut(In(Key{1}), Out(copied)), Status::kOk);
  EXPECT_EQ(copied, values);
}

TEST_P(PerCpuHashTest, DirectLookupsFindThisCpusValue) {
  for (const uint32_t key_size : {1u, 4u, 8u, 16u, 24u}) {
    const Ref<Map> map = Make(Spec(GetParam(), key_size, 8, 10));
    const std::vector<uint8_t> key(key_size, 0x11);
    ASSERT_EQ(map->Update(In(key), In(Value{1}), kAny), Status::kOk);
    const HostCpu cpu(6);
    ASSERT_EQ(map->Update(In(key), In(Value{6}), kAny), Status::kOk);
    const uint64_t found =
        map->direct_lookup()(reinterpret_cast<uint64_t>(map.get()),
                             reinterpret_cast<uint64_t>(key.data()), 0, 0, 0);
    ASSERT_NE(found, 0u);
    EXPECT_EQ(*reinterpret_cast<const Value*>(found), 6u);
  }
}

class Sum final : public ElementVisitor {
 public:
  bool Visit(ConstBytes, Bytes value) override {
    total += *reinterpret_cast<const Value*>(value.data());
    return true;
  }
  Value total = 0;
};

TEST_P(PerCpuHashTest, ForEachGoesThroughThisCpusValues) {
  const Ref<Map> map = Make(PerCpuSpec(20));
  for (Key key = 0; key < 10; ++key) {
    AllValues values;
    for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
      values.of[cpu] = cpu * 100;
    }
    ASSERT_EQ(map->UpdateFromUser(In(key), In(values), kAny), Status::kOk);
  }
  const HostCpu cpu(4);
  Sum sum;
  const Result<uint64_t> count = map->ForEach(sum);
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, 10u);
  EXPECT_EQ(sum.total, 4000u);
}

TEST_P(PerCpuHashTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("per-CPU hash", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map =
        CreateMap(Spec(GetParam(), 4, 3000, 100), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
