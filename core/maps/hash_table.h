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
// can be updated, and the pool alone is the limit of the table.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/element_pool.h"
#include "core/maps/map.h"
#include "core/maps/map_spec.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// Who changes a table, and so what happens when its bucket is locked.
enum class TableCaller : uint8_t {
  kProgram,  // any context: kBusy where waiting could not help
  kTask      // task context: waits
};

class HashTable : public NonCopyable {
 public:
  explicit HashTable(Allocator& allocator)
      : allocator_(allocator), pool_(allocator) {}
  ~HashTable();

  /// Makes the table for keys of `key_size` bytes, `value_size` bytes with
  /// each, and `max_entries` keys. kNoMemory, and the table is good for
  /// destruction only. Context: task, once.
  Status Init(uint32_t key_size, uint32_t value_size, uint32_t max_entries,
              uint64_t seed);

  /// Where the value under `key` is, aligned to 8, or null. It is the key's
  /// until somebody removes or replaces it. Context: any.
  uint8_t* Find(ConstBytes key) const;

  /// The same for keys of `kSize` bytes (4, 8 or 16; 0: of any size), which are
  /// the table's.
  template <uint32_t kSize>
  uint8_t* FindOfSize(const uint8_t* key) const;

  /// Map::Update. Preemption is off, or the caller is a task.
  Status Put(ConstBytes key, ConstBytes value, UpdateMode mode,
             TableCaller caller);

  /// Map::Delete.
  Status Remove(ConstBytes key, TableCaller caller);

  /// Map::ForEach, of values of `value_size` bytes.
  uint64_t ForEach(ElementVisitor& visitor, uint32_t value_size) const;

  /// A copy of the value under `key` while nobody replaces it; kNotFound.
  /// Context: task.
  Status CopyOut(ConstBytes key, Bytes value);

  /// Map::NextKey. Context: task.
  Status NextKey(ConstBytes key, Bytes next);

 private:
  struct Element : PoolElement {
    Atomic<Element*> next;
    Atomic<uint32_t> hash;

    uint8_t* key() { return reinterpret_cast<uint8_t*>(this + 1); }
  };

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
    Atomic<Element*> slots[kCount];
  };

  /// Where an element hangs in a locked chain, or null at the chain's end.
  struct Position {
    Atomic<Element*>* link;
    Element* element;
  };

  size_t IndexOf(uint32_t hash) const { return hash & (bucket_count_ - 1); }
  Bucket& BucketOf(uint32_t hash) const { return buckets_[IndexOf(hash)]; }
  uint8_t* ValueOf(Element* element) const {
    return element->key() + value_offset_;
  }
  bool Matches(Element* element, ConstBytes key, uint32_t hash) const;

  static void CountChange(Bucket& bucket) EBPF_REQUIRES(bucket.lock);
  static bool Lock(Bucket& bucket, TableCaller caller, uintptr_t& irq)
      EBPF_TRY_ACQUIRE(true, bucket.lock);
  Element* Search(ConstBytes key, uint32_t hash) const;
  Element* SearchLocked(ConstBytes key, uint32_t hash) const;
  Position FindIn(Bucket& bucket, ConstBytes key, uint32_t hash) const
      EBPF_REQUIRES(bucket.lock);
  Status PutIn(Bucket& bucket, ConstBytes key, uint32_t hash, ConstBytes value,
               UpdateMode mode) EBPF_REQUIRES(bucket.lock);
  Status Replace(Bucket& bucket, const Position& old, ConstBytes key,
                 uint32_t hash, ConstBytes value) EBPF_REQUIRES(bucket.lock);
  void PutInPlaceOf(const Position& old, Element* element, ConstBytes key,
                    uint32_t hash, ConstBytes value);
  void Fill(Element* element, ConstBytes key, uint32_t hash, ConstBytes value);
  bool CopyFirstKey(size_t bucket, Bytes next);

  Allocator& allocator_;
  ElementPool pool_;
  PerCpu<Spares> spares_;
  Bucket* buckets_ = nullptr;
  size_t bucket_count_ = 0;  // a power of two
  uint64_t element_count_ = 0;
  uint32_t key_size_ = 0;
  uint32_t value_offset_ = 0;  // from the key
  uint64_t seed_ = 0;
};

}  // namespace ebpf
