// SPDX-License-Identifier: MIT
//
// Something to observe: file operations that threads on all CPUs call, with
// the truth about them counted in their own bodies.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "testing/guest/kernel/machine.h"

// The functions that probes are put on. A file system of a few files whose
// contents are made up; errors are negative errnos, as in Linux.
extern "C" {

/// The descriptor of the file at `path`: -ENOENT (-2) if there is none,
/// -EINVAL (-22) for flags beyond those of open(2)'s access mode.
int vfs_open(const char* path, int flags);

/// Reads at most `size` bytes into `buffer`; -EBADF (-9).
int64_t vfs_read(int fd, void* buffer, uint64_t size);

/// Takes `size` bytes from `buffer`, and forgets them; -EBADF (-9).
int64_t vfs_write(int fd, const void* buffer, uint64_t size);

/// -EBADF (-9).
int vfs_close(int fd);
}

namespace guest {

/// Descriptors are below this.
inline constexpr int kMaxFd = 8;

/// What was called on one CPU, counted by the functions themselves.
struct WorkloadTruth {
  uint64_t opens = 0;
  uint64_t failed_opens = 0;
  uint64_t reads = 0;
  uint64_t reads_of_fd[kMaxFd] = {};
  uint64_t read_size = 0;  // the sum of the arguments
  uint64_t writes = 0;
  uint64_t write_size = 0;
  uint64_t closes = 0;
};

/// The truth about `cpu` since ResetWorkloadTruth(). Exact when no workload
/// runs. Context: any.
WorkloadTruth WorkloadTruthOf(uint32_t cpu);
void ResetWorkloadTruth();

/// Which paths there are: "/etc/passwd" and so on; null past the last.
const char* WorkloadPath(size_t index);

struct WorkloadPlan {
  uint32_t threads_per_cpu = 2;
  /// Each round opens a file, reads, writes and closes it; now and then it
  /// opens one that is not there. 0: until StopWorkload().
  uint32_t rounds = 100;
};

/// Starts threads "worker-<number>" on all CPUs, interrupts on; false if there
/// is no memory, with none left. What they call, and with which arguments,
/// depends on the plan and their numbers only. Context: task; one at a time.
[[nodiscard]] bool StartWorkload(const WorkloadPlan& plan);

/// Tells threads without an end to end.
void StopWorkload();

/// Waits until all threads have ended. Context: task.
void JoinWorkload();

}  // namespace guest
