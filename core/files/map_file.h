// SPDX-License-Identifier: MIT
//
// A descriptor of a map.
#pragma once

#include "core/base/thread_annotations.h"
#include "core/files/file.h"
#include "core/files/reader_waker.h"
#include "core/maps/map.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// What may be done through a file: how it was opened.
enum class FileAccess : uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

/// By BPF_F_RDONLY and BPF_F_WRONLY among `flags`; kInvalid for both.
Result<FileAccess> AccessOf(uint32_t flags);

/// A ring buffer can be read, polled and mapped; arrays made with
/// BPF_F_MMAPABLE can be mapped. read(2) on a ring, which Linux lacks, is for
/// clients that cannot map memory: one call gives the next record whole.
class MapFile final : public File {
 public:
  static Result<Ref<File>> Create(Ref<Map> map, FileAccess access,
                                  Allocator& allocator);

  Map& map() { return *map_; }
  bool Allows(FileAccess access) const {
    return (static_cast<unsigned>(access) & ~static_cast<unsigned>(access_)) ==
           0;
  }

  const char* name() const override { return "anon_inode:bpf-map"; }
  void Describe(TextWriter& text) const override;
  MapFile* AsMap() override { return this; }
  Result<Ref<File>> Reopen(uint32_t flags, Allocator& allocator) override;
  Result<size_t> Read(Client& client, CallerPtr to, size_t size) override;
  uint32_t Poll() override;
  Status WakeReaders(void* file) override;
  Result<MapPages> Mmap(Client& client, uint64_t offset, uint64_t size,
                        uint32_t protection) override;

 private:
  friend class Allocator;

  MapFile(Ref<Map> map, FileAccess access, Allocator& allocator)
      : map_(Move(map)), access_(access), allocator_(allocator) {
    map_->AcquireUser();
  }
  void Destroy() override;

  Ref<Map> map_;
  const FileAccess access_;
  Allocator& allocator_;
  Mutex mutex_;
  bool wakes_ EBPF_GUARDED_BY(mutex_) = false;
  ReaderWaker waker_;  // by the map, if wakes_
};

}  // namespace ebpf
