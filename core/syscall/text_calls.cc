// SPDX-License-Identifier: MIT
//
// core/syscall/text_calls.h's implementation.
#include "core/syscall/text_calls.h"

#include "core/base/memory.h"
#include "core/files/text_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/open_flags.h"
#include "core/syscall/client_path.h"
#include "core/syscall/system.h"

namespace ebpf {
namespace {

/// read(2)'s most.
constexpr uint64_t kMaxRead = 0x7fff'f000;

constexpr uint32_t kRead = 4;
constexpr uint32_t kWrite = 2;
constexpr uint32_t kSearch = 1;

/// Whether the client may do with a root's file of this mode what `bits` of the
/// others' say; it is in nobody's group.
bool MayUse(const Client& client, uint32_t mode, uint32_t bits) {
  const PinUser user = UserOf(client);
  return (mode & bits) == bits || user.id == 0 || user.may_all;
}

/// Whether the client may go through the directories of `path`.
bool MaySearch(const Client& client, StringView path) {
  for (size_t i = 1; i < path.size(); ++i) {
    if (path[i] == '/' &&
        !MayUse(client, TextDirectoryMode(path.First(i)), kSearch)) {
      return false;
    }
  }
  return true;
}

Result<Ref<TextFile>> Open(const TextPlace& place, uint32_t flags,
                           const Client& client, Allocator& allocator) {
  const TextKind& kind = *place.kind;
  const uint32_t how = flags & linux_abi::kOpenAccessMode;
  const TextFile::Access access = {how != linux_abi::kOpenWriteOnly,
                                   how != linux_abi::kOpenReadOnly};
  const uint32_t bits =
      (access.reads ? kRead : 0) | (access.writes ? kWrite : 0);
  if (!MayUse(client, kind.mode, bits) ||
      (kind.is_of_addresses && !client.Capable(linux_abi::kCapSyslog))) {
    return Status::kAccess;
  }
  Ref<TextFile> file =
      EBPF_TRY(TextFile::Create(place, access, client, allocator));
  if (access.writes && (flags & linux_abi::kOpenTruncate) != 0 &&
      kind.truncate != nullptr) {
    EBPF_TRY(kind.truncate(place));
  }
  return file;
}

Result<int> OpenByPath(Client& client, CallerPtr from, uint32_t flags,
                       Allocator& allocator) {
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(client, from));
  if (!MaySearch(client, path.text())) {
    return Status::kAccess;
  }
  TextPlace place;
  EBPF_TRY(FindText(path.text(), &place));
  return client.fds().Install(EBPF_TRY(Open(place, flags, client, allocator)));
}

Result<size_t> ReadAt(Client& client, uint32_t index, uint64_t offset,
                      CallerPtr to, uint64_t size, Allocator& allocator) {
  if (offset > INT64_MAX) {
    return Status::kInvalid;
  }
  TextPlace place;
  place.kind = TextAt(index);
  if (place.kind == nullptr) {
    return Status::kNotFound;
  }
  Ref<TextFile> file =
      EBPF_TRY(Open(place, linux_abi::kOpenReadOnly, client, allocator));
  file->Skip(offset);
  return file->Read(client, to, static_cast<size_t>(Min(size, kMaxRead)));
}

Status ReadDirectory(const Client& client, CallerPtr from, uint32_t index,
                     TextEntry* entry, Allocator& allocator) {
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(client, from));
  if (!MaySearch(client, path.text()) ||
      !MayUse(client, TextDirectoryMode(path.text()), kRead)) {
    return Status::kAccess;
  }
  return ReadTextDirectory(path.text(), index, entry);
}

Status Stat(const Client& client, CallerPtr from, TextEntry* entry,
            Allocator& allocator) {
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(client, from));
  if (!MaySearch(client, path.text())) {
    return Status::kAccess;
  }
  TextPlace place;
  const Status status = FindText(path.text(), &place);
  if (!IsOk(status) && status != Status::kIsDirectory) {
    return status;
  }
  *entry = {};
  entry->is_directory = status == Status::kIsDirectory;
  entry->mode =
      entry->is_directory ? TextDirectoryMode(path.text()) : place.kind->mode;
  StringView name = path.text();
  while (!name.empty() && name[name.size() - 1] == '/') {
    name = name.First(name.size() - 1);
  }
  while (name.Find('/') != name.size()) {
    name = name.Substring(name.Find('/') + 1);
  }
  CopyBytes(entry->name, name.data(),
            Min(name.size(), sizeof(entry->name) - 1));
  return Status::kOk;
}

template <typename T>
int64_t ReturnValue(const Result<T>& result) {
  return result.ok() ? static_cast<int64_t>(*result)
                     : -static_cast<int64_t>(result.status());
}

}  // namespace

int64_t OpenText(Client& client, CallerPtr path, uint32_t flags) {
  const System* system = RunningSystem();
  return system == nullptr
             ? -static_cast<int64_t>(Status::kNotImplemented)
             : ReturnValue(OpenByPath(client, path, flags, *system->allocator));
}

int64_t ReadTextDirectory(Client& client, CallerPtr path, uint32_t index,
                          TextEntry* entry) {
  const System* system = RunningSystem();
  return -static_cast<int64_t>(
      system == nullptr
          ? Status::kNotImplemented
          : ReadDirectory(client, path, index, entry, *system->allocator));
}

int64_t StatText(Client& client, CallerPtr path, TextEntry* entry) {
  const System* system = RunningSystem();
  return -static_cast<int64_t>(
      system == nullptr ? Status::kNotImplemented
                        : Stat(client, path, entry, *system->allocator));
}

int64_t ReadText(Client& client, uint32_t index, uint64_t offset, CallerPtr to,
                 uint64_t size) {
  const System* system = RunningSystem();
  return system == nullptr ? -static_cast<int64_t>(Status::kNotImplemented)
                           : ReturnValue(ReadAt(client, index, offset, to, size,
                                                *system->allocator));
}

}  // namespace ebpf
