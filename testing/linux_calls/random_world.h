// SPDX-License-Identifier: MIT
//
// What random calls are made on: maps, programs and events that exist in both
// kernels.
//
// Each step takes one of them, makes an attribute, now and then spoils it, and
// lets both kernels answer. Where Linux leaves something to chance (the order
// of a hash's keys, what a filter says of what was never put in, what an LRU
// map throws out) the step is made so that it does not show.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_spec.h"
#include "testing/linux_calls/differences.h"
#include "testing/linux_calls/kernel.h"
#include "testing/linux_calls/random_calls.h"

namespace ebpf::linux_calls {

using linux_abi::MapBatchAttr;
using linux_abi::MapCreateAttr;
using linux_abi::MapElemAttr;

/// The kinds of map that are here, as bpf(2)'s numbers.
enum Kind : uint32_t {
#define EBPF_MAP_TYPE(number, name, create) k##name = number,
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
};

bool IsPerCpu(uint32_t type);
bool HoldsObjects(uint32_t type);
bool IsArray(uint32_t type);
bool HasNoOrder(uint32_t type);
bool HasNoKey(uint32_t type);

/// One thing in both kernels: a descriptor, ...
struct Fd {
  int64_t ours = -1;
  int64_t host = -1;
};

enum class What : uint8_t { kMap, kProgram, kEvent };

/// What descriptors in both kernels are of.
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

/// ... or memory of the caller.
struct Pointer {
  uint64_t ours = 0;
  uint64_t host = 0;
};

/// The arguments of a call on one element.
struct Element {
  Fd fd;
  Pointer key;
  Pointer value;
  uint64_t flags = 0;
};

/// ... and on a batch.
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

/// Bytes of an attribute up to and with its descriptor.
template <typename Attr>
inline constexpr size_t kShortest = sizeof(Attr);
template <>
inline constexpr size_t kShortest<MapElemAttr> = 4;
template <>
inline constexpr size_t kShortest<MapBatchAttr> = 40;
template <>
inline constexpr size_t kShortest<MapCreateAttr> = 24;
template <>
inline constexpr size_t kShortest<linux_abi::ProgLoadAttr> = 24;
template <>
inline constexpr size_t kShortest<linux_abi::ProgTestRunAttr> = 4;

/// Holds the objects. Every step depends on the seed alone.
class World {
 public:
  World(Kernel& ours, Kernel& host, uint64_t seed, Tally& tally)
      : ours_(ours), host_(host), random_(seed), tally_(tally) {}

  void Run(int calls);

 private:
  // Chance.

  uint64_t Below(uint64_t end) { return random_() % end; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }

  // Both kernels, and what there is in them.

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

  /// What differs between the attributes of a call: descriptors and addresses.
  template <typename Attr>
  static void Set(Attr& ours, Attr& host, uint32_t Attr::* field, Fd fd) {
    ours.*field = static_cast<uint32_t>(fd.ours);
    host.*field = static_cast<uint32_t>(fd.host);
  }
  template <typename Attr>
  static void Set(Attr& ours, Attr& host, uint64_t Attr::* field, Pointer at) {
    ours.*field = at.ours;
    host.*field = at.host;
  }

  Pointer Put(std::vector<uint8_t> bytes);
  Pointer Spoil(Pointer pointer);
  std::vector<uint8_t> BytesAt(Kernel& kernel, uint64_t at, size_t size);
  void Differ(const Difference& difference);
  void CompareBytes(const char* name, const std::string& about, Pointer at,
                    size_t size);
  Object& Any();
  Object& AnyMap();
  Object& MapFor(bool (*fits)(uint32_t type), bool is_filled);
  Object& Suited(bool (*fits)(uint32_t type), bool is_filled = false);
  Fd Spoil(Fd fd);
  Fd SpoilForBatch(Fd fd);
  void Keep(Object object);
  static std::string About(const Object& object);
  void Step();
  void CloseOne();

  // Maps.

  MapCreateAttr GoodSpec();
  void SpoilSpec(MapCreateAttr& spec);
  void Create();
  void Freeze();
  void Info();

  // Their elements, one by one.

  static std::string Text(const std::vector<uint8_t>& bytes) {
    return std::string(bytes.begin(), bytes.end());
  }
  std::vector<uint8_t> PresentKey(const Object& map);
  std::vector<uint8_t> KeyFor(const Object& map);
  size_t ValueBytes(const Object& map);
  std::vector<uint8_t> ValueFor(const Object& map);
  Pointer PutValue(const Object& map, const std::vector<uint8_t>& value);
  bool Fits(const Object& map);
  MapElemAttr Attr(int64_t fd, uint64_t key, uint64_t value, uint64_t flags);
  Fd CallElem(const char* name, uint32_t command, const Object& map,
              const Element& element);
  Pointer KeyPointer(const Object& map, std::vector<uint8_t> key);
  void Update();
  void Lookup();
  void LookupAndDelete();
  void Delete();
  void NextKey();
  void Walk(const Object& map);

  // ... and in batches.

  Fd CallBatch(const char* name, uint32_t command, const Object& map,
               const BatchCall& batch);
  uint64_t BatchFlags();
  static bool HasBatches(uint32_t type);
  void UpdateBatch();
  void DeleteBatch();
  void LookupBatch();

  // Programs and events.

  std::vector<isa::Insn> ProgramOn(int64_t map_fd, bool looks_up);
  void Load();
  void TestRun();
  void OpenEvent();

  // Groups of tasks, and a process's probe.

  void MakeAttachables();
  void CloseAttachables();
  Fd Group();
  Fd DeviceProgram();
  uint32_t AttachFlags();
  int64_t IndexOf(uint32_t id, int64_t Fd::* of) const;
  void Attach();
  void Detach();
  void QueryGroups();
  void LinkGroup();
  void AskForProbe();

  Kernel& ours_;
  Kernel& host_;
  std::mt19937_64 random_;
  Tally& tally_;
  std::vector<Object> objects_;
  std::vector<Fd> device_programs_;
  std::vector<Fd> device_program_ids_;
  std::map<int64_t, std::vector<Fd>> attached_;  // by the host's group
  Fd probe_;
  bool has_groups_ = false;
  Pointer attr_;  // of the last call
  Fd candidate_;
};

}  // namespace ebpf::linux_calls
