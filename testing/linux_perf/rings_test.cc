// SPDX-License-Identifier: MIT
//
// The same plain C reader reads our buffers and the host's: samples of a
// tracepoint, read now and then, while there is room for them and while not.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/perf_event.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/linux_abi/perf_event.h"
#include "core/syscall/file_calls.h"
#include "core/tracepoints/trace.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/linux_perf/perf_reader.h"
#include "testing/linux_tracefs/host_tracefs.h"

namespace ebpf {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kDataPages = 2;
constexpr uint32_t kWakeupEvents = 5;
constexpr uint64_t kSampleType =
    linux_abi::kPerfSampleIdentifier | linux_abi::kPerfSampleTid |
    linux_abi::kPerfSampleTime | linux_abi::kPerfSampleCpu |
    linux_abi::kPerfSampleRaw;

struct Step {
  static constexpr char kSystem[] = "linux_perf";
  static constexpr char kName[] = "step";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Step);

/// A kernel with a mapped event that samples each time that something happens.
class Ring {
 public:
  virtual ~Ring() = default;
  virtual void Happen(uint64_t number) = 0;
  virtual bool PollsReadable() = 0;
  virtual uint64_t Count() = 0;
  /// Of a sample's raw part, or `expected` where it has none.
  virtual uint64_t NumberIn(const perf_sample& sample, uint64_t expected) = 0;

  void* base = nullptr;
  uint64_t id = 0;
};

class OurRing final : public Ring {
 public:
  OurRing() : caller_(Origin::kKernel) {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = Step::tracepoint.id;
    attr.sample_type = kSampleType;
    attr.sample_period = 1;
    attr.wakeup_events = kWakeupEvents;
    attr.flags = linux_abi::kPerfSampleIdAll;
    fd_ = caller_.OpenEvent(attr);
    MapPages pages{};
    EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(fd_), 0,
                   (1 + kDataPages) * kPage, 3, &pages),
              0);
    base = pages.address;
    const uint64_t at = caller_.Put(uint64_t{0});
    EXPECT_EQ(caller_.IoctlFd(fd_, linux_abi::kPerfIocId, at), 0);
    id = caller_.Get<uint64_t>(at);
  }
  ~OurRing() override { caller_.client().fds().CloseAll(); }
  void Happen(uint64_t number) override { EBPF_TRACE(Step, number); }
  bool PollsReadable() override {
    return (Poll(caller_.client(), static_cast<int32_t>(fd_)) &
            linux_abi::kPollIn) != 0;
  }
  uint64_t Count() override {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(fd_),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  }
  uint64_t NumberIn(const perf_sample& sample, uint64_t) override {
    Step::Record record;
    EXPECT_EQ(sample.raw_size, sizeof(record) + 4);
    memcpy(&record, sample.raw, sizeof(record));
    return record.number;
  }

 private:
  TestSystem system_;
  TestCaller caller_;
  int64_t fd_;
};

/// The host's, of this thread's getppid(2).
class HostRing final : public Ring {
 public:
  /// False: this process may not; `reason` says why.
  bool Open(std::string* reason) {
    const auto tracefs = HostTracefs::Open(reason);
    if (tracefs == nullptr) {
      return false;
    }
    perf_event_attr attr{};
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.size = sizeof(attr);
    attr.config =
        strtoull(tracefs->Read("events/syscalls/sys_enter_getppid/id").c_str(),
                 nullptr, 10);
    attr.sample_type = kSampleType;
    attr.sample_period = 1;
    attr.wakeup_events = kWakeupEvents;
    attr.sample_id_all = 1;
    fd_ = static_cast<int>(
        syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
    if (fd_ < 0) {
      *reason = std::string("perf_event_open: ") + strerror(errno);
      return false;
    }
    base = mmap(nullptr, (1 + kDataPages) * kPage, PROT_READ | PROT_WRITE,
                MAP_SHARED, fd_, 0);
    EXPECT_NE(base, MAP_FAILED);
    EXPECT_EQ(ioctl(fd_, PERF_EVENT_IOC_ID, &id), 0);
    return true;
  }
  ~HostRing() override {
    if (base != nullptr) {
      munmap(base, (1 + kDataPages) * kPage);
    }
    close(fd_);
  }
  void Happen(uint64_t) override { syscall(SYS_getppid); }
  bool PollsReadable() override {
    pollfd poll_fd = {fd_, POLLIN, 0};
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) != 0;
  }
  uint64_t Count() override {
    uint64_t count = 0;
    EXPECT_EQ(read(fd_, &count, 8), 8);
    return count;
  }
  uint64_t NumberIn(const perf_sample& sample, uint64_t expected) override {
    // common_type .. common_pid, __syscall_nr, and no arguments.
    EXPECT_EQ(sample.raw_size, 20u);
    return expected;
  }

 private:
  int fd_ = -1;
};

/// Reads what is there; how many records that were samples. Losses are told
/// where they were.
class Reading {
 public:
  explicit Reading(Ring& ring) : ring_(ring) {
    perf_reader_init(&reader_, ring.base);
  }

  uint64_t ReadAll() {
    uint64_t samples = 0;
    alignas(8) unsigned char record[512];
    while (perf_reader_next(&reader_, record, sizeof(record)) != 0) {
      if (perf_record_type(record) == 2) {  // PERF_RECORD_LOST
        EXPECT_EQ(perf_lost_id(record), ring_.id);
        lost += perf_lost_count(record);
        next_ += perf_lost_count(record);
        continue;
      }
      EXPECT_EQ(perf_record_type(record), 9u);  // PERF_RECORD_SAMPLE
      perf_sample sample;
      EXPECT_EQ(perf_sample_parse(record, kSampleType, &sample), 1);
      EXPECT_EQ(sample.identifier, ring_.id);
      EXPECT_GE(sample.time, last_time_);
      last_time_ = sample.time;
      EXPECT_EQ(ring_.NumberIn(sample, next_), next_);
      ++next_;
      ++samples;
    }
    perf_reader_release(&reader_);
    seen += samples;
    return samples;
  }

  uint64_t seen = 0;
  uint64_t lost = 0;

 private:
  Ring& ring_;
  perf_reader reader_;
  uint64_t next_ = 0;
  uint64_t last_time_ = 0;
};

void ReadNowAndThen(Ring& ring) {
  Reading reading(ring);
  uint64_t number = 0;
  // Woken each kWakeupEvents samples. (One poll takes it.)
  for (uint32_t i = 1; i <= 4 * kWakeupEvents; ++i) {
    ring.Happen(number++);
    EXPECT_EQ(ring.PollsReadable(), i % kWakeupEvents == 0) << i;
  }
  EXPECT_EQ(reading.ReadAll(), 4 * kWakeupEvents);
  // Over the end, again and again, at every distance from it; no loss.
  for (uint32_t burst = 1; burst < 60; ++burst) {
    for (uint32_t i = 0; i < burst; ++i) {
      ring.Happen(number++);
    }
    EXPECT_EQ(reading.ReadAll(), burst);
  }
  EXPECT_EQ(reading.lost, 0u);
  // More than there is room for.
  for (uint32_t burst = 1000; burst < 1010; ++burst) {
    for (uint32_t i = 0; i < burst; ++i) {
      ring.Happen(number++);
    }
    const uint64_t before = reading.lost;
    EXPECT_LT(reading.ReadAll(), burst);
    // What was lost is told with the next that fits.
    ring.Happen(number++);
    EXPECT_EQ(reading.ReadAll(), 1u);
    EXPECT_GT(reading.lost, before);
  }
  EXPECT_EQ(reading.seen + reading.lost, number);
  EXPECT_EQ(ring.Count(), number);
  printf("%llu happened: %llu read, %llu told as lost\n",
         static_cast<unsigned long long>(number),
         static_cast<unsigned long long>(reading.seen),
         static_cast<unsigned long long>(reading.lost));
}

TEST(LinuxPerfTest, AReaderOfTheDocumentedLayoutReadsOurBuffers) {
  OurRing ring;
  ReadNowAndThen(ring);
}

TEST(LinuxPerfTest, TheSameReaderReadsTheHosts) {
  HostRing ring;
  std::string reason;
  if (!ring.Open(&reason)) {
    GTEST_SKIP() << "NOT COMPARED WITH LINUX: " << reason;
  }
  ReadNowAndThen(ring);
}

}  // namespace
}  // namespace ebpf
