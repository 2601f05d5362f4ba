// SPDX-License-Identifier: MIT
//
// The hash kinds: BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH.
#pragma once

#include "core/base/status.h"
#include "core/maps/hash_table.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A HashTable as a map. All elements are there from the start, or with
/// BPF_F_NO_PREALLOC are made on demand. An LRU kind is never full: a new
/// key takes the place of one that was not used for long. Per-CPU kinds have a
/// value for each CPU under each key: programs see their CPU's, the system call
/// moves all of them, each in round_up(value_size, 8) bytes.
class HashMap final : public Map {
 public:
  // Map. Lookups by programs are uses, for LRU kinds; of per-CPU kinds they
  // want preemption off. Update: kNoMemory where an LRU's elements are all in
  // use by what was interrupted.
  Result<Bytes> Lookup(ConstBytes key) override;
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  Result<Bytes> LookupOnCpu(ConstBytes key, uint32_t cpu) override;
  DirectLookup direct_lookup() const override;
  Result<uint64_t> ForEach(ElementVisitor& visitor) override;
  Result<MapElement> ElementAt(ElementPlace& place) override {
    return table_.ElementAt(place);
  }
  size_t user_value_size() const override { return table_.user_value_size(); }
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status DeleteFromUser(ConstBytes key) override;
  Status TakeOut(ConstBytes key, Bytes value) override;
  Status CopyBatch(uint32_t& cursor, MapBatch& batch, bool take) override;
  Batches batches() const override { return Batches::kByGroup; }
  Status NextKey(ConstBytes key, Bytes next) override;
  ConstBytes KeyOf(const uint8_t* value, uint32_t& index) const override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateHashMap(const MapSpec& spec,
                                        Allocator& allocator);

  HashMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator), table_(allocator) {}
  ~HashMap() = default;
  void Destroy() override;
  void FieldsKnown() override { table_.SetFields(fields()); }

  template <uint32_t kKeySize, bool kPerCpu, bool kEvicts, bool kOnDemand>
  static uint64_t LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t);
  template <bool kPerCpu, bool kEvicts, bool kOnDemand = false>
  DirectLookup LookupOfSize() const;

  bool per_cpu() const;

  Allocator& allocator_;
  HashTable table_;
};

/// kInvalid, kTooBig, kNotSupportedLinux, kNoMemory. BPF_F_ZERO_SEED needs
/// CAP_SYS_ADMIN, which the caller has checked. Context: task.
Result<Ref<Map>> CreateHashMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
