// SPDX-License-Identifier: MIT
//
// What of a perf event can be mapped, and mapped again, as seen on Linux 6.18.
#include <vector>

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

struct Mapped {
  static constexpr char kSystem[] = "mapping_test";
  static constexpr char kName[] = "mapped";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Mapped);

constexpr uint64_t kPage = 4096;
constexpr uint32_t kReads = linux_abi::kProtRead;
constexpr uint32_t kWrites = linux_abi::kProtRead | linux_abi::kProtWrite;

class PerfMappingTest : public SyscallTest {
 protected:
  ~PerfMappingTest() override { caller_.client().fds().CloseAll(); }

  int64_t Open() {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = Mapped::tracepoint.id;
    attr.sample_type = linux_abi::kPerfSampleRaw;
    attr.sample_period = 1;
    return caller_.OpenEvent(attr);
  }
  int64_t Map(int64_t event, uint64_t size, uint32_t protection) {
    return Mmap(caller_.client(), static_cast<int32_t>(event), 0, size,
                protection, &pages_);
  }
  ring::PerfPage Page() {
    return LoadUnaligned<ring::PerfPage>(pages_.address);
  }

  MapPages pages_{};
};

INSTANTIATE_TEST_SUITE_P(, PerfMappingTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(PerfMappingTest, SizesAreAPageAndAPowerOfTwoOfThem) {
  for (uint64_t pages = 0; pages < 20; ++pages) {
    const int64_t event = Open();
    const uint64_t data = pages - 1;
    const bool fits = pages != 0 && (data & (data - 1)) == 0;
    EXPECT_EQ(Map(event, pages * kPage, kWrites), fits ? 0 : -EINVAL) << pages;
    caller_.CloseFd(event);
  }
  EXPECT_EQ(Map(Open(), kPage + 1, kWrites), -EINVAL);
  EXPECT_EQ(Map(Open(), kPage - 1, kWrites), -EINVAL);
  EXPECT_EQ(Map(Open(), (uint64_t{1} << 62) + kPage, kWrites), -ENOMEM);
}

TEST_P(PerfMappingTest, ABufferIsInMemoryThatProcessesMapUntilItsLastClose) {
  const uint64_t before = HostMappableBytes();
  const int64_t event = Open();
  ASSERT_EQ(Map(event, 3 * kPage, kWrites), 0);
  EXPECT_EQ(HostMappableBytes(), before + 3 * kPage);
  EXPECT_FALSE(pages_.sealed);
  const int64_t mapping = Dup(caller_.client(), static_cast<int32_t>(event));
  caller_.CloseFd(event);
  EXPECT_EQ(HostMappableBytes(), before + 3 * kPage);
  EXPECT_EQ(Page().data_size, 2 * kPage);
  caller_.CloseFd(mapping);
  EXPECT_EQ(HostMappableBytes(), before);
}

TEST_P(PerfMappingTest, APageAloneHasNoRoomForRecords) {
  const int64_t event = Open();
  ASSERT_EQ(Map(event, kPage, kWrites), 0);
  for (uint64_t i = 0; i < 100; ++i) {
    EBPF_TRACE(Mapped, i);
  }
  EXPECT_EQ(Page().data_head, 0u);
  EXPECT_EQ(Page().data_offset, kPage);
  EXPECT_EQ(Page().data_size, 0u);
  EXPECT_EQ(Poll(caller_.client(), static_cast<int32_t>(event)), 0);
  const int64_t other = Open();
  EXPECT_EQ(caller_.IoctlFd(other, linux_abi::kPerfIocSetOutput,
                            static_cast<uint64_t>(event)),
            0);
  EXPECT_EQ(Map(event, 2 * kPage, kWrites), -EINVAL);
  EXPECT_EQ(Map(event, kPage, kWrites), 0);
  EBPF_TRACE(Mapped, uint64_t{7});
}

TEST_P(PerfMappingTest, OnlyTheFirstMappingSaysWhetherItOverwrites) {
  const int64_t event = Open();
  ASSERT_EQ(Map(event, 2 * kPage, kWrites), 0);
  const uint8_t* const address = pages_.address;
  EXPECT_EQ(Map(event, 2 * kPage, kReads), 0);
  EXPECT_EQ(pages_.address, address);
  for (uint64_t i = 0; i < 1000; ++i) {
    EBPF_TRACE(Mapped, i);
  }
  EXPECT_LT(Page().data_head, kPage) << "none was overwritten";
  const int64_t other = Open();
  ASSERT_EQ(Map(other, 2 * kPage, kReads), 0);
  EXPECT_EQ(Map(other, 2 * kPage, kWrites), 0);
  for (uint64_t i = 0; i < 1000; ++i) {
    EBPF_TRACE(Mapped, i);
  }
  EXPECT_GT(Page().data_head, kPage);
}

constexpr uint64_t kAllButIpcLock = ~(uint64_t{1} << linux_abi::kCapIpcLock);
constexpr uint64_t kBuffer = 129 * kPage;

/// perf_event_mlock_kb for each of four CPUs and RLIMIT_MEMLOCK's 8 MiB.
TEST_P(PerfMappingTest, AProcessLocksSoMuchMemoryAndNoMore) {
  SetHostCapabilities(kAllButIpcLock);
  const bool has_limit = GetParam() == Origin::kUser;
  std::vector<int64_t> events;
  for (int i = 0; i < 19; ++i) {
    events.push_back(Open());
    ASSERT_EQ(Map(events.back(), kBuffer, kWrites), 0) << i;
    EXPECT_EQ(Map(events.back(), kBuffer, kWrites), 0) << "it is there";
  }
  const int64_t event = Open();
  EXPECT_EQ(Map(event, 4 * kPage, kWrites), -EINVAL);
  EXPECT_EQ(Map(event, kBuffer, kWrites), has_limit ? -EPERM : 0);
  EXPECT_EQ(Map(Open(), 65 * kPage, kWrites), 0) << "less is still free";
  // Whose memory has gone is given back.
  EXPECT_EQ(caller_.CloseFd(events.back()), 0);
  EXPECT_EQ(Map(event, kBuffer, kWrites), 0);
  EXPECT_EQ(Map(Open(), kBuffer, kWrites), has_limit ? -EPERM : 0);
  SetHostCapabilities(~uint64_t{0});
  EXPECT_EQ(Map(Open(), kBuffer, kWrites), 0);
}

TEST_P(PerfMappingTest, TheLimitIsWhatThePortSays) {
  SetHostCapabilities(kAllButIpcLock);
  const bool has_limit = GetParam() == Origin::kUser;
  caller_.client().LimitLockedMemory(0);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(Map(Open(), kBuffer, kWrites), 0) << i;
  }
  EXPECT_EQ(Map(Open(), kPage, kWrites), has_limit ? -EPERM : 0);
  caller_.client().LimitLockedMemory(kPage);
  EXPECT_EQ(Map(Open(), kPage, kWrites), 0);
  EXPECT_EQ(Map(Open(), kPage, kWrites), has_limit ? -EPERM : 0);
}

/// Another's event keeps the buffer, at the first one's cost.
TEST_P(PerfMappingTest, MemoryIsLockedAsLongAsAnybodyWritesToIt) {
  SetHostCapabilities(kAllButIpcLock);
  caller_.client().LimitLockedMemory(0);
  const int64_t event = Open();
  ASSERT_EQ(Map(event, 4 * 516 * 1024, kWrites), -EINVAL);
  ASSERT_EQ(Map(event, 257 * kPage, kWrites), 0);
  ASSERT_EQ(Map(Open(), 257 * kPage, kWrites), 0);
  const int64_t other = Open();
  EXPECT_EQ(caller_.IoctlFd(other, linux_abi::kPerfIocSetOutput,
                            static_cast<uint64_t>(event)),
            0);
  EXPECT_EQ(caller_.CloseFd(event), 0);
  const bool has_limit = GetParam() == Origin::kUser;
  EXPECT_EQ(Map(Open(), 257 * kPage, kWrites), has_limit ? -EPERM : 0);
  EXPECT_EQ(caller_.CloseFd(other), 0);
  EXPECT_EQ(Map(Open(), 257 * kPage, kWrites), 0);
}

}  // namespace
}  // namespace ebpf
