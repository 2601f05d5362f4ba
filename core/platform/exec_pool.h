// SPDX-License-Identifier: MIT
//
// For ports that have a piece of executable memory and give it out in parts: to
// ebpf_port_exec_alloc and ebpf_port_exec_free.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// A page's beginning and ExecPool::kSize bytes full of breakpoints, in the
/// section .text.ebpf_exec_pool: a port links arch/<isa>/machine:exec_pool.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_exec_pool[];
/// Behind it are ExecPool::kBlankSize bytes more of them, which are nobody's.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_exec_pool_end[];

}  // extern "C"

namespace ebpf {

/// A piece of kSize bytes that begins where a page does. Where nothing says
/// otherwise, callers keep each other out. Context: any.
class ExecPool {
 public:
  static constexpr size_t kSize = size_t{512} << 10;
  /// What of breakpoints is behind it.
  static constexpr size_t kBlankSize = 4096;

  constexpr explicit ExecPool(const uint8_t* begin) : begin_(begin) {}

  /// `size` bytes of it, all of them within `reach` of `near`; null if there is
  /// no room. Whole pages begin where a page does, since that is how they are
  /// found.
  void* Take(size_t size, uintptr_t near, uint64_t reach);
  /// Gives back what Take returned for `size`.
  void Give(uintptr_t begin, size_t size);

  /// Whether [address, address + size) touches it. Needs nobody kept out.
  bool Touches(uintptr_t address, size_t size) const {
    return address < begin() + kSize && begin() < address + size;
  }
  /// Whether all of that is taken of it.
  bool IsTaken(uintptr_t address, size_t size) const;

  uintptr_t begin() const { return reinterpret_cast<uintptr_t>(begin_); }

  /// Whether `size` bytes at `begin` are all less than `reach` from `near`.
  static bool IsNear(uintptr_t begin, size_t size, uintptr_t near,
                     uint64_t reach);

 private:
  static constexpr size_t kGranule = 64;
  static constexpr size_t kGranuleCount = kSize / kGranule;

  void Mark(size_t first, size_t count, bool is_taken);

  const uint8_t* const begin_;
  bool taken_[kGranuleCount] = {};
};

}  // namespace ebpf
