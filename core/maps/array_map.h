// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_ARRAY: values under the keys 0 .. max_entries - 1.
#pragma once

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// One block of memory, each value aligned to 8, all of them there from the
/// start and zero. With BPF_F_MMAPABLE the block is whole pages, which user
/// space may map.
class ArrayMap final : public Map {
 public:
  // Map. Update: kTooBig past the end, kExists for kNoExist. Delete: kInvalid.
  Result<Bytes> Lookup(ConstBytes key) override;
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  Result<uint64_t> ForEach(ElementVisitor& visitor) override;
  Result<Bytes> DirectValue() override;
  bool GetLayout(ArrayLayout& layout) const override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  ConstBytes KeyOf(const uint8_t* value, uint32_t& index) const override;
  Batches batches() const override { return Batches::kFixed; }
  Status NextKey(ConstBytes key, Bytes next) override;
  Result<MapPages> Pages(uint64_t offset, uint64_t size, bool write) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateArrayMap(const MapSpec& spec,
                                         Allocator& allocator);

  ArrayMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~ArrayMap();
  void Destroy() override;

  Status Init();
  bool mmapable() const;
  uint8_t* ValueAt(uint32_t index) const {
    return memory_ + size_t{index} * element_size_;
  }

  Allocator& allocator_;
  uint8_t* memory_ = nullptr;
  size_t memory_size_ = 0;
  size_t element_size_ = 0;
};

/// What an array of either kind must satisfy, with Linux's errors.
Status CheckArraySpec(const MapSpec& spec, uint32_t allowed_flags);

/// Map::ForEach of an array: by its Lookup.
Result<uint64_t> ForEachInArray(Map& map, ElementVisitor& visitor);

/// The key after `key` in an array. Context: any.
Status NextArrayKey(const MapSpec& spec, ConstBytes key, Bytes next);

/// kInvalid, kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreateArrayMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
