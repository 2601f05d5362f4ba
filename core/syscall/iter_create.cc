// SPDX-License-Identifier: MIT
//
// BPF_ITER_CREATE: a file of an iterator's link. And what BPF_LINK_CREATE is
// told of such a link.
#include "core/syscall/iter_create.h"

#include "core/files/iterator_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/fd_objects.h"

namespace ebpf {
namespace {

using linux_abi::IteratorLinkInfo;

/// What the client says of the target; zeros where it says nothing.
Result<IteratorLinkInfo> CopyTargetIn(const Call& call, CallerPtr from,
                                      uint32_t size) {
  IteratorLinkInfo info{};
  if (from.is_null() != (size == 0)) {
    return Status::kInvalid;
  }
  if (from.is_null()) {
    return info;
  }
  EBPF_TRY(CopyAttrIn(call.client, from, size, BytesOf(info)));
  return info;
}

}  // namespace

Result<Ref<Link>> LinkToIterator(const Call& call,
                                 const linux_abi::LinkCreateAttr& attr,
                                 Ref<Program> program) {
  if (attr.target_fd != 0 || attr.flags != 0) {
    return Status::kInvalid;
  }
  const IteratorLinkInfo info =
      EBPF_TRY(CopyTargetIn(call, call.client.Pointer(attr.details[0]),
                            static_cast<uint32_t>(attr.details[1])));
  const System& system = call.system;
  const IteratorTarget* target =
      system.has_own_types() ? FindIteratorTarget(*program, *system.kernel.btf)
                             : nullptr;
  if (target == nullptr) {
    return Status::kNotFound;
  }
  if (!target->Accepts(*program)) {
    return Status::kInvalid;
  }
  Ref<Map> map;
  if (target->is_of_map) {
    if (info.map_fd == 0) {
      return Status::kBadFd;
    }
    map = EBPF_TRY(MapOf(call, info.map_fd));
  }
  return IteratorLink::Create(*target, Move(program), Move(map),
                              *system.kernel.btf, *system.allocator);
}

Result<int> IterCreate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::IterCreateAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  const Ref<Link> link = EBPF_TRY(LinkOf(call, attr.link_fd));
  const IteratorLink* iterator = link->AsIterator();
  if (iterator == nullptr) {
    return Status::kInvalid;
  }
  return call.client.fds().Install(
      EBPF_TRY(IteratorFile::Create(*iterator, *call.system.allocator)));
}

}  // namespace ebpf
