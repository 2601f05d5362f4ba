// SPDX-License-Identifier: MIT
//
// The commands of bpf(2), a file each; commands.def lists them.
#pragma once

#include "core/files/client.h"
#include "core/syscall/attr.h"
#include "core/syscall/system.h"

namespace ebpf {

/// What a command has to work with. `attr` is where the client's attribute
/// stands, for commands that write to it.
struct Call {
  const System& system;
  Client& client;
  CallerPtr attr;
  uint32_t attr_size;
};

/// Writes `value` to the client's attribute, `offset` bytes behind its begin.
/// kFault. Context: task.
template <typename T>
Status WriteBack(const Call& call, size_t offset, const T& value) {
  return call.client.CopyOut(call.attr.Plus(offset), &value, sizeof(value));
}

/// Each is the command of its name: a descriptor, or 0.
#define EBPF_COMMAND(number, Name) \
  Result<int> Name(const Call& call, const RawAttr& raw);
#include "core/syscall/commands.def"
#undef EBPF_COMMAND

}  // namespace ebpf
