// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_HASH.
#pragma once

#include "core/base/status.h"
#include "core/maps/hash_table.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A HashTable as a map. All elements are there from the start; with
/// BPF_F_NO_PREALLOC too (README, "Decided").
class HashMap final : public Map {
 public:
  // Map.
  Result<Bytes> Lookup(ConstBytes key) override;
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  DirectLookup direct_lookup() const override;
  Result<uint64_t> ForEach(ElementVisitor& visitor) override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status DeleteFromUser(ConstBytes key) override;
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateHashMap(const MapSpec& spec,
                                        Allocator& allocator);

  HashMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator), table_(allocator) {}
  ~HashMap() = default;
  void Destroy() override;

  template <uint32_t kKeySize>
  static uint64_t LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t);

  void CheckSizes(ConstBytes key, size_t value_size) const;

  Allocator& allocator_;
  HashTable table_;
};

/// kInvalid, kTooBig, kNoMemory. BPF_F_ZERO_SEED needs CAP_SYS_ADMIN, which the
/// caller has checked. Context: task.
Result<Ref<Map>> CreateHashMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
