// SPDX-License-Identifier: MIT
//
// Queues, stacks, filters, tries and maps of maps compared with Linux's, answer
// by answer.
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "testing/linux_calls/compare.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::MapCreateAttr;

constexpr uint32_t kHash = linux_abi::kMapTypeHash;
constexpr uint32_t kArray = linux_abi::kMapTypeArray;
constexpr uint32_t kTrie = 11;
constexpr uint32_t kArrayOfMaps = 12;
constexpr uint32_t kHashOfMaps = 13;
constexpr uint32_t kQueue = 22;
constexpr uint32_t kStack = 23;
constexpr uint32_t kFilter = 30;

constexpr uint32_t kLookup = linux_abi::kMapLookupElem;
constexpr uint32_t kUpdate = linux_abi::kMapUpdateElem;
constexpr uint32_t kDelete = linux_abi::kMapDeleteElem;
constexpr uint32_t kNext = linux_abi::kMapGetNextKey;
constexpr uint32_t kTake = linux_abi::kMapLookupAndDeleteElem;

constexpr uint64_t kFlags[] = {
    0, 1, 2, 3, 4, 5, 6, 8, 64, uint64_t{1} << 32, uint64_t{1} << 63};

struct Shape {
  uint32_t type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t flags;
};
/// One of each kind.
constexpr Shape kShapes[] = {{kTrie, 8, 8, linux_abi::kMapNoPrealloc},
                             {kArrayOfMaps, 4, 4, 0},
                             {kHashOfMaps, 4, 4, 0},
                             {kQueue, 0, 8, 0},
                             {kStack, 0, 8, 0},
                             {kFilter, 0, 8, 0}};

void Create(Kernel& kernel, Record& record, const Shape& shape,
            uint32_t entries, uint64_t extra, int64_t inner) {
  MapCreateAttr attr{};
  attr.map_type = shape.type;
  attr.key_size = shape.key_size;
  attr.value_size = shape.value_size;
  attr.max_entries = entries;
  attr.map_flags = shape.flags;
  attr.map_extra = extra;
  attr.inner_map_fd = static_cast<uint32_t>(inner);
  const std::string step =
      "type " + std::to_string(shape.type) + " key " +
      std::to_string(shape.key_size) + " value " +
      std::to_string(shape.value_size) + " entries " + std::to_string(entries) +
      " flags " + std::to_string(shape.flags) + " extra " +
      std::to_string(extra) + " inner " + std::to_string(inner);
  const int64_t fd = record.Fd(step, kernel.Call(linux_abi::kMapCreate, attr));
  if (fd >= 0) {
    kernel.Close(fd);
  }
}

TEST(KindsCallsTest, SizesOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t inner = kernel.CreateMap(kArray, 4, 8, 1);
    for (const Shape& shape : kShapes) {
      for (uint32_t key : {0u, 1u, 3u, 4u, 5u, 8u, 20u, 260u, 261u, 512u}) {
        for (uint32_t value :
             {0u, 1u, 4u, 7u, 8u, 4000u, (4u << 20) - 280, (4u << 20) - 279,
              4u << 20, (4u << 20) + 1, 0x80000000u, 0xffffffffu}) {
          for (uint32_t entries : {0u, 1u, 3u}) {
            Create(kernel, record, {shape.type, key, value, shape.flags},
                   entries, 0, inner);
          }
        }
      }
    }
    kernel.Close(inner);
  });
}

TEST(KindsCallsTest, FlagsOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t inner = kernel.CreateMap(kArray, 4, 8, 1);
    for (const Shape& shape : kShapes) {
      for (uint32_t bit = 0; bit < 32; ++bit) {
        for (uint32_t other : {0u, 1u << 0, 1u << 3, 1u << 4, 1u << 7}) {
          Create(
              kernel, record,
              {shape.type, shape.key_size, shape.value_size, 1u << bit | other},
              10, 0, inner);
        }
      }
      for (uint64_t extra : {uint64_t{1}, uint64_t{5}, uint64_t{15},
                             uint64_t{16}, uint64_t{1} << 32}) {
        Create(kernel, record, shape, 10, extra, inner);
      }
      for (int64_t fd : {int64_t{1000}, int64_t{-1}}) {
        Create(kernel, record, shape, 10, 0, fd);
        Create(kernel, record, shape, 0, 0, fd);
      }
    }
    kernel.Close(inner);
  });
}

TEST(KindsCallsTest, ElementsOfEachKind) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t inner = kernel.CreateMap(kArray, 4, 8, 1);
    const uint64_t key = kernel.Put(uint64_t{8});
    const uint64_t value = kernel.Put(uint64_t{static_cast<uint32_t>(inner)});
    for (const Shape& shape : kShapes) {
      MapCreateAttr attr{};
      attr.map_type = shape.type;
      attr.key_size = shape.key_size;
      attr.value_size = shape.value_size;
      attr.max_entries = 2;
      attr.map_flags = shape.flags;
      attr.inner_map_fd = static_cast<uint32_t>(inner);
      const int64_t fd = kernel.Call(linux_abi::kMapCreate, attr);
      record.Fd("create", fd);
      for (uint32_t command : {kTake, kLookup, kUpdate, kLookup, kNext, kTake,
                               kUpdate, kDelete, kNext}) {
        for (uint64_t k : {uint64_t{0}, key, kNowhere}) {
          for (uint64_t v : {uint64_t{0}, value, kNowhere}) {
            for (uint64_t flags : kFlags) {
              record.Value("type " + std::to_string(shape.type) + " command " +
                               std::to_string(command) + " key " +
                               std::to_string(k == 0     ? 0
                                              : k == key ? 1
                                                         : 2) +
                               " value " +
                               std::to_string(v == 0       ? 0
                                              : v == value ? 1
                                                           : 2) +
                               " flags " + std::to_string(flags),
                           kernel.Elem(command, fd, k, v, flags));
              const uint64_t again = static_cast<uint32_t>(inner);
              memcpy(kernel.At(value), &again, sizeof(again));
            }
          }
        }
      }
      kernel.Close(fd);
    }
    kernel.Close(inner);
  });
}

/// Random pushes, pops and peeks, and what they give.
void UseQueue(Kernel& kernel, Record& record, uint32_t type) {
  std::mt19937 random(type);
  const int64_t fd = kernel.CreateMap(type, 0, 4, 5);
  record.Fd("create", fd);
  const uint64_t value = kernel.Put(uint32_t{0});
  for (uint32_t i = 0; i < 3000; ++i) {
    memcpy(kernel.At(value), &i, sizeof(i));
    const uint32_t commands[] = {kUpdate, kUpdate, kUpdate, kTake, kLookup};
    const uint32_t command = commands[random() % 5];
    const uint64_t flags =
        command == kUpdate && random() % 4 == 0 ? random() % 4 : 0;
    record.Value("type " + std::to_string(type) + " step " + std::to_string(i) +
                     " command " + std::to_string(command),
                 kernel.Elem(command, fd, 0, value, flags));
    record.Value("its value", kernel.Get<uint32_t>(value));
  }
  kernel.Close(fd);
}

TEST(KindsCallsTest, RandomQueuesAndStacks) {
  Compare([](Kernel& kernel, Record& record) {
    UseQueue(kernel, record, kQueue);
    UseQueue(kernel, record, kStack);
  });
}

/// Random prefixes, what is found of them, and their order.
void UseTrie(Kernel& kernel, Record& record, uint32_t data_size,
             uint32_t entries) {
  std::mt19937 random(data_size);
  const uint32_t key_size = 4 + data_size;
  const int64_t fd =
      kernel.CreateMap(kTrie, key_size, 4, entries, linux_abi::kMapNoPrealloc);
  record.Fd("create", fd);
  const uint64_t key = kernel.Put(nullptr, key_size);
  const uint64_t value = kernel.Put(uint32_t{0});
  const uint64_t next = kernel.Put(nullptr, key_size);
  for (uint32_t i = 0; i < 6000; ++i) {
    std::vector<uint8_t> bytes(key_size);
    const uint32_t length = random() % (data_size * 8 + 2);
    memcpy(bytes.data(), &length, 4);
    for (uint32_t at = 4; at < key_size; ++at) {
      bytes[at] = random() % 3 == 0 ? static_cast<uint8_t>(1u << random() % 8)
                                    : static_cast<uint8_t>(0);
    }
    memcpy(kernel.At(key), bytes.data(), key_size);
    memcpy(kernel.At(value), &i, sizeof(i));
    const std::string step = "trie " + std::to_string(data_size) + " step " +
                             std::to_string(i) + " length " +
                             std::to_string(length);
    switch (random() % 5) {
      case 0:
        record.Value(step + " delete", kernel.Elem(kDelete, fd, key, 0));
        break;
      case 1: {
        record.Value(step + " next", kernel.Elem(kNext, fd, key, next));
        memcpy(bytes.data(), kernel.At(next), key_size);
        uint64_t sum = 0;
        for (const uint8_t byte : bytes) {
          sum = sum * 31 + byte;
        }
        record.Value("its key", static_cast<int64_t>(sum));
        break;
      }
      case 2:
        record.Value(step + " lookup", kernel.Elem(kLookup, fd, key, value));
        record.Value("its value", kernel.Get<uint32_t>(value));
        break;
      default:
        record.Value(step + " update",
                     kernel.Elem(kUpdate, fd, key, value,
                                 random() % 3 == 0 ? random() % 4 : 0));
    }
  }
  kernel.Close(fd);
}

TEST(KindsCallsTest, RandomTries) {
  Compare([](Kernel& kernel, Record& record) {
    UseTrie(kernel, record, 1, 30);
    UseTrie(kernel, record, 4, 60);
    UseTrie(kernel, record, 7, 20);
    UseTrie(kernel, record, 16, 100);
  });
}

// What is like another map, and what is not.
TEST(KindsCallsTest, MapsInMaps) {
  constexpr uint32_t kInnerMap = linux_abi::kMapInnerMap;
  constexpr uint32_t kNoPrealloc = linux_abi::kMapNoPrealloc;
  const Shape kinds[] = {{kArray, 4, 8, 0},
                         {kArray, 4, 8, kInnerMap},
                         {kArray, 4, 8, linux_abi::kMapMmapable},
                         {kArray, 4, 8, linux_abi::kMapReadOnly},
                         {kArray, 4, 8, linux_abi::kMapReadOnlyProg},
                         {kArray, 4, 8, linux_abi::kMapNumaNode},
                         {kArray, 4, 4, 0},
                         {kHash, 4, 8, 0},
                         {kHash, 4, 8, kNoPrealloc},
                         {kHash, 8, 8, 0},
                         {9, 4, 8, 0},
                         {6, 4, 8, 0},
                         {5, 4, 8, 0},
                         {kTrie, 8, 8, kNoPrealloc},
                         {kQueue, 0, 8, 0},
                         {kFilter, 0, 8, 0},
                         {linux_abi::kMapTypeProgArray, 4, 4, 0}};
  Compare([&](Kernel& kernel, Record& record) {
    const uint64_t key = kernel.Put(uint32_t{0});
    for (const uint32_t outer_type : {kArrayOfMaps, kHashOfMaps}) {
      for (const Shape& like : kinds) {
        const int64_t inner = kernel.CreateMap(like.type, like.key_size,
                                               like.value_size, 2, like.flags);
        MapCreateAttr attr{};
        attr.map_type = outer_type;
        attr.key_size = attr.value_size = 4;
        attr.max_entries = 1;
        attr.inner_map_fd = static_cast<uint32_t>(inner);
        const int64_t outer = kernel.Call(linux_abi::kMapCreate, attr);
        record.Fd("outer of " + std::to_string(like.type), outer);
        if (outer >= 0) {
          attr.inner_map_fd = static_cast<uint32_t>(outer);
          record.Fd("nested", kernel.Call(linux_abi::kMapCreate, attr));
          record.Value("itself",
                       kernel.Elem(kUpdate, outer, key, kernel.Put(outer)));
        }
        for (const Shape& map : kinds) {
          for (const uint32_t entries : {2u, 3u}) {
            const int64_t fd = kernel.CreateMap(
                map.type, map.key_size, map.value_size, entries, map.flags);
            record.Value("outer " + std::to_string(outer_type) + " of " +
                             std::to_string(like.type) + " flags " +
                             std::to_string(like.flags) + " gets " +
                             std::to_string(map.type) + " flags " +
                             std::to_string(map.flags) + " entries " +
                             std::to_string(entries),
                         kernel.Elem(kUpdate, outer, key, kernel.Put(fd)));
            kernel.Close(fd);
          }
        }
        kernel.Close(outer);
        kernel.Close(inner);
      }
    }
  });
}

TEST(KindsCallsTest, ElementsOfMapsOfMaps) {
  Compare([](Kernel& kernel, Record& record) {
    for (const uint32_t type : {kArrayOfMaps, kHashOfMaps}) {
      const int64_t a = kernel.CreateMap(kArray, 4, 8, 1);
      const int64_t b = kernel.CreateMap(kArray, 4, 8, 1);
      const int64_t other = kernel.CreateMap(kHash, 4, 8, 1);
      MapCreateAttr attr{};
      attr.map_type = type;
      attr.key_size = attr.value_size = 4;
      attr.max_entries = 2;
      attr.inner_map_fd = static_cast<uint32_t>(a);
      const int64_t outer = kernel.Call(linux_abi::kMapCreate, attr);
      record.Fd("outer", outer);
      const uint64_t to = kernel.Put(uint32_t{0});
      const auto id_under = [&](uint64_t key) {
        memset(kernel.At(to), 0, 4);
        record.Value("lookup", kernel.Elem(kLookup, outer, key, to));
        return kernel.Get<uint32_t>(to);
      };
      const uint64_t first = kernel.Put(uint32_t{0});
      record.Value("update", kernel.Elem(kUpdate, outer, first, kernel.Put(a)));
      const uint32_t id = id_under(first);
      for (int round = 0; round < 3; ++round) {
        for (const uint32_t key : {0u, 1u, 2u}) {
          const uint64_t at = kernel.Put(key);
          for (const uint64_t flags : kFlags) {
            for (const int64_t fd : {other, int64_t{1000}, a, b}) {
              record.Value("update", kernel.Elem(kUpdate, outer, at,
                                                 kernel.Put(fd), flags));
              const uint32_t found = id_under(at);
              record.Value("which map", found == 0 ? 0 : found == id ? 1 : 2);
            }
          }
          if (type == kArrayOfMaps) {  // a hash's order is each kernel's own
            record.Value("next", kernel.Elem(kNext, outer, at, to));
          }
          record.Value("take", kernel.Elem(kTake, outer, at, to));
        }
        const uint64_t key = kernel.Put(static_cast<uint32_t>(round));
        record.Value("delete", kernel.Elem(kDelete, outer, key, 0));
        record.Value("delete again", kernel.Elem(kDelete, outer, key, 0));
        record.Value("nothing there", id_under(key));
      }
      for (const int64_t fd : {a, b, other, outer}) {
        kernel.Close(fd);
      }
    }
  });
}

TEST(KindsCallsTest, Batches) {
  Compare([](Kernel& kernel, Record& record) {
    const int64_t inner = kernel.CreateMap(kArray, 4, 8, 1);
    const int32_t fds[2] = {static_cast<int32_t>(inner),
                            static_cast<int32_t>(inner)};
    const uint32_t kTrieKeys[4] = {32, 0x04030201, 24, 0x00030201};
    const uint32_t kKeys[2] = {0, 1};
    for (const Shape& shape : kShapes) {
      MapCreateAttr attr{};
      attr.map_type = shape.type;
      attr.key_size = shape.key_size;
      attr.value_size = shape.value_size;
      attr.max_entries = 4;
      attr.map_flags = shape.flags;
      attr.inner_map_fd = static_cast<uint32_t>(inner);
      const int64_t map = kernel.Call(linux_abi::kMapCreate, attr);
      record.Fd("create", map);
      for (const uint32_t command :
           {linux_abi::kMapUpdateBatch, linux_abi::kMapLookupBatch,
            linux_abi::kMapLookupAndDeleteBatch, linux_abi::kMapUpdateBatch,
            linux_abi::kMapDeleteBatch}) {
        linux_abi::MapBatchAttr batch{};
        batch.map_fd = static_cast<uint32_t>(map);
        batch.count = 2;
        const bool is_trie = shape.type == kTrie;
        batch.keys = is_trie ? kernel.Put(kTrieKeys) : kernel.Put(kKeys);
        const uint64_t longs[2] = {7, 8};
        batch.values =
            shape.value_size == 4 ? kernel.Put(fds) : kernel.Put(longs);
        batch.out_batch = kernel.Put(nullptr, 16);
        const uint64_t at = kernel.Put(batch);
        const std::string step = "type " + std::to_string(shape.type) +
                                 " command " + std::to_string(command);
        record.Value(step, kernel.Bpf(command, at, sizeof(batch)));
        record.Value(step + " count",
                     kernel.Get<linux_abi::MapBatchAttr>(at).count);
      }
      kernel.Close(map);
    }
    kernel.Close(inner);
  });
}

}  // namespace
}  // namespace ebpf::linux_calls
