// SPDX-License-Identifier: MIT
//
// Samples, by perf_event_open(2) and the mapped buffer alone.
#include "core/base/memory.h"
#include "core/linux_abi/perf_event.h"
#include "core/ring/perf_layout.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/trace_storm/watcher.h"

namespace guest::trace_storm {
namespace {

using ebpf::LoadUnaligned;
namespace abi = ebpf::linux_abi;

constexpr uint64_t kDataSize = 16 * kPageSize;

/// A sample of nothing but the record.
struct Sample {
  ebpf::ring::PerfRecordHeader header;
  uint32_t raw_size;
  uint8_t raw[sizeof(PassRecord)];
};

uint8_t* AddressIn(const ebpf_pages& pages, uint64_t at) {
  return static_cast<uint8_t*>(pages.address) + kPageSize + at % kDataSize;
}

/// Bytes of the buffer, which may go on at its beginning.
void CopyFrom(const ebpf_pages& pages, uint64_t at, void* to, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    static_cast<uint8_t*>(to)[i] = *AddressIn(pages, at + i);
  }
}

uint64_t* WordOf(const ebpf_pages& pages, size_t offset) {
  return reinterpret_cast<uint64_t*>(static_cast<uint8_t*>(pages.address) +
                                     offset);
}

}  // namespace

int64_t SampleWatcher::Open(uint32_t cpu) {
  abi::PerfEventAttr attr = {};
  attr.type = abi::kPerfTypeTracepoint;
  attr.size = sizeof(attr);
  attr.config = TracepointOf(place()).id;
  attr.sample_period = 1;
  attr.sample_type = abi::kPerfSampleRaw;
  attr.read_format = abi::kPerfFormatLost;
  attr.flags = abi::kPerfDisabled;
  const int64_t fd = ebpf_perf_event_open(
      client_, reinterpret_cast<uintptr_t>(&attr), -1,
      static_cast<int32_t>(cpu), -1, abi::kPerfFlagFdCloexec);
  OfCpu& of = cpus_[cpu];
  of.tail = 0;
  of.fd = fd;
  if (fd < 0) {
    return fd;
  }
  const int64_t error =
      ebpf_mmap(client_, static_cast<int32_t>(fd), 0, kPageSize + kDataSize,
                abi::kProtRead | abi::kProtWrite, &of.pages);
  return error != 0 ? error
                    : ebpf_ioctl(client_, static_cast<int32_t>(fd),
                                 abi::kPerfIocEnable, 0);
}

ebpf::Status SampleWatcher::Attach() {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    const int64_t error = Open(cpu);
    if (error < 0) {
      for (uint32_t opened = 0; opened <= cpu; ++opened) {
        if (cpus_[opened].fd > 0) {
          ebpf_close(client_, static_cast<int32_t>(cpus_[opened].fd));
        }
        cpus_[opened].fd = 0;
      }
      return static_cast<ebpf::Status>(-error);
    }
  }
  return ebpf::Status::kOk;
}

void SampleWatcher::Detach() {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    OfCpu& of = cpus_[cpu];
    const auto fd = static_cast<int32_t>(of.fd);
    GUEST_EXPECT_EQ(-ebpf_ioctl(client_, fd, abi::kPerfIocDisable, 0), 0);
    DrainCpu(of, cpu);
    uint64_t count_and_lost[2] = {};
    GUEST_EXPECT_EQ(
        ebpf_read(client_, fd, reinterpret_cast<uintptr_t>(count_and_lost),
                  sizeof(count_and_lost)),
        sizeof(count_and_lost));
    of.counted += count_and_lost[0];
    of.lost += count_and_lost[1];
    GUEST_EXPECT_EQ(-ebpf_close(client_, fd), 0);
    of.fd = 0;
  }
}

void SampleWatcher::Drain() {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    if (cpus_[cpu].fd > 0) {
      DrainCpu(cpus_[cpu], cpu);
    }
  }
}

void SampleWatcher::DrainCpu(OfCpu& of, uint32_t cpu) {
  // Pairs with the kernel's barrier between a record and its head.
  const uint64_t head = __atomic_load_n(
      WordOf(of.pages, offsetof(ebpf::ring::PerfPage, data_head)),
      __ATOMIC_ACQUIRE);
  while (of.tail != head) {
    ebpf::ring::PerfRecordHeader header;
    CopyFrom(of.pages, of.tail, &header, sizeof(header));
    if (header.size == 0 || header.size > head - of.tail) {
      ++wrong_;
      return;
    }
    if (header.type == ebpf::ring::kPerfRecordSample) {
      TakeSample(of, cpu, of.tail);
    } else if (header.type != ebpf::ring::kPerfRecordLost) {
      ++wrong_;
    }
    of.tail += header.size;
  }
  // What was read may be written over.
  __atomic_store_n(WordOf(of.pages, offsetof(ebpf::ring::PerfPage, data_tail)),
                   of.tail, __ATOMIC_RELEASE);
}

void SampleWatcher::TakeSample(OfCpu& of, uint32_t cpu, uint64_t at) {
  Sample sample;
  CopyFrom(of.pages, at, &sample, sizeof(sample));
  const auto record = LoadUnaligned<PassRecord>(sample.raw);
  // A thread that is preempted passes after others that have taken theirs
  // later.
  const bool right = sample.raw_size >= sizeof(record) && record.IsWhole() &&
                     record.cpu == cpu &&
                     (record.number >= of.next || IsPreemptive());
  wrong_ += right ? 0 : 1;
  of.next = record.number + 1;
  ++of.seen;
}

uint64_t SampleWatcher::Hits(uint32_t cpu) {
  Drain();
  return cpus_[cpu].seen;
}

uint64_t SampleWatcher::Missed() {
  uint64_t lost = 0;
  for (const OfCpu& of : cpus_) {
    lost += of.lost;
    // The event itself counts those that were lost, too.
    GUEST_EXPECT_EQ(of.seen + of.lost, of.counted);
  }
  return lost;
}

}  // namespace guest::trace_storm
