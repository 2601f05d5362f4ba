// SPDX-License-Identifier: MIT
#include "testing/hermit/workload/workload.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

constexpr uint32_t kTasks = 3;
constexpr size_t kMaxSize = 4096;

/// What is read and written in turn, as powers of two: mostly small, now and
/// then a page.
constexpr uint8_t kSizes[] = {6, 9,  7, 9, 3, 9, 8,  12,
                              9, 10, 8, 9, 0, 9, 11, 8};
constexpr int32_t kSeekSet = 0;
constexpr uint32_t kMode = 0666;

constinit ebpf::Atomic<uint64_t> calls[kCallCount] = {};
constinit ebpf::Atomic<uint64_t> errors{0};
constinit ebpf::Atomic<uint32_t> running{0};
constinit ebpf::Atomic<bool> stop{false};
constinit uint32_t rounds_to_go = 0;

void Count(Call call) {
  calls[static_cast<unsigned>(call)].FetchAdd(1, ebpf::kRelaxed);
}

void Expect(bool ok) {
  if (!ok) {
    errors.FetchAdd(1, ebpf::kRelaxed);
  }
}

int32_t Open(const char* path, int32_t flags) {
  Count(Call::kOpen);
  return sys_open(path, flags, kMode);
}

ptrdiff_t Read(int32_t fd, uint8_t* bytes, size_t size) {
  Count(Call::kRead);
  return sys_read(fd, bytes, size);
}

ptrdiff_t Write(int32_t fd, const uint8_t* bytes, size_t size) {
  Count(Call::kWrite);
  return sys_write(fd, bytes, size);
}

void Close(int32_t fd) {
  Count(Call::kClose);
  Expect(sys_close(fd) == 0);
}

int32_t Create(const char* path) {
  const int32_t fd =
      Open(path, kHermitReadWrite | kHermitCreate | kHermitTruncate);
  Expect(fd > 2);
  return fd;
}

/// Writes a pattern to a file and reads it back.
void UseFile(int32_t fd, uint32_t task, uint32_t round) {
  static constinit uint8_t buffers[kTasks][kMaxSize] = {};
  uint8_t* buffer = buffers[task];
  const size_t size = size_t{1} << kSizes[(round + task * 5) % sizeof(kSizes)];
  const auto pattern = static_cast<uint8_t>(task * 64 + round);
  ebpf::FillBytes(buffer, pattern, size);
  Expect(Write(fd, buffer, size) == static_cast<ptrdiff_t>(size));
  Expect(sys_lseek(fd, 0, kSeekSet) == 0);
  ebpf::FillBytes(buffer, 0, size);
  Expect(Read(fd, buffer, size) == static_cast<ptrdiff_t>(size));
  Expect(buffer[0] == pattern && buffer[size - 1] == pattern);
}

/// A file's name, with the number of the task that uses it.
class Path {
 public:
  Path(const char* stem, uintptr_t task) {
    ebpf::TextWriter text(name_, sizeof(name_) - 1);
    text.Put(stem).PutUnsigned(task);
    name_[text.text().size()] = '\0';
  }
  const char* name() const { return name_; }

 private:
  char name_[32] = {};
};

void Work(uintptr_t task) {
  LetInterruptsIn();
  const Path data("/tmp/data-", task);
  const Path journal("/tmp/journal-", task);
  for (uint32_t round = 0; round < rounds_to_go && !stop.Load(ebpf::kRelaxed);
       ++round) {
    const int32_t data_fd = Create(data.name());
    // Every third time two files are open at once.
    const int32_t journal_fd = round % 3 == 0 ? Create(journal.name()) : -1;
    UseFile(data_fd, static_cast<uint32_t>(task), round);
    if (journal_fd >= 0) {
      UseFile(journal_fd, static_cast<uint32_t>(task), round + 1);
      Close(journal_fd);
    }
    Close(data_fd);
    if (round % 16 == task) {
      sys_usleep(10'000);  // blocks: the timer's interrupt ends it
    } else {
      sys_yield();
    }
  }
  Expect(sys_unlink(data.name()) == 0);
  Expect(sys_unlink(journal.name()) == 0);
  running.FetchSub(1, ebpf::kRelease);  // pairs with WorkloadRunning's acquire
}

}  // namespace

void StartWorkload(uint32_t rounds) {
  rounds_to_go = rounds;
  stop.Store(false, ebpf::kRelaxed);
  running.Store(kTasks, ebpf::kRelaxed);
  for (uint32_t task = 0; task < kTasks; ++task) {
    if (Spawn(&Work, task) < 0) {
      Expect(false);
      running.FetchSub(1, ebpf::kRelaxed);
    }
  }
}

void StopWorkload() { stop.Store(true, ebpf::kRelaxed); }

bool WorkloadRunning() { return running.Load(ebpf::kAcquire) != 0; }

uint64_t WorkloadCalls(Call call) {
  return calls[static_cast<unsigned>(call)].Load(ebpf::kRelaxed);
}

uint64_t WorkloadErrors() { return errors.Load(ebpf::kRelaxed); }

}  // namespace hermit
