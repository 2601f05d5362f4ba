// SPDX-License-Identifier: MIT
//
// What the wrappers tell the ledger.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::ledger {

/// A write of [to, to + size) through the port begins. Context: any.
void BeginWrite(uintptr_t to, size_t size);
/// It has ended, and memory is to have `bytes`; if it failed, it is forgotten.
void EndWrite(uintptr_t to, const void* bytes, size_t size, bool written);

/// A step has happened, on this CPU. Context: any.
void Cleaned(uintptr_t address, size_t size);
void Invalidated(uintptr_t address, size_t size);
void Synchronised();

/// A tick of this CPU. Context: irq.
void Tick();

/// The port gave executable memory, and is about to take it back.
/// Context: task.
void Allocated(uintptr_t begin, size_t size);
void Freed(uintptr_t begin, size_t size);

}  // namespace guest::ledger
