// SPDX-License-Identifier: MIT
//
// The programs that groups of tasks have for each type of attachment, and what
// they say together: Linux's rules of who may attach what where.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/maps/cgroup_array_map.h"
#include "core/memory/allocator.h"
#include "core/memory/buffer.h"
#include "core/program/program.h"
#include "core/program_types/program_type.h"

namespace ebpf {

class CgroupLink;

/// A group's list for one type of attachment.
struct CgroupPlace {
  Ref<Cgroup> group;
  AttachType type;
};

/// Appends `program`, of `link` unless that is null, or puts it in the place of
/// the one program there is (without kAttachAllowMulti) or of `replaced`. It
/// stays attached until it is detached, or the group is removed.
///
/// kInvalid: flags that exclude each other, a program twice; kNotPermitted: a
/// group above does not allow it, or this one's programs have other flags;
/// kTooBig: 64 are enough; kNotFound: `replaced` is not there; kNoMemory.
/// Context: task.
Status AttachToCgroup(const CgroupPlace& place, Ref<Program> program,
                      uint32_t flags, const Program* replaced, CgroupLink* link,
                      Allocator& allocator);

/// Detaches `program` that no link attached; where only one can be, whichever
/// is there. kNotFound; kInvalid: it must be said which (null). Context: task.
Status DetachFromCgroup(const CgroupPlace& place, const Program* program);

/// Detaches a link's; nothing where its group was removed. Context: task.
void DetachLinkFromCgroup(CgroupLink& link);

/// Puts `program` in the place of a link's. kNoLink: the link attaches nothing
/// any more; kNotPermitted: not `expected`, unless that is null; kInvalid: of
/// another type. Context: task.
Status ReplaceCgroupLink(CgroupLink& link, Ref<Program> program,
                         const Program* expected);

struct CgroupQuery {
  uint32_t flags = 0;  // the list's, kAttachAllowMulti or ...Override
  uint32_t count = 0;
};
/// What is attached there, or with `effective` what runs for the group's tasks:
/// ids into `ids`, which nothing was allocated in. kNoMemory. Context: task.
Result<CgroupQuery> QueryCgroup(const CgroupPlace& place, bool effective,
                                Buffer<uint32_t>& ids);

/// Runs all that count for tasks of `group` (ebpf_port_cgroup_get's), its own
/// first; whether none returned 0. Context: any.
bool RunCgroupPrograms(const void* group, AttachType type, void* context);

/// Whether they let a task of the group use a device; kNotPermitted.
/// Context: any.
Status MayUseDevice(const void* group,
                    const linux_abi::CgroupDeviceContext& device);

/// The group goes: detaches all that it has, links too. Context: task.
void RemoveCgroup(const void* group);

/// Detaches everything. Nothing runs any more. Context: task.
void RemoveAllCgroups();

}  // namespace ebpf
