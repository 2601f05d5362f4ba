// SPDX-License-Identifier: MIT
//
// Executable memory, packed.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"

namespace ebpf::jit {

/// Hands out pieces of executable memory, aligned to kAlignment, out of larger
/// regions that images share. What no image has holds code that traps, and so
/// do at least kGuardBytes behind each image. Not synchronised. Context: task.
class ImagePool : public NonCopyable {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kGuardBytes = 16;

  /// Memory comes from `allocator`, executable memory less than
  /// `machine.compiler->call_reach` from `near` where there is some.
  constexpr ImagePool(const machine::MachineOps& machine, Allocator& allocator,
                      uint64_t near)
      : machine_(machine), allocator_(allocator), near_(near) {}
  ~ImagePool();

  /// `size` bytes; kNoMemory, or what the port says. What is there traps.
  Result<uint64_t> Allocate(size_t size);

  /// Gives back what an image of `used` bytes does not need of the `size` that
  /// it asked for, if others can have it; with what size it is to be freed.
  /// Nothing was written there.
  size_t Shrink(uint64_t address, size_t size, size_t used);

  /// Writes an image to its place. What the port says.
  Status Write(uint64_t address, ConstBytes code);

  /// Takes back what Allocate gave for the same `size`; nobody runs there. It
  /// traps from now on; if that cannot be written, it is never given again.
  void Free(uint64_t address, size_t size);

  /// Bytes of executable memory that the port gave.
  size_t executable_bytes() const { return executable_bytes_; }

 private:
  static constexpr size_t kRegionSize = size_t{64} << 10;
  static constexpr size_t kSmallestRegion = size_t{4} << 10;
  static constexpr size_t kMaxSlots = kRegionSize / kAlignment;
  /// What is larger has memory of its own.
  static constexpr size_t kMaxShared = kRegionSize / 4;

  struct Region {
    Region* next;
    uint64_t address;
    size_t size;
    size_t used_slots;
    bool shared;
    uint64_t used[kMaxSlots / 64];  // a bit for each slot, if shared
  };

  static size_t SlotsFor(size_t size) {
    return (size + kGuardBytes + kAlignment - 1) / kAlignment;
  }
  Region* RegionOf(uint64_t address) const;
  static void Mark(Region& region, size_t first, size_t count, bool used);
  static bool FindRoom(const Region& region, size_t count, size_t& first);

  Result<Region*> AddRegion(size_t size, bool shared);
  void RemoveRegion(Region* region);
  Status FillGuard(uint64_t address, size_t size);

  const machine::MachineOps& machine_;
  Allocator& allocator_;
  const uint64_t near_;
  Region* regions_ = nullptr;
  size_t executable_bytes_ = 0;
};

}  // namespace ebpf::jit
