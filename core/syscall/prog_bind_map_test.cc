// SPDX-License-Identifier: MIT
#include <vector>

#include "core/linux_abi/bpf_objects.h"
#include "core/maps/map.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::BindMapAttr;

class ProgBindMapTest : public SyscallTest {
 protected:
  int64_t Bind(int64_t program, int64_t map, uint32_t flags = 0) {
    return caller_.Call(linux_abi::kProgBindMap,
                        BindMapAttr{static_cast<uint32_t>(program),
                                    static_cast<uint32_t>(map), flags});
  }
  int64_t NewMap() {
    return caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  }
  uint32_t MapCount(int64_t program) {
    const uint64_t at = caller_.Put(linux_abi::ProgramInfo{});
    EXPECT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd,
                           linux_abi::ObjectInfoAttr{
                               static_cast<uint32_t>(program),
                               sizeof(linux_abi::ProgramInfo), at}),
              0);
    return caller_.Get<linux_abi::ProgramInfo>(at).map_count;
  }
};

INSTANTIATE_TEST_SUITE_P(, ProgBindMapTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ProgBindMapTest, ABoundMapLivesAsLongAsTheProgram) {
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t map = NewMap();
  const uint32_t id = *MapIds().FirstId(1);
  ASSERT_EQ(Bind(program, map), 0);
  EXPECT_EQ(MapCount(program), 1u);
  caller_.CloseFd(map);
  EXPECT_TRUE(MapIds().Find(id).ok());
  caller_.CloseFd(program);
  EXPECT_FALSE(MapIds().Find(id).ok());
}

TEST_P(ProgBindMapTest, BindingTwiceIsBindingOnce) {
  const int64_t map = NewMap();
  const int64_t program = caller_.Load(
      kKprobe, {LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)),
                LoadHigh(0), MovImm(0, 0), Exit()});
  EXPECT_EQ(Bind(program, map), 0);  // it uses it already
  EXPECT_EQ(MapCount(program), 1u);
  const int64_t other = NewMap();
  EXPECT_EQ(Bind(program, other), 0);
  EXPECT_EQ(Bind(program, other), 0);
  EXPECT_EQ(MapCount(program), 2u);
}

TEST_P(ProgBindMapTest, AnyNumberIsBound) {
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  for (uint32_t i = 0; i < 100; ++i) {
    const int64_t map = NewMap();
    ASSERT_EQ(Bind(program, map), 0);
    caller_.CloseFd(map);
  }
  EXPECT_EQ(MapCount(program), 100u);
}

TEST_P(ProgBindMapTest, RefusesInLinuxsOrder) {
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t map = NewMap();
  const int64_t invalid = Minus(Status::kInvalid);
  const int64_t bad_fd = Minus(Status::kBadFd);
  EXPECT_EQ(Bind(program, map, 1), invalid);
  EXPECT_EQ(Bind(-1, -1, 1), invalid);
  EXPECT_EQ(Bind(-1, map), bad_fd);
  EXPECT_EQ(Bind(program, -1), bad_fd);
  EXPECT_EQ(Bind(map, program), invalid);
  EXPECT_EQ(Bind(program, program), invalid);
  EXPECT_EQ(Bind(map, map), invalid);
  EXPECT_EQ(Bind(-1, program), bad_fd);
}

TEST_P(ProgBindMapTest, EachAllocationMayFail) {
  const int64_t map = NewMap();
  // What is bound goes with the program only.
  int64_t program = -1;
  FailEachAllocation(
      "load a program and bind a map", caller_,
      [&] {
        program = caller_.Load(kKprobe, Returning(0));
        if (program < 0) {
          return program;
        }
        const int64_t result = Bind(program, map);
        if (result < 0) {
          caller_.CloseFd(program);
        }
        return result;
      },
      [&](int64_t) { caller_.CloseFd(program); });
}

}  // namespace
}  // namespace ebpf
