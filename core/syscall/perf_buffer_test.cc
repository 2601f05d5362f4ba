// SPDX-License-Identifier: MIT
//
// Programs that write samples into perf events, as libbpf's perf buffers use
// them.
#include <array>
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map.h"
#include "core/ring/perf_layout.h"
#include "core/syscall/perf_event_open.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using linux_abi::kMapDeleteElem;
using linux_abi::kMapLookupElem;
using linux_abi::kMapTypePerfEventArray;
using linux_abi::kMapUpdateElem;
using linux_abi::PerfEventAttr;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kRead = linux_abi::kProtRead;
constexpr uint64_t kReadWrite = linux_abi::kProtRead | linux_abi::kProtWrite;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

class PerfBufferTest : public SyscallTest {
 protected:
  PerfBufferTest()
      : text_("add", kAdd),
        map_(caller_.CreateMap(kMapTypePerfEventArray, 4, 4, 4)) {}
  ~PerfBufferTest() override { caller_.client().fds().CloseAll(); }

  PerfEventAttr Attr(uint64_t sample_type = linux_abi::kPerfSampleRaw) {
    PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeSoftware;
    attr.size = sizeof(attr);
    attr.config = linux_abi::kPerfBpfOutput;
    attr.sample_type = sample_type;
    attr.sample_period = 1;
    attr.wakeup_events = 1;
    return attr;
  }
  int64_t OpenOutput(uint64_t sample_type = linux_abi::kPerfSampleRaw) {
    return caller_.OpenEvent(Attr(sample_type));
  }
  int64_t Put(uint32_t index, int64_t event) {
    return caller_.Elem(kMapUpdateElem, map_, caller_.Put(index),
                        caller_.Put(static_cast<int32_t>(event)));
  }
  int64_t MapOf(int64_t fd, uint64_t size, uint64_t protection,
                MapPages& pages) {
    return Mmap(caller_.client(), static_cast<int32_t>(fd), 0, size,
                static_cast<uint32_t>(protection), &pages);
  }

  /// A kprobe program that calls `helper` with (ctx, map, flags, address of 16
  /// bytes that hold 0x1122334455667788 twice, size), and its result in r0.
  std::vector<isa::Insn> Calling(int32_t helper, uint64_t flags, int32_t size) {
    const auto low = static_cast<int32_t>(flags);
    const auto high = static_cast<int32_t>(flags >> 32);
    return {LoadLow(6, 0, 0x55667788),
            LoadHigh(0x11223344),
            Insn(0x7b, 10, 6, -8, 0),
            Insn(0x7b, 10, 6, -16, 0),
            LoadLow(2, 1, static_cast<int32_t>(map_)),
            LoadHigh(0),
            LoadLow(3, 0, low),
            LoadHigh(high),
            MovReg(4, 10),
            Insn(0x07, 4, 0, 0, -16),
            MovImm(5, size),
            CallHelper(helper),
            Exit()};
  }
  /// Runs `insns` at each call of the function: a count of its results that are
  /// not 0 is what the event counts.
  int64_t Attach(const std::vector<isa::Insn>& insns) {
    const int64_t program = caller_.Load(kKprobe, insns);
    EXPECT_GE(program, 0);
    const int64_t event = caller_.Attach(program, "add");
    EXPECT_GE(event, 0);
    return event;
  }
  void Hit() { text_.As<Function>()(1, 2); }

  HostText text_;
  const int64_t map_;
};

INSTANTIATE_TEST_SUITE_P(, PerfBufferTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(PerfBufferTest, AProgramsSampleComesOut) {
  SetHostTask(7, 5, "host");
  const int64_t event =
      OpenOutput(linux_abi::kPerfSampleRaw | linux_abi::kPerfSampleTid |
                 linux_abi::kPerfSampleCpu | linux_abi::kPerfSampleIdentifier);
  ASSERT_GE(event, 0);
  MapPages pages{};
  ASSERT_EQ(MapOf(event, 3 * kPage, kReadWrite, pages), 0);
  EXPECT_EQ(pages.size, 3 * kPage);
  ASSERT_EQ(Put(0, event), 0);
  EXPECT_EQ(Poll(caller_.client(), static_cast<int32_t>(event)), 0);

  Attach(Calling(helper_id::perf_event_output, linux_abi::kCurrentCpu, 9));
  Hit();

  EXPECT_NE(
      Poll(caller_.client(), static_cast<int32_t>(event)) & linux_abi::kPollIn,
      0);
  EXPECT_EQ(Poll(caller_.client(), static_cast<int32_t>(event)), 0);
  const auto page = LoadUnaligned<ring::PerfPage>(pages.address);
  // Header, identifier, tid, cpu, size word, 9 bytes and 3 of padding.
  EXPECT_EQ(page.data_head, 8u + 8 + 8 + 8 + 4 + 12);
  const uint8_t* record = pages.address + kPage;
  const auto header = LoadUnaligned<ring::PerfRecordHeader>(record);
  EXPECT_EQ(header.type, ring::kPerfRecordSample);
  EXPECT_EQ(header.size, page.data_head);
  const uint64_t id_at = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocId, id_at), 0);
  EXPECT_EQ(LoadUnaligned<uint64_t>(record + 8), caller_.Get<uint64_t>(id_at));
  EXPECT_EQ(LoadUnaligned<uint32_t>(record + 16), 5u);  // pid: the process
  EXPECT_EQ(LoadUnaligned<uint32_t>(record + 20), 7u);  // tid
  EXPECT_EQ(LoadUnaligned<uint32_t>(record + 24), 0u);  // cpu
  EXPECT_EQ(LoadUnaligned<uint32_t>(record + 32), 12u);
  EXPECT_EQ(LoadUnaligned<uint64_t>(record + 36), 0x1122334455667788u);
  EXPECT_EQ(record[44], 0x88);
  EXPECT_EQ(LoadUnaligned<uint32_t>(record + 44) >> 8, 0u);
  SetHostTask(1, 1, "host");
}

TEST_P(PerfBufferTest, WhatProgramsAreAnswered) {
  // Each runs once more with what the row says, and its result is told through
  // the sample of a second, good event.
  const int64_t good = OpenOutput();
  MapPages pages{};
  ASSERT_EQ(MapOf(good, 2 * kPage, kReadWrite, pages), 0);
  const int64_t not_mapped = OpenOutput();
  const int64_t elsewhere = caller_.OpenEvent(Attr(), -1, 1);
  PerfEventAttr dummy = Attr();
  dummy.config = linux_abi::kPerfDummy;
  const int64_t counts_nothing = caller_.OpenEvent(dummy);
  PerfEventAttr off = Attr();
  off.flags = linux_abi::kPerfDisabled;
  const int64_t disabled = caller_.OpenEvent(off);
  struct Row {
    int64_t event;  // at index 1, or -1: none
    uint64_t flags;
    int64_t result;
  };
  const std::array rows = {
      Row{good, 1, 0},
      Row{-1, 1, Minus(Status::kNotFound)},
      Row{good, 4, Minus(Status::kTooBig)},
      Row{good, uint64_t{1} << 32, Minus(Status::kInvalid)},
      Row{not_mapped, 1, Minus(Status::kNoSpace)},
      Row{elsewhere, 1, Minus(Status::kNotSupported)},
      Row{disabled, 1, Minus(Status::kNotSupported)},
      Row{counts_nothing, 1, Minus(Status::kInvalid)},
  };
  for (const Row& row : rows) {
    // r7 = helper(...); output r7 through the good event at index 2.
    std::vector<isa::Insn> insns =
        Calling(helper_id::perf_event_output, row.flags, 16);
    insns.insert(insns.begin(), MovReg(9, 1));
    insns.pop_back();
    insns.push_back(Insn(0x7b, 10, 0, -8, 0));
    insns.push_back(MovReg(1, 9));
    insns.push_back(LoadLow(2, 1, static_cast<int32_t>(map_)));
    insns.push_back(LoadHigh(0));
    insns.push_back(MovImm(3, 2));
    insns.push_back(MovReg(4, 10));
    insns.push_back(Insn(0x07, 4, 0, 0, -8));
    insns.push_back(MovImm(5, 8));
    insns.push_back(CallHelper(helper_id::perf_event_output));
    insns.push_back(MovImm(0, 0));
    insns.push_back(Exit());
    caller_.Elem(kMapDeleteElem, map_, caller_.Put(uint32_t{1}), 0);
    if (row.event >= 0) {
      ASSERT_EQ(Put(1, row.event), 0);
    }
    ASSERT_EQ(Put(2, good), 0);
    const int64_t event = Attach(insns);
    Hit();
    const auto page = LoadUnaligned<ring::PerfPage>(pages.address);
    // The last record: 8 bytes, padded to 12.
    EXPECT_EQ(LoadUnaligned<int64_t>(pages.address + kPage +
                                     (page.data_head - 12) % kPage),
              row.result);
    EXPECT_EQ(caller_.CloseFd(event), 0);
  }
}

TEST_P(PerfBufferTest, EventsGoWithTheFileThatPutThemIn) {
  const int64_t event = OpenOutput();
  MapPages pages{};
  ASSERT_EQ(MapOf(event, 2 * kPage, kReadWrite, pages), 0);
  ASSERT_EQ(Put(0, event), 0);
  const int64_t probe =
      Attach(Calling(helper_id::perf_event_output, linux_abi::kCurrentCpu, 16));
  EXPECT_EQ(caller_.CloseFd(map_), 0);
  Hit();  // the program holds the map; the event is gone
  EXPECT_EQ(LoadUnaligned<ring::PerfPage>(pages.address).data_head, 0u);
  EXPECT_EQ(caller_.CloseFd(probe), 0);
}

TEST_P(PerfBufferTest, WhatUserSpaceMayDoWithTheMap) {
  const int64_t event = OpenOutput();
  EXPECT_EQ(Put(4, event), Minus(Status::kTooBig));
  EXPECT_EQ(Put(0, 99), Minus(Status::kBadFd));
  EXPECT_EQ(Put(0, map_), Minus(Status::kBadFd));
  EXPECT_EQ(caller_.Elem(kMapUpdateElem, map_, caller_.Put(uint32_t{0}),
                         caller_.Put(static_cast<int32_t>(event)), 1),
            Minus(Status::kInvalid));
  EXPECT_EQ(Put(0, event), 0);
  EXPECT_EQ(caller_.Elem(kMapLookupElem, map_, caller_.Put(uint32_t{0}),
                         caller_.Put(uint32_t{0})),
            Minus(Status::kNotSupportedLinux));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, map_, caller_.Put(uint32_t{0}), 0), 0);
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, map_, caller_.Put(uint32_t{0}), 0),
            Minus(Status::kNotFound));
  EXPECT_EQ(caller_.Elem(kMapDeleteElem, map_, caller_.Put(uint32_t{9}), 0),
            Minus(Status::kTooBig));
}

TEST_P(PerfBufferTest, WhichBuffersCanBeMapped) {
  const int64_t event = OpenOutput();
  MapPages pages{};
  for (uint64_t size : {uint64_t{0}, 4 * kPage, 3 * kPage + 1}) {
    EXPECT_EQ(MapOf(event, size, kReadWrite, pages), Minus(Status::kInvalid))
        << size;
  }
  EXPECT_EQ(MapOf(event, 5 * kPage, kReadWrite, pages), 0);
  const uint8_t* first = pages.address;
  for (uint64_t size : {kPage, 3 * kPage}) {
    EXPECT_EQ(MapOf(event, size, kReadWrite, pages), Minus(Status::kInvalid))
        << size;
  }
  for (uint64_t protection : {kRead, kReadWrite}) {
    EXPECT_EQ(MapOf(event, 5 * kPage, protection, pages), 0);
    EXPECT_EQ(pages.address, first);
  }
  EXPECT_EQ(MapOf(OpenOutput(), kPage, kReadWrite, pages), 0);
}

TEST_P(PerfBufferTest, WhichEventsThereAre) {
  PerfEventAttr attr = Attr();
  attr.config = 2;  // page faults
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kNotFound));
  attr = Attr(linux_abi::kPerfSampleBranchStack);
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kNotSupported));
  attr = Attr();
  attr.config = linux_abi::kPerfCpuClock;
  SetHostFeatures(0);
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kNotSupported));
  SetHostFeatures(~0u);
  EXPECT_GE(caller_.OpenEvent(attr), 0);
  attr.sample_period = 0;
  EXPECT_GE(caller_.OpenEvent(attr), 0);
}

TEST_P(PerfBufferTest, AClockCountsWhileItIsEnabledAndProgramsReadIt) {
  PerfEventAttr attr = Attr();
  attr.config = linux_abi::kPerfCpuClock;
  attr.sample_period = 0;
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t clock = caller_.OpenEvent(attr);
  const auto count = [&] {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(clock),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  };
  const auto ioctl = [&](uint32_t command) {
    EXPECT_EQ(caller_.IoctlFd(clock, command), 0);
  };
  EXPECT_EQ(count(), 0u);
  ioctl(linux_abi::kPerfIocEnable);
  const uint64_t first = count();
  while (count() == first) {
  }
  ioctl(linux_abi::kPerfIocDisable);
  const uint64_t stopped = count();
  EXPECT_GT(stopped, 0u);
  EXPECT_EQ(count(), stopped);

  // The event on the function counts results that are not 0.
  ASSERT_EQ(Put(0, clock), 0);
  const auto reading = [&](int32_t size) {
    return std::vector<isa::Insn>{LoadLow(1, 1, static_cast<int32_t>(map_)),
                                  LoadHigh(0),
                                  LoadLow(2, 0, -1),  // BPF_F_CURRENT_CPU
                                  LoadHigh(0),
                                  MovReg(3, 10),
                                  Insn(0x07, 3, 0, 0, -24),
                                  MovImm(4, size),
                                  CallHelper(helper_id::perf_event_read_value),
                                  Insn(0x15, 0, 0, 2, 0),
                                  MovImm(0, 0),
                                  Exit(),
                                  Insn(0x79, 0, 10, -24, 0),
                                  Insn(0x15, 0, 0, 1, 0),  // what is not 0
                                  MovImm(0, 1),            // is counted
                                  Exit()};
  };
  const auto hits_of = [&](const std::vector<isa::Insn>& insns) {
    const int64_t probe = Attach(insns);
    Hit();
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(probe),
                   caller_.client().Pointer(to), 8),
              8);
    EXPECT_EQ(caller_.CloseFd(probe), 0);
    return caller_.Get<uint64_t>(to);
  };
  const auto hits = [&](int32_t size) { return hits_of(reading(size)); };
  const std::vector<isa::Insn> reading_the_count = {
      LoadLow(1, 1, static_cast<int32_t>(map_)),
      LoadHigh(0),
      MovImm(2, 0),
      CallHelper(helper_id::perf_event_read),
      Insn(0x15, 0, 0, 1, 0),
      MovImm(0, 1),
      Exit()};
  EXPECT_EQ(hits_of(reading_the_count), 1u);
  EXPECT_EQ(hits(24), 1u);
  EXPECT_EQ(hits(16), 0u);  // refused: the size is wrong
  ioctl(linux_abi::kPerfIocReset);
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(hits(24), 0u);
  EXPECT_EQ(hits_of(reading_the_count), 0u);
}

}  // namespace
}  // namespace ebpf
