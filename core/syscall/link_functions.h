// SPDX-License-Identifier: MIT
//
// BPF_LINK_CREATE of programs for many functions.
#pragma once

#include <stdint.h>

#include "core/linux_abi/bpf_objects.h"
#include "core/objects/link.h"
#include "core/syscall/commands.h"

namespace ebpf {

/// BPF_TRACE_KPROBE_MULTI or BPF_TRACE_KPROBE_SESSION.
bool IsForFunctions(uint32_t attach_type);

/// A link to the functions that the client names, or gives the addresses of.
/// kInvalid (the program was not loaded for this, flags, none or both of names
/// and addresses, no functions, one that cannot be probed), kTooBig (too many,
/// or too long a name), kFault, kNoSuchTask (no function of a name),
/// kAddressNotAvailable (several functions of a name), kNoMemory,
/// and what KprobeMultiLink::Create says.
Result<Ref<Link>> LinkToFunctions(const Call& call,
                                  const linux_abi::LinkCreateAttr& attr,
                                  Ref<Program> program);

}  // namespace ebpf
