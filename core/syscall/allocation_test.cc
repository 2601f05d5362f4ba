// SPDX-License-Identifier: MIT
//
// Each call with each of its allocations failed, once and from there on: it
// says ENOMEM, leaves nothing behind, and what was there is as before.
#include <functional>
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map_spec.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using linux_abi::MapBatchAttr;
using linux_abi::MapCreateAttr;

/// One map of each kind that is here.
MapCreateAttr SpecOf(MapType type) {
  MapCreateAttr spec{};
  spec.map_type = static_cast<uint32_t>(type);
  spec.key_size = 4;
  spec.value_size = 8;
  spec.max_entries = 8;
  switch (type) {
    case MapType::kProgArray:
    case MapType::kPerfEventArray:
    case MapType::kCgroupArray:
    case MapType::kArrayOfMaps:
    case MapType::kHashOfMaps:
      spec.value_size = 4;
      break;
    case MapType::kLpmTrie:
      spec.key_size = 8;
      spec.map_flags = linux_abi::kMapNoPrealloc;
      break;
    case MapType::kQueue:
    case MapType::kStack:
    case MapType::kBloomFilter:
      spec.key_size = 0;
      break;
    case MapType::kRingBuffer:
    case MapType::kUserRingBuffer:
      spec.key_size = 0;
      spec.value_size = 0;
      spec.max_entries = 4096;
      break;
    default:
      break;
  }
  return spec;
}

constexpr struct {
  MapType type;
  const char* name;
} kKinds[] = {
#define EBPF_MAP_TYPE(number, name, create) {MapType::k##name, #name},
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
};

class AllocationTest : public testing::Test {
 protected:
  AllocationTest() : caller_(Origin::kKernel) { KeepASlotPage(); }
  ~AllocationTest() override {
    caller_.client().fds().CloseAll();
    printf("%d scenarios, %llu failed allocations\n", scenarios_,
           static_cast<unsigned long long>(failures_));
  }

  /// Makes `call` with its 1st, 2nd, ... allocation failed until it has no
  /// more. `undo` gets what it returned when that is no error.
  void Fail(const std::string& name, const std::function<int64_t()>& call,
            const std::function<void(int64_t)>& undo) {
    for (const bool from_there_on : {false, true}) {
      ++scenarios_;
      bool failed = true;
      for (uint64_t n = 1; failed; ++n) {
        ASSERT_LT(n, 10'000u) << name;
        const uint64_t bytes = PortAllocatedBytes();
        const uint64_t text = HostExecBytes();
        if (from_there_on) {
          FailAllocationsFrom(n);
        } else {
          FailNthAllocation(n);
        }
        const int64_t result = call();
        failed = AllocationFailed();
        FailNthAllocation(0);
        failures_ += failed;
        if (result >= 0) {
          undo(result);
        } else {
          EXPECT_EQ(result, Minus(Status::kNoMemory)) << name << ", n = " << n;
          EXPECT_TRUE(failed) << name;
        }
        if (!keeps_elements_) {
          EXPECT_EQ(PortAllocatedBytes(), bytes) << name << ", n = " << n;
        }
        EXPECT_EQ(HostExecBytes(), text) << name << ", n = " << n;
      }
    }
  }
  void FailFd(const std::string& name, const std::function<int64_t()>& call) {
    Fail(name, call, [&](int64_t fd) { caller_.CloseFd(fd); });
  }
  void FailCall(const std::string& name, const std::function<int64_t()>& call) {
    Fail(name, call, [](int64_t) {});
  }

  int64_t Create(MapType type) {
    MapCreateAttr spec = SpecOf(type);
    if (type == MapType::kArrayOfMaps || type == MapType::kHashOfMaps) {
      if (inner_ < 0) {
        inner_ = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 2);
      }
      spec.inner_map_fd = static_cast<uint32_t>(inner_);
    }
    return caller_.Call(linux_abi::kMapCreate, spec);
  }

  const TestSystem system_;
  TestCaller caller_;
  int64_t inner_ = -1;
  /// The map makes elements on demand, and keeps those that it has made.
  bool keeps_elements_ = false;
  int scenarios_ = 0;
  uint64_t failures_ = 0;
};

TEST_F(AllocationTest, MapsOfEachKindAreMade) {
  Create(MapType::kArrayOfMaps);  // so that there is an inner map
  for (const auto& kind : kKinds) {
    FailFd(std::string("create ") + kind.name,
           [&] { return Create(kind.type); });
  }
}

TEST_F(AllocationTest, ElementsOfEachKindAreReadAndWritten) {
  for (const auto& kind : kKinds) {
    const std::string name = kind.name;
    if (inner_ < 0) {
      caller_.CloseFd(Create(MapType::kArrayOfMaps));
    }
    const uint64_t bytes = PortAllocatedBytes();
    const int64_t map = Create(kind.type);
    ASSERT_GE(map, 0) << name;
    const MapCreateAttr spec = SpecOf(kind.type);
    keeps_elements_ = (spec.map_flags & linux_abi::kMapNoPrealloc) != 0;
    const uint64_t key = spec.key_size == 0 ? 0 : caller_.Put(uint64_t{1});
    const uint64_t values = caller_.Put(nullptr, 4096);
    const auto elem = [&](uint32_t command) {
      return [&, command] {
        const int64_t result =
            caller_.Elem(command, map, key,
                         command == linux_abi::kMapDeleteElem ? 0 : values);
        // What this kind does not have, or has not there, is no failure.
        return result == Minus(Status::kNoMemory) ? result : 0;
      };
    };
    FailCall("update " + name, elem(linux_abi::kMapUpdateElem));
    FailCall("look up " + name, elem(linux_abi::kMapLookupElem));
    FailCall("next key " + name, elem(linux_abi::kMapGetNextKey));
    FailCall("take out " + name, elem(linux_abi::kMapLookupAndDeleteElem));
    FailCall("delete " + name, elem(linux_abi::kMapDeleteElem));
    EXPECT_EQ(caller_.CloseFd(map), 0);
    EXPECT_EQ(PortAllocatedBytes(), bytes) << name;
  }
}

TEST_F(AllocationTest, ElementsAreMadeOnDemand) {
  Create(MapType::kArrayOfMaps);  // so that there is an inner map
  for (MapType type :
       {MapType::kHash, MapType::kPerCpuHash, MapType::kHashOfMaps}) {
    MapCreateAttr spec = SpecOf(type);
    spec.map_flags = linux_abi::kMapNoPrealloc;
    spec.inner_map_fd =
        type == MapType::kHashOfMaps ? static_cast<uint32_t>(inner_) : 0;
    const uint64_t key = caller_.Put(uint64_t{1});
    const uint64_t values = caller_.Put(nullptr, 4096);
    const uint64_t map_fd = caller_.Put(static_cast<uint32_t>(inner_));
    const std::string name =
        "kind " + std::to_string(static_cast<int>(type)) + " on demand";
    FailFd("create " + name,
           [&] { return caller_.Call(linux_abi::kMapCreate, spec); });
    FailCall("create, fill and close " + name, [&] {
      const int64_t map = caller_.Call(linux_abi::kMapCreate, spec);
      if (map < 0) {
        return map;
      }
      const int64_t result =
          caller_.Elem(linux_abi::kMapUpdateElem, map, key,
                       type == MapType::kHashOfMaps ? map_fd : values);
      EXPECT_EQ(caller_.CloseFd(map), 0);
      return result;
    });
  }
}

TEST_F(AllocationTest, BatchesAreReadAndWritten) {
  for (MapType type : {MapType::kHash, MapType::kArray, MapType::kPerCpuHash,
                       MapType::kPerCpuArray, MapType::kLruHash}) {
    const int64_t map = Create(type);
    const std::string name = "kind " + std::to_string(static_cast<int>(type));
    for (uint32_t command :
         {linux_abi::kMapUpdateBatch, linux_abi::kMapLookupBatch,
          linux_abi::kMapLookupAndDeleteBatch, linux_abi::kMapDeleteBatch}) {
      MapBatchAttr attr{};
      attr.map_fd = static_cast<uint32_t>(map);
      attr.count = 2;
      const uint32_t keys[2] = {0, 1};
      attr.keys = caller_.Put(keys);
      attr.values = caller_.Put(nullptr, 4096);
      attr.out_batch = caller_.Put(nullptr, 64);
      FailCall("batch " + std::to_string(command) + " on " + name, [&] {
        const int64_t result = caller_.Call(command, attr);
        return result == Minus(Status::kNoMemory) ? result : 0;
      });
    }
    EXPECT_EQ(caller_.CloseFd(map), 0);
  }
}

TEST_F(AllocationTest, AnUpdateThatFailsChangesNothing) {
  const int64_t map = Create(MapType::kHash);
  const uint64_t key = caller_.Put(uint32_t{1});
  const uint64_t old_value = caller_.Put(uint64_t{11});
  const uint64_t new_value = caller_.Put(uint64_t{22});
  ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, map, key, old_value), 0);
  for (uint64_t n = 1;; ++n) {
    FailNthAllocation(n);
    const int64_t result =
        caller_.Elem(linux_abi::kMapUpdateElem, map, key, new_value);
    FailNthAllocation(0);
    const uint64_t to = caller_.Put(uint64_t{0});
    ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map, key, to), 0);
    EXPECT_EQ(caller_.Get<uint64_t>(to), result == 0 ? 22u : 11u);
    if (result == 0) {
      break;
    }
  }
}

TEST_F(AllocationTest, ProgramsOfManyTypesAreLoadedAndRun) {
  const int64_t map = Create(MapType::kHash);
  for (uint32_t type : {1u, 2u, 3u, 5u, 6u, 7u, 8u, 9u, 13u, 14u, 17u, 31u}) {
    const std::string name = "type " + std::to_string(type);
    const std::vector<isa::Insn> insns = {
        LoadLow(1, 1, static_cast<int32_t>(map)),
        LoadHigh(0),
        Insn(0x7a, 10, 0, -8, 0),
        MovReg(2, 10),
        Insn(0x07, 2, 0, 0, -8),
        CallHelper(helper_id::map_lookup_elem),
        MovImm(0, 1),
        Exit()};
    linux_abi::ProgLoadAttr attr = caller_.Program(type, insns);
    if (type == 31) {  // syscall
      attr.prog_flags = linux_abi::kProgSleepable;
    }
    FailFd("load " + name,
           [&] { return caller_.Call(linux_abi::kProgLoad, attr); });
    attr.log_level = 2;
    attr.log_size = 1 << 16;
    attr.log_buf = caller_.Put(nullptr, 1 << 16);
    FailFd("load " + name + " with a log",
           [&] { return caller_.Call(linux_abi::kProgLoad, attr); });
    const int64_t program = caller_.Call(linux_abi::kProgLoad, attr);
    ASSERT_GE(program, 0) << name;
    linux_abi::ProgTestRunAttr run{};
    run.prog_fd = static_cast<uint32_t>(program);
    run.data_size_in = 64;
    run.data_in = caller_.Put(nullptr, 64);
    FailCall("run " + name, [&] {
      const int64_t result = caller_.Call(linux_abi::kProgTestRun, run);
      return result == Minus(Status::kNoMemory) ? result : 0;
    });
    EXPECT_EQ(caller_.CloseFd(program), 0);
  }
}

TEST_F(AllocationTest, EventsAreOpenedAndMapped) {
  linux_abi::PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeSoftware;
  attr.size = sizeof(attr);
  attr.config = linux_abi::kPerfBpfOutput;
  attr.sample_type = linux_abi::kPerfSampleRaw;
  FailFd("open an event", [&] { return caller_.OpenEvent(attr); });
  int64_t event = -1;
  FailFd("open and map an event", [&] {
    event = caller_.OpenEvent(attr);
    if (event < 0) {
      return event;
    }
    MapPages pages;
    const int64_t mapped =
        Mmap(caller_.client(), static_cast<int32_t>(event), 0, 3 * 4096,
             linux_abi::kProtRead | linux_abi::kProtWrite, &pages);
    if (mapped < 0) {
      caller_.CloseFd(event);
      return mapped;
    }
    return event;
  });
}

TEST_F(AllocationTest, ObjectsAreFoundById) {
  const int64_t map = Create(MapType::kArray);
  linux_abi::MapInfo info{};
  const uint64_t at = caller_.Put(info);
  const linux_abi::ObjectInfoAttr ask = {static_cast<uint32_t>(map),
                                         sizeof(info), at};
  FailCall("map info",
           [&] { return caller_.Call(linux_abi::kObjGetInfoByFd, ask); });
  info = caller_.Get<linux_abi::MapInfo>(at);
  const linux_abi::FdByIdAttr by_id = {info.id, 0, 0};
  FailFd("map by id",
         [&] { return caller_.Call(linux_abi::kMapGetFdById, by_id); });
}

/// Ten thousand of each, one after the other, leave nothing.
TEST_F(AllocationTest, NothingIsLeftAfterManyRounds) {
  Create(MapType::kArrayOfMaps);
  const uint64_t bytes = PortAllocatedBytes();
  for (int round = 0; round < 10'000; ++round) {
    const int64_t fd = Create(kKinds[static_cast<size_t>(round) %
                                     (sizeof(kKinds) / sizeof(kKinds[0]))]
                                  .type);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(caller_.CloseFd(fd), 0);
    if (round % 20 == 0) {
      const int64_t program = caller_.Load(kSocketFilter, Returning(0));
      ASSERT_GE(program, 0);
      ASSERT_EQ(caller_.CloseFd(program), 0);
    }
  }
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

}  // namespace
}  // namespace ebpf
