// SPDX-License-Identifier: MIT
//
// What a file descriptor of ours refers to.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/text_writer.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/platform/defer.h"

namespace ebpf {

class BtfFile;
class Client;
class JudgedProgramFile;
class LinkFile;
class MapFile;
class PerfEventFile;
class ProgramFile;
struct CallerPtr;

/// An open file. Shared by dup; gone with its last descriptor and the last call
/// that uses it. What a kind lacks answers as in Linux. Context of all that say
/// nothing else: task.
class File : public RefCounted<File> {
 public:
  /// Gives a reference back where nobody may wait: a task does what there is to
  /// do for the last one, or the caller, where the port can defer nothing.
  /// Context: any.
  void ReleaseLater();

  /// The link of /proc/self/fd/N that clients look at: "anon_inode:bpf-map".
  virtual const char* name() const = 0;

  /// Appends what Linux's /proc/self/fdinfo/N has besides what is of every
  /// descriptor (pos, flags, mnt_id, ino): lines of "key:\tvalue\n". By
  /// default none.
  virtual void Describe(TextWriter& /*text*/) const {}

  // This file as one of the kinds that system calls ask for; null if it is not.
  virtual MapFile* AsMap() { return nullptr; }
  virtual ProgramFile* AsProgram() { return nullptr; }
  virtual PerfEventFile* AsPerfEvent() { return nullptr; }
  virtual BtfFile* AsBtf() { return nullptr; }
  virtual LinkFile* AsLink() { return nullptr; }
  virtual JudgedProgramFile* AsJudgedProgram() { return nullptr; }

  /// Another file of the same object, as Linux opens it by its name, with
  /// BPF_F_RDONLY and BPF_F_WRONLY in `flags`. Default: kInvalid, since only
  /// maps, programs and links have names.
  virtual Result<Ref<File>> Reopen(uint32_t flags, Allocator& allocator);

  /// What open(2) of a name gives, for reading. Default: kIo, since names are
  /// for BPF_OBJ_GET; an iterator's link is a file to read.
  virtual Result<Ref<File>> OpenByName(Allocator& allocator);

  /// Copies out at most `size` bytes; how many. kTryAgain if there are none
  /// now. Default: kInvalid.
  virtual Result<size_t> Read(Client& client, CallerPtr to, size_t size);

  /// Takes at most `size` bytes; how many. Default: kInvalid.
  virtual Result<size_t> Write(Client& client, CallerPtr from, size_t size);

  /// poll(2)'s bits that hold now. Default: reads and writes do not block.
  virtual uint32_t Poll();

  /// From now on, until the file's end, ebpf_port_wake(`file`) is called when
  /// there is something to read that there was not; once. kBusy: it is already;
  /// default: kNotSupported, since it would never be called.
  virtual Status WakeReaders(void* file);

  /// ioctl(2). Default: kNotTty.
  virtual Status Ioctl(Client& client, uint32_t command, uint64_t argument);

  /// The memory behind an mmap of [offset, offset + size) with PROT_* bits.
  /// The caller keeps a reference to the file while it is mapped.
  /// Default: kNoDevice.
  virtual Result<MapPages> Mmap(Client& client, uint64_t offset, uint64_t size,
                                uint32_t protection);

 protected:
  File() = default;
  ~File() = default;

 private:
  friend class RefCounted<File>;

  struct LastRelease : ebpf_deferred {
    File* file;
  };

  /// Releases what the file refers to, and itself.
  virtual void Destroy() = 0;

  LastRelease last_release_;  // whose reference is the last one
};

}  // namespace ebpf
