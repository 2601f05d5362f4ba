// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_USER_RINGBUF as a map: attributes and mmap.
#include "core/maps/user_ring_buffer_map.h"

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

MapSpec RingSpec(uint32_t size, uint32_t flags = 0) {
  return Spec(MapType::kUserRingBuffer, 0, 0, size, flags);
}

class UserRingBufferMapTest : public MapTest {};

TEST_F(UserRingBufferMapTest, AttributesAreThoseOfTheOtherRing) {
  for (uint32_t size : {0u, 1u, 2048u, 4097u, 12288u, 0xffffffffu}) {
    EXPECT_EQ(StatusOfMaking(RingSpec(size)), Status::kInvalid) << size;
  }
  EXPECT_TRUE(Make(RingSpec(4096)));
  EXPECT_TRUE(Make(RingSpec(1 << 20, linux_abi::kMapNumaNode)));
  EXPECT_EQ(StatusOfMaking(RingSpec(4096, linux_abi::kMapMmapable)),
            Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kUserRingBuffer, 4, 0, 4096)),
            Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kUserRingBuffer, 0, 4, 4096)),
            Status::kInvalid);
}

TEST_F(UserRingBufferMapTest, OnlyTheConsumerPageIsNotForWriting) {
  const Ref<Map> map = Make(RingSpec(8192));
  for (uint64_t size : {4096u, 8192u, 4096u + 4096u + 2u * 8192u}) {
    EXPECT_EQ(map->Pages(0, size, true).status(), Status::kNotPermitted);
  }
  const Result<MapPages> consumer = map->Pages(0, 4096, false);
  const Result<MapPages> rest = map->Pages(4096, 4096 + 2 * 8192, true);
  ASSERT_TRUE(consumer.ok());
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->address, consumer->address + 4096);
  EXPECT_EQ(rest->size, 4096u + 8192u);
  EXPECT_EQ(rest->mirrored_size, 8192u);
  EXPECT_TRUE(map->Pages(8192, 8192, true).ok());
  for (const auto& [offset, size] : std::vector<std::pair<uint64_t, uint64_t>>{
           {4096, 8192 + 2 * 8192},  // more than there is
           {4096, 0},
           {1, 4096},
           {8192 + 8192, 8192},  // the room for a record that wraps
           {~uint64_t{4095}, 4096}}) {
    EXPECT_EQ(map->Pages(offset, size, true).status(), Status::kInvalid)
        << offset;
  }
}

TEST_F(UserRingBufferMapTest, ItIsForWritingNotForReading) {
  const Ref<Map> map = Make(RingSpec(4096));
  EXPECT_EQ(map->Poll(), linux_abi::kPollOut | linux_abi::kPollWriteNormal);
  const Ref<Map> other = Make(Spec(MapType::kRingBuffer, 0, 0, 4096));
  EXPECT_EQ(other->Poll(), 0u);
}

TEST_F(UserRingBufferMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("user ring buffer", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map = CreateMap(RingSpec(65536), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
