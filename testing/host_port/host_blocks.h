// SPDX-License-Identifier: MIT
//
// The host port's heap, for both kinds of memory that it gives.
#pragma once

#include <stddef.h>

namespace ebpf::host {

struct Block {
  size_t size;
  size_t align;
  /// Of core/platform/mappable.h.
  bool mappable;
};

/// Zeroed memory for `who`; null if there is none, or none shall be.
void* GiveBlock(const char* who, const Block& block);

/// Panics if it is no such block.
void TakeBlock(const char* who, void* memory, const Block& block);

}  // namespace ebpf::host
