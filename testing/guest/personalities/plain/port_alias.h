// SPDX-License-Identifier: MIT
//
// The only way in which this port writes what can be executed.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::plain {

/// The most bytes of one WriteThroughAlias.
inline constexpr size_t kMaxAliasWrite = size_t{64} << 10;

/// Writes `size` bytes at physical address `phys` while that is mapped writable
/// at addresses of the alias, which nobody has otherwise; false without memory
/// for page tables. Context: inside a rendezvous, so no other CPU runs while
/// there is a writable mapping.
bool WriteThroughAlias(uintptr_t phys, const void* bytes, size_t size);

/// Makes the page tables that WriteThroughAlias needs; false without memory.
/// Context: task, once.
bool PrepareAlias();

/// Executable memory and what it is made of, for ebpf_port_text_write: where
/// [to, to + size) is in physical memory, 0 if it is not executable memory.
/// Context: any; the memory is not freed meanwhile.
uintptr_t PhysOfExec(uintptr_t to, size_t size);

}  // namespace guest::plain
