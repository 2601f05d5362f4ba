// SPDX-License-Identifier: MIT
//
// Writing text that no mapping can write, for ports whose kernels give them a
// few pages of addresses: these are mapped to the text meanwhile, writable and
// not executable. [intel/vol3: 4.10, Caching Translation Information]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::x86_64 {

/// One in a kernel. What writes through it has the CPUs to itself.
class TextWindow {
 public:
  static constexpr size_t kPageSize = 4096;
  /// The most bytes that one Write writes: some ten microseconds' worth.
  static constexpr size_t kMost = size_t{64} << 10;
  /// Pages of addresses that it needs.
  static constexpr size_t kPages = kMost / kPageSize + 1;
  /// Up to here instructions of any function may be written but of this one's,
  /// which takes no probe.
  static constexpr size_t kMostInsns = 64;

  constexpr TextWindow() = default;
  TextWindow(const TextWindow&) = delete;
  TextWindow& operator=(const TextWindow&) = delete;

  /// Takes kPages pages at `virt`, whose last tables exist and which no TLB
  /// knows; physical address 0 is at `direct_map`. False if they are not there,
  /// or the CPU has five levels of tables. Context: task, once.
  bool Prepare(uintptr_t virt, uintptr_t direct_map);
  bool is_ready() const { return virt_ != 0; }

  /// Writes `size` bytes (up to kMost) over what is at `to`, and has this CPU
  /// fetch them. 0; -EFAULT (-14) where nothing is mapped; -EIO (-5) if other
  /// bytes are read back. Context: any, no other CPU runs.
  int Write(uintptr_t to, const void* bytes, size_t size);

 private:
  bool Map(uintptr_t to, size_t pages);
  void Unmap(size_t pages);
  void SetEntry(size_t page, uint64_t value);

  uintptr_t virt_ = 0;
  uintptr_t direct_map_ = 0;
  uint64_t* entries_[kPages] = {};
};

}  // namespace ebpf::x86_64
