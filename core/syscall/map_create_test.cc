// SPDX-License-Identifier: MIT
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_btf.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::kMapTypeArray;
using linux_abi::kMapTypeHash;
using linux_abi::kMapTypePerCpuArray;
using linux_abi::kMapTypeRingBuffer;
using linux_abi::MapCreateAttr;

class MapCreateTest : public SyscallTest {
 protected:
  static MapCreateAttr Array() {
    MapCreateAttr attr{};
    attr.map_type = kMapTypeArray;
    attr.key_size = 4;
    attr.value_size = 8;
    attr.max_entries = 3;
    return attr;
  }
  int64_t Create(const MapCreateAttr& attr) {
    return caller_.Call(linux_abi::kMapCreate, attr);
  }
};

INSTANTIATE_TEST_SUITE_P(, MapCreateTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(MapCreateTest, EachKindGetsADescriptorOfItsOwn) {
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 8, 3), 3);
  EXPECT_EQ(caller_.CreateMap(kMapTypeHash, 12, 8, 3), 4);
  EXPECT_EQ(caller_.CreateMap(kMapTypePerCpuArray, 4, 8, 3), 5);
  EXPECT_EQ(caller_.CreateMap(kMapTypeRingBuffer, 0, 0, 4096), 6);
}

TEST_P(MapCreateTest, AMapLivesAsLongAsItsDescriptors) {
  const uint64_t before = PortAllocatedBytes();
  const int64_t fd = caller_.CreateMap(kMapTypeArray, 4, 4096, 100);
  ASSERT_GE(fd, 0);
  const int64_t twin = Dup(caller_.client(), static_cast<int32_t>(fd));
  ASSERT_GE(twin, 0);

  EXPECT_EQ(caller_.CloseFd(fd), 0);
  EXPECT_GT(PortAllocatedBytes(), before + 100 * 4096);
  EXPECT_EQ(caller_.CloseFd(twin), 0);
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST_P(MapCreateTest, UnknownTypesAndFlagsAreInvalid) {
  for (uint32_t type : {0u, 3u, 28u, 1000u, 0xffffffffu}) {
    EXPECT_EQ(caller_.CreateMap(type, 4, 8, 1), Minus(Status::kInvalid));
  }
  for (uint32_t bit = 13; bit < 32; ++bit) {
    EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 8, 1, 1u << bit),
              Minus(Status::kInvalid));
  }
}

TEST_P(MapCreateTest, SizesThatTheKindDoesNotHaveAreInvalid) {
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 8, 8, 1), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 0, 1), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeHash, 0, 8, 1), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeHash, 4, 8, 0), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeRingBuffer, 4, 0, 4096),
            Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeRingBuffer, 0, 0, 5000),
            Minus(Status::kInvalid));
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 0x80000000u, 1),
            Minus(Status::kTooBig));
}

TEST_P(MapCreateTest, MoreThanThereIsMemoryForIsRefused) {
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 0x7fffffff, 0xffffffffu),
            Minus(Status::kNoMemory));
}

TEST_P(MapCreateTest, FieldsOfOtherKindsAreInvalidWhereTheyWouldMatter) {
  MapCreateAttr attr = Array();
  attr.map_extra = 1;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr = Array();
  attr.map_ifindex = 1;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr = Array();
  attr.btf_vmlinux_value_type_id = 1;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr = Array();
  attr.map_flags = linux_abi::kMapNumaNode;
  attr.numa_node = 1;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
}

TEST_P(MapCreateTest, TypesOfKeyAndValueNeedABtfDescriptor) {
  MapCreateAttr attr = Array();
  attr.btf_value_type_id = 1;
  attr.btf_fd = 77;
  EXPECT_EQ(Create(attr), Minus(Status::kBadFd));
  attr.btf_fd = static_cast<uint32_t>(Create(Array()));
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr.btf_value_type_id = 0;
  attr.btf_key_type_id = 1;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
}

TEST_P(MapCreateTest, MalformedNamesAreInvalid) {
  MapCreateAttr attr = Array();
  memcpy(attr.map_name, "bad name", 9);
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  memset(attr.map_name, 'x', sizeof(attr.map_name));
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr.map_name[15] = '\0';
  EXPECT_GE(Create(attr), 0);
}

TEST_P(MapCreateTest, ATableOfDescriptorsThatIsFullLosesNothing) {
  std::vector<int64_t> fds;
  int64_t fd = 0;
  while ((fd = caller_.CreateMap(kMapTypeArray, 4, 8, 1)) >= 0) {
    fds.push_back(fd);
  }
  const uint64_t full = PortAllocatedBytes();
  EXPECT_EQ(fd, Minus(Status::kTooManyFiles));

  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 8, 1),
            Minus(Status::kTooManyFiles));
  EXPECT_EQ(PortAllocatedBytes(), full);
  EXPECT_EQ(caller_.CloseFd(fds[10]), 0);
  EXPECT_EQ(caller_.CreateMap(kMapTypeArray, 4, 8, 1), fds[10]);
}

TEST(MapCreateRightsTest, MakingIsForThePrivilegedUsingForAllWithADescriptor) {
  TestSystem system;
  TestCaller caller(Origin::kUser);
  const int64_t fd = caller.CreateMap(kMapTypeHash, 4, 8, 1);
  ASSERT_GE(fd, 0);
  const uint64_t key = caller.Put(uint32_t{1});
  const uint64_t value = caller.Put(uint64_t{2});

  SetHostCapabilities(0);

  EXPECT_EQ(caller.CreateMap(kMapTypeHash, 4, 8, 1),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(caller.CreateMap(kMapTypeArray, 4, 8, 1),
            Minus(Status::kNotPermitted));
  EXPECT_EQ(caller.Elem(linux_abi::kMapUpdateElem, fd, key, value), 0);
  EXPECT_EQ(caller.Elem(linux_abi::kMapLookupElem, fd, key, value), 0);
  for (int capability : {linux_abi::kCapBpf, linux_abi::kCapSysAdmin}) {
    SetHostCapabilities(uint64_t{1} << capability);
    EXPECT_GE(caller.CreateMap(kMapTypeArray, 4, 8, 1), 0);
  }
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapPerfmon);
  EXPECT_EQ(caller.CreateMap(kMapTypeArray, 4, 8, 1),
            Minus(Status::kNotPermitted));
}

TEST(MapCreateRightsTest, AHashWithoutASeedIsForAdministrators) {
  TestSystem system;
  TestCaller caller(Origin::kUser);

  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf);
  EXPECT_EQ(caller.CreateMap(kMapTypeHash, 4, 8, 1, linux_abi::kMapZeroSeed),
            Minus(Status::kNotPermitted));
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
  EXPECT_GE(caller.CreateMap(kMapTypeHash, 4, 8, 1, linux_abi::kMapZeroSeed),
            0);
}

TEST(MapCreateMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  struct {
    const char* name;
    uint32_t type, key_size, value_size, max_entries, flags;
  } const kKinds[] = {
      {"create an array", kMapTypeArray, 4, 8, 3, 0},
      {"create an mmapable array", kMapTypeArray, 4, 8, 3,
       linux_abi::kMapMmapable},
      {"create a hash", kMapTypeHash, 4, 8, 3, 0},
      {"create a hash without preallocation", kMapTypeHash, 4, 8, 3,
       linux_abi::kMapNoPrealloc},
      {"create a per-CPU array", kMapTypePerCpuArray, 4, 8, 3, 0},
      {"create a ring", kMapTypeRingBuffer, 0, 0, 4096, 0},
  };
  for (const auto& kind : kKinds) {
    FailEachAllocation(
        kind.name, caller,
        [&] {
          return caller.CreateMap(kind.type, kind.key_size, kind.value_size,
                                  kind.max_entries, kind.flags);
        },
        [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
  }
}

// --- BTF -------------------------------------------------------------------

TEST_P(MapCreateTest, TypesOfKeyAndValueAreKept) {
  MapCreateAttr attr = Array();
  attr.btf_fd = static_cast<uint32_t>(LoadBtf(caller_, ProgramTypes()));
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kStructType;
  const int64_t fd = Create(attr);
  ASSERT_GE(fd, 0);
  // The map needs no descriptor of them.
  EXPECT_EQ(caller_.CloseFd(attr.btf_fd), 0);

  const Ref<File> file = *caller_.client().fds().Get(fd);
  const MapBtf* types = file->AsMap()->map().types();
  ASSERT_NE(types, nullptr);
  EXPECT_EQ(types->key(), kIntType);
  EXPECT_EQ(types->value(), kStructType);
}

TEST_P(MapCreateTest, TypesHaveTheSizesThatTheMapHas) {
  MapCreateAttr attr = Array();
  attr.btf_fd = static_cast<uint32_t>(LoadBtf(caller_, ProgramTypes()));
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kIntType;  // 4 bytes, not 8
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr.btf_value_type_id = 1000;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr.btf_value_type_id = kStructType;
  attr.btf_key_type_id = kStructType;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
}

TEST_P(MapCreateTest, OnlyGlobalDataHasNoKey) {
  MapCreateAttr attr = Array();
  attr.btf_fd = static_cast<uint32_t>(LoadBtf(caller_, ProgramTypes()));
  attr.btf_value_type_id = kStructType;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
  attr.btf_value_type_id = kSectionType;
  attr.value_size = 4;
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid)) << "with three values";
  attr.max_entries = 1;
  EXPECT_GE(Create(attr), 0);
}

TEST_P(MapCreateTest, TheTypesDescriptorIsOneOfBtf) {
  MapCreateAttr attr = Array();
  attr.btf_key_type_id = kIntType;
  attr.btf_value_type_id = kStructType;
  attr.btf_fd = 300;
  EXPECT_EQ(Create(attr), Minus(Status::kBadFd));
  attr.btf_fd = static_cast<uint32_t>(Create(Array()));
  EXPECT_EQ(Create(attr), Minus(Status::kInvalid));
}

TEST_P(MapCreateTest, DescribedKindsAreNotForRunningPrograms) {
  EXPECT_EQ(
      caller_.CreateMap(static_cast<uint32_t>(MapType::kSockMap), 4, 4, 1),
      Minus(Status::kInvalid));
}

TEST(MapDescribeTest, AKernelThatJudgesHasAllKinds) {
  HostTraps traps;
  KernelView view;
  view.profile = verifier::Profile::kLinux;
  ASSERT_EQ(InitSystem(HostMachineOps(), {}, view), Status::kOk);
  {
    TestCaller caller(Origin::kKernel);
    EXPECT_GE(
        caller.CreateMap(static_cast<uint32_t>(MapType::kSockMap), 4, 4, 1), 0);
    const int64_t inner = caller.CreateMap(kMapTypeArray, 4, 8, 1);
    MapCreateAttr attr{};
    attr.map_type = static_cast<uint32_t>(MapType::kHashOfMaps);
    attr.key_size = 4;
    attr.value_size = 4;
    attr.max_entries = 1;
    EXPECT_EQ(caller.Call(linux_abi::kMapCreate, attr), Minus(Status::kBadFd));
    attr.inner_map_fd = static_cast<uint32_t>(inner);
    const int64_t outer = caller.Call(linux_abi::kMapCreate, attr);
    EXPECT_GE(outer, 0);
    attr.inner_map_fd = static_cast<uint32_t>(outer);
    EXPECT_EQ(caller.Call(linux_abi::kMapCreate, attr), Minus(Status::kInvalid))
        << "maps of maps of maps";
    // What lives with a socket or task is described by types, always.
    EXPECT_EQ(caller.CreateMap(static_cast<uint32_t>(MapType::kTaskStorage), 4,
                               8, 0, linux_abi::kMapNoPrealloc),
              Minus(Status::kInvalid));
  }
  ExitSystem();
}

}  // namespace
}  // namespace ebpf
