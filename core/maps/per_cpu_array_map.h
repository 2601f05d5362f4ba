// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_PERCPU_ARRAY: an array of its own for each CPU.
#pragma once

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// One block of memory per possible CPU, each value aligned to 8. A program
/// sees its CPU's; the system call moves all of them at once, each in
/// round_up(value_size, 8) bytes.
class PerCpuArrayMap final : public Map {
 public:
  // Map. Errors as ArrayMap's. Lookup, Update: preemption is off.
  Result<Bytes> Lookup(ConstBytes key) override;
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  Result<Bytes> LookupOnCpu(ConstBytes key, uint32_t cpu) override;
  Result<uint64_t> ForEach(ElementVisitor& visitor) override;
  bool GetLayout(ArrayLayout& layout) const override;
  size_t user_value_size() const override {
    return element_size_ * blocks_.size();
  }
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Batches batches() const override { return Batches::kFixed; }
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreatePerCpuArrayMap(const MapSpec& spec,
                                               Allocator& allocator);

  PerCpuArrayMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~PerCpuArrayMap();
  void Destroy() override;

  Status Init();
  uint8_t* ValueAt(uint32_t cpu, uint32_t index) const {
    return blocks_[cpu] + size_t{index} * element_size_;
  }

  Allocator& allocator_;
  Span<uint8_t*> blocks_;  // by CPU
  size_t block_size_ = 0;
  size_t element_size_ = 0;
};

/// kInvalid, kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreatePerCpuArrayMap(const MapSpec& spec,
                                      Allocator& allocator);

}  // namespace ebpf
