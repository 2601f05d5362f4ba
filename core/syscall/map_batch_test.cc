// SPDX-License-Identifier: MIT
#include <array>
#include <set>

#include "core/linux_abi/bpf.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::kMapDeleteBatch;
using linux_abi::kMapLookupAndDeleteBatch;
using linux_abi::kMapLookupAndDeleteElem;
using linux_abi::kMapLookupBatch;
using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeHash;
using linux_abi::kMapTypeProgArray;
using linux_abi::kMapTypeRingBuffer;
using linux_abi::kMapUpdateBatch;
using linux_abi::kMapUpdateElem;
using linux_abi::MapBatchAttr;

constexpr uint64_t kNowhere = 0x1000;
constexpr uint32_t kRoom = 64;

struct Words {
  uint32_t words[kRoom];
};

class MapBatchTest : public SyscallTest {
 protected:
  /// A batch of at most `count` elements of 4 + 4 bytes.
  MapBatchAttr Attr(int64_t fd, uint32_t count, const Words& keys = {},
                    const Words& values = {}) {
    MapBatchAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd);
    attr.count = count;
    attr.keys = caller_.Put(keys);
    attr.values = caller_.Put(values);
    attr.out_batch = caller_.Put(uint32_t{77});
    return attr;
  }
  /// What the call answers; `attr.count` is then what it wrote back.
  int64_t Run(uint32_t command, MapBatchAttr& attr) {
    const uint64_t at = caller_.Put(attr);
    const int64_t result = caller_.BpfAt(command, at, sizeof(attr));
    attr.count = caller_.Get<MapBatchAttr>(at).count;
    return result;
  }
  uint32_t Key(const MapBatchAttr& attr, size_t index) {
    return caller_.Get<Words>(attr.keys).words[index];
  }
  uint32_t Value(const MapBatchAttr& attr, size_t index) {
    return caller_.Get<Words>(attr.values).words[index];
  }
  int64_t Filled(uint32_t type, uint32_t entries, uint32_t flags = 0) {
    const int64_t fd = caller_.CreateMap(type, 4, 4, entries, flags);
    for (uint32_t key = 0; key < entries; ++key) {
      EXPECT_EQ(caller_.Elem(kMapUpdateElem, fd, caller_.Put(key),
                             caller_.Put(key + 100)),
                0);
    }
    return fd;
  }
};

INSTANTIATE_TEST_SUITE_P(, MapBatchTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(MapBatchTest, AnArrayIsReadInPieces) {
  const int64_t fd = Filled(kMapTypeArray, 5);
  MapBatchAttr first = Attr(fd, 3);
  EXPECT_EQ(Run(kMapLookupBatch, first), 0);
  EXPECT_EQ(first.count, 3u);
  EXPECT_EQ(Key(first, 2), 2u);
  EXPECT_EQ(Value(first, 2), 102u);
  EXPECT_EQ(caller_.Get<uint32_t>(first.out_batch), 2u);

  MapBatchAttr rest = Attr(fd, 3);
  rest.in_batch = first.out_batch;
  EXPECT_EQ(Run(kMapLookupBatch, rest), Minus(Status::kNotFound));
  EXPECT_EQ(rest.count, 2u);
  EXPECT_EQ(Value(rest, 1), 104u);
}

TEST_P(MapBatchTest, UpdatesStopAtTheFirstThatFails) {
  const int64_t fd = Filled(kMapTypeArray, 3);
  MapBatchAttr attr = Attr(fd, 3, {{0, 9, 1}}, {{5, 6, 7}});
  EXPECT_EQ(Run(kMapUpdateBatch, attr), Minus(Status::kTooBig));
  EXPECT_EQ(attr.count, 1u);
  MapBatchAttr read = Attr(fd, 3);
  EXPECT_EQ(Run(kMapLookupBatch, read), 0);
  EXPECT_EQ(Value(read, 0), 5u);
  EXPECT_EQ(Value(read, 1), 101u);
}

TEST_P(MapBatchTest, WhatIsNotThereStopsADeletion) {
  const int64_t fd = Filled(kMapTypeHash, 4);
  MapBatchAttr attr = Attr(fd, 3, {{2, 3, 9}});
  EXPECT_EQ(Run(kMapDeleteBatch, attr), Minus(Status::kNotFound));
  EXPECT_EQ(attr.count, 2u);
}

// As the host's kernel (6.18) answers.
TEST_P(MapBatchTest, WhichFlagsAreRefused) {
  const int64_t array = Filled(kMapTypeArray, 4);
  const int64_t hash = Filled(kMapTypeHash, 4);
  struct Row {
    uint32_t command;
    int64_t fd;
    uint64_t elem_flags;
    uint64_t flags;
    int64_t answer;
  };
  const int64_t invalid = Minus(Status::kInvalid);
  const std::array rows = {
      Row{kMapLookupBatch, array, 0, 1, 0},
      Row{kMapLookupBatch, array, 1, 0, invalid},
      Row{kMapLookupBatch, array, 4, 0, invalid},
      Row{kMapUpdateBatch, array, 0, 1, 0},
      Row{kMapUpdateBatch, array, 1, 0, invalid},
      Row{kMapUpdateBatch, array, 8, 0, invalid},
      Row{kMapLookupBatch, hash, 0, 1, invalid},
      Row{kMapLookupAndDeleteBatch, hash, 0, 1, invalid},
      Row{kMapUpdateBatch, hash, 0, 1, 0},
      Row{kMapUpdateBatch, hash, 4, 0, invalid},
      Row{kMapDeleteBatch, hash, 1, 0, invalid},
  };
  for (const Row& row : rows) {
    MapBatchAttr attr = Attr(row.fd, 1);
    attr.elem_flags = row.elem_flags;
    attr.flags = row.flags;
    EXPECT_EQ(Run(row.command, attr), row.answer)
        << row.command << " " << row.elem_flags << " " << row.flags;
  }
}

TEST_P(MapBatchTest, AnEmptyBatchIsNoneAtAll) {
  const int64_t fd = Filled(kMapTypeHash, 2);
  for (uint32_t command : {kMapLookupBatch, kMapLookupAndDeleteBatch,
                           kMapUpdateBatch, kMapDeleteBatch}) {
    MapBatchAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd);
    EXPECT_EQ(Run(command, attr), 0);
  }
}

TEST_P(MapBatchTest, KindsWithoutBatches) {
  for (int64_t fd : {caller_.CreateMap(kMapTypeProgArray, 4, 4, 2),
                     caller_.CreateMap(kMapTypeRingBuffer, 0, 0, 4096)}) {
    for (uint32_t command : {kMapLookupBatch, kMapLookupAndDeleteBatch,
                             kMapUpdateBatch, kMapDeleteBatch}) {
      MapBatchAttr attr = Attr(fd, 1);
      EXPECT_EQ(Run(command, attr), Minus(Status::kNotSupportedLinux));
      EXPECT_EQ(attr.count, 1u);
    }
  }
  const int64_t array = Filled(kMapTypeArray, 2);
  for (uint32_t command : {kMapLookupAndDeleteBatch, kMapDeleteBatch}) {
    MapBatchAttr attr = Attr(array, 1);
    EXPECT_EQ(Run(command, attr), Minus(Status::kNotSupportedLinux));
  }
}

TEST_P(MapBatchTest, DescriptorsThatForbidIt) {
  const int64_t read_only =
      caller_.CreateMap(kMapTypeHash, 4, 4, 2, linux_abi::kMapReadOnly);
  const int64_t write_only =
      caller_.CreateMap(kMapTypeHash, 4, 4, 2, linux_abi::kMapWriteOnly);
  const int64_t denied = Minus(Status::kNotPermitted);
  for (uint32_t command :
       {kMapLookupAndDeleteBatch, kMapUpdateBatch, kMapDeleteBatch}) {
    MapBatchAttr attr = Attr(read_only, 1);
    EXPECT_EQ(Run(command, attr), denied) << command;
  }
  for (uint32_t command : {kMapLookupBatch, kMapLookupAndDeleteBatch}) {
    MapBatchAttr attr = Attr(write_only, 1);
    EXPECT_EQ(Run(command, attr), denied) << command;
  }
  EXPECT_EQ(caller_.Elem(kMapLookupAndDeleteElem, read_only,
                         caller_.Put(uint32_t{0}), caller_.Put(uint32_t{0})),
            denied);
}

TEST_P(MapBatchTest, MemoryThatIsNotThere) {
  if (GetParam() == Origin::kKernel) {
    GTEST_SKIP() << "the kernel's own pointers are not checked";
  }
  const int64_t fd = Filled(kMapTypeArray, 3);
  const int64_t fault = Minus(Status::kFault);
  MapBatchAttr attr = Attr(fd, 2);
  attr.keys = kNowhere;
  EXPECT_EQ(Run(kMapLookupBatch, attr), fault);
  EXPECT_EQ(attr.count, 0u);
  attr = Attr(fd, 2);
  attr.out_batch = 0;
  EXPECT_EQ(Run(kMapLookupBatch, attr), fault);
  attr = Attr(fd, 2);
  attr.in_batch = kNowhere;
  EXPECT_EQ(Run(kMapLookupBatch, attr), fault);
  attr = Attr(fd, 2);
  attr.values = kNowhere;
  EXPECT_EQ(Run(kMapUpdateBatch, attr), fault);
  EXPECT_EQ(attr.count, 0u);
}

TEST_P(MapBatchTest, AHashIsReadAndEmptiedByGroups) {
  for (uint32_t command : {kMapLookupBatch, kMapLookupAndDeleteBatch}) {
    const int64_t fd = Filled(kMapTypeHash, 50);
    std::set<uint32_t> seen;
    uint64_t cursor = 0;
    int64_t result = 0;
    for (int call = 0; call < 100 && result == 0; ++call) {
      MapBatchAttr attr = Attr(fd, 16);
      attr.in_batch = cursor;
      result = Run(command, attr);
      for (uint32_t i = 0; i < attr.count; ++i) {
        EXPECT_TRUE(seen.insert(Key(attr, i)).second);
        EXPECT_EQ(Value(attr, i), Key(attr, i) + 100);
      }
      cursor = attr.out_batch;
    }
    EXPECT_EQ(result, Minus(Status::kNotFound));
    EXPECT_EQ(seen.size(), 50u);
    MapBatchAttr again = Attr(fd, 64);
    EXPECT_EQ(Run(command, again), Minus(Status::kNotFound));
    EXPECT_EQ(again.count, command == kMapLookupBatch ? 50u : 0u);
  }
}

TEST_P(MapBatchTest, ACountThatNoMemoryHolds) {
  const int64_t fd = Filled(kMapTypeHash, 20);
  MapBatchAttr attr = Attr(fd, UINT32_MAX);
  EXPECT_EQ(Run(kMapLookupBatch, attr), Minus(Status::kNotFound));
  EXPECT_EQ(attr.count, 20u);
}

TEST_P(MapBatchTest, ACursorBehindTheEnd) {
  const int64_t fd = Filled(kMapTypeHash, 4);
  MapBatchAttr attr = Attr(fd, 4);
  attr.in_batch = caller_.Put(uint32_t{1000});
  EXPECT_EQ(Run(kMapLookupBatch, attr), Minus(Status::kNotFound));
  EXPECT_EQ(attr.count, 0u);
  EXPECT_EQ(caller_.Get<uint32_t>(attr.out_batch), 77u);
}

}  // namespace
}  // namespace ebpf
