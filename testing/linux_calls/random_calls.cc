// SPDX-License-Identifier: MIT
//
// testing/linux_calls/random_calls.h's implementation.
//
// A world has maps, programs and events that exist in both kernels. Each step
// takes one of them, makes an attribute, now and then spoils it, and lets both
// kernels answer. Where Linux leaves something to chance (the order of a hash's
// keys, what a filter says of what was never put in, what an LRU map throws
// out) the step is made so that it does not show.
#include "testing/linux_calls/random_calls.h"

#include <algorithm>
#include <cerrno>
#include <functional>

#include "core/base/bits.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/cpu.h"
#include "testing/caller/insns.h"
#include "testing/linux_calls/differences.h"

namespace ebpf::linux_calls {
namespace {

using linux_abi::MapBatchAttr;
using linux_abi::MapCreateAttr;
using linux_abi::MapElemAttr;

enum Type : uint32_t {
  kHash = 1,
  kArray = 2,
  kProgArray = 3,
  kPerfEventArray = 4,
  kPerCpuHash = 5,
  kPerCpuArray = 6,
  kStackTrace = 7,
  kCgroupArray = 8,
  kLruHash = 9,
  kLruPerCpuHash = 10,
  kLpmTrie = 11,
  kArrayOfMaps = 12,
  kHashOfMaps = 13,
  kQueue = 22,
  kStack = 23,
  kRing = 27,
  kBloom = 30,
};

struct Fd {
  int64_t ours = -1;
  int64_t host = -1;
};

enum class What : uint8_t { kMap, kProgram, kEvent };

struct Object {
  What what = What::kMap;
  uint32_t program_type = 0;
  Fd fd;
  MapCreateAttr spec{};          // of maps
  std::set<std::string> pushed;  // into a filter
  std::set<std::string> keys;    // that are probably there
  int64_t depth = 0;             // of a queue or stack
  bool is_empty() const { return keys.empty() && depth <= 0; }
  bool is_map() const { return what == What::kMap; }
};

bool IsPerCpu(uint32_t type) {
  return type == kPerCpuHash || type == kPerCpuArray || type == kLruPerCpuHash;
}
bool HoldsObjects(uint32_t type) {
  return type == kProgArray || type == kPerfEventArray ||
         type == kCgroupArray || type == kArrayOfMaps || type == kHashOfMaps;
}
bool IsArray(uint32_t type) {
  return type == kArray || type == kPerCpuArray || type == kProgArray ||
         type == kPerfEventArray || type == kCgroupArray ||
         type == kArrayOfMaps;
}
bool HasNoOrder(uint32_t type) {
  return type == kHash || type == kPerCpuHash || type == kLruHash ||
         type == kLruPerCpuHash || type == kHashOfMaps || type == kStackTrace;
}
bool HasNoKey(uint32_t type) {
  return type == kQueue || type == kStack || type == kBloom || type == kRing;
}

/// Bytes of an attribute up to and with its descriptor.
template <typename Attr>
constexpr size_t kShortest = sizeof(Attr);
template <>
constexpr size_t kShortest<MapElemAttr> = 4;
template <>
constexpr size_t kShortest<MapBatchAttr> = 40;
template <>
constexpr size_t kShortest<MapCreateAttr> = 24;
template <>
constexpr size_t kShortest<linux_abi::ProgLoadAttr> = 24;
template <>
constexpr size_t kShortest<linux_abi::ProgTestRunAttr> = 4;

class World {
 public:
  World(Kernel& ours, Kernel& host, uint64_t seed, Tally& tally)
      : ours_(ours), host_(host), random_(seed), tally_(tally) {}

  void Run(int calls) {
    while (objects_.size() < 8) {
      Create();
    }
    for (int i = 0; i < calls; ++i) {
      Step();
    }
    for (const Object& object : objects_) {
      ours_.Close(object.fd.ours);
      host_.Close(object.fd.host);
    }
  }

 private:
  // --- Chance ---------------------------------------------------------------

  uint64_t Below(uint64_t end) { return random_() % end; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }

  // --- Both kernels ---------------------------------------------------------

  struct Pointer {
    uint64_t ours = 0;
    uint64_t host = 0;
  };
  /// With room behind, since the call may go to a map with longer elements.
  Pointer Put(std::vector<uint8_t> bytes) {
    bytes.resize(bytes.size() + 2200);
    return {ours_.Put(bytes.data(), bytes.size()),
            host_.Put(bytes.data(), bytes.size())};
  }
  /// Now and then null, or no memory at all.
  Pointer Spoil(Pointer pointer) {
    if (OneIn(60)) {
      return {0, 0};
    }
    return OneIn(80) ? Pointer{kNowhere, kNowhere} : pointer;
  }
  std::vector<uint8_t> BytesAt(Kernel& kernel, uint64_t at, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(kernel.At(at));
    return std::vector<uint8_t>(bytes, bytes + size);
  }

  /// Makes the call on both, with attributes that are now and then too short or
  /// too long, and compares the answers. `is_fd`: the answer is a descriptor.
  template <typename Attr>
  Fd Call(const char* name, uint32_t command, const Attr& ours,
          const Attr& host, const std::string& about, bool is_fd = false) {
    uint32_t size = sizeof(Attr);
    uint8_t tail = 0;
    if (OneIn(100)) {
      // With the descriptor still: none is 0, which is open on the host only.
      size = static_cast<uint32_t>(kShortest<Attr> +
                                   Below(sizeof(Attr) + 1 - kShortest<Attr>));
    } else if (OneIn(60)) {
      size = static_cast<uint32_t>(sizeof(Attr) + Below(200));
      tail = OneIn(3) ? 1 : 0;
    }
    std::vector<uint8_t> our_bytes(sizeof(Attr) + 200);
    std::vector<uint8_t> host_bytes(sizeof(Attr) + 200);
    memcpy(our_bytes.data(), &ours, sizeof(ours));
    memcpy(host_bytes.data(), &host, sizeof(host));
    if (size > sizeof(Attr)) {
      our_bytes[size - 1] = host_bytes[size - 1] = tail;
    }
    attr_ = Put(our_bytes);
    memcpy(host_.At(attr_.host), host_bytes.data(), host_bytes.size());
    const int64_t our_answer = ours_.Bpf(command, attr_.ours, size);
    const int64_t host_answer = host_.Bpf(command, attr_.host, size);
    CommandTally& command_tally = tally_.commands[name];
    ++tally_.calls;
    ++command_tally.calls;
    command_tally.host_succeeded += host_answer >= 0;
    const int64_t our_told = is_fd && our_answer > 0 ? 0 : our_answer;
    const int64_t host_told = is_fd && host_answer > 0 ? 0 : host_answer;
    if (our_told != host_told) {
      Differ(
          {name, about + " size " + std::to_string(size), our_told, host_told});
    }
    return {our_answer, host_answer};
  }

  void Differ(const Difference& difference) {
    const char* excuse = ExcuseFor(difference);
    if (excuse != nullptr) {
      ++tally_.excused[excuse];
    } else if (tally_.differences.size() < 100) {
      tally_.differences.push_back(TextOf(difference));
    }
  }
  void CompareBytes(const char* name, const std::string& about, Pointer at,
                    size_t size) {
    if (at.ours == 0 || at.ours == kNowhere) {
      return;
    }
    if (BytesAt(ours_, at.ours, size) != BytesAt(host_, at.host, size)) {
      Differ({name, about + ": bytes", 0, 0});
    }
  }

  // --- Objects --------------------------------------------------------------

  Object& Any() { return objects_[Below(objects_.size())]; }
  /// A map, mostly.
  Object& AnyMap() {
    for (int tries = 0; tries < 10; ++tries) {
      Object& object = Any();
      if (object.is_map()) {
        return object;
      }
    }
    return Any();
  }
  /// One of a kind for which `fits`, mostly, and perhaps with something in it.
  Object& MapFor(bool (*fits)(uint32_t type), bool is_filled) {
    for (int tries = 0; tries < 60; ++tries) {
      Object& object = Any();
      if (object.is_map() && fits(object.spec.map_type) &&
          !(is_filled && object.is_empty() && tries < 50 &&
            !IsArray(object.spec.map_type)) &&
          (object.spec.map_flags &
           (linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly)) == 0) {
        return object;
      }
    }
    return AnyMap();
  }
  /// ... or now and then any.
  Object& Suited(bool (*fits)(uint32_t type), bool is_filled = false) {
    return OneIn(16) ? AnyMap() : MapFor(fits, is_filled);
  }
  /// The descriptor, or now and then one that is no map's or none at all.
  Fd Spoil(Fd fd) {
    if (OneIn(100)) {
      return {9999, 9999};
    }
    return OneIn(100) ? Any().fd : fd;
  }
  /// ... but never another map's, whose elements may be longer, or have no
  /// order.
  Fd SpoilForBatch(Fd fd) { return OneIn(100) ? Fd{9999, 9999} : fd; }
  void Keep(Object object) {
    const Fd fd = object.fd;
    if (fd.ours >= 0 && fd.host >= 0) {
      objects_.push_back(object);
    } else if (fd.ours >= 0) {
      ours_.Close(fd.ours);
    } else if (fd.host >= 0) {
      host_.Close(fd.host);
    }
  }
  static std::string About(const Object& object) {
    const MapCreateAttr& spec = object.spec;
    return "type " + std::to_string(spec.map_type) + " key " +
           std::to_string(spec.key_size) + " value " +
           std::to_string(spec.value_size) + " entries " +
           std::to_string(spec.max_entries) + " flags " +
           std::to_string(spec.map_flags) + " extra " +
           std::to_string(spec.map_extra);
  }

  // --- Steps ----------------------------------------------------------------

  void Step() {
    struct Choice {
      uint64_t share;
      void (World::*step)();
    };
    static constexpr Choice kChoices[] = {
        {4, &World::Create},      {28, &World::Update},
        {15, &World::Lookup},     {6, &World::Delete},
        {7, &World::NextKey},     {6, &World::LookupAndDelete},
        {7, &World::UpdateBatch}, {6, &World::LookupBatch},
        {4, &World::DeleteBatch}, {1, &World::Freeze},
        {4, &World::Load},        {6, &World::TestRun},
        {4, &World::Info},        {2, &World::OpenEvent},
        {2, &World::CloseOne},
    };
    uint64_t sum = 0;
    for (const Choice& choice : kChoices) {
      sum += choice.share;
    }
    uint64_t what = Below(sum);
    for (const Choice& choice : kChoices) {
      if (what < choice.share) {
        (this->*choice.step)();
        return;
      }
      what -= choice.share;
    }
  }

  MapCreateAttr GoodSpec() {
    MapCreateAttr spec{};
    spec.map_type =
        OneOf<uint32_t>({kHash, kHash, kArray, kPerCpuHash, kPerCpuArray,
                         kLruHash, kLruPerCpuHash, kLpmTrie, kQueue, kStack,
                         kRing, kBloom, kProgArray, kPerfEventArray,
                         kCgroupArray, kStackTrace, kArrayOfMaps, kHashOfMaps});
    spec.key_size = OneOf<uint32_t>({1, 3, 4, 4, 8, 16, 40});
    spec.value_size = OneOf<uint32_t>({1, 4, 7, 8, 8, 24, 100});
    spec.max_entries = OneOf<uint32_t>({1, 2, 5, 16, 64});
    switch (spec.map_type) {
      case kArray:
        spec.key_size = 4;
        spec.map_flags = OneOf<uint32_t>(
            {0, 0, 0, linux_abi::kMapMmapable, linux_abi::kMapInnerMap});
        break;
      case kPerCpuArray:
        spec.key_size = 4;
        break;
      case kProgArray:
      case kPerfEventArray:
      case kCgroupArray:
      case kArrayOfMaps:
        spec.key_size = 4;
        spec.value_size = 4;
        break;
      case kHashOfMaps:
        spec.value_size = 4;
        break;
      case kStackTrace:
        spec.key_size = 4;
        spec.value_size = 80;
        break;
      case kLruHash:
      case kLruPerCpuHash:
        spec.max_entries = 1024;  // nothing is thrown out
        break;
      case kLpmTrie:
        spec.key_size = OneOf<uint32_t>({5, 8, 20});
        spec.map_flags = linux_abi::kMapNoPrealloc;
        break;
      case kQueue:
      case kStack:
        spec.key_size = 0;
        break;
      case kBloom:
        spec.key_size = 0;
        spec.map_extra = Below(4);
        break;
      case kRing:
        spec.key_size = 0;
        spec.value_size = 0;
        spec.max_entries = OneOf<uint32_t>({4096, 8192});
        break;
      default:
        spec.map_flags = OneOf<uint32_t>({0, 0, linux_abi::kMapNoPrealloc});
    }
    if (spec.map_type != kLpmTrie && OneIn(8)) {
      spec.map_flags |=
          OneOf<uint32_t>({linux_abi::kMapReadOnly, linux_abi::kMapWriteOnly,
                           linux_abi::kMapNumaNode});
    }
    return spec;
  }

  void SpoilSpec(MapCreateAttr& spec) {
    switch (Below(9)) {
      case 0:
        spec.key_size = OneOf<uint32_t>({0, 2, 5, 255, 513, 600});
        break;
      case 1:
        spec.value_size = OneOf<uint32_t>({0, 2, 5, 81, 1024, UINT32_MAX});
        break;
      case 2:
        // A small LRU map would throw something out.
        spec.max_entries =
            spec.max_entries == 1024 ? 0 : OneOf<uint32_t>({0, 3, 4095, 4097});
        break;
      case 3:
        spec.map_flags = uint32_t{1} << Below(20);
        break;
      case 4:
        spec.map_flags |= uint32_t{1} << Below(20);
        break;
      case 5:
        spec.map_type =
            OneOf<uint32_t>({0, 14, 15, 19, 25, 26, 31, 100, UINT32_MAX});
        break;
      case 6:
        spec.map_extra = OneOf<uint64_t>({1, 15, 16, UINT64_MAX});
        break;
      case 7:
        memcpy(spec.map_name, OneOf<const char*>({"a", "a b", "a.b_C9", "-"}),
               4);
        break;
      default:
        spec.numa_node = OneOf<uint32_t>({1, UINT32_MAX});
    }
  }

  void Create() {
    MapCreateAttr ours = GoodSpec();
    if (OneIn(5)) {
      SpoilSpec(ours);
    }
    // Kinds whose template is another map.
    MapCreateAttr host = ours;
    if (ours.map_type == kArrayOfMaps || ours.map_type == kHashOfMaps) {
      if (objects_.empty()) {
        return;
      }
      const Fd inner = Spoil(AnyMap().fd);
      ours.inner_map_fd = static_cast<uint32_t>(inner.ours);
      host.inner_map_fd = static_cast<uint32_t>(inner.host);
    }
    Object about;
    about.spec = ours;
    about.fd = Call("MAP_CREATE", linux_abi::kMapCreate, ours, host,
                    About(about), /*is_fd=*/true);
    Keep(about);
  }

  static std::string Text(const std::vector<uint8_t>& bytes) {
    return std::string(bytes.begin(), bytes.end());
  }
  /// A key that is there, mostly.
  std::vector<uint8_t> PresentKey(const Object& map) {
    if (map.keys.empty() || OneIn(16)) {
      return KeyFor(map);
    }
    auto at = map.keys.begin();
    std::advance(at, static_cast<ptrdiff_t>(Below(map.keys.size())));
    return std::vector<uint8_t>(at->begin(), at->end());
  }
  std::vector<uint8_t> KeyFor(const Object& map) {
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

  size_t ValueBytes(const Object& map) {
    return IsPerCpu(map.spec.map_type)
               ? AlignUp<size_t>(map.spec.value_size, 8) * ebpf_port_cpu_count()
               : map.spec.value_size;
  }
  std::vector<uint8_t> ValueFor(const Object& map) {
    std::vector<uint8_t> value(ValueBytes(map));
    if (map.spec.map_type == kBloom) {
      value[0] = static_cast<uint8_t>(Below(8));
      return value;
    }
    for (uint8_t& byte : value) {
      byte = static_cast<uint8_t>(random_());
    }
    return value;
  }
  /// A value in both kernels' memory: for maps of objects a descriptor.
  Pointer PutValue(const Object& map, const std::vector<uint8_t>& value) {
    if (!HoldsObjects(map.spec.map_type) || value.size() != 4) {
      return Put(value);
    }
    Fd fd = Any().fd;
    for (int tries = 0; tries < 4 && !Fits(map); ++tries) {
      fd = candidate_;
    }
    fd = Fits(map) ? candidate_ : fd;
    fd = Spoil(fd);
    const auto ours = static_cast<int32_t>(fd.ours);
    const auto host = static_cast<int32_t>(fd.host);
    return {ours_.Put(&ours, 4), host_.Put(&host, 4)};
  }
  /// Looks for an object that may stand in `map`: candidate_.
  bool Fits(const Object& map) {
    for (int tries = 0; tries < 40; ++tries) {
      const Object& object = Any();
      const bool is_program = !object.is_map() && !object.spec.map_flags;
      const bool is_event = !object.is_map() && object.spec.map_flags == 1;
      const bool fits = map.spec.map_type == kProgArray ? is_program
                        : map.spec.map_type == kPerfEventArray
                            ? is_event
                            : object.is_map();
      if (fits) {
        candidate_ = object.fd;
        return true;
      }
    }
    return false;
  }

  MapElemAttr Attr(int64_t fd, uint64_t key, uint64_t value, uint64_t flags) {
    MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(fd);
    attr.key = key;
    attr.value = value;
    attr.flags = flags;
    return attr;
  }
  struct Element {
    Fd fd;
    Pointer key;
    Pointer value;
    uint64_t flags = 0;
  };
  Fd CallElem(const char* name, uint32_t command, const Object& map,
              const Element& element) {
    return Call(name, command,
                Attr(element.fd.ours, element.key.ours, element.value.ours,
                     element.flags),
                Attr(element.fd.host, element.key.host, element.value.host,
                     element.flags),
                About(map) + " update flags " + std::to_string(element.flags));
  }
  /// `key` for a call on `map`; null where it has none.
  Pointer KeyPointer(const Object& map, std::vector<uint8_t> key) {
    if (HasNoKey(map.spec.map_type) && !OneIn(40)) {
      return {};
    }
    return Spoil(Put(key));
  }

  void Update() {
    Object& map = Suited([](uint32_t type) {
      return type != kRing && type != kStackTrace && type != kCgroupArray;
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
    if (answer.host == 0 && map.spec.map_type == kBloom) {
      map.pushed.insert(Text(value));
    } else if (answer.host == 0) {
      if (HasNoKey(map.spec.map_type)) {
        map.depth = std::min<int64_t>(map.depth + 1, map.spec.max_entries);
      } else {
        map.keys.insert(Text(key));
      }
    }
  }

  void Lookup() {
    const Object& map = Suited(
        [](uint32_t type) {
          return type != kRing && type != kStackTrace && type != kCgroupArray &&
                 type != kPerfEventArray && type != kProgArray &&
                 type != kArrayOfMaps;
        },
        true);
    Element element;
    element.fd = Spoil(map.fd);
    element.key = KeyPointer(map, PresentKey(map));
    std::vector<uint8_t> value = ValueFor(map);
    if (map.spec.map_type == kBloom) {
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

  void LookupAndDelete() {
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
    const Fd answer =
        CallElem("MAP_LOOKUP_AND_DELETE_ELEM",
                 linux_abi::kMapLookupAndDeleteElem, map, element);
    map.keys.erase(Text(key));
    map.depth -= answer.host == 0;
    if (answer.ours == answer.host && element.fd.host == map.fd.host &&
        !HoldsObjects(map.spec.map_type)) {
      CompareBytes("MAP_LOOKUP_AND_DELETE_ELEM", About(map), element.value,
                   value.size());
    }
  }

  void Delete() {
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

  void NextKey() {
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
  void Walk(const Object& map) {
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

  // --- Batches --------------------------------------------------------------

  struct BatchCall {
    Fd fd;
    Pointer in;
    Pointer out;
    Pointer keys;
    Pointer values;
    uint32_t count = 0;
    uint64_t elem_flags = 0;
    uint64_t flags = 0;
  };
  Fd CallBatch(const char* name, uint32_t command, const Object& map,
               const BatchCall& batch) {
    const auto attr = [&](bool ours) {
      MapBatchAttr result{};
      result.in_batch = ours ? batch.in.ours : batch.in.host;
      result.out_batch = ours ? batch.out.ours : batch.out.host;
      result.keys = ours ? batch.keys.ours : batch.keys.host;
      result.values = ours ? batch.values.ours : batch.values.host;
      result.map_fd =
          static_cast<uint32_t>(ours ? batch.fd.ours : batch.fd.host);
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
  uint64_t BatchFlags() {
    return OneIn(25) ? OneOf<uint64_t>({1, 2, 4, 8, UINT64_MAX}) : 0;
  }

  static bool HasBatches(uint32_t type) {
    return type == kArray || type == kPerCpuArray || type == kLpmTrie ||
           (HasNoOrder(type) && type != kStackTrace && type != kHashOfMaps);
  }

  void UpdateBatch() {
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

  void DeleteBatch() {
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

  void LookupBatch() {
    const bool take = OneIn(3);
    Object& map = take ? Suited([](uint32_t type) {
      return HasNoOrder(type) && HasBatches(type);
    })
                       : Suited(HasBatches);
    const char* name =
        take ? "MAP_LOOKUP_AND_DELETE_BATCH" : "MAP_LOOKUP_BATCH";
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

  // --- The rest -------------------------------------------------------------

  void Freeze() {
    if (!OneIn(4)) {
      return;  // or soon nothing can be written any more
    }
    Object& map = AnyMap();
    const linux_abi::MapFreezeAttr ours = {static_cast<uint32_t>(map.fd.ours)};
    const linux_abi::MapFreezeAttr host = {static_cast<uint32_t>(map.fd.host)};
    Call("MAP_FREEZE", linux_abi::kMapFreeze, ours, host, About(map));
  }

  /// A program that returns a number, perhaps after it looked into a map.
  std::vector<isa::Insn> ProgramOn(int64_t map_fd, bool looks_up) {
    if (!looks_up) {
      return Returning(static_cast<int32_t>(Below(3)));
    }
    return {LoadLow(1, 1, static_cast<int32_t>(map_fd)),
            LoadHigh(0),
            Insn(0x7a, 10, 0, -8, 0),
            MovReg(2, 10),
            Insn(0x07, 2, 0, 0, -8),
            CallHelper(1),
            Insn(0x15, 0, 0, 1, 0),
            MovImm(0, 1),
            MovImm(0, 0),
            Exit()};
  }

  void Load() {
    const Object& map = AnyMap();
    const bool looks_up = OneIn(2);
    const uint64_t state = random_();
    const uint32_t type = OneIn(12)
                              ? OneOf<uint32_t>({0, 33, 200})
                              : OneOf<uint32_t>({1, 1, 2, 3, 5, 6, 7, 31});
    random_.seed(state);
    linux_abi::ProgLoadAttr ours =
        ours_.Program(type, ProgramOn(map.fd.ours, looks_up));
    random_.seed(state);
    linux_abi::ProgLoadAttr host =
        host_.Program(type, ProgramOn(map.fd.host, looks_up));
    if (OneIn(6)) {
      switch (Below(5)) {
        case 0:
          ours.insn_cnt = host.insn_cnt = OneOf<uint32_t>({0, 1, 2, 1u << 21});
          break;
        case 1:
          ours.prog_flags = host.prog_flags = uint32_t{1} << Below(18);
          break;
        case 2:
          ours.expected_attach_type = host.expected_attach_type =
              static_cast<uint32_t>(Below(60));
          break;
        case 3:
          ours.log_level = host.log_level = OneOf<uint32_t>({1, 8, 16});
          break;
        default:
          memcpy(ours.prog_name, "a-b", 4);
          memcpy(host.prog_name, "a-b", 4);
      }
    }
    const Fd fd = Call("PROG_LOAD", linux_abi::kProgLoad, ours, host,
                       "type " + std::to_string(type) + " insns " +
                           std::to_string(ours.insn_cnt) + " prog flags " +
                           std::to_string(ours.prog_flags) + " attach " +
                           std::to_string(ours.expected_attach_type) +
                           " log level " + std::to_string(ours.log_level) +
                           (looks_up ? " looks into " + About(map) : ""),
                       /*is_fd=*/true);
    Object program;
    program.what = What::kProgram;
    program.program_type = type;
    program.fd = fd;
    Keep(program);
  }

  /// Data in and out, results and sizes; how long it took is not compared.
  void TestRun() {
    Object* program = nullptr;
    for (int tries = 0; tries < 60 && program == nullptr; ++tries) {
      Object& object = Any();
      const uint32_t type = object.program_type;
      if (object.what == What::kProgram &&
          (type == 1 || type == 3 || type == 6 || type == 31)) {
        program = &object;
      }
    }
    if (program == nullptr) {
      return;
    }
    linux_abi::ProgTestRunAttr ours{};
    const Fd fd = Spoil(program->fd);
    const bool has_data = program->program_type != 31;
    Pointer data;
    Pointer out;
    if (has_data) {
      std::vector<uint8_t> packet(OneOf<size_t>({14, 15, 64, 100, 200}));
      for (uint8_t& byte : packet) {
        byte = static_cast<uint8_t>(random_());
      }
      ours.data_size_in = static_cast<uint32_t>(
          OneIn(12) ? OneOf<size_t>({0, 1, 13, 5000}) : packet.size());
      packet.resize(5000);
      data = Spoil(Put(packet));
      out = OneIn(3) ? Pointer{} : Spoil(Put(std::vector<uint8_t>(6000, 0x5a)));
      ours.data_size_out =
          out.host == 0 ? 0 : OneOf<uint32_t>({0, 10, 100, 256, 256});
    }
    ours.repeat = OneOf<uint32_t>({0, 1, 1, 3});
    if (OneIn(20)) {
      ours.flags = OneOf<uint32_t>({1, 2, 4, 8, 1u << 31});
    }
    if (OneIn(20)) {
      ours.batch_size = 1;
    }
    if (OneIn(20)) {
      ours.cpu = 1;
    }
    linux_abi::ProgTestRunAttr host = ours;
    ours.prog_fd = static_cast<uint32_t>(fd.ours);
    host.prog_fd = static_cast<uint32_t>(fd.host);
    ours.data_in = data.ours;
    host.data_in = data.host;
    ours.data_out = out.ours;
    host.data_out = out.host;
    const std::string about =
        "program type " + std::to_string(program->program_type) + " data " +
        std::to_string(ours.data_size_in) + " out " +
        std::to_string(ours.data_size_out) + " repeat " +
        std::to_string(ours.repeat) + " flags " + std::to_string(ours.flags) +
        " cpu " + std::to_string(ours.cpu) + " batch " +
        std::to_string(ours.batch_size);
    const Fd answer =
        Call("PROG_TEST_RUN", linux_abi::kProgTestRun, ours, host, about);
    if (answer.ours != answer.host || fd.host != program->fd.host) {
      return;
    }
    // The result, and the sizes of data in and out.
    constexpr size_t kResults = offsetof(linux_abi::ProgTestRunAttr, retval);
    CompareBytes("PROG_TEST_RUN", about + ": results",
                 {attr_.ours + kResults, attr_.host + kResults}, 12);
    CompareBytes("PROG_TEST_RUN", about + ": data", out, 6000);
  }

  /// What both tell of a map, and a descriptor of it by its id.
  void Info() {
    const Object& map = AnyMap();
    if (!map.is_map()) {
      return;
    }
    const Fd fd = Spoil(map.fd);
    const auto size = static_cast<uint32_t>(
        OneIn(6) ? OneOf<size_t>({0, 8, 60, 87, 104, 200, 5000})
                 : sizeof(linux_abi::MapInfo));
    const Pointer info = Spoil(Put(std::vector<uint8_t>(size)));
    const linux_abi::ObjectInfoAttr ours = {static_cast<uint32_t>(fd.ours),
                                            size, info.ours};
    const linux_abi::ObjectInfoAttr host = {static_cast<uint32_t>(fd.host),
                                            size, info.host};
    const std::string about = About(map) + " info " + std::to_string(size);
    const Fd answer = Call("OBJ_GET_INFO_BY_FD", linux_abi::kObjGetInfoByFd,
                           ours, host, about);
    if (answer.ours != 0 || answer.host != 0 || fd.host != map.fd.host ||
        size < sizeof(linux_abi::MapInfo)) {
      return;
    }
    auto our_info = ours_.Get<linux_abi::MapInfo>(info.ours);
    auto host_info = host_.Get<linux_abi::MapInfo>(info.host);
    const linux_abi::FdByIdAttr our_id = {our_info.id, 0, 0};
    const linux_abi::FdByIdAttr host_id = {host_info.id, 0, 0};
    our_info.id = host_info.id = 0;
    if (memcmp(&our_info, &host_info, sizeof(our_info)) != 0) {
      Differ({"OBJ_GET_INFO_BY_FD", about + ": bytes", 0, 0});
    }
    Object again = map;
    again.fd = Call("MAP_GET_FD_BY_ID", linux_abi::kMapGetFdById, our_id,
                    host_id, About(map), /*is_fd=*/true);
    if (again.fd.ours > 0 && again.fd.host > 0) {
      ours_.Close(again.fd.ours);
      host_.Close(again.fd.host);
    }
  }

  void OpenEvent() {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeSoftware;
    attr.size = sizeof(attr);
    attr.config = linux_abi::kPerfBpfOutput;
    attr.sample_type = linux_abi::kPerfSampleRaw;
    Object event;
    event.what = What::kEvent;
    event.fd = {ours_.PerfEventOpen(ours_.Put(attr), -1, 0, -1, 8),
                host_.PerfEventOpen(host_.Put(attr), -1, 0, -1, 8)};
    Keep(event);
  }

  void CloseOne() {
    if (objects_.size() < 8) {
      return;
    }
    const size_t index = Below(objects_.size());
    ours_.Close(objects_[index].fd.ours);
    host_.Close(objects_[index].fd.host);
    objects_.erase(objects_.begin() + static_cast<ptrdiff_t>(index));
  }

  Kernel& ours_;
  Kernel& host_;
  std::mt19937_64 random_;
  Tally& tally_;
  std::vector<Object> objects_;
  Pointer attr_;  // of the last call
  Fd candidate_;
};

}  // namespace

void MakeRandomCalls(Kernel& ours, Kernel& host, uint64_t seed, int calls,
                     Tally& tally) {
  World(ours, host, seed, tally).Run(calls);
}

}  // namespace ebpf::linux_calls
