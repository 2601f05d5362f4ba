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
  /// sizes and flags. `inner`: what the maps in it are like, or null; kInvalid
  /// where the kind needs one or takes none. kInvalid (also any other kind),
  /// kTooBig, kNotSupportedLinux, kNoMemory. Context: task.
  static Result<Ref<Map>> Create(const MapSpec& spec, Ref<Map> inner,
                                 Allocator& allocator);

  const Map* inner() const override { return inner_.get(); }

 private:
  friend class Allocator;

  DescribedMap(const MapSpec& spec, Ref<Map> inner, Allocator& allocator)
      : Map(spec), inner_(Move(inner)), allocator_(allocator) {}
  ~DescribedMap() = default;
  void Destroy() override { allocator_.Delete(this); }

  const Ref<Map> inner_;
  Allocator& allocator_;
};

/// Whether maps of this kind hold maps.
bool IsMapOfMaps(MapType type);

}  // namespace ebpf
