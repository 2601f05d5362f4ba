// SPDX-License-Identifier: MIT
//
// BPF_OBJ_PIN and BPF_OBJ_GET, and core/syscall/obj_pin.h's calls.
#include "core/syscall/obj_pin.h"

#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/client_path.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

using linux_abi::ObjectPathAttr;

Status CheckFlags(const ObjectPathAttr& attr, uint32_t known) {
  const bool has_directory = (attr.file_flags & linux_abi::kMapPathFd) != 0;
  return attr.padding != 0 ||
                 (attr.file_flags & ~(known | linux_abi::kMapPathFd)) != 0 ||
                 (!has_directory && attr.path_fd != 0)
             ? Status::kInvalid
             : Status::kOk;
}

/// There are no descriptors of directories.
Status CheckDirectory(const Call& call, const ObjectPathAttr& attr,
                      StringView path) {
  if ((attr.file_flags & linux_abi::kMapPathFd) == 0 || path.empty() ||
      path[0] == '/') {
    return Status::kOk;
  }
  EBPF_TRY(call.client.fds().Get(attr.path_fd).status());
  return Status::kNotDirectory;
}

template <typename Action>
int64_t WithPath(Client& client, CallerPtr from, Action action) {
  const System* system = RunningSystem();
  if (system == nullptr) {
    return -static_cast<int64_t>(Status::kNotImplemented);
  }
  ClientPath path(*system->allocator);
  Status status = path.CopyIn(client, from);
  if (IsOk(status)) {
    status = action(path.text(), *system->allocator);
  }
  return -static_cast<int64_t>(status);
}

}  // namespace

Result<int> ObjPin(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ObjectPathAttr>(raw));
  EBPF_TRY(CheckFlags(attr, 0));
  // Linux says the same of descriptors that are not open.
  Result<Ref<File>> file = call.client.fds().Get(static_cast<int32_t>(attr.fd));
  if (!file.ok()) {
    return Status::kInvalid;
  }
  Allocator& allocator = *call.system.allocator;
  // A file of its own: a descriptor's may be open for reading only.
  Ref<File> pinned = EBPF_TRY((*file)->Reopen(0, allocator));
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(call.client, call.client.Pointer(attr.path)));
  EBPF_TRY(CheckDirectory(call, attr, path.text()));
  EBPF_TRY(
      Pins().Pin(path.text(), UserOf(call.client), Move(pinned), allocator));
  return 0;
}

Result<int> ObjGet(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ObjectPathAttr>(raw));
  constexpr uint32_t kAccess =
      linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly;
  if (attr.fd != 0 || (attr.file_flags & kAccess) == kAccess) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckFlags(attr, kAccess));
  Allocator& allocator = *call.system.allocator;
  ClientPath path(allocator);
  EBPF_TRY(path.CopyIn(call.client, call.client.Pointer(attr.path)));
  EBPF_TRY(CheckDirectory(call, attr, path.text()));
  Ref<File> file = EBPF_TRY(Pins().Get(path.text(), UserOf(call.client)));
  return call.client.fds().Install(
      EBPF_TRY(file->Reopen(attr.file_flags & kAccess, allocator)));
}

int64_t MakePinDirectory(Client& client, CallerPtr path) {
  return WithPath(client, path, [&](StringView text, Allocator& allocator) {
    return Pins().MakeDirectory(text, UserOf(client), allocator);
  });
}

int64_t UnlinkPin(Client& client, CallerPtr path) {
  return WithPath(client, path, [&](StringView text, Allocator&) {
    return Pins().Unlink(text, UserOf(client));
  });
}

int64_t RemovePinDirectory(Client& client, CallerPtr path) {
  return WithPath(client, path, [&](StringView text, Allocator&) {
    return Pins().RemoveDirectory(text, UserOf(client));
  });
}

int64_t OpenPin(Client& client, CallerPtr path) {
  int fd = 0;
  const int64_t result =
      WithPath(client, path, [&](StringView text, Allocator& allocator) {
        const Ref<File> file = EBPF_TRY(Pins().Get(text, UserOf(client)));
        Ref<File> opened = EBPF_TRY(file->OpenByName(allocator));
        fd = EBPF_TRY(client.fds().Install(Move(opened)));
        return Status::kOk;
      });
  return result < 0 ? result : fd;
}

int64_t ReadPinDirectory(Client& client, CallerPtr path, uint32_t index,
                         PinEntry* entry) {
  return WithPath(client, path, [&](StringView text, Allocator&) {
    return Pins().Read(text, index, *entry);
  });
}

}  // namespace ebpf
