// SPDX-License-Identifier: MIT
//
// Random calls on elements of maps.
#include <algorithm>

#include "core/base/bits.h"
#include "core/platform/cpu.h"
#include "testing/linux_calls/random_world.h"

namespace ebpf::linux_calls {

/// A key that is there, mostly.
std::vector<uint8_t> World::PresentKey(const Object& map) {
  if (map.keys.empty() || OneIn(16)) {
    return KeyFor(map);
  }
  auto at = map.keys.begin();
  std::advance(at, static_cast<ptrdiff_t>(Below(map.keys.size())));
  return std::vector<uint8_t>(at->begin(), at->end());
}

std::vector<uint8_t> World::KeyFor(const Object& map) {
  std::vector<uint8_t> key(map.spec.key_size);
  if (key.empty()) {
    return key;
  }
  const uint32_t entries = map.spec.max_entries;
  if (IsArray(map.spec.map_type) || map.spec.map_type == kStackTrace) {
    const auto index = static_cast<uint32_t>(
        OneIn(10)
            ? OneOf<uint64_t>({entries, uint64_t{entries} + 1, UINT32_MAX})
            : Below(entries));
    memcpy(key.data(), &index, std::min<size_t>(4, key.size()));
    return key;
  }
  if (map.spec.map_type == kLpmTrie) {
    const auto bits = static_cast<uint32_t>(8 * (key.size() - 4));
    const auto prefix = static_cast<uint32_t>(OneIn(20)  ? bits + 1
                                              : OneIn(3) ? bits
                                                         : Below(bits + 1));
    memcpy(key.data(), &prefix, 4);
    for (size_t i = 4; i < key.size(); ++i) {
      key[i] = OneOf<uint8_t>({0, 0x80, 0xc0, 0xff});
    }
    return key;
  }
  const uint64_t which = Below(std::min<uint64_t>(entries + 2, 100));
  for (size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<uint8_t>(which * (i + 1));
  }
  return key;
}

size_t World::ValueBytes(const Object& map) {
  return IsPerCpu(map.spec.map_type)
             ? AlignUp<size_t>(map.spec.value_size, 8) * ebpf_port_cpu_count()
             : map.spec.value_size;
}

std::vector<uint8_t> World::ValueFor(const Object& map) {
  std::vector<uint8_t> value(ValueBytes(map));
  if (map.spec.map_type == kBloomFilter) {
    value[0] = static_cast<uint8_t>(Below(8));
    return value;
  }
  for (uint8_t& byte : value) {
    byte = static_cast<uint8_t>(random_());
  }
  return value;
}

/// A value in both kernels' memory: for maps of objects a descriptor.
Pointer World::PutValue(const Object& map, const std::vector<uint8_t>& value) {
  if (!HoldsObjects(map.spec.map_type) || value.size() != 4) {
    return Put(value);
  }
  bool fits = false;
  for (int tries = 0; tries < 5 && !fits; ++tries) {
    fits = Fits(map);
  }
  const Fd fd = Spoil(fits ? candidate_ : Any().fd);
  const auto ours = static_cast<int32_t>(fd.ours);
  const auto host = static_cast<int32_t>(fd.host);
  return {ours_.Put(&ours, 4), host_.Put(&host, 4)};
}

/// Looks for an object that may stand in `map`: candidate_.
bool World::Fits(const Object& map) {
  for (int tries = 0; tries < 40; ++tries) {
    const Object& object = Any();
    const bool is_program = !object.is_map() && !object.spec.map_flags;
    const bool is_event = !object.is_map() && object.spec.map_flags == 1;
    const bool fits = map.spec.map_type == kProgArray        ? is_program
                      : map.spec.map_type == kPerfEventArray ? is_event
                                                             : object.is_map();
    if (fits) {
      candidate_ = object.fd;
      return true;
    }
  }
  return false;
}

MapElemAttr World::Attr(int64_t fd, uint64_t key, uint64_t value,
                        uint64_t flags) {
  MapElemAttr attr{};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = key;
  attr.value = value;
  attr.flags = flags;
  return attr;
}

Fd World::CallElem(const char* name, uint32_t command, const Object& map,
                   const Element& element) {
  return Call(name, command,
              Attr(element.fd.ours, element.key.ours, element.value.ours,
                   element.flags),
              Attr(element.fd.host, element.key.host, element.value.host,
                   element.flags),
              About(map) + " update flags " + std::to_string(element.flags));
}

/// `key` for a call on `map`; null where it has none.
Pointer World::KeyPointer(const Object& map, std::vector<uint8_t> key) {
  if (HasNoKey(map.spec.map_type) && !OneIn(40)) {
    return {};
  }
  return Spoil(Put(key));
}

void World::Update() {
  Object& map = Suited([](uint32_t type) {
    return type != kRingBuffer && type != kStackTrace && type != kCgroupArray;
  });
  Element element;
  // A descriptor as a value would be other bytes in each kernel.
  element.fd =
      HoldsObjects(map.spec.map_type) ? SpoilForBatch(map.fd) : Spoil(map.fd);
  const std::vector<uint8_t> key = KeyFor(map);
  element.key = KeyPointer(map, key);
  const std::vector<uint8_t> value = ValueFor(map);
  element.value = Spoil(PutValue(map, value));
  if (OneIn(4)) {
    element.flags = OneOf<uint64_t>(
        {1, 2, 2, 2, 3, 4, 5, 6, 8, uint64_t{1} << 32, UINT64_MAX});
  }
  const Fd answer =
      CallElem("MAP_UPDATE_ELEM", linux_abi::kMapUpdateElem, map, element);
  if (answer.host == 0 && map.spec.map_type == kBloomFilter) {
    map.pushed.insert(Text(value));
  } else if (answer.host == 0) {
    if (HasNoKey(map.spec.map_type)) {
      map.depth = std::min<int64_t>(map.depth + 1, map.spec.max_entries);
    } else {
      map.keys.insert(Text(key));
    }
  }
}

void World::Lookup() {
  const Object& map = Suited(
      [](uint32_t type) {
        return type != kRingBuffer && type != kStackTrace &&
               type != kCgroupArray && type != kPerfEventArray &&
               type != kProgArray && type != kArrayOfMaps;
      },
      true);
  Element element;
  element.fd = Spoil(map.fd);
  element.key = KeyPointer(map, PresentKey(map));
  std::vector<uint8_t> value = ValueFor(map);
  if (map.spec.map_type == kBloomFilter) {
    if (map.pushed.empty()) {
      return;  // what was not put in may be found
    }
    const std::string& one = *map.pushed.begin();
    value.assign(one.begin(), one.end());
  }
  element.value = Spoil(Put(value));
  element.flags = OneIn(20) ? OneOf<uint64_t>({1, 4, 8, UINT64_MAX}) : 0;
  const Fd answer =
      CallElem("MAP_LOOKUP_ELEM", linux_abi::kMapLookupElem, map, element);
  if (answer.ours == answer.host && element.fd.host == map.fd.host &&
      !HoldsObjects(map.spec.map_type)) {
    CompareBytes("MAP_LOOKUP_ELEM", About(map), element.value, value.size());
  }
}

void World::LookupAndDelete() {
  Object& map = Suited(
      [](uint32_t type) {
        return type == kHash || type == kPerCpuHash || type == kLruHash ||
               type == kLruPerCpuHash || type == kQueue || type == kStack;
      },
      true);
  Element element;
  element.fd = Spoil(map.fd);
  const std::vector<uint8_t> key = PresentKey(map);
  element.key = KeyPointer(map, key);
  const std::vector<uint8_t> value = ValueFor(map);
  // An address that cannot be written costs an element, not always the same.
  element.value = Put(value);
  element.flags = OneIn(20) ? OneOf<uint64_t>({1, 4, 8}) : 0;
  const Fd answer = CallElem("MAP_LOOKUP_AND_DELETE_ELEM",
                             linux_abi::kMapLookupAndDeleteElem, map, element);
  map.keys.erase(Text(key));
  map.depth -= answer.host == 0;
  if (answer.ours == answer.host && element.fd.host == map.fd.host &&
      !HoldsObjects(map.spec.map_type)) {
    CompareBytes("MAP_LOOKUP_AND_DELETE_ELEM", About(map), element.value,
                 value.size());
  }
}

void World::Delete() {
  Object& map = Suited(
      [](uint32_t type) {
        return HasNoOrder(type) ? type != kStackTrace : type == kLpmTrie;
      },
      true);
  Element element;
  element.fd = Spoil(map.fd);
  const std::vector<uint8_t> key = PresentKey(map);
  element.key = KeyPointer(map, key);
  element.flags = OneIn(60) ? 1 : 0;
  CallElem("MAP_DELETE_ELEM", linux_abi::kMapDeleteElem, map, element);
  map.keys.erase(Text(key));
}

void World::NextKey() {
  const Object& map = Suited([](uint32_t type) { return !HasNoKey(type); });
  if (HasNoOrder(map.spec.map_type)) {
    Walk(map);
    return;
  }
  Element element;
  element.fd = SpoilForBatch(map.fd);
  element.key = OneIn(4) ? Pointer{} : KeyPointer(map, PresentKey(map));
  const std::vector<uint8_t> next(std::max<uint32_t>(map.spec.key_size, 8),
                                  0x5a);
  element.value = Spoil(Put(next));
  const Fd answer =
      CallElem("MAP_GET_NEXT_KEY", linux_abi::kMapGetNextKey, map, element);
  if (answer.ours == answer.host && element.fd.host == map.fd.host) {
    CompareBytes("MAP_GET_NEXT_KEY", About(map), element.value, next.size());
  }
}

/// All keys, in any order.
void World::Walk(const Object& map) {
  const auto keys = [&](Kernel& kernel, int64_t fd, int64_t& end) {
    std::multiset<std::string> found;
    const size_t size = map.spec.key_size;
    uint64_t key = 0;
    for (int i = 0; i < 3000; ++i) {
      const std::vector<uint8_t> empty(std::max<size_t>(size, 8));
      const uint64_t next = kernel.Put(empty.data(), empty.size());
      end = kernel.Call(linux_abi::kMapGetNextKey, Attr(fd, key, next, 0));
      if (end != 0) {
        break;
      }
      const auto* bytes = static_cast<const char*>(kernel.At(next));
      found.emplace(bytes, bytes + size);
      key = next;
    }
    return found;
  };
  int64_t our_end = 0;
  int64_t host_end = 0;
  const auto ours = keys(ours_, map.fd.ours, our_end);
  const auto host = keys(host_, map.fd.host, host_end);
  CommandTally& tally = tally_.commands["MAP_GET_NEXT_KEY"];
  tally.calls += host.size() + 1;
  tally.host_succeeded += host.size();
  tally_.calls += host.size() + 1;
  if (our_end != host_end) {
    Differ({"MAP_GET_NEXT_KEY", About(map) + " walk", our_end, host_end});
  } else if (ours != host) {
    Differ({"MAP_GET_NEXT_KEY", About(map) + " walk: keys",
            static_cast<int64_t>(ours.size()),
            static_cast<int64_t>(host.size())});
  }
}

}  // namespace ebpf::linux_calls
