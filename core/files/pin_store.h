// SPDX-License-Identifier: MIT
//
// Names of objects: what keeps a map, a program or a link when nobody has a
// descriptor of it, as Linux's bpffs does. Our own tree, in memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/thread_annotations.h"
#include "core/files/file.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Whose rights decide about a name.
struct PinUser {
  uint32_t id = 0;
  bool may_all = false;  // CAP_DAC_OVERRIDE
};

/// A name in a directory.
struct PinEntry {
  char name[256];  // ends with a zero
  bool is_directory;
};

/// Paths are absolute, below kRoot, at most 4095 characters, their names at
/// most 255 (kNameTooLong). Names have no dots (kNotPermitted), as in Linux,
/// which keeps such for later; "." and ".." are what they are everywhere.
/// kNotDirectory: on its way a path comes to an object; kNotFound: something on
/// it is not there. Directories are read by anyone and changed by who made
/// them; the root is user 0's; objects are for who pinned them (kAccess).
/// Context: task.
class PinStore : public NonCopyable {
 public:
  static constexpr size_t kMaxPath = 4096;
  static constexpr size_t kMaxName = 255;

  constexpr PinStore() = default;

  /// Where a kernel's file layer would mount the tree.
  static StringView Root() { return "/sys/fs/bpf"; }

  /// kExists; kNotPermitted outside of the root; kNoMemory.
  Status Pin(StringView path, const PinUser& user, Ref<File> file,
             Allocator& allocator);
  /// The file that was pinned. kNotFound (also outside of the root), kAccess
  /// (a directory).
  Result<Ref<File>> Get(StringView path, const PinUser& user);

  // What a kernel's file layer needs besides: mkdir, unlink, rmdir, readdir.

  Status MakeDirectory(StringView path, const PinUser& user,
                       Allocator& allocator);
  /// kIsDirectory, kNotPermitted (outside).
  Status Unlink(StringView path, const PinUser& user);
  /// kNotEmpty, kNotDirectory, kBusy (the root).
  Status RemoveDirectory(StringView path, const PinUser& user);
  /// Entry `index` of a directory, in no certain order; kNotFound behind the
  /// last.
  Status Read(StringView path, uint32_t index, PinEntry& entry);

  /// Forgets everything.
  void Clear();

 private:
  struct Node;
  struct Place;

  Result<Place> Walk(StringView path, Status outside) EBPF_REQUIRES(mutex_);
  Status Add(StringView path, const PinUser& user, Ref<File> file,
             Allocator& allocator);
  Result<Node*> Find(StringView path, Status outside) EBPF_REQUIRES(mutex_);
  /// Takes a node that nothing is below out of the tree.
  static void Unlink(Node* node);
  static void Free(Node* node);

  Mutex mutex_;
  /// What is in the root.
  Node* first_ EBPF_GUARDED_BY(mutex_) = nullptr;
};

/// The one of this system. Context: any.
PinStore& Pins();

}  // namespace ebpf
