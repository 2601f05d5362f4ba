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

Bytes AsValue(const Map& map, uint64_t value) {
  return Bytes(reinterpret_cast<uint8_t*>(value), map.spec().value_size);
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

/// long bpf_map_push_elem(map, value, flags)
uint64_t MapPushElem(uint64_t map, uint64_t value, uint64_t flags, uint64_t,
                     uint64_t) {
  return AsResult(AsMap(map).Push(AsValue(AsMap(map), value), flags));
}

/// long bpf_map_pop_elem(map, value)
uint64_t MapPopElem(uint64_t map, uint64_t value, uint64_t, uint64_t,
                    uint64_t) {
  return AsResult(AsMap(map).Pop(AsValue(AsMap(map), value)));
}

/// long bpf_map_peek_elem(map, value)
uint64_t MapPeekElem(uint64_t map, uint64_t value, uint64_t, uint64_t,
                     uint64_t) {
  return AsResult(AsMap(map).Peek(AsValue(AsMap(map), value)));
}

/// void* bpf_map_lookup_percpu_elem(map, key, cpu)
uint64_t MapLookupPercpuElem(uint64_t map, uint64_t key, uint64_t cpu, uint64_t,
                             uint64_t) {
  const Result<Bytes> value = AsMap(map).LookupOnCpu(
      AsKey(AsMap(map), key), static_cast<uint32_t>(cpu));
  return value.ok() ? reinterpret_cast<uint64_t>(value->data()) : 0;
}

}  // namespace ebpf::helpers
