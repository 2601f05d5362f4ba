// SPDX-License-Identifier: MIT
//
// The world of random calls: what it consists of, and what happens next in it.
#include "testing/linux_calls/random_world.h"

#include <cstring>

namespace ebpf::linux_calls {

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
  return type == kQueue || type == kStack || type == kBloomFilter ||
         type == kRingBuffer;
}

void World::Run(int calls) {
  while (objects_.size() < 8) {
    Create();
  }
  MakeAttachables();
  for (int i = 0; i < calls; ++i) {
    Step();
  }
  CloseAttachables();
  for (const Object& object : objects_) {
    ours_.Close(object.fd.ours);
    host_.Close(object.fd.host);
  }
}

/// With room behind, since the call may go to a map with longer elements.
Pointer World::Put(std::vector<uint8_t> bytes) {
  bytes.resize(bytes.size() + 2200);
  return {ours_.Put(bytes.data(), bytes.size()),
          host_.Put(bytes.data(), bytes.size())};
}

/// Now and then null, or no memory at all.
Pointer World::Spoil(Pointer pointer) {
  if (OneIn(60)) {
    return {0, 0};
  }
  return OneIn(80) ? Pointer{kNowhere, kNowhere} : pointer;
}

std::vector<uint8_t> World::BytesAt(Kernel& kernel, uint64_t at, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(kernel.At(at));
  return std::vector<uint8_t>(bytes, bytes + size);
}

void World::Differ(const Difference& difference) {
  const char* excuse = ExcuseFor(difference);
  if (excuse != nullptr) {
    ++tally_.excused[excuse];
  } else if (tally_.differences.size() < 100) {
    tally_.differences.push_back(TextOf(difference));
  }
}

void World::CompareBytes(const char* name, const std::string& about, Pointer at,
                         size_t size) {
  if (at.ours == 0 || at.ours == kNowhere) {
    return;
  }
  if (BytesAt(ours_, at.ours, size) != BytesAt(host_, at.host, size)) {
    Differ({name, about + ": bytes", 0, 0});
  }
}

Object& World::Any() { return objects_[Below(objects_.size())]; }

/// A map, mostly.
Object& World::AnyMap() {
  for (int tries = 0; tries < 10; ++tries) {
    Object& object = Any();
    if (object.is_map()) {
      return object;
    }
  }
  return Any();
}

/// One of a kind for which `fits`, mostly, and perhaps with something in it.
Object& World::MapFor(bool (*fits)(uint32_t type), bool is_filled) {
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
Object& World::Suited(bool (*fits)(uint32_t type), bool is_filled) {
  return OneIn(16) ? AnyMap() : MapFor(fits, is_filled);
}

/// The descriptor, or now and then one that is no map's or none at all.
Fd World::Spoil(Fd fd) {
  if (OneIn(100)) {
    return {9999, 9999};
  }
  return OneIn(100) ? Any().fd : fd;
}

/// ... but never another map's, whose elements may be longer, or have no
/// order.
Fd World::SpoilForBatch(Fd fd) { return OneIn(100) ? Fd{9999, 9999} : fd; }

void World::Keep(Object object) {
  const Fd fd = object.fd;
  if (fd.ours >= 0 && fd.host >= 0) {
    objects_.push_back(object);
  } else if (fd.ours >= 0) {
    ours_.Close(fd.ours);
  } else if (fd.host >= 0) {
    host_.Close(fd.host);
  }
}

std::string World::About(const Object& object) {
  const MapCreateAttr& spec = object.spec;
  return "type " + std::to_string(spec.map_type) + " key " +
         std::to_string(spec.key_size) + " value " +
         std::to_string(spec.value_size) + " entries " +
         std::to_string(spec.max_entries) + " flags " +
         std::to_string(spec.map_flags) + " extra " +
         std::to_string(spec.map_extra);
}

void World::Step() {
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
      {2, &World::CloseOne},    {4, &World::Attach},
      {3, &World::Detach},      {3, &World::QueryGroups},
      {2, &World::LinkGroup},   {2, &World::AskForProbe},
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

void World::CloseOne() {
  if (objects_.size() < 8) {
    return;
  }
  const size_t index = Below(objects_.size());
  ours_.Close(objects_[index].fd.ours);
  host_.Close(objects_[index].fd.host);
  objects_.erase(objects_.begin() + static_cast<ptrdiff_t>(index));
}

void MakeRandomCalls(Kernel& ours, Kernel& host, uint64_t seed, int calls,
                     Tally& tally) {
  World(ours, host, seed, tally).Run(calls);
}

}  // namespace ebpf::linux_calls
