// SPDX-License-Identifier: MIT
//
// The calls of a kernel's file layer, and of clients without one, on the texts
// of core/files/text_walk.h.
#pragma once

#include <stdint.h>

#include "core/files/client.h"

namespace ebpf {

// Each returns what the call of Linux returns, or a negative errno. Context:
// task, interrupts on.

/// open(2) for reading, by Linux's path: a descriptor. -ENOENT, -EACCES,
/// -EFAULT, -ENAMETOOLONG, -EMFILE, -ENOMEM, -ENOSYS before InitSystem.
int64_t OpenText(Client& client, CallerPtr path);

/// open, pread and close of text `index`. -EINVAL, an offset that is negative
/// as a signed number.
int64_t ReadText(Client& client, uint32_t index, uint64_t offset, CallerPtr to,
                 uint64_t size);

}  // namespace ebpf
