// SPDX-License-Identifier: MIT
#include "testing/caller/object_info.h"

#include <vector>

#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"

namespace ebpf {
namespace {

using linux_abi::BtfInfo;
using linux_abi::MapInfo;
using linux_abi::ProgramInfo;

INSTANTIATE_TEST_SUITE_P(, ObjectInfoTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ObjectInfoTest, AMapTellsWhatItWasMadeOf) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeHash;
  attr.key_size = 4;
  attr.value_size = 12;
  attr.max_entries = 7;
  attr.map_flags = linux_abi::kMapNoPrealloc | linux_abi::kMapReadOnly |
                   linux_abi::kMapReadOnlyProg;
  memcpy(attr.map_name, "my.map", 6);
  const int64_t fd = caller_.Call(linux_abi::kMapCreate, attr);
  MapInfo info{};
  memset(&info, 0xff, sizeof(info));  // nobody reads it
  ASSERT_EQ(Get(fd, info), 0);

  EXPECT_EQ(size_, sizeof(info));
  EXPECT_EQ(info.type, linux_abi::kMapTypeHash);
  EXPECT_EQ(info.id, MapIds().FirstId(1).ValueOr(0));
  EXPECT_EQ(info.key_size, 4u);
  EXPECT_EQ(info.value_size, 12u);
  EXPECT_EQ(info.max_entries, 7u);
  // How the descriptor is open is not told.
  EXPECT_EQ(info.map_flags,
            linux_abi::kMapNoPrealloc | linux_abi::kMapReadOnlyProg);
  EXPECT_STREQ(info.name, "my.map");
  EXPECT_EQ(info.btf_id, 0u);
  EXPECT_EQ(info.map_extra, 0u);
  EXPECT_EQ(info.netns_dev, 0u);
}

TEST_P(ObjectInfoTest, AMapTellsItsTypes) {
  const int64_t btf = LoadBtf(caller_, ProgramTypes());
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeHash;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 1;
  attr.btf_fd = static_cast<uint32_t>(btf);
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kStructType;
  const int64_t fd = caller_.Call(linux_abi::kMapCreate, attr);
  ASSERT_GE(fd, 0);
  MapInfo info{};
  ASSERT_EQ(Get(fd, info), 0);
  BtfInfo types{};
  ASSERT_EQ(Get(btf, types), 0);
  EXPECT_NE(types.id, 0u);
  EXPECT_EQ(info.btf_id, types.id);
  EXPECT_EQ(info.btf_key_type_id, kIntType);
  EXPECT_EQ(info.btf_value_type_id, kStructType);
}

TEST_P(ObjectInfoTest, ClientsOfEachAgeGetWhatTheyKnow) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t btf = LoadBtf(caller_, ProgramTypes());
  struct Object {
    int64_t fd;
    uint32_t known;
  };
  for (const Object& object :
       {Object{map, sizeof(MapInfo)}, Object{program, sizeof(ProgramInfo)},
        Object{btf, sizeof(BtfInfo)}}) {
    for (uint32_t size = 0; size <= 300; size += 4) {
      EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, size), size), 0) << size;
      EXPECT_EQ(size_, size < object.known ? size : object.known);
    }
    EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, 4096), 4096), 0);
    EXPECT_EQ(GetAt(object.fd, caller_.Put(nullptr, 4097), 4097),
              Minus(Status::kTooBig));
    EXPECT_EQ(size_, 4097u);
    std::vector<uint8_t> bytes(object.known + 8);
    bytes.back() = 1;
    EXPECT_EQ(GetAt(object.fd, caller_.Put(bytes.data(), bytes.size()),
                    object.known + 8),
              Minus(Status::kTooBig));
    EXPECT_EQ(GetAt(object.fd, 0, 0), 0);
    EXPECT_EQ(GetAt(object.fd, 0, 8), Minus(Status::kFault));
    EXPECT_EQ(GetAt(object.fd, 0, object.known + 8), Minus(Status::kFault));
  }
}

TEST_P(ObjectInfoTest, WhatHasNoInformationIsSaidAsLinuxDoes) {
  EXPECT_EQ(GetAt(-1, 0, 0), Minus(Status::kBadFdState));
  EXPECT_EQ(GetAt(300, 0, 0), Minus(Status::kBadFdState));
  uint8_t bytes[24] = {};
  bytes[16] = 1;
  EXPECT_EQ(caller_.BpfAt(linux_abi::kObjGetInfoByFd,
                          caller_.Put(bytes, sizeof(bytes)), sizeof(bytes)),
            Minus(Status::kInvalid));
}

TEST_P(ObjectInfoTest, TypesAreReadBack) {
  const std::vector<uint8_t> blob = ProgramTypes();
  const int64_t fd = LoadBtf(caller_, blob);
  BtfInfo info{};
  info.btf_size = 10000;
  info.btf = caller_.Put(nullptr, 10000);
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.btf_size, blob.size());
  EXPECT_EQ(Read<uint8_t>(info.btf, blob.size()), blob);
  EXPECT_EQ(info.kernel_btf, 0u);
  EXPECT_EQ(info.name_size, 0u);

  info.btf_size = 5;
  info.btf = caller_.Put(nullptr, 16);
  ASSERT_EQ(Get(fd, info), 0);
  EXPECT_EQ(info.btf_size, blob.size());
  std::vector<uint8_t> cut(blob.begin(), blob.begin() + 5);
  cut.resize(16);
  EXPECT_EQ(Read<uint8_t>(info.btf, 16), cut);
}

TEST_P(ObjectInfoTest, ANameNeedsItsSize) {
  const int64_t fd = LoadBtf(caller_, ProgramTypes());
  BtfInfo info{};
  info.name = caller_.Put("xxxx");
  EXPECT_EQ(Get(fd, info), Minus(Status::kInvalid));
  info.name_size = 4;
  EXPECT_EQ(Get(fd, info), 0);
  EXPECT_EQ(caller_.Get<char>(info.name), '\0');
  info = BtfInfo{};
  info.name_size = 4;
  EXPECT_EQ(Get(fd, info), Minus(Status::kInvalid));
  info = BtfInfo{};
  info.btf_size = 4;
  EXPECT_EQ(Get(fd, info), Minus(Status::kFault));
}

}  // namespace
}  // namespace ebpf
