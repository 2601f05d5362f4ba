// SPDX-License-Identifier: MIT
//
// core/maps/hash_table.h's implementation.
#include "core/maps/hash_table.h"

#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/maps/hash_function.h"
#include "core/maps/map_checks.h"
#include "core/maps/shared_bytes.h"
#include "core/maps/value_fields.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

/// How often a lookup that found nothing in a bucket under change starts again
/// before it asks for the bucket's lock.
constexpr unsigned kMaxRestarts = 64;

}  // namespace

HashTable::~HashTable() {
  if (on_demand()) {
    FreeElements();
    cache_->Close();
  }
  if (buckets_ != nullptr) {
    allocator_.Free(buckets_, bucket_count_ * sizeof(Bucket), kCacheLine);
  }
}

Status HashTable::Init(const TableShape& shape) {
  seed_ = shape.seed;
  key_size_ = shape.key_size;
  value_offset_ = AlignUp<uint32_t>(key_size_, 8);
  value_size_ = shape.value_size;
  value_stride_ = AlignUp<uint32_t>(value_size_, 8);
  per_cpu_ = shape.per_cpu;
  eviction_ = shape.eviction;
  cpu_count_ = ebpf_port_cpu_count();
  max_entries_ = shape.max_entries;
  const uint64_t spare_count =
      has_spares() ? uint64_t{cpu_count_} * Spares::kCount : 0;
  element_count_ = shape.max_entries + spare_count;
  EBPF_TRY(spares_.Allocate(allocator_));
  EBPF_TRY(InitElements(shape));
  // At most two elements for three buckets: more save nothing, fewer are long
  // chains. On demand at most one for each: few are there mostly.
  bucket_count_ = static_cast<size_t>(RoundUpToPowerOfTwo(
      shape.max_entries + (on_demand() ? 0 : uint64_t{shape.max_entries} / 2)));
  void* memory = allocator_.Allocate(
      EBPF_TRY(map_checks::TotalBytes(bucket_count_, sizeof(Bucket))),
      kCacheLine);
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  buckets_ = static_cast<Bucket*>(memory);
  for (size_t i = 0; i < bucket_count_; ++i) {
    ConstructAt<Bucket>(&buckets_[i]);
  }
  return has_spares() ? InitSpares() : Status::kOk;
}

Status HashTable::InitElements(const TableShape& shape) {
  const uint32_t key_end = sizeof(Element) + value_offset_;
  if (!shape.on_demand) {
    EBPF_TRY(
        pool_.Init(element_count_, key_end + (per_cpu_ ? 0 : value_stride_)));
    if (per_cpu_) {
      EBPF_TRY(values_.Init(cpu_count_, element_count_, value_stride_));
    }
    return evicts() ? hands_.Init(pool_, eviction_, allocator_) : Status::kOk;
  }
  // The values of two CPUs share no cache line.
  own_values_offset_ = AlignUp<uint32_t>(key_end, kCacheLine);
  own_value_stride_ = AlignUp<uint32_t>(value_stride_, kCacheLine);
  const size_t own_end =
      own_values_offset_ + size_t{cpu_count_} * own_value_stride_;
  ElementCache::Shape blocks;
  blocks.block_size = per_cpu_ ? own_end : size_t{key_end} + value_stride_;
  blocks.align = per_cpu_ ? kCacheLine : 8;
  blocks.max_taken = element_count_;
  // Who had found a value before it was removed may have put something in.
  blocks.freed = [](void* table, void* element) {
    return static_cast<HashTable*>(table)->ReleaseFreed(
        static_cast<Element*>(element));
  };
  blocks.context = this;
  cache_ = EBPF_TRY(ElementCache::Create(blocks, allocator_));
  return Status::kOk;
}

Status HashTable::InitSpares() {
  for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
    for (Element*& spare : spares_.Of(cpu).elements) {
      spare = static_cast<Element*>(on_demand() ? cache_->TakeAsTask()
                                                : pool_.Take());
      if (spare == nullptr) {
        return Status::kNoMemory;
      }
    }
  }
  return Status::kOk;
}

/// Of a table on demand that nobody uses any more.
void HashTable::FreeElements() {
  for (size_t i = 0; buckets_ != nullptr && i < bucket_count_; ++i) {
    Element* element = buckets_[i].head.Load(kRelaxed);
    while (element != nullptr) {
      Element* const next = element->next.Load(kRelaxed);
      cache_->Free(element);
      element = next;
    }
  }
  for (uint32_t cpu = 0; has_spares() && cpu < cpu_count_; ++cpu) {
    for (Element* spare : spares_.Of(cpu).elements) {
      if (spare != nullptr) {
        cache_->Free(spare);
      }
    }
  }
}

void HashTable::ReleaseAll() {
  if (fields_.empty()) {
    return;
  }
  for (uint32_t number = 0; number < pool_.count(); ++number) {
    Release(static_cast<Element*>(pool_.At(number)));
  }
  for (size_t i = 0; on_demand() && i < bucket_count_; ++i) {
    for (Element* element = buckets_[i].head.Load(kRelaxed); element != nullptr;
         element = element->next.Load(kRelaxed)) {
      Release(element);
    }
  }
}

bool HashTable::Matches(Element* element, ConstBytes key, uint32_t hash) const {
  return element->hash.Load(kRelaxed) == hash &&
         shared_bytes::Equal(element->key(), key);
}

// Inlined where the key's size is known.
[[gnu::always_inline]] inline HashTable::Element* HashTable::Search(
    ConstBytes key, uint32_t hash) const {
  Bucket& bucket = BucketOf(hash);
  for (unsigned restarts = 0; restarts < kMaxRestarts; ++restarts) {
    // Acquire, here and below: pairs with the releases in PutIn, PutInPlaceOf
    // and Remove, so that an element is complete where it is found.
    const uint32_t changes = bucket.changes.Load(kAcquire);
    Element* element = bucket.head.Load(kAcquire);
    while (element != nullptr) {
      if (Matches(element, key, hash)) {
        return element;
      }
      element = element->next.Load(kAcquire);
    }
    // Pairs with the fence in CountChange: if the walk met an element that had
    // left this bucket and was used again, the count is another one now.
    ThreadFence(kAcquire);
    if (bucket.changes.Load(kRelaxed) == changes) {
      return nullptr;
    }
  }
  return SearchLocked(key, hash);
}

HashTable::Element* HashTable::FindElement(ConstBytes key,
                                           uint32_t hash) const {
  return Search(key, hash);
}

uint8_t* HashTable::Find(ConstBytes key) const {
  if (per_cpu_) {
    return FindOnCpu(key, ebpf_port_cpu_id());
  }
  Element* element = Search(key, HashKey(key, seed_));
  if (element == nullptr) {
    return nullptr;
  }
  if (evicts()) {
    element->use.Mark();
  }
  return ValueOf(element);
}

uint8_t* HashTable::FindOnCpu(ConstBytes key, uint32_t cpu) const {
  Element* element = Search(key, HashKey(key, seed_));
  if (element == nullptr) {
    return nullptr;
  }
  if (evicts()) {
    element->use.Mark();
  }
  return ValueOn(cpu, element);
}

template <uint32_t kSize, bool kPerCpu, bool kEvicts, bool kOnDemand>
uint8_t* HashTable::FindOfSize(const uint8_t* key) const {
  const ConstBytes bytes(key, kSize != 0 ? kSize : key_size_);
  Element* element = Search(bytes, HashKey(bytes, seed_));
  if (element == nullptr) {
    return nullptr;
  }
  if (kEvicts) {
    element->use.Mark();
  }
  if (!kPerCpu) {
    return ValueOf(element);
  }
  const uint32_t cpu = ebpf_port_cpu_id();
  return kOnDemand ? OwnValueOn(cpu, element)
                   : values_.At(cpu, element->number);
}

#define EBPF_FIND_OF_SIZE(size)                                     \
  template uint8_t* HashTable::FindOfSize<size, false, false>(      \
      const uint8_t* key) const;                                    \
  template uint8_t* HashTable::FindOfSize<size, false, true>(       \
      const uint8_t* key) const;                                    \
  template uint8_t* HashTable::FindOfSize<size, true, false>(       \
      const uint8_t* key) const;                                    \
  template uint8_t* HashTable::FindOfSize<size, true, true>(        \
      const uint8_t* key) const;                                    \
  template uint8_t* HashTable::FindOfSize<size, true, false, true>( \
      const uint8_t* key) const;
EBPF_FIND_OF_SIZE(0)
EBPF_FIND_OF_SIZE(4)
EBPF_FIND_OF_SIZE(8)
EBPF_FIND_OF_SIZE(16)
#undef EBPF_FIND_OF_SIZE

/// Not found where even the lock cannot be had: it is another CPU's all the
/// time, or that of what this context interrupted.
HashTable::Element* HashTable::SearchLocked(ConstBytes key,
                                            uint32_t hash) const {
  Bucket& bucket = BucketOf(hash);
  uintptr_t irq;
  if (!bucket.lock.TryLock(irq)) {
    return nullptr;
  }
  Element* element = FindIn(bucket, key, hash).element;
  bucket.lock.Unlock(irq);
  return element;
}

bool HashTable::Lock(Bucket& bucket, TableCaller caller,
                     uintptr_t& irq) EBPF_NO_THREAD_SAFETY_ANALYSIS {
  if (caller == TableCaller::kTask) {
    irq = bucket.lock.Lock();
    return true;
  }
  return bucket.lock.TryLock(irq);
}

/// After an element left the chain and before it can be used again. A lookup
/// that starts after the count cannot come upon the element by this chain; one
/// that started earlier and saw it used again sees the count in the end.
void HashTable::CountChange(Bucket& bucket) {
  // Releases the chain without the element: pairs with the first load in
  // Search.
  bucket.changes.Store(bucket.changes.Load(kRelaxed) + 1, kRelease);
  // Orders the count before all that is written to the element from now on:
  // pairs with the fence in Search.
  ThreadFence(kRelease);
}

HashTable::Position HashTable::FindIn(Bucket& bucket, ConstBytes key,
                                      uint32_t hash) const {
  Atomic<Element*>* link = &bucket.head;
  for (;;) {
    Element* element = link->Load(kRelaxed);
    if (element == nullptr || Matches(element, key, hash)) {
      return {link, element};
    }
    link = &element->next;
  }
}

}  // namespace ebpf
