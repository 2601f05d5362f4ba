// SPDX-License-Identifier: MIT
//
// Reads of iterators' files: of any size, of objects that go meanwhile, by two
// at once.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "core/files/iterator_file.h"
#include "testing/caller/iterator_programs.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint64_t kNowhere = 0x1000;

using IterReadTest = IteratorTest;

INSTANTIATE_TEST_SUITE_P(, IterReadTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(IterReadTest, AReadShowsEachMapByItsId) {
  const std::vector<uint32_t> ids = MakeMaps(5);
  EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map", MapIdsOnly())), ids);
}

TEST_P(IterReadTest, AReadShowsEachProgramAndLink) {
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

TEST_P(IterReadTest, ReadsOfAnySizeGiveTheSame) {
  const std::vector<uint32_t> ids = MakeMaps(9);
  for (const uint64_t size :
       {1u, 2u, 3u, 4u, 5u, 7u, 8u, 35u, 36u, 37u, 4096u}) {
    EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map", MapIdsOnly()), size), ids)
        << size;
  }
}

TEST_P(IterReadTest, HostileSizesAndAddressesCostNothing) {
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

TEST_P(IterReadTest, AMapThatGoesMeanwhileIsLeftOut) {
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

TEST_P(IterReadTest, OneObjectMustFitIntoTheRoom) {
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

/// Several threads, of one caller.
using IterThreadsTest = IteratorTest;

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
