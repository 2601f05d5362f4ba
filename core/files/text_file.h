// SPDX-License-Identifier: MIT
//
// A descriptor of one of text_walk.h's texts.
#pragma once

#include "core/base/thread_annotations.h"
#include "core/files/client.h"
#include "core/files/file.h"
#include "core/files/text_walk.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Reads go from where the last one ended. Lines are made as they are asked
/// for, one at a time: each is as things were when it was made, and what is
/// copied to the client is copied with no lock held but this file's own: one
/// reader at a time, while others wait.
class TextFile final : public File {
 public:
  /// Who opens it decides what it shows. kNoMemory.
  static Result<Ref<TextFile>> Create(const TextKind& kind,
                                      const Client& client,
                                      Allocator& allocator);

  const char* name() const override { return kind_.path; }

  /// 0: that was all. kFault: nothing was copied; what a fault stopped in the
  /// middle of is not lost.
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;

  /// Goes over the next `count` characters, or all that there are.
  void Skip(uint64_t count);

 private:
  friend class Allocator;

  TextFile(const TextKind& kind, TextWalk& walk, Allocator& allocator)
      : kind_(kind), walk_(walk), allocator_(allocator) {}
  ~TextFile() { walk_.Delete(); }
  void Destroy() override { allocator_.Delete(this); }

  /// What is left of the line, or the next one; empty at the end.
  StringView Rest() EBPF_REQUIRES(mutex_);

  const TextKind& kind_;
  TextWalk& walk_;
  Allocator& allocator_;
  Mutex mutex_;
  bool ended_ EBPF_GUARDED_BY(mutex_) = false;
  size_t size_ EBPF_GUARDED_BY(mutex_) = 0;  // of the line
  size_t read_ EBPF_GUARDED_BY(mutex_) = 0;  // of it
  char line_[kMaxTextLine] EBPF_GUARDED_BY(mutex_);
};

}  // namespace ebpf
