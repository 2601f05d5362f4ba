// SPDX-License-Identifier: MIT
//
// The table behind the hash kinds: buckets of chained elements from a pool.
//
// Lookups take no lock. Elements are type-stable memory (ElementPool) and may
// be reused at once, so a lookup can be carried off when the element under it
// moves to another place. What it finds is right all the same, since it
// compared the key; that it found nothing it believes only if the bucket did
// not change meanwhile, which a count in the bucket tells. Else it starts
// again.
//
// An existing key is replaced, not overwritten: a new element takes the old
// one's place in the chain with one store, so a lookup finds the one or the
// other, whole. The spare elements for that are each CPU's own, so a full table
// can be updated, and the pool alone is the limit of the table. Values that
// each CPU has for itself stand outside of the elements and are overwritten in
// place: nobody else reads them but the system call.
//
// A table on demand (BPF_F_NO_PREALLOC) has its elements from an ElementCache
// instead of a pool, with the values of all CPUs in them, and counts them: that
// is its limit then. They too are type-stable for whoever is in a read section,
// and the cache frees none before that ends.
//
// A table that evicts (LRU) is never full; eviction_hands.h says which element
// goes. That leaves its bucket before the new key's is locked: no two buckets
// are ever locked at once.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/chunked_array.h"
#include "core/maps/element_cache.h"
#include "core/maps/element_pool.h"
#include "core/maps/eviction_hands.h"
#include "core/maps/map.h"
#include "core/maps/map_fields.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// Who changes a table, and so what happens when its bucket is locked, and
/// which values it moves where each CPU has its own.
enum class TableCaller : uint8_t {
  kProgram,  // any context: kBusy where waiting could not help; its CPU's value
  kTask      // task context: waits; the values of all CPUs
};

/// What a table is asked to be.
struct TableShape {
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t max_entries = 0;
  uint64_t seed = 0;
  bool per_cpu = false;  // each CPU has a value of its own under each key
  Eviction eviction = Eviction::kNone;
  /// Elements are made when they are needed, not by Init. Without eviction.
  bool on_demand = false;
};

class HashTable : public NonCopyable {
 public:
  explicit HashTable(Allocator& allocator)
      : allocator_(allocator), pool_(allocator), values_(allocator) {}
  ~HashTable();

  /// Makes the table. kNoMemory, and it is good for destruction only.
  /// Context: task, once.
  Status Init(const TableShape& shape);

  /// A table of `max_entries` keys of `key_size` bytes, with a value of
  /// `value_size` bytes each.
  Status Init(uint32_t key_size, uint32_t value_size, uint32_t max_entries,
              uint64_t seed) {
    return Init(TableShape{key_size, value_size, max_entries, seed});
  }

  /// The special fields of its values; none at first. Context: task, before
  /// anybody uses the table.
  void SetFields(MapFields fields) { fields_ = fields; }

  /// Lets go of what the special fields of all values hold. Context: task,
  /// when nobody uses the table any more.
  void ReleaseAll();

  /// The bytes of a value in the system call: one, or each CPU's in turn.
  size_t user_value_size() const {
    return per_cpu_ ? size_t{value_stride_} * cpu_count_ : value_size_;
  }

  /// Where the value under `key` is, aligned to 8, or null. It is the key's
  /// until somebody removes or replaces it. Counts as a use. Context: any.
  uint8_t* Find(ConstBytes key) const;

  /// The same of a table with per-CPU values: that of `cpu`.
  uint8_t* FindOnCpu(ConstBytes key, uint32_t cpu) const;

  /// The key in front of a value that Find found, not of per-CPU values.
  ConstBytes KeyOf(const uint8_t* value) const {
    return ConstBytes(value - value_offset_, key_size_);
  }

  /// Find in a table that is known to be like this: keys of `kSize` bytes (4, 8
  /// or 16; 0: of any size), values per CPU (then of the running one,
  /// preemption is off), eviction; of values per CPU: on demand.
  template <uint32_t kSize, bool kPerCpu = false, bool kEvicts = false,
            bool kOnDemand = false>
  uint8_t* FindOfSize(const uint8_t* key) const;

  /// Map::Update; from a task, with values of user_value_size(). kNoMemory: all
  /// that could be evicted is in use just now, or of a table on demand, there
  /// is no element just now. Preemption is off, or the caller is a task.
  Status Put(ConstBytes key, ConstBytes value, UpdateMode mode,
             TableCaller caller);

  /// Map::Delete.
  Status Remove(ConstBytes key, TableCaller caller);

  /// Map::ForEach; with per-CPU values, this CPU's.
  uint64_t ForEach(ElementVisitor& visitor) const;

  /// Map::ElementAt: groups are buckets.
  Result<MapElement> ElementAt(ElementPlace& place) const;

  /// A copy of what is under `key`, of user_value_size(), while nobody replaces
  /// it; kNotFound. No use. Context: task.
  Status CopyOut(ConstBytes key, Bytes value);

  /// CopyOut and Remove in one. Context: task.
  Status TakeOut(ConstBytes key, Bytes value);

  /// Map::CopyBatch: groups are buckets. Context: task.
  Status CopyBatch(uint32_t& cursor, MapBatch& batch, bool take);

  /// Map::NextKey. Context: task.
  Status NextKey(ConstBytes key, Bytes next);

 private:
  struct Element : PoolElement {
    Atomic<Element*> next;
    Atomic<uint32_t> hash;
    ElementUse use;  // of tables that evict
    /// Written under the bucket's lock, read as a hint.
    Atomic<bool> in_table;

    uint8_t* key() { return reinterpret_cast<uint8_t*>(this + 1); }
  };
  static_assert(sizeof(Element) == 24);

  struct Bucket {
    Atomic<Element*> head;
    /// Counts the elements that left the chain; written under lock.
    Atomic<uint32_t> changes;
    SpinLock<LockRank::kMapBucket> lock;  // for changes of the chain
  };
  static_assert(sizeof(Bucket) == 16);

  /// Elements of one CPU that take the place of others: one for each update
  /// that interrupts another one there.
  struct Spares {
    static constexpr uint32_t kCount = 2;
    /// How many are in use. Who interrupts leaves it as it was.
    Atomic<uint32_t> used;
    Element* elements[kCount];
  };

  /// Where an element hangs in a locked chain, or null at the chain's end.
  struct Position {
    Atomic<Element*>* link;
    Element* element;
  };

  /// What an update puts where.
  struct NewValue {
    ConstBytes key;
    uint32_t hash;
    ConstBytes value;
    UpdateMode mode;
    TableCaller caller;
  };

  size_t IndexOf(uint32_t hash) const { return hash & (bucket_count_ - 1); }
  Bucket& BucketOf(uint32_t hash) const { return buckets_[IndexOf(hash)]; }
  uint8_t* ValueOf(Element* element) const {
    return element->key() + value_offset_;
  }
  uint8_t* ValueOn(uint32_t cpu, Element* element) const {
    return on_demand() ? OwnValueOn(cpu, element)
                       : values_.At(cpu, element->number);
  }
  /// Of tables on demand: in the element.
  uint8_t* OwnValueOn(uint32_t cpu, Element* element) const {
    return reinterpret_cast<uint8_t*>(element) + own_values_offset_ +
           size_t{cpu} * own_value_stride_;
  }
  bool evicts() const { return eviction_ != Eviction::kNone; }
  bool on_demand() const { return static_cast<bool>(cache_); }
  /// Existing elements are replaced by those in Spares.
  bool has_spares() const { return !per_cpu_ && eviction_ != Eviction::kOwn; }
  bool Matches(Element* element, ConstBytes key, uint32_t hash) const;

  static void CountChange(Bucket& bucket) EBPF_REQUIRES(bucket.lock);
  static bool Lock(Bucket& bucket, TableCaller caller, uintptr_t& irq)
      EBPF_TRY_ACQUIRE(true, bucket.lock);
  Element* Search(ConstBytes key, uint32_t hash) const;
  Element* FindElement(ConstBytes key, uint32_t hash) const;
  Element* SearchLocked(ConstBytes key, uint32_t hash) const;
  Position FindIn(Bucket& bucket, ConstBytes key, uint32_t hash) const
      EBPF_REQUIRES(bucket.lock);

  // hash_table_put.cc
  Status PutOnce(const NewValue& put, Element* taken);
  Status PutAsTask(const NewValue& put);
  Status PutEvicting(const NewValue& put);
  Status TakeForNewKey(Element*& element);
  Element* TakeFree();
  Status PutIn(Bucket& bucket, const NewValue& put, Element*& taken)
      EBPF_REQUIRES(bucket.lock);
  Status PutOver(Bucket& bucket, const Position& old, const NewValue& put,
                 Element*& taken) EBPF_REQUIRES(bucket.lock);
  Status Replace(Bucket& bucket, const Position& old, const NewValue& put)
      EBPF_REQUIRES(bucket.lock);
  void PutInPlaceOf(const Position& old, Element* element, const NewValue& put);
  void Fill(Element* element, const NewValue& put);
  void StoreOfCpus(Element* element, const NewValue& put, bool is_new);
  void Unlink(Bucket& bucket, const Position& position)
      EBPF_REQUIRES(bucket.lock);
  void Release(Element* element);
  bool ReleaseFreed(Element* element);

  // hash_table_evict.cc
  void Give(Element* element);
  Element* TakeOrEvict();
  Element* Evict(uint32_t cpu);
  bool EvictElement(Element* element);

  // hash_table_walk.cc
  void CopyValue(Element* element, Bytes value) const;
  bool CopyFirstKey(size_t bucket, Bytes next);
  void CopyBucket(Bucket& bucket, MapBatch& batch) EBPF_REQUIRES(bucket.lock);
  void EmptyBucket(Bucket& bucket) EBPF_REQUIRES(bucket.lock);

  // hash_table.cc
  Status InitElements(const TableShape& shape);
  Status InitSpares();
  void FreeElements();

  Allocator& allocator_;
  ElementPool pool_;
  Ref<ElementCache> cache_;  // in the place of pool_ and values_
  Bucket* buckets_ = nullptr;
  size_t bucket_count_ = 0;  // a power of two
  uint64_t seed_ = 0;
  uint32_t key_size_ = 0;
  uint32_t value_offset_ = 0;  // from the key
  uint32_t value_size_ = 0;
  uint32_t value_stride_ = 0;  // value_size_, aligned to 8
  uint32_t cpu_count_ = 0;
  bool per_cpu_ = false;
  Eviction eviction_ = Eviction::kNone;
  /// No more elements can be there at once, spares included.
  uint64_t element_count_ = 0;
  // Of tables on demand.
  uint32_t own_values_offset_ = 0;
  uint32_t own_value_stride_ = 0;
  uint32_t max_entries_ = 0;
  Atomic<uint32_t> entry_count_{0};
  /// Somebody gave an element back since all lists were last found empty.
  Atomic<bool> may_have_free_{true};
  ChunkedArray values_;  // of each CPU, by the elements' numbers
  MapFields fields_;
  PerCpu<Spares> spares_;
  EvictionHands hands_;
};

}  // namespace ebpf
