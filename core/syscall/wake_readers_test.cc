// SPDX-License-Identifier: MIT
//
// Who polls a ring or a perf buffer is woken, by ebpf_port_wake.
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/program/program.h"
#include "core/syscall/file_calls.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_wake.h"

namespace ebpf {
namespace {

struct Waking {
  static constexpr char kSystem[] = "waking_test";
  static constexpr char kName[] = "waking";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Waking);

class WakeReadersTest : public SyscallTest {
 protected:
  ~WakeReadersTest() override { caller_.client().fds().CloseAll(); }

  /// How often the port was told of `file` since the last call.
  static uint64_t TakeWakes(const void* file) {
    (void)RunHostDeferred();
    const uint64_t count = HostWakeCount(file);
    ClearHostWakes();
    return count;
  }
  int64_t Wake(int64_t fd, void* file) {
    return WakeFdReaders(caller_.client(), static_cast<int32_t>(fd), file);
  }
  int64_t OpenEvent() {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = Waking::tracepoint.id;
    attr.sample_type = linux_abi::kPerfSampleRaw;
    attr.sample_period = 1;
    attr.wakeup_events = 2;
    return caller_.OpenEvent(attr);
  }
  int64_t MapEvent(int64_t fd) {
    MapPages pages;
    return Mmap(caller_.client(), static_cast<int32_t>(fd), 0, 2 * 4096,
                linux_abi::kProtRead | linux_abi::kProtWrite, &pages);
  }
  /// Puts 8 bytes into `ring` at each run.
  int64_t LoadWriter(int64_t ring) {
    return caller_.Load(
        kSocketFilter,
        {Insn(0x7a, 10, 0, -8, 0x1122),
         LoadLow(1, isa::kPseudoMapFd, static_cast<int32_t>(ring)), LoadHigh(0),
         MovReg(2, 10), Insn(0x07, 2, 0, 0, -8), MovImm(3, 8), MovImm(4, 0),
         CallHelper(130), Exit()});
  }
  uint32_t MapId(int64_t fd) {
    Ref<File> file = *caller_.client().fds().Get(static_cast<int32_t>(fd));
    return file->AsMap()->map().id();
  }
  void Run(int64_t program) {
    Ref<File> file = *caller_.client().fds().Get(static_cast<int32_t>(program));
    EXPECT_EQ(file->AsProgram()->program()->Run(nullptr), 0u);
  }
};

INSTANTIATE_TEST_SUITE_P(, WakeReadersTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(WakeReadersTest, ARingsReadersAreWokenWhenTheyHaveReadAll) {
  int file;
  const int64_t ring =
      caller_.CreateMap(linux_abi::kMapTypeRingBuffer, 0, 0, 4096);
  const int64_t program = LoadWriter(ring);
  Run(program);
  EXPECT_EQ(TakeWakes(&file), 0u);  // nobody has asked
  const uint64_t to = caller_.Put(nullptr, 8);
  EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(ring),
                 caller_.client().Pointer(to), 8),
            8);
  ASSERT_EQ(Wake(ring, &file), 0);
  Run(program);
  EXPECT_EQ(TakeWakes(&file), 1u);
  EXPECT_EQ(Wake(ring, &file), Minus(Status::kBusy));
  Run(program);  // the reader has not read what was told
  EXPECT_EQ(TakeWakes(&file), 0u);
}

TEST_P(WakeReadersTest, EachFileOfARingHasReadersOfItsOwnUntilItsEnd) {
  int files[2];
  const int64_t ring =
      caller_.CreateMap(linux_abi::kMapTypeRingBuffer, 0, 0, 4096);
  const int64_t program = LoadWriter(ring);
  const int64_t other = caller_.Call(linux_abi::kMapGetFdById,
                                     linux_abi::FdByIdAttr{MapId(ring), 0, 0});
  ASSERT_EQ(Wake(ring, &files[0]), 0);
  ASSERT_EQ(Wake(other, &files[1]), 0);
  caller_.CloseFd(ring);
  Run(program);
  (void)RunHostDeferred();
  EXPECT_EQ(HostWakeCount(&files[0]), 0u);
  EXPECT_EQ(TakeWakes(&files[1]), 1u);
}

TEST_P(WakeReadersTest, AMappedEventsReadersAreWokenEachSoManySamples) {
  int file;
  const int64_t event = OpenEvent();
  EXPECT_EQ(Wake(event, &file), Minus(Status::kNotSupported));
  ASSERT_EQ(MapEvent(event), 0);
  ASSERT_EQ(Wake(event, &file), 0);
  EXPECT_EQ(Wake(event, &file), Minus(Status::kBusy));
  EBPF_TRACE(Waking, 1);
  EXPECT_EQ(TakeWakes(&file), 0u);
  EBPF_TRACE(Waking, 2);
  EXPECT_EQ(TakeWakes(&file), 1u);
  caller_.CloseFd(event);
  EBPF_TRACE(Waking, 3);
  EBPF_TRACE(Waking, 4);
  EXPECT_EQ(TakeWakes(&file), 0u);
}

TEST_P(WakeReadersTest, ANoticeUnderWayFindsNoFileThatIsGone) {
  int file;
  const int64_t event = OpenEvent();
  ASSERT_EQ(MapEvent(event), 0);
  ASSERT_EQ(Wake(event, &file), 0);
  EBPF_TRACE(Waking, 1);
  EBPF_TRACE(Waking, 2);
  caller_.CloseFd(event);
  EXPECT_EQ(TakeWakes(&file), 0u);
}

TEST_P(WakeReadersTest, WhatNobodyCanWaitForWakesNobody) {
  int file;
  const int64_t array = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  EXPECT_EQ(Wake(array, &file), Minus(Status::kNotSupported));
  EXPECT_EQ(Wake(array, &file), Minus(Status::kNotSupported));
  EXPECT_EQ(Wake(77, &file), Minus(Status::kBadFd));
}

}  // namespace
}  // namespace ebpf
