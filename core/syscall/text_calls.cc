// SPDX-License-Identifier: MIT
//
// core/syscall/text_calls.h's implementation.
#include "core/syscall/text_calls.h"

#include "core/files/text_file.h"
#include "core/linux_abi/bpf.h"
#include "core/syscall/client_path.h"
#include "core/syscall/system.h"

namespace ebpf {
namespace {

/// read(2)'s most.
constexpr uint64_t kMaxRead = 0x7fff'f000;

/// kAccess where the file's mode excludes the client: it is root's, of nobody's
/// group; or where it may not see what the text is of.
Result<Ref<TextFile>> Open(const TextKind* kind, const Client& client,
                           Allocator& allocator) {
  if (kind == nullptr) {
    return Status::kNotFound;
  }
  constexpr uint32_t kOthersRead = 4;
  const PinUser user = UserOf(client);
  if ((kind->mode & kOthersRead) == 0 && user.id != 0 && !user.may_all) {
    return Status::kAccess;
  }
  if (kind->is_of_addresses && !client.Capable(linux_abi::kCapSyslog)) {
    return Status::kAccess;
  }
  return TextFile::Create(*kind, client, allocator);
}

Result<int> OpenByPath(Client& client, CallerPtr from, Allocator& allocator) {
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(client, from));
  return client.fds().Install(
      EBPF_TRY(Open(FindText(path.text()), client, allocator)));
}

Result<size_t> ReadAt(Client& client, uint32_t index, uint64_t offset,
                      CallerPtr to, uint64_t size, Allocator& allocator) {
  if (offset > INT64_MAX) {
    return Status::kInvalid;
  }
  Ref<TextFile> file = EBPF_TRY(Open(TextAt(index), client, allocator));
  file->Skip(offset);
  return file->Read(client, to, static_cast<size_t>(Min(size, kMaxRead)));
}

template <typename T>
int64_t ReturnValue(const Result<T>& result) {
  return result.ok() ? static_cast<int64_t>(*result)
                     : -static_cast<int64_t>(result.status());
}

}  // namespace

int64_t OpenText(Client& client, CallerPtr path) {
  const System* system = RunningSystem();
  return system == nullptr
             ? -static_cast<int64_t>(Status::kNotImplemented)
             : ReturnValue(OpenByPath(client, path, *system->allocator));
}

int64_t ReadText(Client& client, uint32_t index, uint64_t offset, CallerPtr to,
                 uint64_t size) {
  const System* system = RunningSystem();
  return system == nullptr ? -static_cast<int64_t>(Status::kNotImplemented)
                           : ReturnValue(ReadAt(client, index, offset, to, size,
                                                *system->allocator));
}

}  // namespace ebpf
