// SPDX-License-Identifier: MIT
//
// testing/guest/kernel/workload.h's implementation.
#include "testing/guest/kernel/workload.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

constexpr uint32_t kFunctions = 4;
constexpr uint32_t kMaxThreads = kMaxCpus * kWorkloadThreadsPerCpu;
constexpr const char* kNames[kWorkloadThreadsPerCpu] = {"cat", "httpd",
                                                        "logger"};
constexpr int kFirstFd = 3;
constexpr int kFileCount = 8;
constexpr size_t kMaxIo = 4096;
constexpr long kBadFd = -9;     // -EBADF
constexpr long kInvalid = -22;  // -EINVAL

/// A thread stays on its CPU. Atomic, so that the counts are right in a kernel
/// that preempts its threads, too.
struct alignas(64) Counters {
  ebpf::Atomic<uint64_t> calls[kFunctions] = {};
};
constinit Counters counters[kMaxCpus] = {};

struct Worker {
  Thread* thread;
  uint32_t index;
  uint32_t rounds;
  uint8_t buffer[kMaxIo];
};
constinit Worker workers[kMaxThreads] = {};
constinit ebpf::Atomic<uint64_t> errors{0};
constinit ebpf::Atomic<bool> stop{false};

[[gnu::always_inline]] inline void Count(WorkloadFunction function) {
  counters[machine::CpuId()].calls[static_cast<uint32_t>(function)].FetchAdd(
      1, ebpf::kRelaxed);
}

void Expect(bool ok) {
  if (!ok) {
    errors.FetchAdd(1, ebpf::kRelaxed);
  }
}

bool IsFd(int fd) { return fd >= kFirstFd && fd < kFirstFd + kFileCount; }

void Work(void* argument) {
  auto& worker = *static_cast<Worker*>(argument);
  for (uint32_t round = 0; round < worker.rounds; ++round) {
    if (stop.Load(ebpf::kRelaxed)) {
      break;
    }
    char path[40];
    ebpf::TextWriter text(path, sizeof(path));
    text.Put("/data/")
        .Put(kNames[worker.index % kWorkloadThreadsPerCpu])
        .Put("/");
    text.PutUnsigned(round % 100);
    path[text.text().size()] = '\0';
    const long fd = vfs_open(path, static_cast<int>(round & 0xfff));
    Expect(IsFd(static_cast<int>(fd)));
    const size_t size = size_t{1} << ((round + worker.index) % 12);
    Expect(vfs_write(static_cast<int>(fd), worker.buffer, size) ==
           static_cast<long>(size));
    Expect(vfs_read(static_cast<int>(fd), worker.buffer, size) ==
           static_cast<long>(size));
    Expect(vfs_close(static_cast<int>(fd)) == 0);
    if (round % 4 == 0) {
      Yield();
    } else {
      SafePoint();
    }
  }
}

}  // namespace

ebpf::StringView WorkloadSymbol(WorkloadFunction function) {
  constexpr const char* kSymbols[kFunctions] = {"vfs_open", "vfs_read",
                                                "vfs_write", "vfs_close"};
  return kSymbols[static_cast<uint32_t>(function)];
}

uint64_t WorkloadCalls(WorkloadFunction function, uint32_t cpu) {
  return counters[cpu].calls[static_cast<uint32_t>(function)].Load(
      ebpf::kRelaxed);
}

bool StartWorkload(uint32_t rounds) {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  stop.Store(false, ebpf::kRelaxed);
  const uint32_t count = OnlineCpus() * kWorkloadThreadsPerCpu;
  for (uint32_t i = 0; i < count; ++i) {
    Worker& worker = workers[i];
    worker.index = i;
    worker.rounds = rounds;
    worker.thread = Spawn(kNames[i % kWorkloadThreadsPerCpu],
                          i / kWorkloadThreadsPerCpu, Work, &worker);
    if (worker.thread == nullptr) {
      return false;
    }
  }
  return true;
}

void StopWorkload() { stop.Store(true, ebpf::kRelaxed); }

bool WorkloadRunning() {
  bool running = false;
  for (Worker& worker : workers) {
    if (worker.thread == nullptr) {
      continue;
    }
    if (worker.thread->finished.Load(ebpf::kAcquire)) {
      Join(ebpf::Exchange(worker.thread, nullptr));
    } else {
      running = true;
    }
  }
  return running;
}

uint64_t WorkloadErrors() { return errors.Load(ebpf::kRelaxed); }

}  // namespace guest

using guest::WorkloadFunction;

// Not inlined, so that each call passes their first instruction; and each does
// something with its arguments, so that the calls stay.

[[gnu::noinline]] long vfs_open(const char* path, int flags) {
  guest::Count(WorkloadFunction::kOpen);
  if (path == nullptr || path[0] != '/') {
    return guest::kInvalid;
  }
  uint32_t hash = static_cast<uint32_t>(flags);
  for (const char* c = path; *c != '\0'; ++c) {
    hash = hash * 31 + static_cast<uint8_t>(*c);
  }
  return guest::kFirstFd + static_cast<long>(hash % guest::kFileCount);
}

[[gnu::noinline]] long vfs_read(int fd, void* buffer, size_t size) {
  guest::Count(WorkloadFunction::kRead);
  if (!guest::IsFd(fd)) {
    return guest::kBadFd;
  }
  const size_t count = ebpf::Min(size, guest::kMaxIo);
  ebpf::FillBytes(buffer, static_cast<uint8_t>(fd), count);
  return static_cast<long>(count);
}

[[gnu::noinline]] long vfs_write(int fd, const void* buffer, size_t size) {
  guest::Count(WorkloadFunction::kWrite);
  if (!guest::IsFd(fd) || buffer == nullptr) {
    return guest::kBadFd;
  }
  return static_cast<long>(ebpf::Min(size, guest::kMaxIo));
}

[[gnu::noinline]] long vfs_close(int fd) {
  guest::Count(WorkloadFunction::kClose);
  return guest::IsFd(fd) ? 0 : guest::kBadFd;
}
