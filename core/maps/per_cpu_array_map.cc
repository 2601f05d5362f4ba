// SPDX-License-Identifier: MIT
//
// core/maps/per_cpu_array_map.h's implementation.
#include "core/maps/per_cpu_array_map.h"

#include "core/base/assert.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/maps/array_map.h"
#include "core/maps/map_checks.h"
#include "core/maps/value_fields.h"
#include "core/memory/per_cpu.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {

PerCpuArrayMap::~PerCpuArrayMap() {
  for (uint32_t cpu = 0;
       HasField(fields(), kKptrKinds) && cpu < ebpf_port_cpu_count(); ++cpu) {
    for (uint32_t index = 0; index < spec().max_entries; ++index) {
      value_fields::Release(fields(), ValueAt(cpu, index));
    }
  }
  for (uint8_t* block : blocks_) {
    if (block != nullptr) {
      allocator_.Free(block, block_size_, kCacheLine);
    }
  }
  allocator_.DeleteArray(blocks_);
}

void PerCpuArrayMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status PerCpuArrayMap::Init() {
  element_size_ = AlignUp<size_t>(spec().value_size, 8);
  block_size_ =
      EBPF_TRY(map_checks::TotalBytes(spec().max_entries, element_size_));
  blocks_ = EBPF_TRY(allocator_.NewArray<uint8_t*>(ebpf_port_cpu_count()));
  for (uint8_t*& block : blocks_) {
    block = static_cast<uint8_t*>(allocator_.Allocate(block_size_, kCacheLine));
    if (block == nullptr) {
      return Status::kNoMemory;
    }
  }
  return Status::kOk;
}

Result<Bytes> PerCpuArrayMap::Lookup(ConstBytes key) {
  return LookupOnCpu(key, ebpf_port_cpu_id());
}

Result<Bytes> PerCpuArrayMap::LookupOnCpu(ConstBytes key, uint32_t cpu) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  const uint32_t index = LoadUnaligned<uint32_t>(key.data());
  if (index >= spec().max_entries || cpu >= blocks_.size()) {
    return Status::kNotFound;
  }
  return Bytes(ValueAt(cpu, index), spec().value_size);
}

bool PerCpuArrayMap::GetLayout(ArrayLayout& layout) const {
  layout.blocks = blocks_.data();
  layout.entry_count = spec().max_entries;
  layout.element_size = static_cast<uint32_t>(element_size_);
  return element_size_ <= INT32_MAX;
}

Status PerCpuArrayMap::Update(ConstBytes key, ConstBytes value,
                              UpdateMode mode) {
  EBPF_ASSERT(value.size() == spec().value_size);
  EBPF_TRY(map_checks::CheckMode(mode));
  const Result<Bytes> found = Lookup(key);
  if (!found.ok()) {
    return Status::kTooBig;
  }
  if (mode == UpdateMode::kNoExist) {
    return Status::kExists;
  }
  value_fields::Store(fields(), found->data(), value);
  return Status::kOk;
}

Status PerCpuArrayMap::Delete(ConstBytes /*key*/) { return Status::kInvalid; }

Result<uint64_t> PerCpuArrayMap::ForEach(ElementVisitor& visitor) {
  return ForEachInArray(*this, visitor);
}

Status PerCpuArrayMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  EBPF_ASSERT(value.size() == user_value_size());
  const uint32_t index = LoadUnaligned<uint32_t>(key.data());
  if (index >= spec().max_entries) {
    return Status::kNotFound;
  }
  for (uint32_t cpu = 0; cpu < blocks_.size(); ++cpu) {
    value_fields::Load(fields(),
                       value.Subspan(cpu * element_size_, element_size_),
                       ValueAt(cpu, index));
  }
  return Status::kOk;
}

Status PerCpuArrayMap::UpdateFromUser(ConstBytes key, ConstBytes value,
                                      UpdateMode mode) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  EBPF_ASSERT(value.size() == user_value_size());
  EBPF_TRY(map_checks::CheckMode(mode));
  const uint32_t index = LoadUnaligned<uint32_t>(key.data());
  if (index >= spec().max_entries) {
    return Status::kTooBig;
  }
  if (mode == UpdateMode::kNoExist) {
    return Status::kExists;
  }
  for (uint32_t cpu = 0; cpu < blocks_.size(); ++cpu) {
    value_fields::Store(fields(), ValueAt(cpu, index),
                        value.Subspan(cpu * element_size_, element_size_));
  }
  return Status::kOk;
}

Status PerCpuArrayMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

Result<Ref<Map>> CreatePerCpuArrayMap(const MapSpec& spec,
                                      Allocator& allocator) {
  // Not BPF_F_NUMA_NODE: each CPU's values are on its own node.
  EBPF_TRY(CheckArraySpec(spec, map_checks::kAccessFlags));
  if (AlignUp<uint32_t>(spec.value_size, 8) > map_checks::kMaxPerCpuValue) {
    return Status::kTooBig;
  }
  PerCpuArrayMap* map =
      EBPF_TRY(allocator.New<PerCpuArrayMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
