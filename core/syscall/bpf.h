// SPDX-License-Identifier: MIT
//
// bpf(2): copy in, check, dispatch. The one place that makes -errno.
#pragma once

#include <stdint.h>

#include "core/files/client.h"

namespace ebpf {

/// The system call: a descriptor or 0, or a negative errno. Never trusts
/// `attr`. Context: task, interrupts on.
int64_t Bpf(Client& client, uint32_t command, CallerPtr attr, uint32_t size);

}  // namespace ebpf
