// SPDX-License-Identifier: MIT
//
// core/maps/hash_table.h's implementation.
#include "core/maps/hash_table.h"

#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/maps/hash_function.h"
#include "core/maps/map_checks.h"
#include "core/maps/shared_bytes.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

/// How often a lookup that found nothing in a bucket under change starts again
/// before it asks for the bucket's lock.
constexpr unsigned kMaxRestarts = 64;

}  // namespace

HashTable::~HashTable() {
  if (buckets_ != nullptr) {
    allocator_.Free(buckets_, bucket_count_ * sizeof(Bucket), kCacheLine);
  }
}

Status HashTable::Init(uint32_t key_size, uint32_t value_size,
                       uint32_t max_entries, uint64_t seed) {
  seed_ = seed;
  key_size_ = key_size;
  value_offset_ = AlignUp<uint32_t>(key_size, 8);
  bucket_count_ = RoundUpToPowerOfTwo(max_entries);
  const uint32_t cpus = ebpf_port_cpu_count();
  const uint64_t spare_count = uint64_t{cpus} * Spares::kCount;
  element_count_ = max_entries + spare_count;
  EBPF_TRY(spares_.Allocate(allocator_));
  EBPF_TRY(pool_.Init(element_count_, sizeof(Element) + value_offset_ +
                                          AlignUp<size_t>(value_size, 8)));
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
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    for (Atomic<Element*>& slot : spares_.Of(cpu).slots) {
      slot.Store(static_cast<Element*>(pool_.Take()), kRelaxed);
    }
  }
  return Status::kOk;
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

uint8_t* HashTable::Find(ConstBytes key) const {
  Element* element = Search(key, HashKey(key, seed_));
  return element == nullptr ? nullptr : ValueOf(element);
}

template <uint32_t kSize>
uint8_t* HashTable::FindOfSize(const uint8_t* key) const {
  const ConstBytes bytes(key, kSize != 0 ? kSize : key_size_);
  Element* element = Search(bytes, HashKey(bytes, seed_));
  return element == nullptr ? nullptr : ValueOf(element);
}
template uint8_t* HashTable::FindOfSize<0>(const uint8_t* key) const;
template uint8_t* HashTable::FindOfSize<4>(const uint8_t* key) const;
template uint8_t* HashTable::FindOfSize<8>(const uint8_t* key) const;
template uint8_t* HashTable::FindOfSize<16>(const uint8_t* key) const;

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

Status HashTable::Put(ConstBytes key, ConstBytes value, UpdateMode mode,
                      TableCaller caller) {
  EBPF_TRY(map_checks::CheckMode(mode));
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = BucketOf(hash);
  uintptr_t irq;
  if (!Lock(bucket, caller, irq)) {
    return Status::kBusy;
  }
  const Status status = PutIn(bucket, key, hash, value, mode);
  bucket.lock.Unlock(irq);
  return status;
}

Status HashTable::PutIn(Bucket& bucket, ConstBytes key, uint32_t hash,
                        ConstBytes value, UpdateMode mode) {
  const Position old = FindIn(bucket, key, hash);
  if (old.element != nullptr) {
    return mode == UpdateMode::kNoExist
               ? Status::kExists
               : Replace(bucket, old, key, hash, value);
  }
  if (mode == UpdateMode::kExist) {
    return Status::kNotFound;
  }
  auto* element = static_cast<Element*>(pool_.Take());
  if (element == nullptr) {
    return Status::kTooBig;
  }
  Fill(element, key, hash, value);
  element->next.Store(bucket.head.Load(kRelaxed), kRelaxed);
  // Releases the element: pairs with the acquires in Search.
  bucket.head.Store(element, kRelease);
  return Status::kOk;
}

Status HashTable::Replace(Bucket& bucket, const Position& old, ConstBytes key,
                          uint32_t hash, ConstBytes value) {
  // Interrupts are masked, so this stays the CPU's own; only a trap can come
  // between, and it leaves each slot as it found it.
  for (Atomic<Element*>& slot : spares_.Mine().slots) {
    Element* element = slot.Exchange(nullptr, kRelaxed);
    if (element != nullptr) {
      PutInPlaceOf(old, element, key, hash, value);
      CountChange(bucket);
      slot.Store(old.element, kRelaxed);
      return Status::kOk;
    }
  }
  // Traps in traps have taken them all: a free element does as well.
  auto* element = static_cast<Element*>(pool_.Take());
  if (element == nullptr) {
    return Status::kBusy;
  }
  PutInPlaceOf(old, element, key, hash, value);
  CountChange(bucket);
  pool_.Give(old.element);
  return Status::kOk;
}

void HashTable::PutInPlaceOf(const Position& old, Element* element,
                             ConstBytes key, uint32_t hash, ConstBytes value) {
  Fill(element, key, hash, value);
  element->next.Store(old.element->next.Load(kRelaxed), kRelaxed);
  // Releases the element: pairs with the acquires in Search.
  old.link->Store(element, kRelease);
}

void HashTable::Fill(Element* element, ConstBytes key, uint32_t hash,
                     ConstBytes value) {
  element->hash.Store(hash, kRelaxed);
  shared_bytes::Store(element->key(), key);
  shared_bytes::Store(ValueOf(element), value);
}

Status HashTable::Remove(ConstBytes key, TableCaller caller) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = BucketOf(hash);
  uintptr_t irq;
  if (!Lock(bucket, caller, irq)) {
    return Status::kBusy;
  }
  const Position found = FindIn(bucket, key, hash);
  if (found.element != nullptr) {
    // The element's own link stays: a reader may be on it.
    found.link->Store(found.element->next.Load(kRelaxed), kRelease);
    CountChange(bucket);
    pool_.Give(found.element);
  }
  bucket.lock.Unlock(irq);
  return found.element == nullptr ? Status::kNotFound : Status::kOk;
}

// Takes no lock, as the visitor may be a program that changes the table. An
// element that left its bucket leads the walk astray, to another bucket's rest
// at worst; that cannot go on for more steps than there are elements.
uint64_t HashTable::ForEach(ElementVisitor& visitor,
                            uint32_t value_size) const {
  uint64_t count = 0;
  for (size_t index = 0; index < bucket_count_; ++index) {
    // Acquires: as in Search.
    Element* element = buckets_[index].head.Load(kAcquire);
    while (element != nullptr && count < element_count_) {
      // Before the visit, which may remove the element.
      Element* const next = element->next.Load(kAcquire);
      ++count;
      if (!visitor.Visit(ConstBytes(element->key(), key_size_),
                         Bytes(ValueOf(element), value_size))) {
        return count;
      }
      element = next;
    }
  }
  return count;
}

Status HashTable::CopyOut(ConstBytes key, Bytes value) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = BucketOf(hash);
  const SpinGuard guard(bucket.lock);
  Element* element = FindIn(bucket, key, hash).element;
  if (element == nullptr) {
    return Status::kNotFound;
  }
  shared_bytes::Load(value, ValueOf(element));
  return Status::kOk;
}

Status HashTable::NextKey(ConstBytes key, Bytes next) {
  size_t from = 0;
  if (!key.empty()) {
    const uint32_t hash = HashKey(key, seed_);
    Bucket& bucket = BucketOf(hash);
    const SpinGuard guard(bucket.lock);
    Element* element = FindIn(bucket, key, hash).element;
    if (element != nullptr) {
      Element* after = element->next.Load(kRelaxed);
      if (after != nullptr) {
        shared_bytes::Load(next, after->key());
        return Status::kOk;
      }
      from = IndexOf(hash) + 1;
    }
  }
  for (size_t index = from; index < bucket_count_; ++index) {
    if (CopyFirstKey(index, next)) {
      return Status::kOk;
    }
  }
  return Status::kNotFound;
}

bool HashTable::CopyFirstKey(size_t index, Bytes next) {
  Bucket& bucket = buckets_[index];
  if (bucket.head.Load(kRelaxed) == nullptr) {
    return false;  // most buckets: not worth a lock
  }
  const SpinGuard guard(bucket.lock);
  Element* element = bucket.head.Load(kRelaxed);
  if (element == nullptr) {
    return false;
  }
  shared_bytes::Load(next, element->key());
  return true;
}

}  // namespace ebpf
