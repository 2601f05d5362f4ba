// SPDX-License-Identifier: MIT
//
// BPF_OBJ_GET_INFO_BY_FD: which kind of object it is; maps and types.
#include "core/syscall/object_info.h"

#include "core/files/btf_file.h"
#include "core/files/link_file.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/perf_event.h"
#include "core/objects/cgroup_link.h"
#include "core/objects/iterator_link.h"
#include "core/objects/kprobe_multi_link.h"
#include "core/objects/raw_tracepoint_link.h"

namespace ebpf {
namespace {

Status GetMapInfo(InfoRequest& request, const Map& map) {
  linux_abi::MapInfo info{};
  EBPF_TRY(request.CheckTail(sizeof(info)));
  const MapSpec& spec = map.spec();
  info.type = static_cast<uint32_t>(spec.type);
  info.id = map.id();
  info.key_size = spec.key_size;
  info.value_size = spec.value_size;
  info.max_entries = spec.max_entries;
  // These two are of the descriptor that the map was made with.
  info.map_flags =
      spec.flags & ~(linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly);
  info.map_extra = spec.extra;
  CopyBytes(info.name, spec.name_view().data(), spec.name_view().size());
  if (const MapBtf* types = map.types()) {
    info.btf_id = types->object().id();
    info.btf_key_type_id = types->key();
    info.btf_value_type_id = types->value();
  }
  return request.CopyOut(info);
}

/// A name of the information's, to where the client wants it; `room` becomes
/// what it would take. kNoSpace where it was cut.
Status CopyInfoName(const Client& client, uint64_t to, uint32_t& room,
                    StringView name) {
  if ((to == 0) != (room == 0)) {
    return Status::kInvalid;
  }
  const uint32_t size = Exchange(room, static_cast<uint32_t>(name.size() + 1));
  return to == 0 ? Status::kOk
                 : CopyNameOut(client, client.Pointer(to), size, name);
}

/// Writes `count` of the items to a client's table; where there are none,
/// zeros.
Status CopyWordsOut(const Client& client, uint64_t to,
                    Span<const uint64_t> items, size_t count) {
  if (!items.empty()) {
    return client.CopyOut(client.Pointer(to), items.data(),
                          count * sizeof(uint64_t));
  }
  constexpr uint64_t kZeros[32] = {};
  for (size_t at = 0; at < count;) {
    const size_t now = Min(count - at, sizeof(kZeros) / sizeof(kZeros[0]));
    EBPF_TRY(client.CopyOut(client.Pointer(to + at * sizeof(uint64_t)), kZeros,
                            now * sizeof(uint64_t)));
    at += now;
  }
  return Status::kOk;
}

/// kNoSpace where there is no room for all; as many as there is room for are
/// written all the same.
Status GetKprobesInfo(const Client& client, const KprobeMultiLink& link,
                      linux_abi::LinkInfo::Kprobes& info) {
  const uint32_t room = info.count;
  if ((info.addresses == 0) != (room == 0) ||
      (info.cookies != 0 && room == 0)) {
    return Status::kInvalid;
  }
  const Span<const uint64_t> functions = link.functions();
  info.count = static_cast<uint32_t>(functions.size());
  info.flags = link.flags();
  info.missed = link.missed();
  if (info.addresses == 0) {
    return Status::kOk;
  }
  const size_t count = Min<size_t>(room, functions.size());
  if (info.cookies != 0) {
    EBPF_TRY(CopyWordsOut(client, info.cookies, link.cookies(), count));
  }
  const bool may_see = client.Capable(linux_abi::kCapSyslog);
  EBPF_TRY(CopyWordsOut(client, info.addresses,
                        may_see ? functions : Span<const uint64_t>(), count));
  return count < functions.size() ? Status::kNoSpace : Status::kOk;
}

Status GetLinkInfo(InfoRequest& request, const Link& link) {
  linux_abi::LinkInfo info;
  EBPF_TRY(request.CheckTail(sizeof(info)));
  EBPF_TRY(request.CopyIn(info));
  info.type = link.type();
  info.id = link.id();
  info.prog_id = link.program()->id();
  if (link.type() == linux_abi::kLinkPerfEvent) {
    const EventDescription about = link.Describe();
    info.perf_event_type = about.type;
    if (about.type == linux_abi::kPerfEventOther) {
      info.event = {about.event_config, about.event_type, 0, about.cookie};
      return request.CopyOut(info);
    }
    EBPF_TRY(CopyInfoName(request.client(), info.probe.name,
                          info.probe.name_size, about.name_view()));
    if (about.type == linux_abi::kPerfEventTracepoint) {
      info.tracepoint.cookie = about.cookie;
      return request.CopyOut(info);
    }
    info.probe.offset = about.offset;
    info.probe.address =
        request.client().Capable(linux_abi::kCapSyslog) ? about.address : 0;
    info.probe.missed = about.missed;
    info.probe.cookie = about.cookie;
  } else if (const IteratorLink* iterator = link.AsIterator()) {
    EBPF_TRY(CopyInfoName(request.client(), info.iterator.target_name,
                          info.iterator.target_name_size,
                          iterator->target().name));
    if (iterator->map()) {
      info.iterator.map_id = iterator->map()->id();
    }
  } else if (const KprobeMultiLink* kprobes = link.AsKprobeMulti()) {
    EBPF_TRY(GetKprobesInfo(request.client(), *kprobes, info.kprobes));
  } else if (const RawTracepointLink* raw = link.AsRawTracepoint()) {
    EBPF_TRY(CopyInfoName(request.client(), info.raw_tracepoint.name,
                          info.raw_tracepoint.name_size, raw->name()));
    info.raw_tracepoint.cookie = raw->cookie();
  } else if (const CgroupLink* cgroup = link.AsCgroup()) {
    info.cgroup.cgroup_id = cgroup->cgroup_id();
    info.cgroup.attach_type = static_cast<uint32_t>(cgroup->attach_type());
  }
  return request.CopyOut(info);
}

/// The kernel's own types have a name; clients' have none.
Status GetBtfInfo(InfoRequest& request, const btf::BtfObject& btf) {
  linux_abi::BtfInfo info;
  EBPF_TRY(request.CheckTail(sizeof(info)));
  EBPF_TRY(request.CopyIn(info));
  info.id = btf.id();
  EBPF_TRY(
      CopyTableOut(request.client(), info.btf, info.btf_size, btf.bytes()));
  const bool is_kernels = &btf == request.system().kernel_types;
  const StringView name = is_kernels ? "vmlinux" : "";
  uint32_t name_size = info.name_size;
  const Status fits =
      CopyInfoName(request.client(), info.name, name_size, name);
  if (!IsOk(fits) && fits != Status::kNoSpace) {
    return fits;
  }
  info.name_size = static_cast<uint32_t>(name.size());  // here without the zero
  info.kernel_btf = is_kernels;
  EBPF_TRY(request.CopyOut(info));
  return fits;
}

}  // namespace

Status InfoRequest::CheckTail(size_t known, size_t size) {
  if (size_ > linux_abi::kMaxAttrSize) {
    return Status::kTooBig;
  }
  if (to_.is_null() && size_ > known) {
    return Status::kFault;  // before an offset makes it look like an address
  }
  for (size_t at = known; at < size_;) {
    uint8_t tail[64];
    const size_t count = Min<size_t>(sizeof(tail), size_ - at);
    EBPF_TRY(call_.client.CopyIn(tail, to_.Plus(at), count));
    if (!AllZero(ConstBytes(tail).First(count))) {
      return Status::kTooBig;
    }
    at += count;
  }
  size_ = static_cast<uint32_t>(Min(size_t{size_}, size));
  return Status::kOk;
}

Result<int> ObjGetInfoByFd(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::ObjectInfoAttr>(raw));
  Result<Ref<File>> file = call.client.fds().Get(static_cast<int32_t>(attr.fd));
  if (!file.ok()) {
    return Status::kBadFdState;  // what Linux says here, and only here
  }
  InfoRequest request(call, attr);
  if (ProgramFile* program = (*file)->AsProgram()) {
    EBPF_TRY(GetProgramInfo(request, *program->program()));
  } else if (MapFile* map = (*file)->AsMap()) {
    EBPF_TRY(GetMapInfo(request, map->map()));
  } else if (LinkFile* link = (*file)->AsLink()) {
    EBPF_TRY(GetLinkInfo(request, *link->link()));
  } else if (BtfFile* btf = (*file)->AsBtf()) {
    EBPF_TRY(GetBtfInfo(request, *btf->btf()));
  } else {
    return Status::kInvalid;
  }
  return 0;
}

}  // namespace ebpf
