// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_RINGBUF as a map: attributes and mmap.
#include "core/maps/ring_buffer_map.h"

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map_test_util.h"
#include "core/maps/ring_reader.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

MapSpec RingSpec(uint32_t size, uint32_t flags = 0) {
  return Spec(MapType::kRingBuffer, 0, 0, size, flags);
}

class RingBufferMapTest : public MapTest {};

TEST_F(RingBufferMapTest, TheSizeIsAPowerOfTwoOfWholePages) {
  for (uint32_t size : {0u, 1u, 2048u, 4095u, 4097u, 12288u, 0xffffffffu}) {
    EXPECT_EQ(StatusOfMaking(RingSpec(size)), Status::kInvalid) << size;
  }
  EXPECT_TRUE(Make(RingSpec(4096)));
  EXPECT_TRUE(Make(RingSpec(1 << 20)));
}

TEST_F(RingBufferMapTest, HasNoKeysAndNoValues) {
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kRingBuffer, 4, 0, 4096)),
            Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kRingBuffer, 0, 8, 4096)),
            Status::kInvalid);
}

TEST_F(RingBufferMapTest, TakesNumaNodeAndNoOtherFlag) {
  for (uint32_t bit = 0; bit < 32; ++bit) {
    const Status wanted = uint32_t{1} << bit == linux_abi::kMapNumaNode
                              ? Status::kOk
                              : Status::kInvalid;
    EXPECT_EQ(StatusOfMaking(RingSpec(4096, uint32_t{1} << bit)), wanted);
  }
}

TEST_F(RingBufferMapTest, OnlyTheConsumerPageIsForWriting) {
  const Ref<Map> map = Make(RingSpec(8192));
  EXPECT_TRUE(map->Pages(0, 4096, true).ok());
  for (const auto& [offset, size] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 8192},
                                                  {4096, 4096},
                                                  {8192, 4096},
                                                  {4096, 4096 + 2 * 8192},
                                                  {0, 0},
                                                  {1, 4096},
                                                  {~uint64_t{4095}, 4096}}) {
    EXPECT_EQ(map->Pages(offset, size, true).status(), Status::kNotPermitted);
  }
}

TEST_F(RingBufferMapTest, TheRestIsMappedAsLibbpfAsksForIt) {
  const Ref<Map> map = Make(RingSpec(8192));
  const Result<MapPages> consumer = map->Pages(0, 4096, true);
  const Result<MapPages> rest = map->Pages(4096, 4096 + 2 * 8192, false);
  ASSERT_TRUE(consumer.ok());
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(consumer->address) % 4096, 0u);
  EXPECT_EQ(consumer->size, 4096u);
  EXPECT_EQ(rest->address, consumer->address + 4096);
  EXPECT_EQ(rest->size, 4096u + 8192u);
  EXPECT_EQ(rest->mirrored_size, 8192u);
  EXPECT_EQ(map->Pages(4096, 8192 + 2 * 8192, false).status(),
            Status::kInvalid);
}

TEST_F(RingBufferMapTest, ItsFirstMappedPageIsTheFirstOfItsMemory) {
  // core/platform/mappable.h; the last page is the kernel's own.
  const uint64_t before = HostMappableBytes();
  Ref<Map> map = Make(RingSpec(8192));
  EXPECT_EQ(HostMappableBytes(), before + 2 * 4096 + 8192 + 4096);
  map = Ref<Map>();
  EXPECT_EQ(HostMappableBytes(), before);
}

TEST_F(RingBufferMapTest, ReadableFollowsThePositions) {
  const Ref<Map> map = Make(RingSpec(4096));
  EXPECT_EQ(map->Poll(), 0u);
  ASSERT_EQ(RingBufferMap::From(*map)->ring().Output(In(uint64_t{1}), 0),
            Status::kOk);
  EXPECT_EQ(map->Poll(), linux_abi::kPollIn | linux_abi::kPollReadNormal);
  uint64_t value = 0;
  ASSERT_TRUE(ReadRingRecord(*map, Out(value)).ok());
  EXPECT_EQ(map->Poll(), 0u);
}

TEST_F(RingBufferMapTest, OtherKindsAreNoRings) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  uint64_t value = 0;
  EXPECT_EQ(RingBufferMap::From(*map), nullptr);
  EXPECT_EQ(ReadRingRecord(*map, Out(value)).status(), Status::kInvalid);
  EXPECT_EQ(ReadRingRecords(*map, Out(value)).status(), Status::kInvalid);
}

TEST_F(RingBufferMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("ring buffer", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map = CreateMap(RingSpec(65536), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
