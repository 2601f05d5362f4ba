// SPDX-License-Identifier: MIT
//
// Kinds of maps by Linux's numbers: this tree need not have them.
#include "core/verifier/map_use.h"

#include "core/btf/struct_access.h"
#include "core/linux_abi/bpf.h"
#include "core/verifier/callback.h"
#include "core/verifier/typed_access.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of helpers.
constexpr uint32_t kMapUpdateElem = 2;
constexpr uint32_t kMapDeleteElem = 3;
constexpr uint32_t kMapPushElem = 87;
constexpr uint32_t kMapPopElem = 88;

/// Linux's kinds of maps.
enum Kind : uint32_t {
  kHash = 1,
  kArray = 2,
  kProgArray = 3,
  kPerfEventArray = 4,
  kPerCpuHash = 5,
  kPerCpuArray = 6,
  kStackTrace = 7,
  kCgroupArray = 8,
  kLruHash = 9,
  kLruPerCpuHash = 10,
  kLpmTrie = 11,
  kArrayOfMaps = 12,
  kHashOfMaps = 13,
  kDevMap = 14,
  kSockMap = 15,
  kCpuMap = 16,
  kXskMap = 17,
  kSockHash = 18,
  kCgroupStorage = 19,
  kReuseport = 20,
  kPerCpuCgroupStorage = 21,
  kQueue = 22,
  kStack = 23,
  kSkStorage = 24,
  kDevMapHash = 25,
  kStructOps = 26,
  kRingBuffer = 27,
  kInodeStorage = 28,
  kTaskStorage = 29,
  kBloomFilter = 30,
  kUserRing = 31,
  kCgrpStorage = 32,
  kArena = 33,
};

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

bool MayBeUsedSleeping(uint32_t kind) {
  switch (kind) {
    case kHash:
    case kLruHash:
    case kArray:
    case kPerCpuHash:
    case kPerCpuArray:
    case kLruPerCpuHash:
    case kArrayOfMaps:
    case kHashOfMaps:
    case kRingBuffer:
    case kUserRing:
    case kInodeStorage:
    case kSkStorage:
    case kTaskStorage:
    case kCgrpStorage:
    case kQueue:
    case kStack:
    case kArena:
      return true;
    default:
      return false;
  }
}

/// The struct that the kernel has for maps of this kind, or null.
const char* StructOf(uint32_t kind) {
  switch (kind) {
    case kHash:
    case kPerCpuHash:
    case kLruHash:
    case kLruPerCpuHash:
    case kHashOfMaps:
      return "bpf_htab";
    case kArray:
    case kProgArray:
    case kPerfEventArray:
    case kPerCpuArray:
    case kCgroupArray:
    case kArrayOfMaps:
      return "bpf_array";
    case kStackTrace:
      return "bpf_stack_map";
    case kLpmTrie:
      return "lpm_trie";
    case kDevMap:
    case kDevMapHash:
      return "bpf_dtab";
    case kSockMap:
      return "bpf_stab";
    case kSockHash:
      return "bpf_shtab";
    case kCpuMap:
      return "bpf_cpu_map";
    case kXskMap:
      return "xsk_map";
    case kCgroupStorage:
    case kPerCpuCgroupStorage:
      return "bpf_cgroup_storage_map";
    case kReuseport:
      return "reuseport_array";
    case kQueue:
    case kStack:
      return "bpf_queue_stack";
    case kSkStorage:
    case kInodeStorage:
    case kTaskStorage:
    case kCgrpStorage:
      return "bpf_local_storage_map";
    case kStructOps:
      return "bpf_struct_ops_map";
    case kRingBuffer:
    case kUserRing:
      return "bpf_ringbuf_map";
    case kBloomFilter:
      return "bpf_bloom_filter";
    case kArena:
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

}  // namespace

Status CheckMapUsable(Verification& v, const Map& map) {
  const MapFields fields = map.fields();
  const ProgramTypeId type = v.options.type->id;
  const bool tracing = IsTracing(type);
  const uint32_t kind = static_cast<uint32_t>(map.spec().type);
  if (tracing &&
      HasField(fields, Bit(FieldKind::kListHead) | Bit(FieldKind::kRbRoot))) {
    return RefuseForProgram(v, "tracing", "bpf_{list_head,rb_root}");
  }
  if (HasField(fields, Bit(FieldKind::kSpinLock))) {
    if (type == ProgramTypeId::kSocketFilter) {
      return RefuseForProgram(v, "socket filter", "bpf_spin_lock");
    }
    if (tracing) {
      return RefuseForProgram(v, "tracing", "bpf_spin_lock");
    }
  }
  if (tracing && HasField(fields, Bit(FieldKind::kTimer))) {
    return RefuseForProgram(v, "tracing", "bpf_timer");
  }
  if (tracing && HasField(fields, Bit(FieldKind::kWorkqueue))) {
    return RefuseForProgram(v, "tracing", "bpf_wq");
  }
  if (kind == kStructOps) {
    return v.Reject(Message::kStructOpsMap);
  }
  return v.options.sleepable && !MayBeUsedSleeping(kind)
             ? v.Reject(Message::kMapNotForSleepable)
             : Status::kOk;
}

Status CheckMapForHelper(Verification& v, const HelperPrototype& helper,
                         const Map& map) {
  const MapSpec& spec = map.spec();
  const uint32_t kind = static_cast<uint32_t>(spec.type);
  const bool changes = helper.id == kMapUpdateElem ||
                       helper.id == kMapDeleteElem ||
                       helper.id == kMapPushElem || helper.id == kMapPopElem;
  if (changes && (spec.flags & linux_abi::kMapReadOnlyProg) != 0) {
    return v.Reject(Message::kMapNotChangeable);
  }
  const Options& options = v.options;
  if (HelperTakesMap(helper, kind, options.type->id, options.attach_type)) {
    return Status::kOk;
  }
  if ((kind == kSockMap || kind == kSockHash) && HelperTakesMap(helper, kind)) {
    static_cast<void>(v.Reject(Message::kSockMapUpdate));
  }
  return RefuseForHelper(v, helper, kind);
}

Status AccessMap(Verification& v, const Access& access, RegState& loaded) {
  const RegState& reg = v.state->reg(access.base);
  const uint32_t kind = static_cast<uint32_t>(reg.map->spec().type);
  const btf::Btf* const kernel = v.options.kernel_btf;
  const char* const name = StructOf(kind);
  if (kernel == nullptr) {
    return v.Reject(Message::kNoMapBtf);
  }
  const Result<btf::TypeId> type = name != nullptr
                                       ? kernel->Find(btf::Kind::kStruct, name)
                                       : Result<btf::TypeId>(Status::kNotFound);
  if (!type.ok()) {
    return v.Reject(Message::kNoMapBtfOfKind, kind);
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
