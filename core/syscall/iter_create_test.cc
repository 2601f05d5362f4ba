// SPDX-License-Identifier: MIT
//
// Iterators by the system calls alone. What Linux does with the same programs
// is compared in testing/oracle/iterators_host_test.cc.
#include "core/syscall/iter_create.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/files/iterator_file.h"
#include "core/files/map_file.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/kernel_types.h"
#include "core/syscall/obj_pin.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using linux_abi::IteratorLinkInfo;
using Code = std::vector<isa::Insn>;

constexpr uint32_t kTracing = 26;
constexpr uint32_t kTraceIter = 28;
constexpr uint32_t kTraceFentry = 24;
constexpr uint64_t kNowhere = 0x1000;
/// Offsets in struct bpf_map, bpf_prog, bpf_prog_aux and bpf_link.
constexpr int16_t kIdOfMap = 28;
constexpr int16_t kAuxOfProgram = 24;
constexpr int16_t kIdOfAux = 16;
constexpr int16_t kIdOfLink = 8;

/// Writes four bytes at r10 - 8 to the file of the context in r6.
Code WriteWord() {
  return {Insn(0x79, 1, 6, 0, 0), Insn(0x79, 1, 1, 0, 0),
          MovReg(2, 10),          Insn(0x07, 2, 0, 0, -8),
          MovImm(3, 4),           CallHelper(helper_id::seq_write)};
}

/// r7 = the first argument behind meta; without one the program ends.
Code Begin() {
  return {MovReg(6, 1), Insn(0x79, 7, 6, 8, 0), Insn(0x55, 7, 0, 2, 0),
          MovImm(0, 0), Exit()};
}

Code operator+(Code first, const Code& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// Writes the id of each object, which `load` loads into r1 from r7.
Code WriteIds(const Code& load) {
  return Begin() + load + Code{Insn(0x63, 10, 1, -8, 0)} + WriteWord() +
         Returning(0);
}
Code MapIdsOnly() { return WriteIds({Insn(0x61, 1, 7, kIdOfMap, 0)}); }

class IterCreateTest : public SyscallTest {
 protected:
  static uint32_t Function(const char* name) {
    return RunningSystem()
        ->kernel.btf->Find(btf::Kind::kFunction, name)
        .ValueOr(0);
  }
  linux_abi::ProgLoadAttr ProgramFor(const char* function, const Code& code) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kTracing, code);
    attr.expected_attach_type = kTraceIter;
    attr.attach_btf_id = Function(function);
    return attr;
  }
  int64_t LoadFor(const char* function, const Code& code) {
    return caller_.Call(linux_abi::kProgLoad, ProgramFor(function, code));
  }
  int64_t Link(int64_t program, int64_t map = -1) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = kTraceIter;
    if (map >= 0) {
      attr.details[0] =
          caller_.Put(IteratorLinkInfo{static_cast<uint32_t>(map), {}});
      attr.details[1] = sizeof(IteratorLinkInfo);
    }
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
  int64_t Open(int64_t link, uint32_t flags = 0) {
    return caller_.Call(
        linux_abi::kIterCreate,
        linux_abi::IterCreateAttr{static_cast<uint32_t>(link), flags});
  }
  /// A file of a program for `function`; everything else is closed again.
  int64_t OpenFor(const char* function, const Code& code, int64_t map = -1) {
    const int64_t program = LoadFor(function, code);
    EXPECT_GE(program, 0);
    const int64_t link = Link(program, map);
    EXPECT_GE(link, 0);
    const int64_t file = Open(link);
    EXPECT_EQ(caller_.CloseFd(link), 0);
    EXPECT_EQ(caller_.CloseFd(program), 0);
    return file;
  }
  int64_t ReadFd(int64_t fd, uint64_t to, uint64_t size) {
    return Read(caller_.client(), static_cast<int32_t>(fd),
                caller_.client().Pointer(to), size);
  }
  /// The words of a file, read in pieces of `size`.
  std::vector<uint32_t> Words(int64_t fd, uint64_t size = 64) {
    std::string text;
    const uint64_t at = caller_.Put(nullptr, size);
    int64_t count;
    while ((count = ReadFd(fd, at, size)) > 0) {
      text.append(static_cast<char*>(caller_.At(at)),
                  static_cast<size_t>(count));
    }
    EXPECT_EQ(count, 0);
    std::vector<uint32_t> words(text.size() / 4);
    std::copy_n(text.data(), 4 * words.size(),
                reinterpret_cast<char*>(words.data()));
    return words;
  }
  uint32_t IdOf(int64_t map) {
    return (*caller_.client().fds().Get(map))->AsMap()->map().id();
  }
  int64_t NewMap() {
    return caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 4);
  }
  std::vector<uint32_t> MakeMaps(size_t count) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < count; ++i) {
      maps_.push_back(NewMap());
      ids.push_back(IdOf(maps_.back()));
    }
    return ids;
  }

  std::vector<int64_t> maps_;
};

INSTANTIATE_TEST_SUITE_P(, IterCreateTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(IterCreateTest, AReadShowsEachMapByItsId) {
  const std::vector<uint32_t> ids = MakeMaps(5);
  EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map", MapIdsOnly())), ids);
}

TEST_P(IterCreateTest, AReadShowsEachProgramAndLink) {
  const int64_t program =
      LoadFor("bpf_iter_bpf_prog", WriteIds({Insn(0x79, 1, 7, kAuxOfProgram, 0),
                                             Insn(0x61, 1, 1, kIdOfAux, 0)}));
  const int64_t link = Link(program);
  const std::vector<uint32_t> programs = Words(Open(link));
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0], *ProgramIds().FirstId(1));

  const std::vector<uint32_t> links = Words(
      OpenFor("bpf_iter_bpf_link", WriteIds({Insn(0x61, 1, 7, kIdOfLink, 0)})));
  EXPECT_EQ(links, std::vector<uint32_t>{*LinkIds().FirstId(1)})
      << "the file's own link was closed before";
}

TEST_P(IterCreateTest, ReadsOfAnySizeGiveTheSame) {
  const std::vector<uint32_t> ids = MakeMaps(9);
  for (const uint64_t size :
       {1u, 2u, 3u, 4u, 5u, 7u, 8u, 35u, 36u, 37u, 4096u}) {
    EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map", MapIdsOnly()), size), ids)
        << size;
  }
}

TEST_P(IterCreateTest, HostileSizesAndAddressesCostNothing) {
  const std::vector<uint32_t> ids = MakeMaps(3);
  const int64_t file = OpenFor("bpf_iter_bpf_map", MapIdsOnly());
  const uint64_t at = caller_.Put(nullptr, 64);
  EXPECT_EQ(ReadFd(file, at, 0), 0);
  EXPECT_EQ(ReadFd(file, 0, 0), 0);
  if (GetParam() == Origin::kUser) {
    for (const uint64_t size : {uint64_t{1}, uint64_t{4096}, ~uint64_t{0}}) {
      EXPECT_EQ(ReadFd(file, kNowhere, size), Minus(Status::kFault));
    }
  }
  // As large as can be said: no more is copied than there is.
  EXPECT_EQ(ReadFd(file, at, ~uint64_t{0}), 4) << "the text of the first read";
  EXPECT_EQ(caller_.Get<uint32_t>(at), ids[0]);
  EXPECT_EQ(ReadFd(file, at, ~uint64_t{0} >> 1), 8);
  EXPECT_EQ(caller_.Get<uint32_t>(at), ids[1]);
  EXPECT_EQ(ReadFd(file, at, 64), 0);
}

TEST_P(IterCreateTest, AMapThatGoesMeanwhileIsLeftOut) {
  const std::vector<uint32_t> ids = MakeMaps(4);
  const int64_t file = OpenFor("bpf_iter_bpf_map", MapIdsOnly());
  const uint64_t at = caller_.Put(nullptr, 64);
  ASSERT_EQ(ReadFd(file, at, 4), 4);
  // The next one is known already, and not held.
  EXPECT_EQ(caller_.CloseFd(maps_[1]), 0);
  EXPECT_EQ(MapIds().Find(ids[1]).status(), Status::kNotFound);
  ASSERT_EQ(ReadFd(file, at, 4), 4);
  EXPECT_EQ(caller_.Get<uint32_t>(at), ids[2]);
  EXPECT_EQ(caller_.CloseFd(maps_[3]), 0);
  EXPECT_EQ(ReadFd(file, at, 64), 0);
}

TEST_P(IterCreateTest, OneObjectMustFitIntoTheRoom) {
  const auto file_of = [&](uint32_t size) {
    const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, size, 1);
    // r8 = the map's value, all of which is written
    const int64_t file = OpenFor(
        "bpf_iter_bpf_map",
        Begin() +
            Code{Insn(0x62, 10, 0, -4, 0),
                 LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)),
                 LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -4),
                 CallHelper(helper_id::map_lookup_elem), Insn(0x55, 0, 0, 2, 0),
                 MovImm(0, 0), Exit(), Insn(0x79, 1, 6, 0, 0),
                 Insn(0x79, 1, 1, 0, 0), MovReg(2, 0),
                 MovImm(3, static_cast<int32_t>(size)),
                 CallHelper(helper_id::seq_write)} +
            Returning(0));
    caller_.CloseFd(map);
    return file;
  };
  constexpr uint32_t kRoom = IteratorFile::kRoom;
  const uint64_t at = caller_.Put(nullptr, kRoom);
  for (const uint32_t size : {kRoom - 1, kRoom, kRoom + 1}) {
    const int64_t file = file_of(size);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(ReadFd(file, at, kRoom), size < kRoom ? (i == 0 ? kRoom - 1 : 0)
                                                      : Minus(Status::kTooBig));
    }
    EXPECT_EQ(caller_.CloseFd(file), 0);
  }
}

/// Writes a map's elements: key, value, four bytes each; adds 1 to the value.
Code WriteElements() {
  return Begin() + Code{Insn(0x79, 8, 6, 16, 0),
                        Insn(0x55, 8, 0, 2, 0),
                        MovImm(0, 0),
                        Exit(),
                        Insn(0x79, 9, 6, 24, 0),
                        Insn(0x55, 9, 0, 2, 0),
                        MovImm(0, 0),
                        Exit(),
                        Insn(0x61, 1, 8, 0, 0),
                        Insn(0x63, 10, 1, -8, 0)} +
         WriteWord() + Code{Insn(0x61, 1, 9, 0, 0), Insn(0x63, 10, 1, -8, 0)} +
         WriteWord() +
         Code{Insn(0x61, 1, 9, 0, 0), Insn(0x07, 1, 0, 0, 1),
              Insn(0x63, 9, 1, 0, 0)} +
         Returning(0);
}

constexpr uint32_t kElementMaps[] = {linux_abi::kMapTypeHash,
                                     linux_abi::kMapTypeArray,
                                     5 /* per-CPU hash */,
                                     6 /* per-CPU array */,
                                     9 /* LRU */,
                                     10 /* LRU per CPU */};

bool IsPerCpu(uint32_t type) { return type == 5 || type == 6 || type == 10; }

TEST_P(IterCreateTest, ElementsOfAMapAreShownInPlaceOrPerCpu) {
  for (const uint32_t type : kElementMaps) {
    const int64_t map = caller_.CreateMap(type, 4, 4, 8);
    ASSERT_GE(map, 0);
    const std::vector<uint64_t> values(kMaxHostCpus, 50);
    for (uint32_t key = 0; key < 8; ++key) {
      ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, map, caller_.Put(key),
                             caller_.Put(values.data(), 8 * values.size())),
                0);
    }
    for (uint32_t round = 0; round < 2; ++round) {
      const std::vector<uint32_t> words =
          Words(OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map));
      std::map<uint32_t, uint32_t> found;
      ASSERT_EQ(words.size(), 16u) << type;
      for (size_t i = 0; i < words.size(); i += 2) {
        found[words[i]] = words[i + 1];
      }
      ASSERT_EQ(found.size(), 8u) << type;
      for (const auto& [key, value] : found) {
        EXPECT_LT(key, 8u);
        EXPECT_EQ(value, IsPerCpu(type) ? 50 : 50 + round) << type;
      }
    }
    caller_.CloseFd(map);
  }
}

TEST_P(IterCreateTest, AMapLivesAsLongAsAFileOfItsElements) {
  const int64_t map = NewMap();
  const uint32_t id = IdOf(map);
  const int64_t file = OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map);
  EXPECT_EQ(caller_.CloseFd(map), 0);
  EXPECT_TRUE(MapIds().Find(id).ok());
  EXPECT_EQ(Words(file).size(), 8u);
  EXPECT_EQ(caller_.CloseFd(file), 0);
  EXPECT_EQ(MapIds().Find(id).status(), Status::kNotFound);
}

TEST_P(IterCreateTest, ValuesWithLocksAndThoseOnlyToReadAreCopies) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 4, 2,
                                        linux_abi::kMapReadOnlyProg);
  ASSERT_GE(map, 0);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map)),
              (std::vector<uint32_t>{0, 0, 1, 0}));
  }
}

TEST_P(IterCreateTest, AProgramMayNotLookBehindKeysAndValues) {
  const int64_t program = LoadFor("bpf_iter_bpf_map_elem", WriteElements());
  const int64_t fitting = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 4, 1);
  for (const auto& [key, value] :
       {std::pair<uint32_t, uint32_t>{3, 4}, {4, 3}, {1, 1}}) {
    const int64_t map =
        caller_.CreateMap(linux_abi::kMapTypeHash, key, value, 1);
    EXPECT_EQ(Link(program, map), Minus(Status::kAccess));
    // Nor may one that comes later.
    const int64_t harmless =
        LoadFor("bpf_iter_bpf_map_elem", Begin() + Returning(0));
    const int64_t link = Link(harmless, map);
    ASSERT_GE(link, 0);
    linux_abi::LinkUpdateAttr update{};
    update.link_fd = static_cast<uint32_t>(link);
    update.new_prog_fd = static_cast<uint32_t>(program);
    EXPECT_EQ(caller_.Call(linux_abi::kLinkUpdate, update),
              Minus(Status::kAccess));
  }
  EXPECT_GE(Link(program, fitting), 0);
}

TEST_P(IterCreateTest, WhatIsNoIteratorIsNotOpened) {
  EXPECT_EQ(Open(400), Minus(Status::kBadFd));
  EXPECT_EQ(Open(NewMap()), Minus(Status::kInvalid));
  const int64_t link = Link(LoadFor("bpf_iter_bpf_map", MapIdsOnly()));
  EXPECT_EQ(Open(link, 1), Minus(Status::kInvalid));
  EXPECT_EQ(Open(Open(link)), Minus(Status::kInvalid));
}

TEST_P(IterCreateTest, OtherPlacesForProgramsWithArgumentsAreRefused) {
  linux_abi::ProgLoadAttr attr = ProgramFor("bpf_iter_bpf_map", Returning(0));
  attr.expected_attach_type = kTraceFentry;
  EXPECT_EQ(caller_.Call(linux_abi::kProgLoad, attr),
            Minus(Status::kNotSupportedLinux));
  attr.expected_attach_type = kTraceIter;
  attr.attach_btf_id = 1;  // no function
  EXPECT_EQ(caller_.Call(linux_abi::kProgLoad, attr), Minus(Status::kInvalid));
  attr.attach_btf_id = 0;
  EXPECT_EQ(caller_.Call(linux_abi::kProgLoad, attr), Minus(Status::kInvalid));
}

TEST_P(IterCreateTest, TailCallsAreRefusedSinceContextsDiffer) {
  const int64_t array = caller_.CreateMap(3 /* PROG_ARRAY */, 4, 4, 1);
  EXPECT_EQ(
      LoadFor(
          "bpf_iter_bpf_map",
          Code{LoadLow(2, isa::kPseudoMapFd, static_cast<int32_t>(array)),
               LoadHigh(0), MovImm(3, 0), CallHelper(helper_id::tail_call)} +
              Returning(0)),
      Minus(Status::kInvalid));
}

TEST_P(IterCreateTest, AMapsOwnMemoryIsNotWhatTheTypesSay) {
  const int64_t map = NewMap();
  EXPECT_EQ(
      LoadFor("bpf_iter_bpf_map",
              Code{LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(map)),
                   LoadHigh(0), Insn(0x61, 0, 1, kIdOfMap, 0)} +
                  Returning(0)),
      Minus(Status::kNotSupportedLinux));
}

TEST_P(IterCreateTest, TheKernelsTypesAreFoundById) {
  linux_abi::NextIdAttr next{0, 0};
  const uint64_t at = caller_.Put(next);
  ASSERT_EQ(caller_.BpfAt(linux_abi::kBtfGetNextId, at, sizeof(next)), 0);
  const uint32_t id = caller_.Get<linux_abi::NextIdAttr>(at).next_id;
  const int64_t fd =
      caller_.Call(linux_abi::kBtfGetFdById, linux_abi::FdByIdAttr{id, 0, 0});
  ASSERT_GE(fd, 0);
  const auto info_of = [&](int64_t types, uint32_t name_size, int64_t result) {
    linux_abi::BtfInfo info{};
    info.name = name_size != 0 ? caller_.Put(nullptr, name_size) : 0;
    info.name_size = name_size;
    info.btf = caller_.Put(nullptr, 8192);
    info.btf_size = 8192;
    const uint64_t to = caller_.Put(info);
    EXPECT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd,
                           linux_abi::ObjectInfoAttr{
                               static_cast<uint32_t>(types), sizeof(info), to}),
              result);
    return caller_.Get<linux_abi::BtfInfo>(to);
  };
  const linux_abi::BtfInfo info = info_of(fd, 16, 0);
  EXPECT_EQ(info.kernel_btf, 1u);
  EXPECT_EQ(info.id, id);
  EXPECT_EQ(info.name_size, 7u);
  EXPECT_STREQ(static_cast<char*>(caller_.At(info.name)), "vmlinux");
  ASSERT_EQ(info.btf_size, KernelTypes().size());
  EXPECT_EQ(
      std::memcmp(caller_.At(info.btf), KernelTypes().data(), info.btf_size),
      0);
  EXPECT_EQ(KernelTypeBytes().size(), info.btf_size);
  const linux_abi::BtfInfo cut = info_of(fd, 4, Minus(Status::kNoSpace));
  EXPECT_STREQ(static_cast<char*>(caller_.At(cut.name)), "vml");
  info_of(fd, 0, 0);
  EXPECT_EQ(info_of(LoadBtf(caller_, ProgramTypes()), 16, 0).kernel_btf, 0u);

  // They may be named as what a program is attached to.
  linux_abi::ProgLoadAttr attr = ProgramFor("bpf_iter_bpf_map", MapIdsOnly());
  attr.attach_prog_fd = static_cast<uint32_t>(fd);
  const int64_t program = caller_.Call(linux_abi::kProgLoad, attr);
  ASSERT_GE(program, 0);
  linux_abi::ProgramInfo about{};
  const uint64_t to = caller_.Put(about);
  EXPECT_EQ(
      caller_.Call(linux_abi::kObjGetInfoByFd,
                   linux_abi::ObjectInfoAttr{static_cast<uint32_t>(program),
                                             sizeof(about), to}),
      0);
  about = caller_.Get<linux_abi::ProgramInfo>(to);
  EXPECT_EQ(about.attach_btf_obj_id, id);
  EXPECT_EQ(about.attach_btf_id, Function("bpf_iter_bpf_map"));
}

TEST_P(IterCreateTest, APinnedLinkIsAFileToRead) {
  const std::vector<uint32_t> ids = MakeMaps(3);
  const uint64_t path = caller_.Put("/sys/fs/bpf/maps");
  const uint64_t other = caller_.Put("/sys/fs/bpf/map");
  const auto pin = [&](int64_t fd, uint64_t name) {
    linux_abi::ObjectPathAttr attr{};
    attr.fd = static_cast<uint32_t>(fd);
    attr.path = name;
    return caller_.Call(linux_abi::kObjPin, attr);
  };
  const int64_t link = Link(LoadFor("bpf_iter_bpf_map", MapIdsOnly()));
  ASSERT_EQ(pin(link, path), 0);
  ASSERT_EQ(pin(maps_[0], other), 0);
  EXPECT_EQ(caller_.CloseFd(link), 0);
  Client& client = caller_.client();

  const int64_t one = OpenPin(client, client.Pointer(path));
  const int64_t two = OpenPin(client, client.Pointer(path));
  EXPECT_EQ(Words(one), ids);
  EXPECT_EQ(Words(two), ids) << "from the begin";
  EXPECT_EQ(OpenPin(client, client.Pointer(other)), Minus(Status::kIo));
  EXPECT_EQ(OpenPin(client, client.Pointer(caller_.Put("/sys/fs/bpf/no"))),
            Minus(Status::kNotFound));
  EXPECT_EQ(OpenPin(client, client.Pointer(caller_.Put("/sys/fs/bpf"))),
            Minus(Status::kAccess));
  // BPF_OBJ_GET gives the link, as of old.
  linux_abi::ObjectPathAttr get{};
  get.path = path;
  const int64_t again = caller_.Call(linux_abi::kObjGet, get);
  ASSERT_GE(again, 0);
  EXPECT_EQ(Words(Open(again)), ids);
}

TEST_P(IterCreateTest, EveryAllocationMayFail) {
  const int64_t program = LoadFor("bpf_iter_bpf_map_elem", WriteElements());
  const int64_t map = caller_.CreateMap(6 /* per-CPU array */, 4, 4, 4);
  const uint64_t at = caller_.Put(nullptr, 64);
  const auto close = [&](int64_t fd) { EXPECT_EQ(caller_.CloseFd(fd), 0); };
  FailEachAllocation(
      "a link", caller_, [&] { return Link(program, map); }, close);
  const int64_t link = Link(program, map);
  FailEachAllocation("a file", caller_, [&] { return Open(link); }, close);
  const int64_t objects = Link(LoadFor("bpf_iter_bpf_map", MapIdsOnly()));
  FailEachAllocation(
      "a file of objects", caller_, [&] { return Open(objects); }, close);
  FailEachAllocation(
      "a read", caller_,
      [&] {
        const int64_t file = Open(link);
        const int64_t count = file < 0 ? file : ReadFd(file, at, 64);
        if (count < 0) {
          caller_.CloseFd(file);
          return count;
        }
        EXPECT_EQ(count, 32);
        return file;
      },
      close);
  FailEachAllocation(
      "a program", caller_,
      [&] { return LoadFor("bpf_iter_bpf_map", MapIdsOnly()); }, close);
}

/// Several threads, of one caller.
class IterThreadsTest : public IterCreateTest {};

INSTANTIATE_TEST_SUITE_P(, IterThreadsTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(IterThreadsTest, TwoReadersOfOneFileGetEachObjectOnce) {
  MakeMaps(400);
  const int64_t file = OpenFor("bpf_iter_bpf_map", MapIdsOnly());
  std::vector<uint32_t> found[2];
  const uint64_t at[] = {caller_.Put(nullptr, 64), caller_.Put(nullptr, 64)};
  const auto read = [&](int who) {
    int64_t count;
    while ((count = ReadFd(file, at[who], 12)) > 0) {
      // Texts of four bytes are never cut here: 12 is a multiple.
      for (int64_t i = 0; i < count; i += 4) {
        found[who].push_back(
            caller_.Get<uint32_t>(at[who] + static_cast<uint64_t>(i)));
      }
    }
    EXPECT_EQ(count, 0);
  };
  std::thread other([&] {
    HostCpu cpu(1);
    read(1);
  });
  read(0);
  other.join();
  std::map<uint32_t, int> seen;
  for (const auto& words : found) {
    EXPECT_TRUE(std::is_sorted(words.begin(), words.end()));
    for (const uint32_t id : words) {
      ++seen[id];
    }
  }
  EXPECT_EQ(seen.size(), 400u);
  for (const auto& [id, count] : seen) {
    EXPECT_EQ(count, 1) << id;
  }
}

TEST_P(IterThreadsTest, ObjectsComeAndGoWhileTheyAreWalkedThrough) {
  const int64_t maps = Link(LoadFor("bpf_iter_bpf_map", MapIdsOnly()));
  const int64_t hash = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 4, 64);
  const int64_t elements =
      Link(LoadFor("bpf_iter_bpf_map_elem", WriteElements()), hash);
  std::atomic<bool> done{false};
  std::atomic<uint32_t> changes{0};
  TestCaller others(GetParam());
  std::thread writer([&] {
    HostCpu cpu(1);
    uint64_t key = others.Put(nullptr, 4);
    Ref<File> file = *caller_.client().fds().Get(hash);
    const int64_t shared = *others.client().fds().Install(file);
    for (uint32_t i = 0; !done; ++i) {
      const int64_t map = others.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
      const uint32_t number = i % 64;
      std::memcpy(others.At(key), &number, sizeof(number));
      EXPECT_EQ(others.Elem(i % 3 != 0 ? linux_abi::kMapUpdateElem
                                       : linux_abi::kMapDeleteElem,
                            shared, key, key) != Minus(Status::kFault),
                true);
      EXPECT_EQ(others.CloseFd(map), 0);
      ++changes;
      if (i % 64 == 0) {
        others.ForgetMemory();
        key = others.Put(nullptr, 4);
      }
    }
  });
  for (int i = 0; i < 200 || changes < 2000; ++i) {
    int64_t file = Open(maps);
    const std::vector<uint32_t> ids = Words(file, 12);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_GE(ids.size(), 1u);
    caller_.CloseFd(file);
    file = Open(elements);
    const std::vector<uint32_t> words = Words(file, 24);
    EXPECT_EQ(words.size() % 2, 0u);
    for (size_t k = 0; k < words.size(); k += 2) {
      EXPECT_LT(words[k], 64u);
    }
    caller_.CloseFd(file);
    caller_.ForgetMemory();
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace ebpf
