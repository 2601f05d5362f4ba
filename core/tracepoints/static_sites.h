// SPDX-License-Identifier: MIT
//
// All branches on static keys that are in this image, in three orders.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/static_key.h"

namespace ebpf {

/// Never changes between Create and Delete: whoever knows that it is there may
/// ask it. Context of all but these two: any.
class StaticSites : public NonCopyable {
 public:
  constexpr StaticSites() = default;

  /// Of the `count` branches at `sites`. Without code there is none: the one
  /// that stands for a section with nothing in it. kNoMemory.
  Status Create(const StaticSite* sites, size_t count, Allocator& allocator);
  void Delete(Allocator& allocator);

  /// Their indices, one behind the other.
  Span<const uint32_t> Of(const StaticKey& key) const;
  Span<const uint32_t> All() const { return by_code_; }
  const StaticSite& At(uint32_t index) const { return sites_[index]; }

  /// Whether a branch whose instruction has `insn_size` bytes overlaps the
  /// `size` ones at `address`.
  bool HasCodeIn(uint64_t address, uint64_t size, uint64_t insn_size) const;
  /// Whether a branch leads to one of the `size` bytes at `address`.
  bool HasTargetIn(uint64_t address, uint64_t size) const;

 private:
  using Address = uint64_t (StaticSite::*)() const;

  template <Address kAddress>
  void Sort(Span<uint32_t> order) const;
  template <Address kAddress>
  size_t FindFirst(Span<const uint32_t> order, uint64_t address) const;

  const StaticSite* sites_ = nullptr;
  Span<uint32_t> memory_;  // of all three
  Span<const uint32_t> by_key_;
  Span<const uint32_t> by_code_;
  Span<const uint32_t> by_target_;
};

}  // namespace ebpf
