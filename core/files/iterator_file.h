// SPDX-License-Identifier: MIT
//
// A descriptor of an iterator: reading it runs a program for one object after
// the other, and gives what that writes.
#pragma once

#include "core/base/thread_annotations.h"
#include "core/files/file.h"
#include "core/helpers/seq_buffer.h"
#include "core/objects/iterator_link.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Reads go from where the last one ended. What a program writes for one object
/// is given whole or not at all: an object for which there is no room any more
/// is shown again at the next read, when there is all of the room. One reader
/// at a time, as in Linux, while others wait.
class IteratorFile final : public File {
 public:
  /// Of the program that `link` has now. kNoMemory.
  static Result<Ref<File>> Create(const IteratorLink& link,
                                  Allocator& allocator);

  const char* name() const override { return "anon_inode:bpf_iter"; }

  /// 0: that was all, for now. kTooBig: a single object's text is longer than
  /// kRoom; kTryAgain: the program wants to see the object once more, and there
  /// is nothing to give yet. kFault: the text is not lost. kNoMemory.
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;

  /// Bytes for text between two reads, as in Linux; the last one stays free.
  static constexpr size_t kRoom = 32768;
  /// For so many objects a read runs the program without a byte of text.
  static constexpr uint32_t kMaxSilentObjects = 1'000'000;

 private:
  friend class Allocator;

  struct Output {
    char memory[kRoom];
    SeqBuffer text{Span<char>(memory)};
  };

  IteratorFile(Ref<Program> program, ObjectWalk& walk, Allocator& allocator);
  ~IteratorFile();
  void Destroy() override { allocator_.Delete(this); }

  /// What comes of showing an object.
  enum class Shown : uint8_t { kYes, kIsGone, kAgain, kTooBig };

  /// Runs the program until there is text for `wanted` bytes, or no object.
  Status Fill(size_t wanted) EBPF_REQUIRES(mutex_);
  /// The objects; false: there are more.
  Result<bool> FillByObjects(size_t wanted) EBPF_REQUIRES(mutex_);
  /// What the program has to say at the end, once.
  Status FillAtEnd() EBPF_REQUIRES(mutex_);
  Shown Show(bool has_object) EBPF_REQUIRES(mutex_);

  Allocator& allocator_;
  const Ref<Program> program_;
  ObjectWalk& walk_;
  const uint64_t session_id_;
  Mutex mutex_;
  Output* output_ EBPF_GUARDED_BY(mutex_) = nullptr;  // from the first read on
  /// How much of its text was read.
  size_t read_ EBPF_GUARDED_BY(mutex_) = 0;
  uint64_t number_ EBPF_GUARDED_BY(mutex_) = 0;  // of the object
  bool ended_ EBPF_GUARDED_BY(mutex_) = false;
};

}  // namespace ebpf
