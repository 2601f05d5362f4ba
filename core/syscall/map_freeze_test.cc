// SPDX-License-Identifier: MIT
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

class MapFreezeTest : public SyscallTest {
 protected:
  int64_t Freeze(int64_t fd) {
    const linux_abi::MapFreezeAttr attr = {static_cast<uint32_t>(fd)};
    return caller_.Call(linux_abi::kMapFreeze, attr);
  }
  int64_t Update(int64_t fd, uint64_t value) {
    return caller_.Elem(linux_abi::kMapUpdateElem, fd, caller_.Put(uint32_t{0}),
                        caller_.Put(value));
  }
};

INSTANTIATE_TEST_SUITE_P(, MapFreezeTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(MapFreezeTest, AFrozenMapIsReadAndNotWritten) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  ASSERT_EQ(Update(fd, 7), 0);
  ASSERT_EQ(Freeze(fd), 0);

  EXPECT_EQ(Update(fd, 8), Minus(Status::kNotPermitted));
  const uint64_t value = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, fd,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), 7u);
}

TEST_P(MapFreezeTest, DeletingIsWriting) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
  ASSERT_EQ(Update(fd, 7), 0);
  ASSERT_EQ(Freeze(fd), 0);

  EXPECT_EQ(
      caller_.Elem(linux_abi::kMapDeleteElem, fd, caller_.Put(uint32_t{0}), 0),
      Minus(Status::kNotPermitted));
}

TEST_P(MapFreezeTest, AFrozenMapIsNotMappedForWriting) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1,
                                       linux_abi::kMapMmapable);
  ASSERT_EQ(Freeze(fd), 0);
  MapPages pages;

  EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 4096,
                 linux_abi::kProtWrite, &pages),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(
      Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 4096, 0, &pages), 0);
}

TEST_P(MapFreezeTest, WhoMayNotWriteMayNotFreeze) {
  const int64_t frozen = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  ASSERT_EQ(Freeze(frozen), 0);
  EXPECT_EQ(Freeze(frozen), Minus(Status::kNotPermitted));
  const int64_t read_only = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1,
                                              linux_abi::kMapReadOnly);
  EXPECT_EQ(Freeze(read_only), Minus(Status::kNotPermitted));
}

TEST_P(MapFreezeTest, OnlyMapsAreFrozen) {
  EXPECT_EQ(Freeze(300), Minus(Status::kBadFd));
  const int64_t program = caller_.Load(kSocketFilter, Returning(0));
  EXPECT_EQ(Freeze(program), Minus(Status::kInvalid));
}

}  // namespace
}  // namespace ebpf
