// SPDX-License-Identifier: MIT
//
// What both kinds of maps that hold maps have in common: their rules, and what
// the maps in them must be like.
#pragma once

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Whether maps of this kind hold maps.
constexpr bool IsMapOfMaps(MapType type) {
  return type == MapType::kArrayOfMaps || type == MapType::kHashOfMaps;
}

/// Whether a map of maps may be like this, whatever `spec.inner` is. kInvalid,
/// kTooBig. Context: any.
Status CheckMapOfMapsSpec(const MapSpec& spec);

/// What the maps in a map of maps are like: a map without memory, which refuses
/// all operations. It tells what the verifier asks.
class MapTemplate final : public Map {
 public:
  /// One that is like `map`, of which it holds nothing but the types. Null is
  /// kInvalid, and so is a map of maps; kNotSupportedLinux for kinds that
  /// nothing holds; kNoMemory. Context: task.
  static Result<Ref<Map>> Of(const Map* map, Allocator& allocator);

 private:
  friend class Allocator;

  MapTemplate(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~MapTemplate() = default;
  void Destroy() override { allocator_.Delete(this); }

  Allocator& allocator_;
};

/// Whether `map` may stand where the maps are like `like`: same kind, sizes,
/// flags and special fields, and arrays have as many entries or are of
/// BPF_F_INNER_MAP, for which the verifier assumes no number. Context: any.
bool IsLike(const Map& map, const Map& like);

}  // namespace ebpf
