// SPDX-License-Identifier: MIT
//
// core/files/fd_table.h's implementation.
#include "core/files/fd_table.h"

#include "core/platform/files.h"

namespace ebpf {

FdTable::~FdTable() {
  CloseAll();
  Span<File*> files;
  {
    SpinGuard guard(lock_);
    files = Exchange(files_, Span<File*>());
  }
  if (allocator_ != nullptr) {
    allocator_->DeleteArray(files);  // not under the lock
  }
}

Status FdTable::Init(Allocator& allocator) {
  const Span<File*> files = EBPF_TRY(allocator.NewArray<File*>(kMaxFds));
  allocator_ = &allocator;
  SpinGuard guard(lock_);
  files_ = files;
  return Status::kOk;
}

Result<int> FdTable::InstallInCallers(Ref<File> file) {
  const int fd = ebpf_port_fd_install(reinterpret_cast<ebpf_file*>(file.get()));
  if (fd < 0) {
    return static_cast<Status>(-fd);
  }
  // It was the kernel's before this: another thread may have closed it.
  (void)file.Leak();
  return fd;
}

Result<Ref<File>> FdTable::GetFromCallers(int64_t fd) {
  if (fd < 0 || fd > INT32_MAX) {
    return Status::kBadFd;
  }
  ebpf_file* file = ebpf_port_fd_get(static_cast<int>(fd));
  if (file == nullptr) {
    return Status::kBadFd;
  }
  return Ref<File>::Adopt(reinterpret_cast<File*>(file));
}

Result<int> FdTable::Install(Ref<File> file) {
  if (of_callers_) {
    return InstallInCallers(Move(file));
  }
  SpinGuard guard(lock_);
  for (size_t fd = kFirstFd; fd < files_.size(); ++fd) {
    if (files_[fd] == nullptr) {
      files_[fd] = file.Leak();
      return static_cast<int>(fd);
    }
  }
  return Status::kTooManyFiles;  // `file` goes after the lock, see its scope
}

Result<Ref<File>> FdTable::Get(int64_t fd) {
  if (of_callers_) {
    return GetFromCallers(fd);
  }
  SpinGuard guard(lock_);
  if (!InRange(fd) || files_.empty()) {
    return Status::kBadFd;
  }
  File* file = files_[static_cast<size_t>(fd)];
  if (file == nullptr) {
    return Status::kBadFd;
  }
  return Ref<File>::Share(*file);
}

Status FdTable::Close(int64_t fd) {
  Ref<File> file;  // outlives the lock: the last reference may wait
  SpinGuard guard(lock_);
  if (!InRange(fd) || files_.empty()) {
    return Status::kBadFd;
  }
  File*& slot = files_[static_cast<size_t>(fd)];
  if (slot == nullptr) {
    return Status::kBadFd;
  }
  file = Ref<File>::Adopt(Exchange(slot, nullptr));
  return Status::kOk;
}

void FdTable::CloseAll() {
  for (int fd = kFirstFd; fd < kMaxFds; ++fd) {
    (void)Close(fd);  // most are not open
  }
}

}  // namespace ebpf
