// SPDX-License-Identifier: MIT
//
// The calls of a kernel's file layer, and of clients without one, on the texts
// of core/files/text_walk.h.
#pragma once

#include <stdint.h>

#include "core/files/client.h"
#include "core/files/text_walk.h"

namespace ebpf {

// Each returns what the call of Linux returns, or a negative errno. Context:
// task, interrupts on.

/// open(2) by Linux's path, with its O_RDONLY, O_WRONLY, O_RDWR, O_APPEND and
/// O_TRUNC of `flags` (linux_abi/open_flags.h; others do nothing): a
/// descriptor. -ENOENT, -EACCES, -EISDIR, -ENOTDIR, -EFAULT, -ENAMETOOLONG,
/// -EMFILE, -ENOMEM, -EBUSY: somebody reads what only one may read; -ENOSYS
/// before InitSystem.
int64_t OpenText(Client& client, CallerPtr path, uint32_t flags = 0);

/// Entry `index` of a directory of texts, as readdir(3), in no certain order;
/// 0. -ENOENT: behind the last, or no such directory; -ENOTDIR.
int64_t ReadTextDirectory(Client& client, CallerPtr path, uint32_t index,
                          TextEntry* entry);
/// What is there, as stat(2); 0. -ENOENT, -ENOTDIR.
int64_t StatText(Client& client, CallerPtr path, TextEntry* entry);

/// open, pread and close of text `index`. -EINVAL, an offset that is negative
/// as a signed number.
int64_t ReadText(Client& client, uint32_t index, uint64_t offset, CallerPtr to,
                 uint64_t size);

}  // namespace ebpf
