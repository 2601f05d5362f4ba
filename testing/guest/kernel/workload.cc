// SPDX-License-Identifier: MIT
//
// The file operations, their counters, and the threads that call them.
#include "testing/guest/kernel/workload.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

using ebpf::kRelaxed;

constexpr int kMinusNotFound = -2;
constexpr int kMinusBadFd = -9;
constexpr int kMinusInvalid = -22;

struct File {
  const char* path;
  uint64_t size;
};

constexpr File kFiles[] = {
    {"/etc/passwd", 1714},
    {"/etc/hostname", 9},
    {"/bin/sh", 125'688},
    {"/lib/libc.so.6", 1'922'136},
    {"/proc/self/status", 1309},
    {"/var/log/messages", 65'536},
};
constexpr int kFileCount = sizeof kFiles / sizeof kFiles[0];
static_assert(kFileCount <= kMaxFd);

/// As WorkloadTruth. Atomic, so that they are exact in a kernel that preempts,
/// too; on cache lines of their own.
struct alignas(64) Counters {
  ebpf::Atomic<uint64_t> opens{0};
  ebpf::Atomic<uint64_t> failed_opens{0};
  ebpf::Atomic<uint64_t> reads{0};
  ebpf::Atomic<uint64_t> reads_of_fd[kMaxFd] = {};
  ebpf::Atomic<uint64_t> read_size{0};
  ebpf::Atomic<uint64_t> writes{0};
  ebpf::Atomic<uint64_t> write_size{0};
  ebpf::Atomic<uint64_t> closes{0};
};
constinit Counters counters[kMaxCpus] = {};

/// Threads do not change CPUs.
[[gnu::always_inline]] inline Counters& Mine() {
  return counters[machine::CpuId()];
}

[[gnu::always_inline]] inline void Add(ebpf::Atomic<uint64_t>& counter,
                                       uint64_t value) {
  counter.FetchAdd(value, kRelaxed);
}

[[gnu::always_inline]] inline bool IsOpen(int fd) {
  return fd >= 0 && fd < kFileCount;
}

}  // namespace
}  // namespace guest

extern "C" {

[[gnu::noinline]] int vfs_open(const char* path, int flags) {
  guest::Counters& mine = guest::Mine();
  guest::Add(mine.opens, 1);
  constexpr int kAccessMode = 3;
  int fd = guest::kMinusNotFound;
  if ((flags & ~kAccessMode) != 0) {
    fd = guest::kMinusInvalid;
  } else {
    for (int i = 0; i < guest::kFileCount; ++i) {
      if (ebpf::StringView(path) == ebpf::StringView(guest::kFiles[i].path)) {
        fd = i;
        break;
      }
    }
  }
  guest::Add(mine.failed_opens, fd < 0);
  return fd;
}

[[gnu::noinline]] int64_t vfs_read(int fd, void* buffer, uint64_t size) {
  guest::Counters& mine = guest::Mine();
  guest::Add(mine.reads, 1);
  guest::Add(mine.read_size, size);
  if (!guest::IsOpen(fd)) {
    return guest::kMinusBadFd;
  }
  guest::Add(mine.reads_of_fd[fd], 1);
  const uint64_t count = ebpf::Min(size, guest::kFiles[fd].size);
  auto* bytes = static_cast<uint8_t*>(buffer);
  for (uint64_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 31 + static_cast<uint64_t>(fd));
  }
  return static_cast<int64_t>(count);
}

[[gnu::noinline]] int64_t vfs_write(int fd, const void* buffer,
                                    uint64_t size) {
  guest::Counters& mine = guest::Mine();
  guest::Add(mine.writes, 1);
  guest::Add(mine.write_size, size);
  if (!guest::IsOpen(fd)) {
    return guest::kMinusBadFd;
  }
  // Looked at as a file system would, so that the work grows with the size.
  const auto* bytes = static_cast<const volatile uint8_t*>(buffer);
  for (uint64_t i = 0; i < size; i += 16) {
    (void)bytes[i];
  }
  return static_cast<int64_t>(size);
}

[[gnu::noinline]] int vfs_close(int fd) {
  guest::Add(guest::Mine().closes, 1);
  return guest::IsOpen(fd) ? 0 : guest::kMinusBadFd;
}

}  // extern "C"

namespace guest {
namespace {

constexpr uint32_t kMaxWorkers = 16;
constexpr uint64_t kBufferSize = 4096;

struct Worker {
  uint32_t number = 0;
  uint32_t rounds = 0;
  Thread* thread = nullptr;
  uint8_t buffer[kBufferSize] = {};
};
constinit Worker workers[kMaxWorkers] = {};
constinit uint32_t worker_count = 0;
constinit ebpf::Atomic<bool> stop{false};

/// The same numbers in each run. [Knuth, MMIX]
class Sequence {
 public:
  explicit Sequence(uint64_t seed) : state_(seed * 2 + 1) {}

  uint64_t Below(uint64_t limit) {
    state_ = state_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    return (state_ >> 33) % limit;
  }

  /// Small sizes more often than large ones: for a histogram to look at.
  uint64_t Size() { return uint64_t{1} << Below(13); }

 private:
  uint64_t state_;
};

void RunRound(Worker& worker, Sequence& sequence) {
  if (sequence.Below(8) == 0) {
    (void)vfs_open("/no/such/file", 0);
  }
  const int fd = vfs_open(WorkloadPath(sequence.Below(kFileCount)),
                          static_cast<int>(sequence.Below(3)));
  for (uint64_t i = sequence.Below(4); i != 0; --i) {
    (void)vfs_read(fd, worker.buffer, sequence.Size());
    SafePoint();
  }
  if (sequence.Below(2) == 0) {
    (void)vfs_write(fd, worker.buffer, sequence.Size());
  }
  (void)vfs_close(fd);
}

void RunWorker(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  Sequence sequence(worker->number);
  for (uint32_t round = 0; worker->rounds == 0 || round < worker->rounds;
       ++round) {
    if (worker->rounds == 0 && stop.Load(kRelaxed)) {
      break;
    }
    RunRound(*worker, sequence);
    SafePoint();
  }
}

}  // namespace

WorkloadTruth WorkloadTruthOf(uint32_t cpu) {
  const Counters& from = counters[cpu];
  WorkloadTruth truth;
  truth.opens = from.opens.Load(kRelaxed);
  truth.failed_opens = from.failed_opens.Load(kRelaxed);
  truth.reads = from.reads.Load(kRelaxed);
  for (int fd = 0; fd < kMaxFd; ++fd) {
    truth.reads_of_fd[fd] = from.reads_of_fd[fd].Load(kRelaxed);
  }
  truth.read_size = from.read_size.Load(kRelaxed);
  truth.writes = from.writes.Load(kRelaxed);
  truth.write_size = from.write_size.Load(kRelaxed);
  truth.closes = from.closes.Load(kRelaxed);
  return truth;
}

void ResetWorkloadTruth() {
  for (Counters& each : counters) {
    each.opens.Store(0, kRelaxed);
    each.failed_opens.Store(0, kRelaxed);
    each.reads.Store(0, kRelaxed);
    for (ebpf::Atomic<uint64_t>& reads : each.reads_of_fd) {
      reads.Store(0, kRelaxed);
    }
    each.read_size.Store(0, kRelaxed);
    each.writes.Store(0, kRelaxed);
    each.write_size.Store(0, kRelaxed);
    each.closes.Store(0, kRelaxed);
  }
}

const char* WorkloadPath(size_t index) {
  return index < kFileCount ? kFiles[index].path : nullptr;
}

bool StartWorkload(const WorkloadPlan& plan) {
  stop.Store(false, kRelaxed);
  const uint32_t count =
      ebpf::Min(plan.threads_per_cpu * OnlineCpus(), kMaxWorkers);
  for (worker_count = 0; worker_count < count; ++worker_count) {
    Worker& worker = workers[worker_count];
    worker.number = worker_count;
    worker.rounds = plan.rounds;
    char name[kMaxThreadName];
    ebpf::TextWriter writer(name, sizeof name);
    writer.Put("worker-").PutUnsigned(worker_count);
    worker.thread = Spawn(writer.text(), worker_count % OnlineCpus(),
                          RunWorker, &worker);
    if (worker.thread == nullptr) {
      StopWorkload();
      JoinWorkload();
      return false;
    }
  }
  return true;
}

void StopWorkload() { stop.Store(true, kRelaxed); }

void JoinWorkload() {
  while (worker_count != 0) {
    Join(workers[--worker_count].thread);
  }
}

}  // namespace guest
