// SPDX-License-Identifier: MIT
#include "core/btf/btf_object.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/program.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::FdByIdAttr;
using linux_abi::NextIdAttr;

/// A kind of object with its commands.
struct Kind {
  const char* name;
  uint32_t next_id;
  uint32_t fd_by_id;
  int64_t (*make)(TestCaller& caller);
};

const Kind kKinds[] = {
    {"map", linux_abi::kMapGetNextId, linux_abi::kMapGetFdById,
     [](TestCaller& caller) {
       return caller.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
     }},
    {"program", linux_abi::kProgGetNextId, linux_abi::kProgGetFdById,
     [](TestCaller& caller) { return caller.Load(kKprobe, Returning(0)); }},
    {"types", linux_abi::kBtfGetNextId, linux_abi::kBtfGetFdById,
     [](TestCaller& caller) { return LoadBtf(caller, ProgramTypes()); }},
};

class ObjectIdsTest : public SyscallTest {
 protected:
  /// The id behind `start`, or a negative errno.
  int64_t Next(uint32_t command, uint32_t start) {
    const uint64_t at = caller_.Put(NextIdAttr{start, 0});
    const int64_t result = caller_.BpfAt(command, at, sizeof(NextIdAttr));
    return result < 0 ? result : caller_.Get<NextIdAttr>(at).next_id;
  }
  /// The highest id.
  uint32_t Last(uint32_t command) {
    uint32_t last = 0;
    for (int64_t id = 0; id >= 0; id = Next(command, last)) {
      last = static_cast<uint32_t>(id);
    }
    return last;
  }
  int64_t Open(uint32_t command, uint32_t id) {
    return caller_.Call(command, FdByIdAttr{id, 0, 0});
  }
};

INSTANTIATE_TEST_SUITE_P(, ObjectIdsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ObjectIdsTest, EachObjectIsFoundInTurnUntilItIsGone) {
  for (const Kind& kind : kKinds) {
    // The kernel's own types are always there.
    const uint32_t before = Last(kind.next_id);
    EXPECT_EQ(before != 0, kind.next_id == linux_abi::kBtfGetNextId);
    const int64_t first_fd = kind.make(caller_);
    ASSERT_GE(first_fd, 0) << kind.name;
    const int64_t first = Next(kind.next_id, before);
    const int64_t second_fd = kind.make(caller_);
    const int64_t second = Next(kind.next_id, static_cast<uint32_t>(first));

    EXPECT_GT(first, 0) << kind.name;
    EXPECT_EQ(second, first + 1) << kind.name;
    EXPECT_EQ(Next(kind.next_id, static_cast<uint32_t>(second)),
              Minus(Status::kNotFound));
    caller_.CloseFd(first_fd);
    EXPECT_EQ(Next(kind.next_id, before), second) << kind.name;
    EXPECT_EQ(Open(kind.fd_by_id, static_cast<uint32_t>(first)),
              Minus(Status::kNotFound));
    caller_.CloseFd(second_fd);
    EXPECT_EQ(Last(kind.next_id), before) << kind.name;
  }
}

TEST_P(ObjectIdsTest, ADescriptorByIdKeepsTheObject) {
  for (const Kind& kind : kKinds) {
    const int64_t fd = kind.make(caller_);
    const uint32_t id = Last(kind.next_id);
    const int64_t other = Open(kind.fd_by_id, id);
    ASSERT_GE(other, 0) << kind.name;
    EXPECT_NE(other, fd) << kind.name;
    caller_.CloseFd(fd);
    EXPECT_EQ(Last(kind.next_id), id) << kind.name;
    EXPECT_EQ(caller_.CloseFd(other), 0);
    EXPECT_EQ(Open(kind.fd_by_id, id), Minus(Status::kNotFound)) << kind.name;
  }
}

TEST_P(ObjectIdsTest, WhatIsRefusedIsWhatLinuxRefuses) {
  for (const Kind& kind : kKinds) {
    for (const uint32_t start : {0x7fffffffu, 0x80000000u, 0xffffffffu}) {
      EXPECT_EQ(Next(kind.next_id, start), Minus(Status::kInvalid));
    }
    EXPECT_EQ(Next(kind.next_id, 0x7ffffffe), Minus(Status::kNotFound));
    for (const uint32_t id : {0u, 12345678u, 0x7fffffffu, 0xffffffffu}) {
      EXPECT_EQ(Open(kind.fd_by_id, id), Minus(Status::kNotFound)) << id;
    }
    EXPECT_EQ(caller_.Call(kind.next_id, FdByIdAttr{0, 0, 1}),
              Minus(Status::kInvalid));
    const FdByIdAttr with_flags = {1, 0, 4};
    EXPECT_EQ(caller_.Call(kind.fd_by_id, with_flags), Minus(Status::kInvalid))
        << kind.name;
  }
  // Of maps nobody looks at next_id.
  const int64_t fd = kKinds[0].make(caller_);
  const uint32_t id = Last(linux_abi::kMapGetNextId);
  EXPECT_GE(caller_.Call(linux_abi::kMapGetFdById, FdByIdAttr{id, 7, 0}), 0);
  EXPECT_EQ(caller_.Call(linux_abi::kProgGetFdById, FdByIdAttr{id, 7, 0}),
            Minus(Status::kInvalid));
  caller_.CloseFd(fd);
}

TEST_P(ObjectIdsTest, OldClientsGiveLess) {
  const int64_t fd = kKinds[0].make(caller_);
  const uint32_t id = Last(linux_abi::kMapGetNextId);
  const uint64_t at = caller_.Put(FdByIdAttr{id, 0, 0});
  for (const uint32_t size : {4u, 8u, 12u}) {
    const int64_t other = caller_.BpfAt(linux_abi::kMapGetFdById, at, size);
    EXPECT_GE(other, 0) << size;
    caller_.CloseFd(other);
  }
  EXPECT_EQ(caller_.BpfAt(linux_abi::kMapGetFdById, at, 0),
            Minus(Status::kNotFound));
  // The answer goes behind what was given, as in Linux.
  EXPECT_EQ(
      caller_.BpfAt(linux_abi::kMapGetNextId, caller_.Put(NextIdAttr{0, 0}), 4),
      0);
  caller_.CloseFd(fd);
}

TEST_P(ObjectIdsTest, AMapIsOpenedForReadingOrWritingOnly) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const uint32_t id = Last(linux_abi::kMapGetNextId);
  const auto open = [&](uint32_t flags) {
    return caller_.Call(linux_abi::kMapGetFdById, FdByIdAttr{id, 0, flags});
  };
  const uint64_t key = caller_.Put(uint32_t{0});
  const uint64_t value = caller_.Put(uint64_t{7});
  const int64_t reader = open(linux_abi::kMapReadOnly);
  const int64_t writer = open(linux_abi::kMapWriteOnly);
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, reader, key, value), 0);
  EXPECT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, reader, key, value),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, writer, key, value),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, writer, key, value), 0);
  EXPECT_EQ(open(linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly),
            Minus(Status::kInvalid));
  caller_.CloseFd(fd);
}

// That is how a descriptor is open, not what the map is.
TEST_P(ObjectIdsTest, AMapMadeForReadingIsOpenedForWriting) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1,
                                       linux_abi::kMapReadOnly);
  const int64_t other =
      Open(linux_abi::kMapGetFdById, Last(linux_abi::kMapGetNextId));
  const uint64_t key = caller_.Put(uint32_t{0});
  const uint64_t value = caller_.Put(uint64_t{7});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, fd, key, value),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, other, key, value), 0);
}

TEST_P(ObjectIdsTest, OnlyWhoMayDoAllLooksForObjects) {
  for (const Kind& kind : kKinds) {
    ASSERT_GE(kind.make(caller_), 0);
  }
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf |
                      uint64_t{1} << linux_abi::kCapPerfmon);
  const bool may = GetParam() == Origin::kKernel;
  for (const Kind& kind : kKinds) {
    EXPECT_EQ(Next(kind.next_id, 0) > 0, may) << kind.name;
    EXPECT_EQ(Open(kind.fd_by_id, 0),
              Minus(may ? Status::kNotFound : Status::kNotPermitted));
    EXPECT_EQ(Next(kind.next_id, 0xffffffff), Minus(Status::kInvalid));
  }
}

TEST_P(ObjectIdsTest, TheIdOfAProgramIsWhatAnArrayShows) {
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t array =
      caller_.CreateMap(linux_abi::kMapTypeProgArray, 4, 4, 1);
  const uint64_t key = caller_.Put(uint32_t{0});
  ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, array, key,
                         caller_.Put(static_cast<uint32_t>(program))),
            0);
  const uint64_t value = caller_.Put(uint32_t{0});
  ASSERT_EQ(caller_.Elem(linux_abi::kMapLookupElem, array, key, value), 0);
  EXPECT_EQ(caller_.Get<uint32_t>(value), Last(linux_abi::kProgGetNextId));
}

TEST_P(ObjectIdsTest, EachAllocationMayFail) {
  for (const Kind& kind : kKinds) {
    const int64_t fd = kind.make(caller_);
    const uint32_t id = Last(kind.next_id);
    FailEachAllocation(
        kind.name, caller_, [&] { return Open(kind.fd_by_id, id); },
        [&](int64_t other) { caller_.CloseFd(other); });
    caller_.CloseFd(fd);
  }
}

TEST_P(ObjectIdsTest, TenThousandObjectsLeaveNothingBehind) {
  const uint64_t bytes = PortAllocatedBytes();
  for (int i = 0; i < 10000; ++i) {
    for (const Kind& kind : kKinds) {
      if (i % 10 != 0 && kind.next_id == linux_abi::kProgGetNextId) {
        continue;  // each load is verified and compiled
      }
      const int64_t fd = kind.make(caller_);
      ASSERT_GE(fd, 0) << kind.name;
      ASSERT_EQ(caller_.CloseFd(fd), 0);
    }
  }
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

}  // namespace
}  // namespace ebpf
