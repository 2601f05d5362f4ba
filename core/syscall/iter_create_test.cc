// SPDX-License-Identifier: MIT
//
// Programs, links and files of iterators, and what is none. What Linux does
// with the same programs is compared in testing/oracle/iterators_host_test.cc.
#include "core/syscall/iter_create.h"

#include <vector>

#include "core/helpers/prototype.h"
#include "core/syscall/obj_pin.h"
#include "testing/caller/insns.h"
#include "testing/caller/iterator_programs.h"

namespace ebpf {
namespace {

constexpr uint32_t kTraceFentry = 24;

using IterCreateTest = IteratorTest;

INSTANTIATE_TEST_SUITE_P(, IterCreateTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

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

}  // namespace
}  // namespace ebpf
