// SPDX-License-Identifier: MIT
//
// Descriptors for kernels that have none, and for clients inside a kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/files/file.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// A small table from numbers to files; the lowest free number is given, from
/// kFirstFd on. Context of all: task, from any number of threads.
class FdTable : public NonCopyable {
 public:
  /// 0 means "none" in bpf(2)'s attributes, and 0, 1 and 2 are taken in every
  /// process.
  static constexpr int kFirstFd = 3;
  static constexpr int kMaxFds = 512;

  FdTable() = default;
  ~FdTable();

  /// kNoMemory. Once, before anything else.
  Status Init(Allocator& allocator);

  /// In place of Init: the table of whichever process calls, which is the
  /// kernel's (core/platform/files.h). It closes its descriptors itself.
  void UseCallers() { of_callers_ = true; }

  /// A descriptor of `file`, whose reference moves into the table.
  /// kTooManyFiles when all are taken; what the kernel says. No spin lock is
  /// held.
  Result<int> Install(Ref<File> file);

  /// kBadFd where `fd` is not open.
  Result<Ref<File>> Get(int64_t fd);

  /// Closes `fd`; kBadFd.
  Status Close(int64_t fd);

  void CloseAll();

 private:
  static bool InRange(int64_t fd) { return fd >= kFirstFd && fd < kMaxFds; }

  static Result<int> InstallInCallers(Ref<File> file);
  static Result<Ref<File>> GetFromCallers(int64_t fd);

  Allocator* allocator_ = nullptr;
  bool of_callers_ = false;  // does not change once there are calls
  SpinLock<LockRank::kFdTable> lock_;
  Span<File*> files_ EBPF_GUARDED_BY(lock_);
};

}  // namespace ebpf
