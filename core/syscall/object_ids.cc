// SPDX-License-Identifier: MIT
//
// BPF_{PROG,MAP,BTF,LINK}_GET_NEXT_ID and _GET_FD_BY_ID: whoever may do all
// finds what others have made.
#include "core/btf/btf_object.h"
#include "core/files/btf_file.h"
#include "core/files/link_file.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

Result<int> NextId(const Call& call, const RawAttr& raw, IdTree& ids) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::NextIdAttr>(raw));
  if (attr.start_id > IdTree::kMaxId) {
    return Status::kInvalid;
  }
  if (!call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  const uint32_t next = EBPF_TRY(ids.FirstId(attr.start_id + 1));
  EBPF_TRY(WriteBack(call, offsetof(linux_abi::NextIdAttr, next_id), next));
  return 0;
}

/// Commands whose attribute ends with the id.
struct IdAttr {
  uint32_t id;
};

template <typename T>
Result<Ref<T>> FindById(const Call& call, const RawAttr& raw, IdTable<T>& ids) {
  const auto attr = EBPF_TRY(AttrOf<IdAttr>(raw));
  if (!call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  return ids.Find(attr.id);
}

}  // namespace

Result<int> ProgGetNextId(const Call& call, const RawAttr& raw) {
  return NextId(call, raw, ProgramIds());
}

Result<int> MapGetNextId(const Call& call, const RawAttr& raw) {
  return NextId(call, raw, MapIds());
}

Result<int> BtfGetNextId(const Call& call, const RawAttr& raw) {
  return NextId(call, raw, btf::BtfIds());
}

Result<int> LinkGetNextId(const Call& call, const RawAttr& raw) {
  return NextId(call, raw, LinkIds());
}

Result<int> LinkGetFdById(const Call& call, const RawAttr& raw) {
  Ref<Link> link = EBPF_TRY(FindById(call, raw, LinkIds()));
  return call.client.fds().Install(EBPF_TRY(
      LinkFile::Create(Move(link), LinkFile::kFound, *call.system.allocator)));
}

Result<int> ProgGetFdById(const Call& call, const RawAttr& raw) {
  Ref<Program> program = EBPF_TRY(FindById(call, raw, ProgramIds()));
  return call.client.fds().Install(
      EBPF_TRY(ProgramFile::Create(Move(program), *call.system.allocator)));
}

Result<int> BtfGetFdById(const Call& call, const RawAttr& raw) {
  Ref<btf::BtfObject> btf = EBPF_TRY(FindById(call, raw, btf::BtfIds()));
  return call.client.fds().Install(
      EBPF_TRY(BtfFile::Create(Move(btf), *call.system.allocator)));
}

Result<int> MapGetFdById(const Call& call, const RawAttr& raw) {
  // As in Linux nobody looks at next_id here.
  const auto attr = EBPF_TRY(AttrOf<linux_abi::FdByIdAttr>(raw));
  constexpr uint32_t kKnown =
      linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly;
  if ((attr.open_flags & ~kKnown) != 0) {
    return Status::kInvalid;
  }
  if (!call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  const FileAccess access = EBPF_TRY(AccessOf(attr.open_flags));
  Ref<Map> map = EBPF_TRY(MapIds().Find(attr.id));
  return call.client.fds().Install(
      EBPF_TRY(MapFile::Create(Move(map), access, *call.system.allocator)));
}

}  // namespace ebpf
