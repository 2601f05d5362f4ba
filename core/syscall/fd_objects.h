// SPDX-License-Identifier: MIT
//
// The objects behind a client's descriptors.
#pragma once

#include "core/maps/map.h"
#include "core/objects/link.h"
#include "core/program/program.h"
#include "core/syscall/commands.h"

namespace ebpf {

// `fd` is an unsigned field that holds an int. kBadFd, kInvalid (a descriptor
// of something else). A map's file may close meanwhile: what user space may
// reach through it is OpenMapOf's (map_access.h). Context: task.

Result<Ref<Program>> ProgramOf(const Call& call, uint32_t fd);
Result<Ref<Map>> MapOf(const Call& call, uint32_t fd);
Result<Ref<Link>> LinkOf(const Call& call, uint32_t fd);

}  // namespace ebpf
