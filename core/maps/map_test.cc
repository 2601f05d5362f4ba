// SPDX-License-Identifier: MIT
//
// Making maps of any kind, and what a map answers to what its kind lacks.
#include "core/maps/map.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "core/linux_abi/perf_event.h"
#include "core/maps/map_test_util.h"
#include "core/maps/notifier.h"

namespace ebpf {
namespace {

class MapBaseTest : public MapTest {};

TEST_F(MapBaseTest, AnUnknownKindIsInvalid) {
  for (uint32_t type : {0u, 3u, 4u, 26u, 28u, 33u, 34u, 1000u, UINT32_MAX}) {
    EXPECT_EQ(StatusOfMaking(Spec(MapType(type), 4, 8, 1)), Status::kInvalid)
        << type;
  }
}

TEST_F(MapBaseTest, ARingLacksAllThatHasKeys) {
  const Ref<Map> ring = Make(Spec(MapType::kRingBuffer, 0, 0, 4096));
  const ConstBytes none;
  Bytes out;
  EXPECT_EQ(ring->Lookup(none).status(), Status::kNotSupportedLinux);
  EXPECT_EQ(ring->Update(none, none, UpdateMode::kAny),
            Status::kNotSupportedLinux);
  EXPECT_EQ(ring->Delete(none), Status::kNotSupportedLinux);
  EXPECT_EQ(ring->CopyValueOut(none, out), Status::kNotSupportedLinux);
  EXPECT_EQ(ring->UpdateFromUser(none, none, UpdateMode::kAny),
            Status::kNotSupportedLinux);
  EXPECT_EQ(ring->DeleteFromUser(none), Status::kNotSupportedLinux);
  EXPECT_EQ(ring->NextKey(none, out), Status::kNotSupportedLinux);
  EXPECT_EQ(ring->DirectValue().status(), Status::kNotSupportedLinux);
}

TEST_F(MapBaseTest, KeyedKindsCannotBeListenedTo) {
  struct Nobody final : Listener {
    void OnReadable() override {}
  } nobody;
  const Ref<Map> map = Make(Spec(MapType::kHash, 4, 8, 1));
  EXPECT_EQ(map->AddListener(nobody), Status::kNotSupportedLinux);
  EXPECT_FALSE(nobody.IsLinked());
  EXPECT_EQ(map->Poll(), linux_abi::kPollErr);
}

TEST_F(MapBaseTest, MemoryIsBalancedAfterEachKindsLastReference) {
  const uint64_t before = PortAllocatedBytes();
  for (const MapSpec& spec :
       {Spec(MapType::kHash, 4, 8, 1000), Spec(MapType::kArray, 4, 8, 1000),
        Spec(MapType::kPerCpuArray, 4, 8, 1000),
        Spec(MapType::kQueue, 0, 8, 1000), Spec(MapType::kStack, 0, 8, 1000),
        Spec(MapType::kBloomFilter, 0, 8, 10000),
        Spec(MapType::kRingBuffer, 0, 0, 65536)}) {
    Ref<Map> map = Make(spec);
    const Ref<Map> second = map;
    map = Ref<Map>();
    EXPECT_GE(PortAllocatedBytes(), before + 8000);
  }
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST_F(MapBaseTest, NoKindIsFreedWhileSomebodyReads) {
  for (const MapSpec& spec :
       {Spec(MapType::kHash, 4, 8, 10), Spec(MapType::kArray, 4, 8, 10),
        Spec(MapType::kPerCpuArray, 4, 8, 10), Spec(MapType::kQueue, 0, 8, 10),
        Spec(MapType::kBloomFilter, 0, 8, 10),
        Spec(MapType::kRingBuffer, 0, 0, 4096)}) {
    const uint64_t before = PortAllocatedBytes();
    Ref<Map> map = Make(spec);
    const uint64_t with_map = PortAllocatedBytes();
    std::thread last_owner;
    {
      const ReadSection reading;
      std::atomic<bool> started{false};
      last_owner = std::thread([&map, &started] {
        const HostCpu cpu(1);
        started = true;
        map = Ref<Map>();
      });
      while (!started) {
        std::this_thread::yield();
      }
      // Time enough for a map that does not wait, and no harm to one that does.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      EXPECT_EQ(PortAllocatedBytes(), with_map)
          << "type " << static_cast<uint32_t>(spec.type);
    }
    last_owner.join();
    EXPECT_EQ(PortAllocatedBytes(), before);
  }
}

TEST_F(MapBaseTest, AFrozenMapIsSettledOnceAllWritesAreDone) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  EXPECT_FALSE(map->settled());
  ASSERT_TRUE(map->BeginWrite());
  ASSERT_TRUE(map->BeginWrite());
  map->Freeze();
  EXPECT_TRUE(map->frozen());
  EXPECT_FALSE(map->BeginWrite());
  EXPECT_FALSE(map->settled());
  map->EndWrite();
  EXPECT_FALSE(map->settled());
  map->EndWrite();
  EXPECT_TRUE(map->settled());
  EXPECT_FALSE(map->BeginWrite());
  EXPECT_TRUE(map->settled());
}

TEST_F(MapBaseTest, ASettledMapIsWrittenByNobody) {
  for (int round = 0; round < 200; ++round) {
    const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
    std::atomic<bool> writing = false;
    std::atomic<bool> broken = false;
    std::atomic<bool> settled = false;
    std::thread writer([&] {
      while (map->BeginWrite()) {
        writing = true;
        broken = broken || settled;
        writing = false;
        map->EndWrite();
      }
    });
    map->Freeze();
    while (!map->settled()) {
      std::this_thread::yield();
    }
    settled = true;
    EXPECT_FALSE(writing);
    writer.join();
    EXPECT_FALSE(broken);
  }
}

TEST_F(MapBaseTest, KeepsTheSpecThatItWasMadeFrom) {
  MapSpec spec = Spec(MapType::kHash, 4, 8, 10, 1);
  memcpy(spec.name, "events", 7);
  const Ref<Map> map = Make(spec);
  EXPECT_EQ(map->spec().type, MapType::kHash);
  EXPECT_EQ(map->spec().max_entries, 10u);
  EXPECT_EQ(map->spec().flags, 1u);
  EXPECT_EQ(map->spec().name_view(), StringView("events"));
  EXPECT_EQ(map->user_value_size(), 8u);
}

}  // namespace
}  // namespace ebpf
