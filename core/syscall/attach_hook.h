// SPDX-License-Identifier: MIT
//
// What BPF_PROG_ATTACH's types of attachment are of: which type of program, and
// what it hooks.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/objects/cgroup_programs.h"
#include "core/program/program.h"
#include "core/program_types/program_type.h"
#include "core/syscall/commands.h"

namespace ebpf {

/// What the descriptor that a client attaches to stands for.
enum class HookKind : uint8_t {
  kNone,              // attached in other ways, or not at all
  kCgroup,            // a group of tasks
  kSocketMap,         // a map of sockets
  kNetworkNamespace,  // a network namespace
  kDevice,            // a network device, by its number
  kOther,             // nothing that this command takes: links only
  kLsm,               // nothing, though looked at as if it were a group
};

struct AttachHook {
  ProgramTypeId program;
  HookKind kind = HookKind::kNone;
};

/// The hook of a bpf_attach_type; kNone for unknown ones.
AttachHook AttachHookOf(uint32_t attach_type);

/// Whether the kernel asks programs of this type that are attached to groups.
bool AsksCgroups(AttachType type);

/// Whether programs of this type are attached for what they were loaded for
/// only, and this one was for something else (kInvalid).
Status CheckLoadedFor(const Program& program, uint32_t attach_type);

/// The program behind a descriptor: kBadFd; kInvalid, not one, or not of
/// `type`.
Result<Ref<Program>> ProgramToAttach(const Call& call, uint32_t fd,
                                     ProgramTypeId type);

/// The group behind a descriptor of the process, for a type of attachment:
/// kBadFd, kNoMemory.
Result<CgroupPlace> CgroupPlaceOf(const Call& call, uint32_t fd,
                                  uint32_t attach_type);

/// What Linux says of a descriptor that is to be of a map of sockets: there are
/// none. kBadFd, kInvalid, or kNotSupported for other maps.
Status NoSocketMap(const Call& call, uint32_t fd);

}  // namespace ebpf
