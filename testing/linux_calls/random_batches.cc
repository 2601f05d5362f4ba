// SPDX-License-Identifier: MIT
//
// Random batches.
#include <algorithm>
#include <cerrno>

#include "testing/linux_calls/random_world.h"

namespace ebpf::linux_calls {

Fd World::CallBatch(const char* name, uint32_t command, const Object& map,
                    const BatchCall& batch) {
  const auto attr = [&](bool ours) {
    MapBatchAttr result{};
    result.in_batch = ours ? batch.in.ours : batch.in.host;
    result.out_batch = ours ? batch.out.ours : batch.out.host;
    result.keys = ours ? batch.keys.ours : batch.keys.host;
    result.values = ours ? batch.values.ours : batch.values.host;
    result.map_fd = static_cast<uint32_t>(ours ? batch.fd.ours : batch.fd.host);
    result.count = batch.count;
    result.elem_flags = batch.elem_flags;
    result.flags = batch.flags;
    return result;
  };
  const std::string about = About(map) + " count " +
                            std::to_string(batch.count) + " elem_flags " +
                            std::to_string(batch.elem_flags) + " flags " +
                            std::to_string(batch.flags);
  const Fd answer = Call(name, command, attr(true), attr(false), about);
  if (answer.ours == answer.host) {
    CompareBytes(name, about + ": count",
                 {attr_.ours + offsetof(MapBatchAttr, count),
                  attr_.host + offsetof(MapBatchAttr, count)},
                 sizeof(uint32_t));
  }
  return answer;
}

uint64_t World::BatchFlags() {
  return OneIn(25) ? OneOf<uint64_t>({1, 2, 4, 8, UINT64_MAX}) : 0;
}

bool World::HasBatches(uint32_t type) {
  return type == kArray || type == kPerCpuArray || type == kLpmTrie ||
         (HasNoOrder(type) && type != kStackTrace && type != kHashOfMaps);
}

void World::UpdateBatch() {
  Object& map = Suited(HasBatches);
  BatchCall batch;
  batch.fd = SpoilForBatch(map.fd);
  batch.count = static_cast<uint32_t>(Below(6));
  std::vector<uint8_t> keys;
  std::vector<uint8_t> values;
  for (uint32_t i = 0; i < std::max(batch.count, 1u); ++i) {
    const std::vector<uint8_t> key = KeyFor(map);
    const std::vector<uint8_t> value = ValueFor(map);
    keys.insert(keys.end(), key.begin(), key.end());
    values.insert(values.end(), value.begin(), value.end());
    if (batch.count != 0) {
      map.keys.insert(Text(key));
    }
  }
  batch.keys = Spoil(Put(keys));
  batch.values = Spoil(Put(values));
  batch.elem_flags = BatchFlags();
  batch.flags = BatchFlags();
  CallBatch("MAP_UPDATE_BATCH", linux_abi::kMapUpdateBatch, map, batch);
}

void World::DeleteBatch() {
  Object& map = Suited(
      [](uint32_t type) {
        return HasBatches(type) && type != kArray && type != kPerCpuArray;
      },
      true);
  BatchCall batch;
  batch.fd = SpoilForBatch(map.fd);
  batch.count = static_cast<uint32_t>(Below(3));
  std::vector<uint8_t> keys;
  for (uint32_t i = 0; i < batch.count; ++i) {
    const std::vector<uint8_t> key = PresentKey(map);
    keys.insert(keys.end(), key.begin(), key.end());
    map.keys.erase(Text(key));
  }
  batch.keys = Spoil(Put(keys));
  batch.elem_flags = BatchFlags();
  batch.flags = BatchFlags();
  CallBatch("MAP_DELETE_BATCH", linux_abi::kMapDeleteBatch, map, batch);
}

void World::LookupBatch() {
  const bool take = OneIn(3);
  Object& map = take ? Suited([](uint32_t type) {
    return HasNoOrder(type) && HasBatches(type);
  })
                     : Suited(HasBatches);
  const char* name = take ? "MAP_LOOKUP_AND_DELETE_BATCH" : "MAP_LOOKUP_BATCH";
  const uint32_t command =
      take ? linux_abi::kMapLookupAndDeleteBatch : linux_abi::kMapLookupBatch;
  BatchCall batch;
  batch.fd = SpoilForBatch(map.fd);
  // Of kinds without an order all at once, or nothing.
  const bool all = HasNoOrder(map.spec.map_type);
  batch.count = all ? (OneIn(5) ? 0 : 128) : static_cast<uint32_t>(Below(70));
  const size_t room = std::max<size_t>(batch.count, 1);
  batch.keys = Put(std::vector<uint8_t>(room * map.spec.key_size));
  const size_t value_bytes = room * ValueBytes(map);
  if (value_bytes > (256 << 10)) {
    return;
  }
  batch.values = Put(std::vector<uint8_t>(value_bytes));
  batch.out = Put(std::vector<uint8_t>(64));
  if (!all && OneIn(2)) {
    batch.in = Put(KeyFor(map));
  }
  batch.elem_flags = BatchFlags();
  batch.flags = BatchFlags();
  const Fd answer = CallBatch(name, command, map, batch);
  if (take) {
    map.keys.clear();
  }
  // The end of a map is no failure.
  tally_.commands[name].host_succeeded += answer.host == -ENOENT;
  if (answer.ours != answer.host || HoldsObjects(map.spec.map_type)) {
    return;
  }
  if (!all) {
    CompareBytes(name, About(map) + ": keys", batch.keys,
                 room * map.spec.key_size);
    CompareBytes(name, About(map) + ": values", batch.values,
                 room * ValueBytes(map));
    CompareBytes(name, About(map) + ": cursor", batch.out, 64);
    return;
  }
  const auto elements = [&](Kernel& kernel, uint64_t attr, uint64_t keys,
                            uint64_t values) {
    std::multiset<std::string> found;
    const uint32_t count =
        std::min(kernel.Get<MapBatchAttr>(attr).count, batch.count);
    for (uint32_t i = 0; i < count; ++i) {
      const auto* key =
          static_cast<const char*>(kernel.At(keys)) + i * map.spec.key_size;
      const auto* value =
          static_cast<const char*>(kernel.At(values)) + i * ValueBytes(map);
      found.insert(std::string(key, key + map.spec.key_size) +
                   std::string(value, value + ValueBytes(map)));
    }
    return found;
  };
  if (elements(ours_, attr_.ours, batch.keys.ours, batch.values.ours) !=
      elements(host_, attr_.host, batch.keys.host, batch.values.host)) {
    Differ({name, About(map) + ": elements", 0, 0});
  }
}

}  // namespace ebpf::linux_calls
