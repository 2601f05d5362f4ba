// SPDX-License-Identifier: MIT
//
// core/objects/cgroup_programs.h's implementation.
//
// Each list is read by hooks while tasks change it: a change makes the other of
// two versions, and ends when nobody reads the first any more. What a list of a
// group means for the groups below is found out when a hook asks, which is rare
// (a device is opened); Linux computes it at each change instead.
#include "core/objects/cgroup_programs.h"

#include "core/base/atomic.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/objects/cgroup_link.h"
#include "core/platform/cgroup.h"
#include "core/sync/mutex.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

using linux_abi::kAttachAllowMulti;
using linux_abi::kAttachAllowOverride;
using linux_abi::kAttachReplace;

constexpr uint32_t kMaxPrograms = 64;  // BPF_CGROUP_MAX_PROGS

/// A list as it was at one time. Never changed once hooks can read it.
struct Version {
  struct Entry {
    Ref<Program> program;
    CgroupLink* link = nullptr;  // null: attached without
  };
  uint32_t flags = 0;
  uint32_t count = 0;
  Entry entries[kMaxPrograms];
};

/// One group's list for one type. There is none without programs.
struct List {
  Ref<Cgroup> group;
  AttachType type;
  Allocator& allocator;
  Atomic<List*> next{nullptr};
  Version versions[2];
  /// Of these two, the one that counts; the other is empty.
  Atomic<Version*> current{&versions[0]};

  List(const CgroupPlace& place, Allocator& owner)
      : group(place.group), type(place.type), allocator(owner) {}
  Version& now() { return *current.Load(kRelaxed); }
};

constexpr uint32_t kBuckets = 64;
/// Changed with `changing` held, read in read sections.
constinit Atomic<List*> buckets[kBuckets];
constinit Mutex changing;

Atomic<List*>& BucketOf(const void* group) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  return buckets[reinterpret_cast<uintptr_t>(group) * kGolden >> 58];
}
static_assert(kBuckets == uint64_t{1} << (64 - 58));

/// Null: it has none. In a read section, or with `changing` held.
List* Find(const void* group, AttachType type) {
  // Acquires: pairs with the release in Insert.
  List* list = BucketOf(group).Load(kAcquire);
  while (list != nullptr &&
         (list->group->handle() != group || list->type != type)) {
    list = list->next.Load(kAcquire);
  }
  return list;
}

/// In a read section, or with `changing` held.
const Version* VersionOf(const void* group, AttachType type) {
  List* list = Find(group, type);
  // Acquires: pairs with the release in EndChange.
  return list == nullptr ? nullptr : list->current.Load(kAcquire);
}

/// Calls `visit` with each version that counts for tasks of `group`: the
/// lowest that has programs, and those above which allow others beside them.
template <typename Visit>
void ForEachEffective(const void* group, AttachType type, Visit visit) {
  bool is_lowest = true;
  for (; group != nullptr; group = ebpf_port_cgroup_parent(group)) {
    const Version* version = VersionOf(group, type);
    if (version != nullptr &&
        (is_lowest || (version->flags & kAttachAllowMulti) != 0)) {
      is_lowest = false;
      visit(*version);
    }
  }
}

void Empty(Version& version) {
  for (uint32_t i = 0; i < version.count; ++i) {
    version.entries[i] = {};
  }
  version.count = 0;
}

/// The other version, as a copy of the one that counts, to be changed.
Version& BeginChange(List& list) {
  const Version& now = list.now();
  Version& other = list.versions[&now == &list.versions[0] ? 1 : 0];
  other.flags = now.flags;
  other.count = now.count;
  for (uint32_t i = 0; i < now.count; ++i) {
    other.entries[i] = now.entries[i];
  }
  return other;
}

void EndChange(List& list, Version& version) {
  // Releases the version: pairs with the acquire in VersionOf.
  Version& old = *list.current.Exchange(&version, kAcqRel);
  WaitForReaders();
  Empty(old);
}

/// Puts a new list where hooks find it.
void Insert(List& list) {
  Atomic<List*>& bucket = BucketOf(list.group->handle());
  list.next.Store(bucket.Load(kRelaxed), kRelaxed);
  // Releases the list: pairs with the acquire in Find.
  bucket.Store(&list, kRelease);
}

void UnlinkAndFree(List& list) {
  Atomic<List*>* at = &BucketOf(list.group->handle());
  while (at->Load(kRelaxed) != &list) {
    at = &at->Load(kRelaxed)->next;
  }
  at->Store(list.next.Load(kRelaxed), kRelease);
  WaitForReaders();
  Empty(list.now());
  list.allocator.Delete(&list);
}

/// Whether the groups above let this one have programs of its own.
bool AllowedByThoseAbove(const CgroupPlace& place) {
  const void* group = place.group->handle();
  while ((group = ebpf_port_cgroup_parent(group)) != nullptr) {
    const Version* version = VersionOf(group, place.type);
    if (version == nullptr) {
      continue;
    }
    return (version->flags & (kAttachAllowMulti | kAttachAllowOverride)) != 0;
  }
  return true;
}

/// Where the program goes: an entry to replace, or `version.count`. Those of
/// links are not replaced, and may be there twice.
Result<uint32_t> PositionFor(const Version& version, const Program* program,
                             uint32_t flags, const Program* replaced,
                             const CgroupLink* link) {
  if ((flags & kAttachAllowMulti) == 0) {
    return uint32_t{0};
  }
  Result<uint32_t> position(version.count);
  if (replaced != nullptr) {
    position = Status::kNotFound;
  }
  for (uint32_t i = version.count; i-- > 0;) {
    const Version::Entry& entry = version.entries[i];
    if (entry.link != nullptr) {
      continue;
    }
    if (link == nullptr && entry.program.get() == program &&
        program != replaced) {
      return Status::kInvalid;
    }
    if (entry.program.get() == replaced) {
      position = i;
    }
  }
  return position;
}

/// `changing` is held.
Status CheckAttach(const CgroupPlace& place, const Version* version,
                   uint32_t flags) {
  const uint32_t kind = flags & (kAttachAllowMulti | kAttachAllowOverride);
  if (!AllowedByThoseAbove(place) ||
      (version != nullptr && version->flags != kind)) {
    return Status::kNotPermitted;
  }
  return version != nullptr && version->count >= kMaxPrograms ? Status::kTooBig
                                                              : Status::kOk;
}

/// Takes an entry away. `changing` is held.
void DetachAt(List& list, uint32_t index) {
  if (list.now().count == 1) {
    UnlinkAndFree(list);
    return;
  }
  Version& version = BeginChange(list);
  --version.count;
  for (uint32_t i = index; i < version.count; ++i) {
    version.entries[i] = Move(version.entries[i + 1]);
  }
  version.entries[version.count] = {};
  EndChange(list, version);
}

/// The index of the link's entry. `changing` is held; it is attached.
uint32_t IndexOf(const Version& version, const CgroupLink& link) {
  uint32_t index = 0;
  while (version.entries[index].link != &link) {
    ++index;
  }
  return index;
}

/// Where the link is attached. `changing` is held.
List& ListOf(const CgroupLink& link) {
  return *Find(link.place().group->handle(), link.place().type);
}

}  // namespace

Status AttachToCgroup(const CgroupPlace& place, Ref<Program> program,
                      uint32_t flags, const Program* replaced, CgroupLink* link,
                      Allocator& allocator) {
  const bool is_multi = (flags & kAttachAllowMulti) != 0;
  if ((is_multi && (flags & kAttachAllowOverride) != 0) ||
      (!is_multi && (flags & kAttachReplace) != 0)) {
    return Status::kInvalid;
  }
  MutexGuard guard(changing);
  List* list = Find(place.group->handle(), place.type);
  EBPF_TRY(CheckAttach(place, list == nullptr ? nullptr : &list->now(), flags));
  const bool is_new = list == nullptr;
  if (is_new) {
    if (replaced != nullptr) {
      return Status::kNotFound;
    }
    list = EBPF_TRY(allocator.New<List>(place, allocator));
  }
  const uint32_t position =
      EBPF_TRY(PositionFor(list->now(), program.get(), flags, replaced, link));
  Version& version = is_new ? list->now() : BeginChange(*list);
  version.count += position == version.count ? 1 : 0;
  version.entries[position] = {Move(program), link};
  version.flags = flags & (kAttachAllowMulti | kAttachAllowOverride);
  if (link != nullptr) {
    link->SetAttached(true);
  }
  if (is_new) {
    Insert(*list);
  } else {
    EndChange(*list, version);
  }
  return Status::kOk;
}

Status DetachFromCgroup(const CgroupPlace& place, const Program* program) {
  MutexGuard guard(changing);
  List* list = Find(place.group->handle(), place.type);
  if (list == nullptr) {
    return Status::kNotFound;
  }
  const Version& version = list->now();
  uint32_t index = 0;
  if ((version.flags & kAttachAllowMulti) != 0) {
    if (program == nullptr) {
      return Status::kInvalid;
    }
    while (index < version.count &&
           (version.entries[index].program.get() != program ||
            version.entries[index].link != nullptr)) {
      ++index;
    }
  }
  if (index == version.count) {
    return Status::kNotFound;
  }
  DetachAt(*list, index);
  return Status::kOk;
}

void DetachLinkFromCgroup(CgroupLink& link) {
  MutexGuard guard(changing);
  if (!link.attached()) {
    return;
  }
  List& list = ListOf(link);
  DetachAt(list, IndexOf(list.now(), link));
  link.SetAttached(false);
}

Status ReplaceCgroupLink(CgroupLink& link, Ref<Program> program,
                         const Program* expected) {
  MutexGuard guard(changing);
  if (!link.attached()) {
    return Status::kNoLink;
  }
  const Ref<Program> now = link.program();
  if (expected != nullptr && now.get() != expected) {
    return Status::kNotPermitted;
  }
  if (program->type().id != now->type().id) {
    return Status::kInvalid;
  }
  List& list = ListOf(link);
  Version& version = BeginChange(list);
  version.entries[IndexOf(version, link)].program = program;
  EndChange(list, version);
  return link.SetProgram(Move(program));
}

Result<CgroupQuery> QueryCgroup(const CgroupPlace& place, bool effective,
                                Buffer<uint32_t>& ids) {
  MutexGuard guard(changing);
  const void* group = place.group->handle();
  const Version* own = VersionOf(group, place.type);
  const auto for_each = [&](const auto& visit) {
    if (effective) {
      ForEachEffective(group, place.type, visit);
    } else if (own != nullptr) {
      visit(*own);
    }
  };
  CgroupQuery query;
  query.flags = effective || own == nullptr ? 0 : own->flags;
  for_each([&query](const Version& version) { query.count += version.count; });
  EBPF_TRY(ids.Allocate(query.count));
  uint32_t at = 0;
  for_each([&ids, &at](const Version& version) {
    for (uint32_t i = 0; i < version.count; ++i) {
      ids[at++] = version.entries[i].program->id();
    }
  });
  return CgroupQuery(query);
}

bool RunCgroupPrograms(const void* group, AttachType type, void* context) {
  ReadSection reading;
  bool allowed = true;
  ForEachEffective(group, type, [&allowed, context](const Version& version) {
    for (uint32_t i = 0; i < version.count; ++i) {
      allowed &=
          static_cast<uint32_t>(version.entries[i].program->Run(context)) != 0;
    }
  });
  return allowed;
}

Status MayUseDevice(const void* group,
                    const linux_abi::CgroupDeviceContext& device) {
  linux_abi::CgroupDeviceContext context = device;
  return RunCgroupPrograms(group, AttachType::kCgroupDevice, &context)
             ? Status::kOk
             : Status::kNotPermitted;
}

namespace {

/// One list of the group, or of any where that is null; false: there is none.
bool RemoveOne(const void* group) {
  MutexGuard guard(changing);
  for (Atomic<List*>& bucket : buckets) {
    List* list = bucket.Load(kRelaxed);
    while (list != nullptr && group != nullptr &&
           list->group->handle() != group) {
      list = list->next.Load(kRelaxed);
    }
    if (list == nullptr) {
      continue;
    }
    const Version& version = list->now();
    for (uint32_t i = 0; i < version.count; ++i) {
      if (CgroupLink* link = version.entries[i].link) {
        link->SetAttached(false);
      }
    }
    UnlinkAndFree(*list);
    return true;
  }
  return false;
}

}  // namespace

void RemoveCgroup(const void* group) {
  while (group != nullptr && RemoveOne(group)) {
  }
}

void RemoveAllCgroups() {
  while (RemoveOne(nullptr)) {
  }
}

}  // namespace ebpf
