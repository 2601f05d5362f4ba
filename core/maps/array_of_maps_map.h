// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_ARRAY_OF_MAPS: maps under the keys 0 .. max_entries - 1.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/maps/object_array.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Programs find maps in it while user space changes them; what is replaced
/// lives on until the read sections end that may have found it.
class ArrayOfMapsMap final : public Map {
 public:
  /// `map` as one of this kind; it is one. Context: any.
  static ArrayOfMapsMap& From(Map& map) {
    return static_cast<ArrayOfMapsMap&>(map);
  }

  /// Puts `map` at `index`: kTooBig, kInvalid (not like inner()). Context:
  /// task, in no read section.
  Status Set(uint32_t index, Ref<Map> map);

  /// kTooBig, kNotFound. Context: task, in no read section.
  Status Clear(uint32_t index);

  // Map. What a program's Lookup finds has no bytes but an address, the Map's.
  // User space gets a map's id, and bpf(2) makes descriptors to Set and Clear.
  const Map* inner() const override { return inner_.get(); }
  Result<Bytes> Lookup(ConstBytes key) override;
  bool GetLayout(ArrayLayout& layout) const override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Batches batches() const override { return Batches::kFixed; }
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateArrayOfMapsMap(const MapSpec& spec,
                                               Allocator& allocator);

  ArrayOfMapsMap(const MapSpec& spec, Ref<Map> inner, Allocator& allocator)
      : Map(spec),
        inner_(Move(inner)),
        maps_(allocator),
        allocator_(allocator) {}
  ~ArrayOfMapsMap() = default;
  void Destroy() override;

  const Ref<Map> inner_;
  ObjectArray<Map> maps_;
  Allocator& allocator_;
};

/// Of maps like `spec.inner`: kInvalid, kTooBig, kNotSupportedLinux, kNoMemory.
/// Context: task.
Result<Ref<Map>> CreateArrayOfMapsMap(const MapSpec& spec,
                                      Allocator& allocator);

}  // namespace ebpf
