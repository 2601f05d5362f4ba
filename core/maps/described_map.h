// SPDX-License-Identifier: MIT
//
// Maps that exist only as a description, for judging programs that use kinds
// that this tree does not have.
#pragma once

#include "core/maps/map.h"

namespace ebpf {

/// Refuses all operations. Never made for a program that runs.
class DescribedMap final : public Map {
 public:
  /// A map of a kind in described_map_types.def, by Linux's rules for its
  /// sizes and flags: kInvalid (also any other kind), kTooBig, kNoMemory.
  /// Context: task.
  static Result<Ref<Map>> Create(const MapSpec& spec, Allocator& allocator);

 private:
  friend class Allocator;

  DescribedMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~DescribedMap() = default;
  void Destroy() override { allocator_.Delete(this); }

  Allocator& allocator_;
};

}  // namespace ebpf
