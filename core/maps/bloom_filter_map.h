// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_BLOOM_FILTER: was this value put in? "No" is certain.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Bits, of which each value sets some: `extra` of them, or 5. There are at
/// least as many bits as make the answer right most often for `max_entries`
/// values; more may be put in. Bits are set and read without a lock and never
/// cleared.
class BloomFilterMap final : public Map {
 public:
  // Map. Push: flags BPF_ANY. Peek reads `value` and leaves it: kOk if it may
  // have been put in, else kNotFound. Delete, NextKey: kNotSupported.
  Status Push(ConstBytes value, uint64_t flags) override;
  Status Peek(Bytes value) override;
  Status Delete(ConstBytes key) override;
  bool looks_up_values() const override { return true; }
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateBloomFilterMap(const MapSpec& spec,
                                               Allocator& allocator);

  /// The bits of one value, one after the other.
  class Bits;

  BloomFilterMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator) {}
  ~BloomFilterMap();
  void Destroy() override;
  Status Init();
  size_t word_count() const { return (size_t{mask_} + 1) / 64; }

  Allocator& allocator_;
  Atomic<uint64_t>* words_ = nullptr;
  uint32_t mask_ = 0;  // the number of bits, a power of two, less 1
  uint32_t hash_count_ = 0;
  uint64_t seed_ = 0;
};

/// kInvalid, kTooBig, kNoMemory. BPF_F_ZERO_SEED needs CAP_SYS_ADMIN, which the
/// caller has checked. Context: task.
Result<Ref<Map>> CreateBloomFilterMap(const MapSpec& spec,
                                      Allocator& allocator);

}  // namespace ebpf
