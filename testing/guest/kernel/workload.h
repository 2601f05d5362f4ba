// SPDX-License-Identifier: MIT
//
// Kernel functions to put probes on, and threads that call them.
//
// Each function counts its calls in its own body, by CPU: the truth that counts
// of probes are compared with. Nothing but the workload calls them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/string_view.h"

extern "C" {

/// Fake system calls on a few files in memory; as Linux's, negative errnos.
/// Context: task.
long vfs_open(const char* path, int flags);
long vfs_read(int fd, void* buffer, size_t size);
long vfs_write(int fd, const void* buffer, size_t size);
long vfs_close(int fd);

}  // extern "C"

namespace guest {

enum class WorkloadFunction { kOpen, kRead, kWrite, kClose };

/// So many threads of a CPU may be between a function's entry, where a probe
/// stands, and its count.
inline constexpr uint32_t kWorkloadThreadsPerCpu = 3;

/// The function's symbol.
ebpf::StringView WorkloadSymbol(WorkloadFunction function);

/// How often the function was entered on `cpu` since boot.
uint64_t WorkloadCalls(WorkloadFunction function, uint32_t cpu);

/// Starts `rounds` rounds of the workload on every CPU: some threads with
/// names, each calling each function once a round, with arguments that depend
/// on thread and round only. Waits for the end of the one before. False if a
/// thread cannot be started. Context: task.
[[nodiscard]] bool StartWorkload(uint32_t rounds);

/// Ends the workload early: each thread ends after its round. Context: task.
void StopWorkload();

/// Whether threads of it still run; frees those that do not. Context: task.
bool WorkloadRunning();

/// Results that were not as expected: a function that was disturbed.
uint64_t WorkloadErrors();

}  // namespace guest
