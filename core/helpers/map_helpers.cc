// SPDX-License-Identifier: MIT
//
// Helpers on maps with keys and values.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/maps/map.h"

namespace ebpf::helpers {
namespace {

Map& AsMap(uint64_t map) { return *reinterpret_cast<Map*>(map); }

ConstBytes AsKey(const Map& map, uint64_t key) {
  return ConstBytes(reinterpret_cast<const uint8_t*>(key), map.spec().key_size);
}

}  // namespace

/// void* bpf_map_lookup_elem(map, key)
uint64_t MapLookupElem(uint64_t map, uint64_t key, uint64_t, uint64_t,
                       uint64_t) {
  const Result<Bytes> value = AsMap(map).Lookup(AsKey(AsMap(map), key));
  return value.ok() ? reinterpret_cast<uint64_t>(value->data()) : 0;
}

/// long bpf_map_update_elem(map, key, value, flags)
uint64_t MapUpdateElem(uint64_t map, uint64_t key, uint64_t value,
                       uint64_t flags, uint64_t) {
  Map& target = AsMap(map);
  const ConstBytes bytes(reinterpret_cast<const uint8_t*>(value),
                         target.spec().value_size);
  return AsResult(
      target.Update(AsKey(target, key), bytes, static_cast<UpdateMode>(flags)));
}

/// long bpf_map_delete_elem(map, key)
uint64_t MapDeleteElem(uint64_t map, uint64_t key, uint64_t, uint64_t,
                       uint64_t) {
  return AsResult(AsMap(map).Delete(AsKey(AsMap(map), key)));
}

}  // namespace ebpf::helpers
