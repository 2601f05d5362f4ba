// SPDX-License-Identifier: MIT
#include "core/syscall/file_calls.h"

#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/program/program.h"
#include "core/ring/ring_layout.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

constexpr uint32_t kRingSize = 4096;

class FileCallsTest : public SyscallTest {
 protected:
  void SetUp() override {
    ring_ = caller_.CreateMap(linux_abi::kMapTypeRingBuffer, 0, 0, kRingSize);
    ASSERT_GE(ring_, 0);
    // *(u64 *)(r10 - 8) = 0x1122; bpf_ringbuf_output(ring, r10 - 8, 8, 0)
    program_ = caller_.Load(
        kSocketFilter,
        {Insn(0x7a, 10, 0, -8, 0x1122),
         LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(ring_)),
         LoadHigh(0), MovReg(2, 10), Insn(0x07, 2, 0, 0, -8), MovImm(3, 8),
         MovImm(4, 0), CallHelper(130), Exit()});
    ASSERT_GE(program_, 0);
  }

  /// Puts a record of 8 bytes into the ring; 0, or what the helper returned.
  int64_t Output() {
    Ref<File> file = *caller_.client().fds().Get(program_);
    return static_cast<int64_t>(file->AsProgram()->program()->Run(nullptr));
  }
  int64_t ReadFd(int64_t fd, uint64_t to, uint64_t size) {
    return Read(caller_.client(), static_cast<int32_t>(fd),
                caller_.client().Pointer(to), size);
  }
  int64_t PollFd(int64_t fd) {
    return Poll(caller_.client(), static_cast<int32_t>(fd));
  }

  int64_t ring_ = -1;
  int64_t program_ = -1;
};

INSTANTIATE_TEST_SUITE_P(, FileCallsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(FileCallsTest, ARingIsReadRecordByRecord) {
  const uint64_t to = caller_.Put(nullptr, 64);
  EXPECT_EQ(PollFd(ring_), 0);
  EXPECT_EQ(ReadFd(ring_, to, 64), Minus(Status::kTryAgain));

  EXPECT_EQ(Output(), 0);
  EXPECT_EQ(Output(), 0);
  EXPECT_EQ(PollFd(ring_), linux_abi::kPollIn | linux_abi::kPollReadNormal);
  EXPECT_EQ(ReadFd(ring_, to, 64), 8);
  EXPECT_EQ(caller_.Get<uint64_t>(to), 0x1122u);
  EXPECT_EQ(ReadFd(ring_, to, 8), 8);
  EXPECT_EQ(PollFd(ring_), 0);
  EXPECT_EQ(ReadFd(ring_, to, 64), Minus(Status::kTryAgain));
}

TEST_P(FileCallsTest, AReadThatFailsCostsNoRecord) {
  const uint64_t to = caller_.Put(nullptr, 64);
  EXPECT_EQ(Output(), 0);

  EXPECT_EQ(ReadFd(ring_, to, 7), Minus(Status::kNoSpace));
  EXPECT_EQ(ReadFd(ring_, to, 0), Minus(Status::kNoSpace));
  EXPECT_EQ(ReadFd(ring_, 0, 64), Minus(Status::kFault));
  if (GetParam() == Origin::kUser) {
    EXPECT_EQ(ReadFd(ring_, 0x1000, 64), Minus(Status::kFault));
  }
  FailNthAllocation(1);
  EXPECT_EQ(ReadFd(ring_, to, 64), Minus(Status::kNoMemory));

  EXPECT_EQ(ReadFd(ring_, to, 64), 8);
}

TEST_P(FileCallsTest, AReadThatHasNothingLeavesTheBufferAlone) {
  const uint64_t to = caller_.Put(uint64_t{77});
  EXPECT_EQ(ReadFd(ring_, to, 8), Minus(Status::kTryAgain));
  EXPECT_EQ(caller_.Get<uint64_t>(to), 77u);
}

TEST_P(FileCallsTest, AHugeReadTakesNoMoreMemoryThanTheRingHas) {
  // Only a kernel buffer can pretend to be that large.
  const uint64_t to = caller_.Put(nullptr, kRingSize);
  EXPECT_EQ(Output(), 0);
  const int64_t result = ReadFd(ring_, to, UINT64_MAX);
  EXPECT_EQ(result, 8);
}

TEST_P(FileCallsTest, DuplicatesShareTheRing) {
  const int64_t twin = Dup(caller_.client(), static_cast<int32_t>(ring_));
  ASSERT_GE(twin, 0);
  EXPECT_NE(twin, ring_);
  EXPECT_EQ(Output(), 0);
  const uint64_t to = caller_.Put(nullptr, 8);
  EXPECT_EQ(ReadFd(twin, to, 8), 8);
  EXPECT_EQ(ReadFd(ring_, to, 8), Minus(Status::kTryAgain));
  EXPECT_EQ(caller_.CloseFd(ring_), 0);
  EXPECT_EQ(Output(), 0);
  EXPECT_EQ(ReadFd(twin, to, 8), 8);
}

TEST_P(FileCallsTest, ARingIsMappedAsInLinux) {
  MapPages pages{};
  const auto mmap = [&](uint64_t offset, uint64_t size, uint32_t protection) {
    return Mmap(caller_.client(), static_cast<int32_t>(ring_), offset, size,
                protection, &pages);
  };
  EXPECT_EQ(mmap(0, 4096, linux_abi::kProtRead | linux_abi::kProtWrite), 0);
  uint8_t* consumer = pages.address;
  EXPECT_EQ(mmap(4096, 4096 + 2 * kRingSize, linux_abi::kProtRead), 0);
  uint8_t* producer = pages.address;
  EXPECT_EQ(pages.mirrored_size, kRingSize);
  EXPECT_EQ(mmap(4096, 4096, linux_abi::kProtRead | linux_abi::kProtWrite),
            Minus(Status::kNotPermitted));

  EXPECT_EQ(Output(), 0);

  EXPECT_EQ(LoadUnaligned<uint64_t>(consumer), 0u);
  EXPECT_EQ(LoadUnaligned<uint64_t>(producer), 16u);
  EXPECT_EQ(LoadUnaligned<uint64_t>(producer + 4096 + 8), 0x1122u);
  StoreUnaligned<uint64_t>(consumer, 16);  // consumed
  EXPECT_EQ(PollFd(ring_), 0);
}

TEST_P(FileCallsTest, AnArrayForThatIsMapped) {
  const int64_t fd = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 600,
                                       linux_abi::kMapMmapable);
  MapPages pages{};
  const auto file = static_cast<int32_t>(fd);
  EXPECT_EQ(Mmap(caller_.client(), file, 0, 8192,
                 linux_abi::kProtRead | linux_abi::kProtWrite, &pages),
            0);
  EXPECT_EQ(pages.size, 8192u);
  StoreUnaligned<uint64_t>(pages.address + 8, 99);
  const uint64_t value = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, fd,
                         caller_.Put(uint32_t{1}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), 99u);
  EXPECT_EQ(Mmap(caller_.client(), file, 0, 12288, 1, &pages),
            Minus(Status::kInvalid));
  EXPECT_EQ(Mmap(caller_.client(), file, 1, 4096, 1, &pages),
            Minus(Status::kInvalid));
}

TEST_P(FileCallsTest, NothingIsMappedToBeExecuted) {
  // Linux refuses before it looks what it is.
  const int64_t hash = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
  MapPages pages{};
  for (int64_t fd : {ring_, hash, program_}) {
    for (uint32_t protection : {4u, 5u, 7u}) {
      EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 4096,
                     protection, &pages),
                Minus(Status::kNotPermitted));
    }
  }
}

TEST_P(FileCallsTest, WhatMustNotBeWrittenLaterIsSealed) {
  const auto is_sealed = [&](int64_t fd, uint32_t protection) {
    MapPages pages{};
    EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 4096,
                   protection, &pages),
              0);
    return pages.sealed;
  };
  EXPECT_TRUE(is_sealed(ring_, 1));
  EXPECT_TRUE(is_sealed(ring_, 3));  // behind it is the producer's page
  const int64_t array = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 600,
                                          linux_abi::kMapMmapable);
  EXPECT_FALSE(is_sealed(array, 1));
  EXPECT_FALSE(is_sealed(array, 3));
  linux_abi::MapFreezeAttr attr{};
  attr.map_fd = static_cast<uint32_t>(array);
  ASSERT_EQ(caller_.Call(linux_abi::kMapFreeze, attr), 0);
  EXPECT_TRUE(is_sealed(array, 1));
}

/// The types of a u32 key, 1, and of a value of 8 bytes with a lock, 3.
std::vector<uint8_t> LockTypes() {
  using btf::Kind;
  btf::Builder b;
  const uint32_t number =
      b.Add(Kind::kInt, b.Name("int"), 4, {0x01000000 | 32});
  const uint32_t lock = b.Add(Kind::kStruct, b.Name("bpf_spin_lock"), 4,
                              {b.Name("val"), number, 0}, 1);
  b.Add(Kind::kStruct, b.Name("value"), 8,
        {b.Name("a"), number, 0, b.Name("lock"), lock, 32}, 2);
  return b.Blob();
}

TEST_P(FileCallsTest, AnArrayWithLocksIsNotMapped) {
  linux_abi::MapCreateAttr attr{};
  attr.map_type = linux_abi::kMapTypeArray;
  attr.key_size = 4;
  attr.value_size = 8;
  attr.max_entries = 4;
  attr.map_flags = linux_abi::kMapMmapable;
  attr.btf_fd = static_cast<uint32_t>(LoadBtf(caller_, LockTypes()));
  attr.btf_key_type_id = 1;
  attr.btf_value_type_id = 3;
  const int64_t fd = caller_.Call(linux_abi::kMapCreate, attr);
  ASSERT_GE(fd, 0);
  MapPages pages{};
  for (uint32_t protection :
       {linux_abi::kProtRead, linux_abi::kProtRead | linux_abi::kProtWrite}) {
    EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 4096,
                   protection, &pages),
              Minus(Status::kNotSupportedLinux));
  }
}

TEST_P(FileCallsTest, WhatAKindLacksIsRefusedAsInLinux) {
  const int64_t hash = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 8, 1);
  const uint64_t to = caller_.Put(nullptr, 64);
  MapPages pages;
  Client& client = caller_.client();
  EXPECT_EQ(ReadFd(hash, to, 8), Minus(Status::kInvalid));
  EXPECT_EQ(ReadFd(program_, to, 8), Minus(Status::kInvalid));
  EXPECT_EQ(PollFd(hash), linux_abi::kPollErr);
  EXPECT_EQ(PollFd(program_), 0x145);
  for (int64_t fd : {ring_, hash, program_}) {
    EXPECT_EQ(
        Ioctl(client, static_cast<int32_t>(fd), linux_abi::kPerfIocEnable, 0),
        Minus(Status::kNotTty));
  }
  EXPECT_EQ(Mmap(client, static_cast<int32_t>(hash), 0, 4096, 1, &pages),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(Mmap(client, static_cast<int32_t>(program_), 0, 4096, 1, &pages),
            Minus(Status::kNoDevice));
}

TEST_P(FileCallsTest, DescriptorsThatAreNotOpenAreBad) {
  MapPages pages;
  Client& client = caller_.client();
  for (int32_t fd : {-1, 0, 2, 77, 511, 512, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(Close(client, fd), Minus(Status::kBadFd));
    EXPECT_EQ(Dup(client, fd), Minus(Status::kBadFd));
    EXPECT_EQ(Read(client, fd, client.Pointer(0), 0), Minus(Status::kBadFd));
    EXPECT_EQ(Poll(client, fd), Minus(Status::kBadFd));
    EXPECT_EQ(Ioctl(client, fd, 0, 0), Minus(Status::kBadFd));
    EXPECT_EQ(Mmap(client, fd, 0, 4096, 1, &pages), Minus(Status::kBadFd));
  }
}

TEST_P(FileCallsTest, WhatOneClientOpensAnotherDoesNotHave) {
  TestCaller other(Origin::kKernel);
  EXPECT_EQ(Poll(other.client(), static_cast<int32_t>(ring_)),
            Minus(Status::kBadFd));
}

}  // namespace
}  // namespace ebpf
