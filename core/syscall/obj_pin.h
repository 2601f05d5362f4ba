// SPDX-License-Identifier: MIT
//
// The calls of a kernel's file layer on the tree of pinned objects.
#pragma once

#include <stdint.h>

#include "core/files/client.h"
#include "core/files/pin_store.h"

namespace ebpf {

// Each returns 0 or a negative errno. Paths are absolute, in the client's
// memory. Context: task, interrupts on.

int64_t MakePinDirectory(Client& client, CallerPtr path);
int64_t UnlinkPin(Client& client, CallerPtr path);
int64_t RemovePinDirectory(Client& client, CallerPtr path);

/// open(2) for reading: a descriptor of what is read by the name, which only an
/// iterator's link has (-EIO): each time a walk from the begin.
int64_t OpenPin(Client& client, CallerPtr path);

/// Entry `index` of a directory, in no certain order; -ENOENT behind the last.
int64_t ReadPinDirectory(Client& client, CallerPtr path, uint32_t index,
                         PinEntry* entry);

}  // namespace ebpf
