// SPDX-License-Identifier: MIT
//
// The errnos are those that the host's Linux gave for the same calls.
#include "core/syscall/obj_pin.h"

#include <set>
#include <string>

#include "core/linux_abi/bpf_objects.h"
#include "core/maps/map.h"
#include "core/platform/task.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::ObjectPathAttr;

const std::string kRoot = "/sys/fs/bpf/";

class ObjPinTest : public SyscallTest {
 protected:
  int64_t PinAt(int64_t fd, uint64_t path, uint32_t flags = 0,
                int32_t path_fd = 0) {
    return caller_.Call(
        linux_abi::kObjPin,
        ObjectPathAttr{path, static_cast<uint32_t>(fd), flags, path_fd, 0});
  }
  int64_t GetAt(uint64_t path, uint32_t flags = 0, uint32_t fd = 0,
                int32_t path_fd = 0) {
    return caller_.Call(linux_abi::kObjGet,
                        ObjectPathAttr{path, fd, flags, path_fd, 0});
  }
  uint64_t Path(const std::string& path) {
    return caller_.Put(path.c_str(), path.size() + 1);
  }
  int64_t Pin(int64_t fd, const std::string& path) {
    return PinAt(fd, Path(path));
  }
  int64_t Get(const std::string& path, uint32_t flags = 0) {
    return GetAt(Path(path), flags);
  }
  CallerPtr Pointer(const std::string& path) {
    return caller_.client().Pointer(Path(path));
  }
  int64_t MakeDirectory(const std::string& path) {
    return MakePinDirectory(caller_.client(), Pointer(path));
  }
  int64_t Remove(const std::string& path) {
    return RemovePinDirectory(caller_.client(), Pointer(path));
  }
  int64_t Unlink(const std::string& path) {
    return UnlinkPin(caller_.client(), Pointer(path));
  }
  int64_t NewMap() {
    return caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  }
  std::string Name(int64_t fd) {
    return (*caller_.client().fds().Get(fd))->name();
  }

  const int64_t not_found_ = Minus(Status::kNotFound);
  const int64_t exists_ = Minus(Status::kExists);
  const int64_t not_permitted_ = Minus(Status::kNotPermitted);
  const int64_t access_ = Minus(Status::kAccess);
  const int64_t invalid_ = Minus(Status::kInvalid);
  const int64_t not_directory_ = Minus(Status::kNotDirectory);
  const int64_t fault_ = Minus(Status::kFault);
  const int64_t too_long_ = Minus(Status::kNameTooLong);
};

INSTANTIATE_TEST_SUITE_P(, ObjPinTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(ObjPinTest, APinnedObjectOutlivesItsDescriptors) {
  const int64_t map = NewMap();
  const uint32_t id = *MapIds().FirstId(1);
  ASSERT_EQ(Pin(map, kRoot + "map"), 0);
  caller_.CloseFd(map);
  ASSERT_TRUE(MapIds().Find(id).ok());

  const int64_t again = Get(kRoot + "map");
  ASSERT_GE(again, 0);
  EXPECT_EQ(Name(again), "anon_inode:bpf-map");
  caller_.CloseFd(again);
  EXPECT_EQ(Unlink(kRoot + "map"), 0);
  EXPECT_FALSE(MapIds().Find(id).ok());
  EXPECT_EQ(Get(kRoot + "map"), not_found_);
}

TEST_P(ObjPinTest, WhatIsPinnedGoesWithTheSystem) {
  // TestSystem sees that nothing is left.
  ASSERT_EQ(MakeDirectory(kRoot + "a"), 0);
  ASSERT_EQ(MakeDirectory(kRoot + "a/b"), 0);
  ASSERT_EQ(Pin(NewMap(), kRoot + "a/b/map"), 0);
  ASSERT_EQ(Pin(caller_.Load(kKprobe, Returning(0)), kRoot + "a/program"), 0);
}

TEST_P(ObjPinTest, AnArrayOfProgramsIsNotEmptiedWhileItIsPinned) {
  const int64_t array =
      caller_.CreateMap(linux_abi::kMapTypeProgArray, 4, 4, 1);
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const uint64_t key = caller_.Put(uint32_t{0});
  ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, array, key,
                         caller_.Put(static_cast<uint32_t>(program))),
            0);
  ASSERT_EQ(Pin(array, kRoot + "array"), 0);
  caller_.CloseFd(array);
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, Get(kRoot + "array"), key,
                         caller_.Put(uint64_t{0})),
            0);
}

TEST_P(ObjPinTest, NamesArePaths) {
  const int64_t map = NewMap();
  ASSERT_EQ(Pin(map, kRoot + "map"), 0);
  EXPECT_EQ(Pin(map, kRoot + "map"), exists_);
  EXPECT_EQ(Pin(map, kRoot + "nodir/map"), not_found_);
  EXPECT_EQ(Pin(map, kRoot + "map/map"), not_directory_);
  EXPECT_EQ(Pin(map, kRoot), exists_);
  EXPECT_EQ(Pin(map, "/sys/fs/bpf"), exists_);
  EXPECT_EQ(Pin(map, kRoot + "x/"), not_found_);
  EXPECT_EQ(Pin(map, kRoot + "a.b"), not_permitted_);
  EXPECT_EQ(Pin(map, kRoot + ".x"), not_permitted_);
  EXPECT_EQ(Pin(map, kRoot + "."), exists_);
  EXPECT_EQ(Pin(map, "/tmp/x"), not_permitted_);
  EXPECT_EQ(Pin(map, "/sys/fs/bpfx"), not_permitted_);
  EXPECT_EQ(Pin(map, kRoot + "../x"), not_permitted_);
  EXPECT_EQ(Pin(map, ""), not_found_);
  EXPECT_EQ(PinAt(map, 0), fault_);
  EXPECT_EQ(Pin(map, kRoot + std::string(255, 'a')), 0);
  EXPECT_EQ(Pin(map, kRoot + std::string(256, 'a')), too_long_);
  std::string path = kRoot;
  while (path.size() < 5000) {
    path += "a/";
  }
  EXPECT_EQ(Pin(map, path), too_long_);

  ASSERT_EQ(MakeDirectory(kRoot + "dir"), 0);
  EXPECT_EQ(MakeDirectory(kRoot + "dir"), exists_);
  EXPECT_EQ(MakeDirectory(kRoot + "map"), exists_);
  EXPECT_EQ(MakeDirectory(kRoot + "a.b"), not_permitted_);
  EXPECT_EQ(MakeDirectory(kRoot + "nodir/x"), not_found_);
  EXPECT_EQ(Pin(map, kRoot + "dir"), exists_);
  EXPECT_EQ(Pin(map, kRoot + "dir//m2"), 0);
  EXPECT_EQ(Pin(map, kRoot + "dir/./m3"), 0);
  EXPECT_EQ(Pin(map, kRoot + "dir/../m4"), 0);
  EXPECT_EQ(Pin(map, "//sys/./fs//bpf/m5"), 0);
  for (const char* name : {"dir/m2", "dir/m3", "m4", "m5"}) {
    EXPECT_GE(Get(kRoot + name), 0) << name;
  }
}

TEST_P(ObjPinTest, OnlyObjectsOfSomeKindsHaveNames) {
  EXPECT_EQ(Pin(-1, kRoot + "x"), invalid_);
  EXPECT_EQ(Pin(300, kRoot + "x"), invalid_);
  EXPECT_EQ(PinAt(-1, 0), invalid_);  // before the path is looked at
  EXPECT_EQ(Pin(LoadBtf(caller_, ProgramTypes()), kRoot + "x"), invalid_);
}

TEST_P(ObjPinTest, FlagsAreThoseOfEachCommand) {
  const int64_t map = NewMap();
  EXPECT_EQ(PinAt(map, Path(kRoot + "x"), 8), invalid_);
  EXPECT_EQ(PinAt(map, Path(kRoot + "x"), 0, 5), invalid_);
  EXPECT_EQ(PinAt(map, Path(kRoot + "x"), linux_abi::kMapPathFd), 0);
  EXPECT_EQ(PinAt(map, Path("y"), linux_abi::kMapPathFd, 300),
            Minus(Status::kBadFd));
  EXPECT_EQ(
      PinAt(map, Path("y"), linux_abi::kMapPathFd, static_cast<int32_t>(map)),
      not_directory_);
  EXPECT_EQ(GetAt(Path(kRoot + "x"), 4), invalid_);
  EXPECT_EQ(GetAt(Path(kRoot + "x"), 0, 3), invalid_);
  EXPECT_EQ(GetAt(Path(kRoot + "x"), 24), invalid_);
  EXPECT_EQ(GetAt(Path(kRoot + "x"), 0, 0, 5), invalid_);
  EXPECT_EQ(GetAt(0), fault_);
}

TEST_P(ObjPinTest, OldClientsGiveLess) {
  const int64_t map = NewMap();
  const auto pin = [&](const char* name, uint32_t size) {
    const ObjectPathAttr attr = {Path(kRoot + name), static_cast<uint32_t>(map),
                                 0, 0, 0};
    return caller_.BpfAt(linux_abi::kObjPin, caller_.Put(attr), size);
  };
  EXPECT_EQ(pin("a", 12), 0);
  EXPECT_EQ(pin("b", 16), 0);
  EXPECT_EQ(pin("c", 20), 0);
  const ObjectPathAttr attr = {Path(kRoot + "a"), 0, 0, 0, 0};
  for (const uint32_t size : {8u, 16u, 20u}) {
    EXPECT_GE(caller_.BpfAt(linux_abi::kObjGet, caller_.Put(attr), size), 0);
  }
}

TEST_P(ObjPinTest, WhatIsNoObjectIsNotOpened) {
  ASSERT_EQ(Pin(NewMap(), kRoot + "map"), 0);
  ASSERT_EQ(MakeDirectory(kRoot + "dir"), 0);
  EXPECT_EQ(Get(kRoot + "nope"), not_found_);
  EXPECT_EQ(Get(kRoot + "dir"), access_);
  EXPECT_EQ(Get(kRoot), access_);
  EXPECT_EQ(Get("/tmp/x"), not_found_);
  EXPECT_EQ(Get(kRoot + "map/x"), not_directory_);
  EXPECT_EQ(Get(kRoot + "map/"), not_directory_);
  EXPECT_EQ(Get(""), not_found_);
}

TEST_P(ObjPinTest, AMapIsOpenedForReadingOrWritingOnly) {
  // What is pinned through a descriptor for reading is not for reading only.
  ASSERT_EQ(Pin(caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1,
                                  linux_abi::kMapReadOnly),
                kRoot + "map"),
            0);
  const uint64_t key = caller_.Put(uint32_t{0});
  const uint64_t value = caller_.Put(uint64_t{0});
  const auto update = [&](int64_t fd) {
    return caller_.Elem(linux_abi::kMapUpdateElem, fd, key, value);
  };
  EXPECT_EQ(update(Get(kRoot + "map")), 0);
  EXPECT_EQ(update(Get(kRoot + "map", linux_abi::kMapReadOnly)),
            not_permitted_);
  // Of programs nobody asks.
  ASSERT_EQ(Pin(caller_.Load(kKprobe, Returning(0)), kRoot + "program"), 0);
  EXPECT_GE(Get(kRoot + "program", linux_abi::kMapReadOnly), 0);
  EXPECT_GE(Get(kRoot + "program", linux_abi::kMapWriteOnly), 0);
}

TEST_P(ObjPinTest, ADirectoryIsRead) {
  ASSERT_EQ(MakeDirectory(kRoot + "dir"), 0);
  ASSERT_EQ(Pin(NewMap(), kRoot + "dir/one"), 0);
  ASSERT_EQ(MakeDirectory(kRoot + "dir/two"), 0);
  std::set<std::string> names;
  PinEntry entry;
  uint32_t index = 0;
  while (ReadPinDirectory(caller_.client(), Pointer(kRoot + "dir"), index,
                          &entry) == 0) {
    EXPECT_EQ(entry.is_directory, std::string(entry.name) == "two");
    names.insert(entry.name);
    ++index;
  }
  EXPECT_EQ(names, (std::set<std::string>{"one", "two"}));
  EXPECT_EQ(
      ReadPinDirectory(caller_.client(), Pointer(kRoot + "dir"), 2, &entry),
      not_found_);
  EXPECT_EQ(
      ReadPinDirectory(caller_.client(), Pointer(kRoot + "dir/one"), 0, &entry),
      not_directory_);
}

TEST_P(ObjPinTest, NamesAreRemoved) {
  ASSERT_EQ(MakeDirectory(kRoot + "dir"), 0);
  ASSERT_EQ(Pin(NewMap(), kRoot + "dir/map"), 0);
  EXPECT_EQ(Remove(kRoot + "dir"), Minus(Status::kNotEmpty));
  EXPECT_EQ(Remove(kRoot + "dir/map"), not_directory_);
  EXPECT_EQ(Unlink(kRoot + "dir"), Minus(Status::kIsDirectory));
  EXPECT_EQ(Unlink(kRoot + "nope"), not_found_);
  EXPECT_EQ(Unlink("/tmp/x"), not_permitted_);
  EXPECT_EQ(Remove(kRoot), Minus(Status::kBusy));
  EXPECT_EQ(Unlink(kRoot + "dir/map"), 0);
  EXPECT_EQ(Remove(kRoot + "dir"), 0);
  EXPECT_EQ(Remove(kRoot + "dir"), not_found_);
}

TEST_P(ObjPinTest, EachAllocationMayFail) {
  const int64_t map = NewMap();
  FailEachAllocation(
      "pin a map", caller_, [&] { return Pin(map, kRoot + "map"); },
      [&](int64_t) { EXPECT_EQ(Unlink(kRoot + "map"), 0); });
  ASSERT_EQ(Pin(map, kRoot + "map"), 0);
  FailEachAllocation(
      "get a pinned map", caller_, [&] { return Get(kRoot + "map"); },
      [&](int64_t fd) { caller_.CloseFd(fd); });
  FailEachAllocation(
      "make a directory of pins", caller_,
      [&] { return MakeDirectory(kRoot + "dir"); },
      [&](int64_t) { EXPECT_EQ(Remove(kRoot + "dir"), 0); });
}

}  // namespace
}  // namespace ebpf
