// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_HASH_OF_MAPS: maps under any keys.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/maps/hash_table.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// A HashTable whose values are references of maps. Programs find maps in it
/// while user space changes them; what is replaced lives on until the read
/// sections end that may have found it.
///
/// An element may be reused while a program stands at it with a key that went
/// away: it then gets the map that is there now, or that was there when its
/// read section began, and both are alive until that ends.
class HashOfMapsMap final : public Map {
 public:
  /// `map` as one of this kind; it is one. Context: any.
  static HashOfMapsMap& From(Map& map) {
    return static_cast<HashOfMapsMap&>(map);
  }

  /// Puts `map` under `key`: kInvalid (not like inner(), or the mode), kTooBig
  /// (full), kExists, kNotFound. Context: task, in no read section.
  Status Set(ConstBytes key, Ref<Map> map, UpdateMode mode);

  /// kNotFound. Context: task, in no read section.
  Status Clear(ConstBytes key);

  // Map. What a program's Lookup finds has no bytes but an address, the Map's.
  // User space gets a map's id, and bpf(2) makes descriptors to Set and Clear.
  // CopyBatch that takes wants no read section.
  const Map* inner() const override { return inner_.get(); }
  Result<Bytes> Lookup(ConstBytes key) override;
  DirectLookup direct_lookup() const override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status CopyBatch(uint32_t& cursor, MapBatch& batch, bool take) override;
  Batches batches() const override { return Batches::kByGroup; }
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateHashOfMapsMap(const MapSpec& spec,
                                              Allocator& allocator);

  HashOfMapsMap(const MapSpec& spec, Ref<Map> inner, Allocator& allocator)
      : Map(spec),
        inner_(Move(inner)),
        table_(allocator),
        allocator_(allocator) {}
  ~HashOfMapsMap() = default;
  void Destroy() override;

  template <uint32_t kKeySize>
  static uint64_t LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t);

  const Ref<Map> inner_;
  /// Who changes the table holds it, so that each reference is given back once.
  Mutex mutex_;
  HashTable table_;
  Allocator& allocator_;
};

/// Of maps like `spec.inner`: kInvalid, kTooBig, kNotSupportedLinux, kNoMemory.
/// Context: task.
Result<Ref<Map>> CreateHashOfMapsMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
