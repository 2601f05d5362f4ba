// SPDX-License-Identifier: MIT
//
// A descriptor of one of text_walk.h's texts.
#pragma once

#include "core/base/thread_annotations.h"
#include "core/files/client.h"
#include "core/files/file.h"
#include "core/files/reader_waker.h"
#include "core/files/text_walk.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Reads go from where the last one ended. Lines are made as they are asked
/// for, one at a time: each is as things were when it was made, and what is
/// copied to the client is copied with no lock held but this file's own: one
/// reader at a time, while others wait. What is written at once is one command,
/// or a part of one line of several, wherever the file's end is.
class TextFile final : public File {
 public:
  struct Access {
    bool reads = true;
    bool writes = false;
  };

  /// Who opens it decides what it shows. kNoMemory, and what the kind's begin
  /// says.
  static Result<Ref<TextFile>> Create(const TextPlace& place, Access access,
                                      const Client& client,
                                      Allocator& allocator);

  const char* name() const override { return place_.kind->path; }

  /// 0: that was all. kFault: nothing was copied; what a fault stopped in the
  /// middle of is not lost. kTryAgain: there is nothing now. kNoDevice: what it
  /// tells of is gone. kInvalid: it has nothing to read; kBadFd: it was not
  /// opened to be read.
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  /// How much was taken; the rest may be written again. kInvalid: nothing can
  /// be written, or not this; kBadFd: it was not opened to be written.
  Result<size_t> Write(Client& client, CallerPtr from, size_t size) override;

  uint32_t Poll() override;
  Status WakeReaders(void* file) override;

  /// Goes over the next `count` characters, or all that there are.
  void Skip(uint64_t count);

 private:
  friend class Allocator;

  TextFile(const TextPlace& place, Access access, Allocator& allocator)
      : place_(place), access_(access), allocator_(allocator) {}
  ~TextFile();
  void Destroy() override { allocator_.Delete(this); }

  /// What is left of the line, or the next one; empty at the end, or where
  /// there is nothing now.
  StringView Rest() EBPF_REQUIRES(mutex_);

  const TextPlace place_;
  const Access access_;
  Allocator& allocator_;
  TextWalk* walk_ = nullptr;  // null: it is not read
  Mutex mutex_;
  bool ended_ EBPF_GUARDED_BY(mutex_) = false;
  size_t size_ EBPF_GUARDED_BY(mutex_) = 0;  // of the line
  size_t read_ EBPF_GUARDED_BY(mutex_) = 0;  // of it
  bool wakes_ EBPF_GUARDED_BY(mutex_) = false;
  ReaderWaker waker_;  // by the walk's notifier, if wakes_
  char line_[kMaxTextLine] EBPF_GUARDED_BY(mutex_);
};

}  // namespace ebpf
