// SPDX-License-Identifier: MIT
//
// Kinds of maps that this tree need not have are judged, too.
#include "core/verifier/map_use.h"

#include "core/btf/struct_access.h"
#include "core/linux_abi/bpf.h"
#include "core/verifier/callback.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

/// Programs that run where the kernel may hold anything.
bool IsTracing(ProgramTypeId type) {
  switch (type) {
    case ProgramTypeId::kKprobe:
    case ProgramTypeId::kTracepoint:
    case ProgramTypeId::kPerfEvent:
    case ProgramTypeId::kRawTracepoint:
    case ProgramTypeId::kRawTracepointWritable:
      return true;
    default:
      return false;
  }
}

bool MayBeUsedSleeping(MapType kind) {
  switch (kind) {
    case MapType::kHash:
    case MapType::kLruHash:
    case MapType::kArray:
    case MapType::kPerCpuHash:
    case MapType::kPerCpuArray:
    case MapType::kLruPerCpuHash:
    case MapType::kArrayOfMaps:
    case MapType::kHashOfMaps:
    case MapType::kRingBuffer:
    case MapType::kUserRingBuffer:
    case MapType::kInodeStorage:
    case MapType::kSkStorage:
    case MapType::kTaskStorage:
    case MapType::kCgroupLocalStorage:
    case MapType::kQueue:
    case MapType::kStack:
    case MapType::kArena:
      return true;
    default:
      return false;
  }
}

/// The struct that the kernel has for maps of this kind, or null.
const char* StructOf(MapType kind) {
  switch (kind) {
    case MapType::kHash:
    case MapType::kPerCpuHash:
    case MapType::kLruHash:
    case MapType::kLruPerCpuHash:
    case MapType::kHashOfMaps:
      return "bpf_htab";
    case MapType::kArray:
    case MapType::kProgArray:
    case MapType::kPerfEventArray:
    case MapType::kPerCpuArray:
    case MapType::kCgroupArray:
    case MapType::kArrayOfMaps:
      return "bpf_array";
    case MapType::kStackTrace:
      return "bpf_stack_map";
    case MapType::kLpmTrie:
      return "lpm_trie";
    case MapType::kDevMap:
    case MapType::kDevMapHash:
      return "bpf_dtab";
    case MapType::kSockMap:
      return "bpf_stab";
    case MapType::kSockHash:
      return "bpf_shtab";
    case MapType::kCpuMap:
      return "bpf_cpu_map";
    case MapType::kXskMap:
      return "xsk_map";
    case MapType::kCgroupStorage:
    case MapType::kPerCpuCgroupStorage:
      return "bpf_cgroup_storage_map";
    case MapType::kReuseportSockArray:
      return "reuseport_array";
    case MapType::kQueue:
    case MapType::kStack:
      return "bpf_queue_stack";
    case MapType::kSkStorage:
    case MapType::kInodeStorage:
    case MapType::kTaskStorage:
    case MapType::kCgroupLocalStorage:
      return "bpf_local_storage_map";
    case MapType::kStructOps:
      return "bpf_struct_ops_map";
    case MapType::kRingBuffer:
    case MapType::kUserRingBuffer:
      return "bpf_ringbuf_map";
    case MapType::kBloomFilter:
      return "bpf_bloom_filter";
    case MapType::kArena:
      return "bpf_arena";
    default:
      return nullptr;
  }
}

Status RefuseForProgram(Verification& v, const char* programs,
                        const char* what) {
  return v.Reject(Message::kMapNotForProgram, programs, what);
}

Status RefuseForHelper(Verification& v, const HelperPrototype& helper,
                       uint32_t kind) {
  if (CallsBack(helper)) {
    return v.Reject(Message::kMapHasNoCallback);
  }
  return v.Reject(Message::kMapNotForHelper, kind, helper.name, helper.id);
}

/// Of a pointer that is found in the kernel's struct: nothing vouches for it.
uint16_t FlagsOf(const btf::Access& found) {
  return static_cast<uint16_t>((found.tags.user ? kRegUser : 0) |
                               (found.tags.per_cpu ? kRegPerCpu : 0) |
                               (found.through_union ? kRegUntrusted : 0));
}

/// Whether what a program holds of the map stays while it waits in a helper:
/// here it is in no read section meanwhile (core/program/task_run.h).
bool StaysWhileWaiting(const Map& map) {
  switch (map.spec().type) {
    case MapType::kArray:
    case MapType::kPerCpuArray:
    case MapType::kRingBuffer:
      return true;
    case MapType::kHash:
    case MapType::kPerCpuHash:
    case MapType::kLruHash:
    case MapType::kLruPerCpuHash:
      return (map.spec().flags & linux_abi::kMapNoPrealloc) == 0;
    default:
      return false;
  }
}

}  // namespace

Status CheckMapUsable(Verification& v, const Map& map) {
  const MapFields fields = map.fields();
  const ProgramTypeId type = v.options.type->id;
  const bool tracing = IsTracing(type);
  const MapType kind = map.spec().type;
  if (tracing && HasField(fields, Bit(MapFieldKind::kListHead) |
                                      Bit(MapFieldKind::kRbRoot))) {
    return RefuseForProgram(v, "tracing", "bpf_{list_head,rb_root}");
  }
  if (HasField(fields, Bit(MapFieldKind::kSpinLock))) {
    if (type == ProgramTypeId::kSocketFilter) {
      return RefuseForProgram(v, "socket filter", "bpf_spin_lock");
    }
    if (tracing) {
      return RefuseForProgram(v, "tracing", "bpf_spin_lock");
    }
  }
  if (tracing && HasField(fields, Bit(MapFieldKind::kTimer))) {
    return RefuseForProgram(v, "tracing", "bpf_timer");
  }
  if (tracing && HasField(fields, Bit(MapFieldKind::kWorkqueue))) {
    return RefuseForProgram(v, "tracing", "bpf_wq");
  }
  if (kind == MapType::kStructOps) {
    return v.Reject(Message::kStructOpsMap);
  }
  if (v.options.sleepable && v.options.profile == Profile::kPort &&
      !StaysWhileWaiting(map)) {
    return v.Reject(Message::kMapNotForSleepable);
  }
  return v.options.sleepable && !MayBeUsedSleeping(kind)
             ? v.Reject(Message::kMapNotForSleepable)
             : Status::kOk;
}

Status CheckMapForHelper(Verification& v, const HelperPrototype& helper,
                         const Map& map) {
  const MapSpec& spec = map.spec();
  const uint32_t kind = static_cast<uint32_t>(spec.type);
  const bool changes = helper.id == helper_id::map_update_elem ||
                       helper.id == helper_id::map_delete_elem ||
                       helper.id == helper_id::map_push_elem ||
                       helper.id == helper_id::map_pop_elem;
  if (changes && (spec.flags & linux_abi::kMapReadOnlyProg) != 0) {
    return v.Reject(Message::kMapNotChangeable);
  }
  const Options& options = v.options;
  if (HelperTakesMap(helper, kind, options.type->id, options.attach_type)) {
    return Status::kOk;
  }
  if (HoldsSockets(spec.type) && HelperTakesMap(helper, kind)) {
    static_cast<void>(v.Reject(Message::kSockMapUpdate));
  }
  return RefuseForHelper(v, helper, kind);
}

Status AccessMap(Verification& v, const Access& access, RegState& loaded) {
  const RegState& reg = v.state->reg(access.base);
  const MapType kind = reg.map->spec().type;
  const btf::Btf* const kernel = v.options.kernel_btf;
  const char* const name = StructOf(kind);
  // A map of ours is not what the kernel's types say: programs see those of
  // iterators by a view of them.
  if (kernel == nullptr || v.options.profile == Profile::kPort) {
    return v.Reject(Message::kNoMapBtf);
  }
  const Result<btf::TypeId> type = name != nullptr
                                       ? kernel->Find(btf::Kind::kStruct, name)
                                       : Result<btf::TypeId>(Status::kNotFound);
  if (!type.ok()) {
    return v.Reject(Message::kNoMapBtfOfKind, static_cast<uint32_t>(kind));
  }
  const int64_t offset = int64_t{reg.offset} + access.offset;
  if (offset < 0) {
    return v.Reject(Message::kMapStructNegative, access.base, name, offset);
  }
  if (access.write) {
    return v.Reject(Message::kMapStructRead, name);
  }
  TextWriter* log = v.log.enabled() ? &v.log.writer() : nullptr;
  const btf::Access found = EBPF_TRY(btf::AccessStruct(
      *kernel, *type, static_cast<uint32_t>(offset), access.size, false, log));
  loaded = found.kind == btf::AccessKind::kPointer
               ? TypedPointer(kernel, found.type, FlagsOf(found))
               : RegState::UnknownScalar();
  return Status::kOk;
}

}  // namespace ebpf::verifier
