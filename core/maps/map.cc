// SPDX-License-Identifier: MIT
//
// What a map answers to what its kind lacks, and the making of maps.
#include "core/maps/map.h"

#include "core/linux_abi/perf_event.h"
#include "core/maps/array_map.h"
#include "core/maps/array_of_maps_map.h"
#include "core/maps/bloom_filter_map.h"
#include "core/maps/cgroup_array_map.h"
#include "core/maps/hash_map.h"
#include "core/maps/hash_of_maps_map.h"
#include "core/maps/lpm_trie_map.h"
#include "core/maps/per_cpu_array_map.h"
#include "core/maps/perf_event_array_map.h"
#include "core/maps/prog_array_map.h"
#include "core/maps/queue_map.h"
#include "core/maps/ring_buffer_map.h"
#include "core/maps/stack_trace_map.h"
#include "core/maps/user_ring_buffer_map.h"
#include "core/maps/value_timer.h"

namespace ebpf {
namespace {

constinit IdTable<Map> map_ids;

}  // namespace

IdTable<Map>& MapIds() { return map_ids; }

// A writer makes itself known before it looks whether it may; who relies on the
// values looks for writers after the map was frozen. In the one order of all
// these, either the writer sees that, or it is seen.
bool Map::BeginWrite() {
  writers_.FetchAdd(1, kSeqCst);
  if (!frozen_.Load(kSeqCst)) {
    return true;
  }
  EndWrite();
  return false;
}

bool Map::settled() const {
  // What was written is there: the load of 0 reads what EndWrite released.
  return frozen_.Load(kSeqCst) && writers_.Load(kSeqCst) == 0;
}

Map::~Map() {
  if (timers_ != nullptr) {
    ValueTimers::Destroy(timers_);
  }
}

Status Map::PrepareFields(Allocator& allocator) {
  if (HasField(fields(), Bit(MapFieldKind::kTimer))) {
    timers_ = EBPF_TRY(ValueTimers::Create(*this, allocator));
  }
  return Status::kOk;
}

void Map::ReleaseTimers() {
  if (timers_ != nullptr) {
    timers_->ReleaseAll();
  }
}

Result<Bytes> Map::Lookup(ConstBytes /*key*/) {
  return Status::kNotSupportedLinux;
}

Status Map::Update(ConstBytes /*key*/, ConstBytes /*value*/,
                   UpdateMode /*mode*/) {
  return Status::kNotSupportedLinux;
}

Status Map::Delete(ConstBytes /*key*/) { return Status::kNotSupportedLinux; }

Result<Bytes> Map::LookupOnCpu(ConstBytes /*key*/, uint32_t /*cpu*/) {
  return Status::kNotSupportedLinux;
}

Status Map::Push(ConstBytes /*value*/, uint64_t /*flags*/) {
  return Status::kNotSupportedLinux;
}

Status Map::Pop(Bytes /*value*/) { return Status::kNotSupportedLinux; }

Status Map::Peek(Bytes /*value*/) { return Status::kNotSupportedLinux; }

Result<uint64_t> Map::ForEach(ElementVisitor& /*visitor*/) {
  return Status::kNotSupportedLinux;
}

Result<Bytes> Map::DirectValue() { return Status::kNotSupportedLinux; }

Result<MapElement> Map::ElementAt(ElementPlace& /*place*/) {
  return Status::kNotSupportedLinux;
}

uint32_t Map::Poll() { return linux_abi::kPollErr; }

Status Map::CopyValueOut(ConstBytes /*key*/, Bytes /*value*/) {
  return Status::kNotSupportedLinux;
}

Status Map::UpdateFromUser(ConstBytes /*key*/, ConstBytes /*value*/,
                           UpdateMode /*mode*/) {
  return Status::kNotSupportedLinux;
}

Status Map::DeleteFromUser(ConstBytes key) { return Delete(key); }

Status Map::TakeOut(ConstBytes /*key*/, Bytes /*value*/) {
  return Status::kNotSupportedLinux;
}

Status Map::CopyBatch(uint32_t& /*cursor*/, MapBatch& /*batch*/,
                      bool /*take*/) {
  return Status::kNotSupportedLinux;
}

ConstBytes Map::KeyOf(const uint8_t* /*value*/, uint32_t& /*index*/) const {
  return ConstBytes();
}

Status Map::NextKey(ConstBytes /*key*/, Bytes /*next*/) {
  return Status::kNotSupportedLinux;
}

Result<MapPages> Map::Pages(uint64_t /*offset*/, uint64_t /*size*/,
                            bool /*write*/) {
  return Status::kNotSupportedLinux;
}

Status Map::AddListener(Listener& /*listener*/) {
  return Status::kNotSupportedLinux;
}

void Map::RemoveListener(Listener& /*listener*/) {}

Result<Ref<Map>> CreateMap(const MapSpec& spec, Allocator& allocator) {
  switch (spec.type) {
#define EBPF_MAP_TYPE(number, name, create) \
  case MapType::k##name:                    \
    return create(spec, allocator);
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
    default:
      return Status::kInvalid;
  }
}

Result<Ref<Map>> CreateCountedMap(const MapSpec& spec, Allocator& allocator) {
  CountedAllocator* counted = EBPF_TRY(CountedAllocator::Create(allocator));
  Result<Ref<Map>> map = CreateMap(spec, *counted);
  if (map.ok()) {
    (*map)->SetMemory(*counted);
  }
  counted->Close();
  return map;
}

}  // namespace ebpf
