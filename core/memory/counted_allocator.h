// SPDX-License-Identifier: MIT
//
// An allocator of one object: how much memory it has.
#pragma once

#include "core/base/atomic.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Hands on what another allocator gives, counted. Goes by itself when its
/// maker has let go of it and all that it gave came back; so what is made with
/// it need not know. Context: task, `bytes` any.
class CountedAllocator final : public Allocator {
 public:
  /// kNoMemory. Its maker calls Close() when no more is asked for by whoever
  /// got nothing so far.
  static Result<CountedAllocator*> Create(Allocator& parent);
  void Close() { Subtract(kOpen); }

  [[nodiscard]] void* Allocate(size_t size, size_t align) override;
  void Free(void* memory, size_t size, size_t align) override;
  [[nodiscard]] void* AllocateMappable(size_t size) override;
  void FreeMappable(void* memory, size_t size) override;

  /// What is outstanding now.
  uint64_t bytes() const { return state_.Load(kRelaxed) & ~kOpen; }

 private:
  friend class Allocator;

  static constexpr uint64_t kOpen = uint64_t{1} << 63;

  explicit CountedAllocator(Allocator& parent) : parent_(parent) {}
  ~CountedAllocator() = default;

  void* Counted(void* memory, size_t size);
  void Subtract(uint64_t amount);

  Allocator& parent_;
  /// The bytes, and kOpen.
  Atomic<uint64_t> state_{kOpen};
};

}  // namespace ebpf
