// SPDX-License-Identifier: MIT
#include "core/linux_abi/bpf.h"
#include "core/platform/cpu.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::kMapDeleteElem;
using linux_abi::kMapGetNextKey;
using linux_abi::kMapLookupElem;
using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeHash;
using linux_abi::kMapTypePerCpuArray;
using linux_abi::kMapTypeProgArray;
using linux_abi::kMapTypeRingBuffer;
using linux_abi::kMapUpdateElem;

constexpr uint64_t kNowhere = 0x1000;

class MapElemTest : public SyscallTest {
 protected:
  uint64_t Key(uint32_t key) { return caller_.Put(key); }
  uint64_t Value(uint64_t value) { return caller_.Put(value); }

  int64_t Update(int64_t fd, uint32_t key, uint64_t value, uint64_t flags = 0) {
    return caller_.Elem(kMapUpdateElem, fd, Key(key), Value(value), flags);
  }
  /// The value, or a negative errno.
  int64_t Lookup(int64_t fd, uint32_t key) {
    const uint64_t value = Value(0);
    const int64_t result = caller_.Elem(kMapLookupElem, fd, Key(key), value);
    return result < 0 ? result : caller_.Get<int64_t>(value);
  }
};

INSTANTIATE_TEST_SUITE_P(, MapElemTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(MapElemTest, AHashKeepsWhatIsPutIn) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 2);
  EXPECT_EQ(Lookup(fd, 1), Minus(Status::kNotFound));
  EXPECT_EQ(Update(fd, 1, 11), 0);
  EXPECT_EQ(Update(fd, 2, 22), 0);
  EXPECT_EQ(Lookup(fd, 1), 11);
  EXPECT_EQ(Lookup(fd, 2), 22);
  EXPECT_EQ(Update(fd, 1, 12), 0);
  EXPECT_EQ(Lookup(fd, 1), 12);
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, Key(1), 0), 0);
  EXPECT_EQ(Lookup(fd, 1), Minus(Status::kNotFound));
  EXPECT_EQ(Lookup(fd, 2), 22);
}

TEST_P(MapElemTest, AFrozenMapIsReadOnly) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 2);
  EXPECT_EQ(Update(fd, 1, 11), 0);
  const linux_abi::MapFreezeAttr freeze = {static_cast<uint32_t>(fd)};
  EXPECT_EQ(caller_.Call(linux_abi::kMapFreeze, freeze), 0);
  EXPECT_EQ(Update(fd, 1, 12), Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, Key(1), 0),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(Lookup(fd, 1), 11);
  EXPECT_EQ(caller_.Call(linux_abi::kMapFreeze, freeze),
            Minus(Status::kNotPermitted));
}

TEST_P(MapElemTest, ModesOfUpdate) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 2);
  EXPECT_EQ(Update(fd, 1, 1, linux_abi::kUpdateExist),
            Minus(Status::kNotFound));
  EXPECT_EQ(Update(fd, 1, 1, linux_abi::kUpdateNoExist), 0);
  EXPECT_EQ(Update(fd, 1, 2, linux_abi::kUpdateNoExist),
            Minus(Status::kExists));
  EXPECT_EQ(Update(fd, 1, 3, linux_abi::kUpdateExist), 0);
  EXPECT_EQ(Lookup(fd, 1), 3);
  for (uint64_t flags : {3u, 4u, 5u, 8u}) {
    EXPECT_EQ(Update(fd, 1, 1, flags), Minus(Status::kInvalid)) << flags;
  }
  EXPECT_EQ(Update(fd, 1, 1, uint64_t{1} << 40), Minus(Status::kInvalid));
}

TEST_P(MapElemTest, AFullHashIsTooBigForMore) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 2);
  EXPECT_EQ(Update(fd, 1, 1), 0);
  EXPECT_EQ(Update(fd, 2, 2), 0);
  EXPECT_EQ(Update(fd, 3, 3), Minus(Status::kTooBig));
  EXPECT_EQ(Update(fd, 1, 4), 0);
  EXPECT_EQ(Lookup(fd, 3), Minus(Status::kNotFound));
}

TEST_P(MapElemTest, AnArrayHasAllItsElementsAlways) {
  const int64_t fd = caller_.CreateMap(kMapTypeArray, 4, 8, 2);
  EXPECT_EQ(Lookup(fd, 1), 0);
  EXPECT_EQ(Update(fd, 1, 5), 0);
  EXPECT_EQ(Lookup(fd, 1), 5);
  EXPECT_EQ(Update(fd, 1, 5, linux_abi::kUpdateNoExist),
            Minus(Status::kExists));
  EXPECT_EQ(Update(fd, 2, 5), Minus(Status::kTooBig));
  EXPECT_EQ(Lookup(fd, 2), Minus(Status::kNotFound));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, Key(1), 0),
            Minus(Status::kInvalid));
}

TEST_P(MapElemTest, APerCpuArrayMovesOneValueForEachCpu) {
  const int64_t fd = caller_.CreateMap(kMapTypePerCpuArray, 4, 4, 1);
  const uint32_t cpus = ebpf_port_cpu_count();
  std::vector<uint64_t> values(cpus);
  for (uint32_t i = 0; i < cpus; ++i) {
    values[i] = 100 + i;
  }
  const uint64_t in = caller_.Put(values.data(), values.size() * 8);
  const uint64_t out = caller_.Put(nullptr, values.size() * 8);

  EXPECT_EQ(caller_.Elem(kMapUpdateElem, fd, Key(0), in), 0);
  EXPECT_EQ(caller_.Elem(kMapLookupElem, fd, Key(0), out), 0);

  EXPECT_EQ(memcmp(caller_.At(out), values.data(), values.size() * 8), 0);
}

TEST_P(MapElemTest, KeysAreGoneThroughOneByOne) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 10);
  for (uint32_t key = 1; key <= 5; ++key) {
    EXPECT_EQ(Update(fd, key, key), 0);
  }
  uint64_t seen = 0;
  const uint64_t next = Key(0);
  uint64_t last = 0;  // null: from the start
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(caller_.Elem(kMapGetNextKey, fd, last, next), 0);
    seen |= uint64_t{1} << caller_.Get<uint32_t>(next);
    last = Key(caller_.Get<uint32_t>(next));
  }
  EXPECT_EQ(seen, 0b111110u);
  EXPECT_EQ(caller_.Elem(kMapGetNextKey, fd, last, next),
            Minus(Status::kNotFound));
  // One that is not there starts again.
  EXPECT_EQ(caller_.Elem(kMapGetNextKey, fd, Key(99), next), 0);
}

TEST_P(MapElemTest, PointersThatAreWrongFaultAndChangeNothing) {
  const int64_t fd = caller_.CreateMap(kMapTypeHash, 4, 8, 10);
  EXPECT_EQ(Update(fd, 1, 11), 0);
  std::vector<uint64_t> bad = {0};
  if (GetParam() == Origin::kUser) {
    bad.push_back(kNowhere);
    bad.push_back(UINT64_MAX - 3);
    bad.push_back(reinterpret_cast<uint64_t>(&bad));  // the kernel's
  }
  for (uint64_t at : bad) {
    for (uint32_t command : {kMapLookupElem, kMapUpdateElem, kMapDeleteElem}) {
      const uint64_t value = command == kMapDeleteElem ? 0 : Value(77);
      EXPECT_EQ(caller_.Elem(command, fd, at, value), Minus(Status::kFault));
    }
    EXPECT_EQ(caller_.Elem(kMapLookupElem, fd, Key(1), at),
              Minus(Status::kFault));
    EXPECT_EQ(caller_.Elem(kMapUpdateElem, fd, Key(1), at),
              Minus(Status::kFault));
    EXPECT_EQ(caller_.Elem(kMapGetNextKey, fd, 0, at), Minus(Status::kFault));
  }
  EXPECT_EQ(Lookup(fd, 1), 11);
}

TEST_P(MapElemTest, DescriptorsThatAreNoMapsAreRefused) {
  const int64_t program = caller_.Load(kSocketFilter, Returning(0));
  ASSERT_GE(program, 0);
  for (uint32_t command :
       {kMapLookupElem, kMapUpdateElem, kMapDeleteElem, kMapGetNextKey}) {
    const uint64_t value = command == kMapDeleteElem ? 0 : Value(0);
    for (int64_t fd : {-1, 0, 77, 512, INT32_MAX, INT32_MIN}) {
      EXPECT_EQ(caller_.Elem(command, fd, Key(0), value),
                Minus(Status::kBadFd));
    }
    EXPECT_EQ(caller_.Elem(command, program, Key(0), value),
              Minus(Status::kInvalid));
  }
}

TEST_P(MapElemTest, AMapMayBeClosedToReadersOrWriters) {
  const int64_t read_only =
      caller_.CreateMap(kMapTypeArray, 4, 8, 1, linux_abi::kMapReadOnly);
  const int64_t write_only =
      caller_.CreateMap(kMapTypeArray, 4, 8, 1, linux_abi::kMapWriteOnly);
  ASSERT_GE(read_only, 0);
  ASSERT_GE(write_only, 0);

  EXPECT_EQ(Lookup(read_only, 0), 0);
  EXPECT_EQ(Update(read_only, 0, 1), Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, read_only, Key(0), 0),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(Update(write_only, 0, 1), 0);
  EXPECT_EQ(Lookup(write_only, 0), Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(kMapGetNextKey, write_only, 0, Key(0)),
            Minus(Status::kNotPermitted));
}

TEST_P(MapElemTest, ARingHasNoElements) {
  const int64_t fd = caller_.CreateMap(kMapTypeRingBuffer, 0, 0, 4096);
  const uint64_t memory = Value(0);
  EXPECT_EQ(caller_.Elem(kMapLookupElem, fd, 0, memory),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(caller_.Elem(kMapUpdateElem, fd, 0, memory),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, 0, 0),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(caller_.Elem(kMapGetNextKey, fd, 0, memory),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(caller_.Elem(kMapLookupElem, fd, memory, memory),
            Minus(Status::kInvalid));  // a key, where there are none
}

TEST_P(MapElemTest, AnArrayOfProgramsTakesDescriptorsAndShowsIds) {
  const int64_t fd = caller_.CreateMap(kMapTypeProgArray, 4, 4, 2);
  const int64_t program = caller_.Load(kSocketFilter, Returning(0));
  const int64_t other = caller_.Load(kSocketFilter, Returning(1));
  ASSERT_GE(program, 0);
  EXPECT_EQ(Lookup(fd, 0), Minus(Status::kNotFound));
  EXPECT_EQ(Update(fd, 0, static_cast<uint64_t>(program)), 0);
  const int64_t id = Lookup(fd, 0);
  EXPECT_GT(id, 0);
  EXPECT_EQ(Update(fd, 0, static_cast<uint64_t>(other)), 0);
  EXPECT_GT(Lookup(fd, 0), 0);
  EXPECT_NE(Lookup(fd, 0), id);
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, Key(0), 0), 0);
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, fd, Key(0), 0),
            Minus(Status::kNotFound));
  EXPECT_EQ(Lookup(fd, 0), Minus(Status::kNotFound));
}

TEST_P(MapElemTest, AnArrayOfProgramsRefusesWhatIsNoProgramOfItsType) {
  const int64_t fd = caller_.CreateMap(kMapTypeProgArray, 4, 4, 2);
  const auto program =
      static_cast<uint64_t>(caller_.Load(kSocketFilter, Returning(0)));
  const auto probe = static_cast<uint64_t>(caller_.Load(kKprobe, Returning(0)));
  EXPECT_EQ(Update(fd, 0, UINT32_MAX), Minus(Status::kBadFd));
  EXPECT_EQ(Update(fd, 0, static_cast<uint64_t>(fd)), Minus(Status::kInvalid));
  EXPECT_EQ(Update(fd, 2, program), Minus(Status::kTooBig));
  for (uint64_t flags : {1u, 2u, 3u, 4u, 8u}) {
    EXPECT_EQ(Update(fd, 0, program, flags), Minus(Status::kInvalid)) << flags;
  }
  EXPECT_EQ(Update(fd, 0, program), 0);
  EXPECT_EQ(Update(fd, 1, probe), Minus(Status::kInvalid));
}

TEST_P(MapElemTest, AnArrayOfProgramsKeepsThemUntilItIsClosed) {
  const int64_t fd = caller_.CreateMap(kMapTypeProgArray, 4, 4, 2);
  const int64_t program = caller_.Load(kSocketFilter, Returning(0));
  EXPECT_EQ(Update(fd, 1, static_cast<uint64_t>(program)), 0);
  EXPECT_EQ(caller_.CloseFd(program), 0);
  EXPECT_GT(Lookup(fd, 1), 0);
  EXPECT_EQ(caller_.CloseFd(fd), 0);
  // Nothing is left: TestSystem looks.
}

TEST_P(MapElemTest, AProgramThatUsesTheArrayItStandsInDies) {
  const int64_t fd = caller_.CreateMap(kMapTypeProgArray, 4, 4, 2);
  const int64_t program = caller_.Load(
      kSocketFilter, {LoadLow(2, isa::kPseudoMapFd, static_cast<int32_t>(fd)),
                      LoadHigh(0), MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  EXPECT_EQ(Update(fd, 0, static_cast<uint64_t>(program)), 0);
  EXPECT_EQ(caller_.CloseFd(program), 0);
  EXPECT_EQ(caller_.CloseFd(fd), 0);
}

TEST(MapElemMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  const uint64_t key = caller.Put(uint32_t{7});
  const uint64_t value = caller.Put(uint64_t{7});
  const int64_t fd = caller.CreateMap(kMapTypeHash, 4, 8, 4);
  const auto keep = [](int64_t /*result*/) {};
  FailEachAllocation(
      "update an element", caller,
      [&] { return caller.Elem(kMapUpdateElem, fd, key, value); }, keep);
  FailEachAllocation(
      "look up an element", caller,
      [&] { return caller.Elem(kMapLookupElem, fd, key, value); }, keep);
  FailEachAllocation(
      "get the next key", caller,
      [&] { return caller.Elem(kMapGetNextKey, fd, 0, value); }, keep);
  FailEachAllocation(
      "delete an element", caller,
      [&] { return caller.Elem(kMapDeleteElem, fd, key, 0); }, keep);
}

TEST(MapElemMemoryTest, EachAllocationOfAHashWithoutPreallocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  const uint64_t key = caller.Put(uint32_t{7});
  const uint64_t value = caller.Put(uint64_t{7});
  const int64_t fd =
      caller.CreateMap(kMapTypeHash, 4, 8, 4, linux_abi::kMapNoPrealloc);
  // One element that was deleted is kept for the next.
  ASSERT_EQ(caller.Elem(kMapUpdateElem, fd, key, value), 0);
  ASSERT_EQ(caller.Elem(kMapDeleteElem, fd, key, 0), 0);
  FailEachAllocation(
      "update an element without preallocation", caller,
      [&] { return caller.Elem(kMapUpdateElem, fd, key, value); },
      [&](int64_t) { EXPECT_EQ(caller.Elem(kMapDeleteElem, fd, key, 0), 0); });
}

}  // namespace
}  // namespace ebpf
