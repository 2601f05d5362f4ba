// SPDX-License-Identifier: MIT
//
// BPF_MAP_* on the hash kinds compared with Linux, answer by answer.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/linux_abi/bpf_objects.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/linux_calls/compare.h"
#include "testing/oracle/host_map.h"

namespace ebpf::linux_calls {
namespace {

constexpr uint32_t kHash = 1;
constexpr uint32_t kPerCpuHash = 5;
constexpr uint32_t kLruHash = 9;
constexpr uint32_t kLruPerCpuHash = 10;
constexpr uint32_t kKinds[] = {kHash, kPerCpuHash, kLruHash, kLruPerCpuHash};

class HashCallsTest : public ::testing::Test {
 protected:
  /// As many CPUs as the host has: so many values a per-CPU map moves.
  HashCallsTest() { SetHostCpuCount(oracle::HostPossibleCpus()); }
};

size_t ValueSize(uint32_t kind) {
  const bool per_cpu = kind == kPerCpuHash || kind == kLruPerCpuHash;
  return per_cpu ? 8 * oracle::HostPossibleCpus() : 8;
}

TEST_F(HashCallsTest, EveryPairOfFlagsOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t kind : kKinds) {
      for (uint32_t first = 0; first < 14; ++first) {
        for (uint32_t second = first; second < 14; ++second) {
          const uint32_t flags = 1u << first | 1u << second;
          for (const uint32_t value_size : {0u, 8u, 32769u}) {
            const int64_t fd =
                record.Fd("kind " + std::to_string(kind) + " flags " +
                              std::to_string(flags) + " value " +
                              std::to_string(value_size),
                          kernel.CreateMap(kind, 4, value_size, 8, flags));
            if (fd >= 0) {
              kernel.Close(fd);
            }
          }
        }
      }
    }
  });
}

TEST_F(HashCallsTest, EachCpusOwnLruIsRoundedUp) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t kind : {kLruHash, kLruPerCpuHash}) {
      for (const uint32_t entries : {1u, 2u, 3u, 7u, 100u, 101u}) {
        for (const uint32_t flags : {0u, 2u}) {
          const int64_t fd = kernel.CreateMap(kind, 4, 8, entries, flags);
          linux_abi::ObjectInfoAttr attr{};
          attr.fd = static_cast<uint32_t>(fd);
          attr.info_size = sizeof(linux_abi::MapInfo);
          attr.info = kernel.Put(linux_abi::MapInfo{});
          record.Value("info", kernel.Call(linux_abi::kObjGetInfoByFd, attr));
          record.Value("kind " + std::to_string(kind) + " entries " +
                           std::to_string(entries) + " flags " +
                           std::to_string(flags),
                       kernel.Get<linux_abi::MapInfo>(attr.info).max_entries);
          kernel.Close(fd);
        }
      }
    }
  });
}

TEST_F(HashCallsTest, UpdatesOfEachModeLookupsAndDeletes) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t kind : kKinds) {
      const int64_t fd = kernel.CreateMap(kind, 4, 8, 4);
      const uint64_t value = kernel.Put(nullptr, ValueSize(kind));
      const auto call = [&](uint32_t command, uint32_t number, uint64_t flags) {
        const bool has_value = command != linux_abi::kMapDeleteElem;
        record.Value("kind " + std::to_string(kind) + " command " +
                         std::to_string(command) + " key " +
                         std::to_string(number) + " flags " +
                         std::to_string(flags),
                     kernel.Elem(command, fd, kernel.Put(number),
                                 has_value ? value : 0, flags));
      };
      for (uint64_t flags = 0; flags < 9; ++flags) {
        call(linux_abi::kMapUpdateElem, 1, flags);
        call(linux_abi::kMapUpdateElem, 2 + static_cast<uint32_t>(flags) % 2,
             flags);
        call(linux_abi::kMapLookupElem, 1, flags);
        call(linux_abi::kMapLookupAndDeleteElem, 1, flags);
        call(linux_abi::kMapLookupAndDeleteElem, 1, flags);
        call(linux_abi::kMapDeleteElem, 2, 0);
      }
      kernel.Close(fd);
    }
  });
}

/// All keys by batches of `room`; what each call answered and how many keys
/// came in all. Where buckets end is a secret of each kernel's seed: of calls
/// with little room only the sum is compared.
void WalkInBatches(Kernel& kernel, Record& record, uint32_t kind, bool take,
                   uint32_t room) {
  constexpr uint32_t kEntries = 64;
  const int64_t fd = kernel.CreateMap(kind, 4, 8, kEntries * 4);
  const size_t value_size = ValueSize(kind);
  const uint64_t value = kernel.Put(nullptr, value_size);
  for (uint32_t key = 0; key < kEntries; ++key) {
    kernel.Elem(linux_abi::kMapUpdateElem, fd, kernel.Put(key), value);
  }
  linux_abi::MapBatchAttr attr{};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.keys = kernel.Put(nullptr, room * 4);
  attr.values = kernel.Put(nullptr, room * value_size);
  attr.out_batch = kernel.Put(uint64_t{0});
  std::multiset<uint32_t> keys;
  int64_t result = 0;
  const std::string name = "kind " + std::to_string(kind) + " room " +
                           std::to_string(room) + (take ? " taken" : "");
  for (int calls = 0; calls < 1000 && result == 0; ++calls) {
    attr.count = room;
    const uint64_t at = kernel.Put(attr);
    result = kernel.Bpf(
        take ? linux_abi::kMapLookupAndDeleteBatch : linux_abi::kMapLookupBatch,
        at, sizeof(attr));
    const uint32_t count = kernel.Get<linux_abi::MapBatchAttr>(at).count;
    const auto* found = static_cast<const uint32_t*>(kernel.At(attr.keys));
    if (result == 0 || result == -2) {
      keys.insert(found, found + count);
    }
    attr.in_batch = attr.out_batch;
  }
  record.Value(name + ": the last answer", result);
  record.Value(name + ": keys", static_cast<int64_t>(keys.size()));
  uint32_t key = 0;
  record.Value(name + ": any left",
               kernel.Elem(linux_abi::kMapGetNextKey, fd, 0, kernel.Put(key)));
  kernel.Close(fd);
}

TEST_F(HashCallsTest, BatchesGoByBucketsAndEndWithEnoent) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t kind : kKinds) {
      for (const bool take : {false, true}) {
        // A bucket of more than 16 of 64 keys does not happen.
        for (const uint32_t room : {16u, 64u, 65u, 1000u}) {
          WalkInBatches(kernel, record, kind, take, room);
        }
      }
    }
  });
}

TEST_F(HashCallsTest, AMapOfOneKeyFitsIntoABatchOfOne) {
  Compare([](Kernel& kernel, Record& record) {
    // With room for no key nothing is asked; a bucket of one key fits in one.
    const int64_t fd = kernel.CreateMap(kLruHash, 4, 8, 1);
    const uint64_t value = kernel.Put(uint64_t{1});
    kernel.Elem(linux_abi::kMapUpdateElem, fd, kernel.Put(uint32_t{1}), value);
    linux_abi::MapBatchAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd);
    attr.keys = kernel.Put(uint64_t{0});
    attr.values = kernel.Put(uint64_t{0});
    attr.out_batch = kernel.Put(uint64_t{0});
    for (const uint32_t count : {0u, 1u, 2u}) {
      attr.count = count;
      record.Value("room for " + std::to_string(count),
                   kernel.Call(linux_abi::kMapLookupBatch, attr));
    }
    kernel.Close(fd);
  });
}

TEST_F(HashCallsTest, AFullLruTakesNewKeysAndAFullHashDoesNot) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t kind : kKinds) {
      const int64_t fd = kernel.CreateMap(kind, 4, 8, 8);
      const uint64_t value = kernel.Put(nullptr, ValueSize(kind));
      for (uint32_t key = 0; key < 40; ++key) {
        record.Value(
            "kind " + std::to_string(kind) + " key " + std::to_string(key),
            kernel.Elem(linux_abi::kMapUpdateElem, fd, kernel.Put(key), value));
      }
      kernel.Close(fd);
    }
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
