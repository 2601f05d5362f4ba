// SPDX-License-Identifier: MIT
//
// The calling process as the host port pretends it: memory and capabilities.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

namespace ebpf {

/// User memory of `size` bytes, for this thread while it lives. User addresses
/// are not the process's own: what is not in it faults, kernel memory too.
class HostUserMemory : public NonCopyable {
 public:
  /// The address that programs and attributes would use for its first byte.
  static constexpr uint64_t kBase = 0x7000'0000'1000;

  explicit HostUserMemory(size_t size);
  ~HostUserMemory();

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }

  /// Takes `size` bytes (8-aligned) of it, filled from `from` unless that is
  /// null; the user address. A panic when it is full.
  uint64_t Put(const void* from, size_t size);
  /// The bytes behind a user address inside.
  void* At(uint64_t address) { return data_ + (address - kBase); }

 private:
  uint8_t* data_;
  size_t size_;
  size_t used_ = 0;
  HostUserMemory* previous_;
};

/// How often this thread asked for a copy from user memory.
uint64_t HostUserCopies();

/// Which capabilities (bit n: capability n) processes have; all at first.
void SetHostCapabilities(uint64_t mask);

}  // namespace ebpf
