// SPDX-License-Identifier: MIT
//
// core/maps/array_map.h's implementation.
#include "core/maps/array_map.h"

#include "core/base/assert.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/maps/shared_bytes.h"
#include "core/maps/value_fields.h"
#include "core/memory/per_cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {

Status CheckArraySpec(const MapSpec& spec, uint32_t allowed_flags) {
  if (spec.max_entries == 0 || spec.key_size != sizeof(uint32_t) ||
      spec.value_size == 0) {
    return Status::kInvalid;
  }
  EBPF_TRY(map_checks::CheckFlags(spec.flags, allowed_flags));
  if (spec.value_size > INT32_MAX) {
    return Status::kTooBig;
  }
  return Status::kOk;
}

Result<uint64_t> ForEachInArray(Map& map, ElementVisitor& visitor) {
  const uint32_t count = map.spec().max_entries;
  for (uint32_t index = 0; index < count; ++index) {
    uint32_t key = index;  // the visitor's own, whatever it does to it
    const ConstBytes bytes(reinterpret_cast<const uint8_t*>(&key), sizeof(key));
    const Bytes value = EBPF_TRY(map.Lookup(bytes));
    if (!visitor.Visit(bytes, value)) {
      return uint64_t{index} + 1;
    }
  }
  return uint64_t{count};
}

Status NextArrayKey(const MapSpec& spec, ConstBytes key, Bytes next) {
  EBPF_ASSERT(next.size() == sizeof(uint32_t));
  uint32_t index = 0;
  if (!key.empty()) {
    const uint32_t after = LoadUnaligned<uint32_t>(key.data());
    if (after == spec.max_entries - 1) {
      return Status::kNotFound;
    }
    index = after < spec.max_entries ? after + 1 : 0;
  }
  StoreUnaligned(next.data(), index);
  return Status::kOk;
}

ArrayMap::~ArrayMap() {
  if (HasField(fields(), kKptrKinds)) {
    for (uint32_t index = 0; index < spec().max_entries; ++index) {
      value_fields::Release(fields(), memory_ + size_t{index} * element_size_);
    }
  }
  if (memory_ != nullptr) {
    if (mmapable()) {
      allocator_.FreeMappable(memory_, memory_size_);
    } else {
      allocator_.Free(memory_, memory_size_, kCacheLine);
    }
  }
}

void ArrayMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status ArrayMap::Init() {
  element_size_ = AlignUp<size_t>(spec().value_size, 8);
  memory_size_ =
      EBPF_TRY(map_checks::TotalBytes(spec().max_entries, element_size_));
  void* memory = nullptr;
  if (mmapable()) {
    memory_size_ = AlignUp(memory_size_, map_checks::kPageSize);
    memory = allocator_.AllocateMappable(memory_size_);
  } else {
    memory = allocator_.Allocate(memory_size_, kCacheLine);
  }
  memory_ = static_cast<uint8_t*>(memory);
  return memory_ == nullptr ? Status::kNoMemory : Status::kOk;
}

bool ArrayMap::mmapable() const {
  return (spec().flags & linux_abi::kMapMmapable) != 0;
}

Result<Bytes> ArrayMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  const uint32_t index = LoadUnaligned<uint32_t>(key.data());
  if (index >= spec().max_entries) {
    return Status::kNotFound;
  }
  return Bytes(ValueAt(index), spec().value_size);
}

Status ArrayMap::Update(ConstBytes key, ConstBytes value, UpdateMode mode) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  EBPF_ASSERT(value.size() == spec().value_size);
  const MapFields special = fields();
  EBPF_TRY(map_checks::CheckMode(mode, special));
  const uint32_t index = LoadUnaligned<uint32_t>(key.data());
  if (index >= spec().max_entries) {
    return Status::kTooBig;
  }
  if (WithoutLock(mode) == UpdateMode::kNoExist) {
    return Status::kExists;
  }
  if (!special.empty()) {
    return value_fields::Replace(special, ValueAt(index), value,
                                 TakesLock(mode));
  }
  shared_bytes::Store(ValueAt(index), value);
  return Status::kOk;
}

Status ArrayMap::Delete(ConstBytes /*key*/) { return Status::kInvalid; }

Result<uint64_t> ArrayMap::ForEach(ElementVisitor& visitor) {
  return ForEachInArray(*this, visitor);
}

Result<Bytes> ArrayMap::DirectValue() {
  if (spec().max_entries != 1) {
    return Status::kNotSupportedLinux;
  }
  return Bytes(memory_, spec().value_size);
}

bool ArrayMap::GetLayout(ArrayLayout& layout) const {
  layout.base = memory_;
  layout.entry_count = spec().max_entries;
  layout.element_size = static_cast<uint32_t>(element_size_);
  return element_size_ <= INT32_MAX;
}

Status ArrayMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  const Bytes found = EBPF_TRY(Lookup(key));
  if (fields().empty()) {
    shared_bytes::Load(value, found.data());
  } else {
    value_fields::Load(fields(), value, found.data());
  }
  return Status::kOk;
}

Status ArrayMap::UpdateFromUser(ConstBytes key, ConstBytes value,
                                UpdateMode mode) {
  return Update(key, value, mode);
}

ConstBytes ArrayMap::KeyOf(const uint8_t* value, uint32_t& index) const {
  index = static_cast<uint32_t>(static_cast<size_t>(value - memory_) /
                                element_size_);
  return ConstBytes(reinterpret_cast<const uint8_t*>(&index), sizeof(index));
}

Status ArrayMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

Result<MapPages> ArrayMap::Pages(uint64_t offset, uint64_t size, bool write) {
  // The verifier takes such a map's values for constants once it is frozen.
  const bool sealed = (spec().flags & linux_abi::kMapReadOnlyProg) != 0;
  if (write && sealed) {
    return Status::kAccess;
  }
  if (!mmapable() || size == 0 || offset % map_checks::kPageSize != 0 ||
      size % map_checks::kPageSize != 0 ||
      !Bytes(memory_, memory_size_).Contains(offset, size)) {
    return Status::kInvalid;
  }
  return MapPages{memory_ + offset, static_cast<size_t>(size), 0, sealed};
}

Result<Ref<Map>> CreateArrayMap(const MapSpec& spec, Allocator& allocator) {
  EBPF_TRY(CheckArraySpec(
      spec, linux_abi::kMapNumaNode | linux_abi::kMapMmapable |
                linux_abi::kMapInnerMap | map_checks::kAccessFlags));
  ArrayMap* map = EBPF_TRY(allocator.New<ArrayMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
