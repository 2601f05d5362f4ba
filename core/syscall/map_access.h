// SPDX-License-Identifier: MIT
//
// What the commands on elements of maps have in common.
#pragma once

#include "core/files/map_file.h"
#include "core/maps/map.h"
#include "core/memory/buffer.h"
#include "core/syscall/commands.h"

namespace ebpf {

/// What a command does to a map: a descriptor may forbid either.
using MapAccess = FileAccess;

/// A map, and the file that a descriptor has of it: while it is held, the map
/// is one that user space can reach. If it is held for writing, which was
/// begun, until that is done.
class OpenMap {
 public:
  OpenMap(Ref<File> file, bool writing)
      : file_(Move(file)), writing_(writing) {}
  OpenMap(OpenMap&& other)
      : file_(Move(other.file_)), writing_(other.writing_) {
    other.writing_ = false;
  }
  OpenMap& operator=(OpenMap&&) = delete;
  ~OpenMap() {
    if (writing_) {
      (**this).EndWrite();
    }
  }
  Map& operator*() const { return file_->AsMap()->map(); }
  Map* operator->() const { return &**this; }
  /// Who puts something in through it, for Map::UserGone.
  const void* user() const { return file_->AsMap(); }

 private:
  Ref<File> file_;
  bool writing_;
};

/// The map behind a descriptor, an unsigned field that holds an int. kBadFd,
/// kInvalid (not a map's), kNotPermitted (its flags, or it is frozen).
Result<OpenMap> OpenMapOf(const Call& call, uint32_t fd, MapAccess access);

/// Whether `flags` are BPF_F_LOCK at most, and the values have a lock then
/// (kInvalid).
Status CheckLockOnly(const Map& map, uint64_t flags);

/// The client's key at `key`, which must be null where maps have none
/// (kInvalid). kFault, kNoMemory.
Status CopyKeyIn(const Call& call, const Map& map, uint64_t key,
                 Buffer<uint8_t>& buffer);

// On memory of the kernel's, each as the command for one element does it. Their
// `flags` are checked but for what the kinds say.

Status CopyElementOut(Map& map, ConstBytes key, Bytes value, uint64_t flags);
Status UpdateElement(const Call& call, const OpenMap& map, ConstBytes key,
                     ConstBytes value, uint64_t flags);
Status DeleteElement(Map& map, ConstBytes key);

}  // namespace ebpf
