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

/// How often a lookup that was carried off starts again before it asks for the
/// bucket's lock. Each time takes another CPU's change of just that element.
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
  EBPF_TRY(spares_.Allocate(allocator_));
  EBPF_TRY(pool_.Init(
      max_entries + spare_count,
      sizeof(Element) + value_offset_ + AlignUp<size_t>(value_size, 8)));
  void* memory = allocator_.Allocate(
      EBPF_TRY(map_checks::TotalBytes(bucket_count_, sizeof(Bucket))),
      kCacheLine);
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  buckets_ = static_cast<Bucket*>(memory);
  for (size_t i = 0; i < bucket_count_; ++i) {
    ConstructAt<Bucket>(&buckets_[i]);
    buckets_[i].head.Store(EndOf(i), kRelaxed);
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

uint8_t* HashTable::Find(ConstBytes key) const {
  Element* element = Search(key, HashKey(key, seed_));
  return element == nullptr ? nullptr : ValueOf(element);
}

HashTable::Element* HashTable::Search(ConstBytes key, uint32_t hash) const {
  const size_t index = IndexOf(hash);
  for (unsigned restarts = 0; restarts < kMaxRestarts; ++restarts) {
    // Acquire, here and below: pairs with the releases in PutIn and
    // PutInPlaceOf, so that an element is complete where it is found.
    uintptr_t link = buckets_[index].head.Load(kAcquire);
    while (!IsEnd(link)) {
      Element* element = AsElement(link);
      if (Matches(element, key, hash)) {
        return element;
      }
      link = element->next.Load(kAcquire);
    }
    if (link == EndOf(index)) {
      return nullptr;
    }
  }
  return SearchLocked(key, hash);
}

/// Not found where even the lock cannot be had: it is another CPU's all the
/// time, or that of what this context interrupted.
HashTable::Element* HashTable::SearchLocked(ConstBytes key,
                                            uint32_t hash) const {
  Bucket& bucket = buckets_[IndexOf(hash)];
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

HashTable::Position HashTable::FindIn(Bucket& bucket, ConstBytes key,
                                      uint32_t hash) const {
  Atomic<uintptr_t>* link = &bucket.head;
  for (;;) {
    const uintptr_t target = link->Load(kRelaxed);
    if (IsEnd(target)) {
      return {nullptr, nullptr};
    }
    Element* element = AsElement(target);
    if (Matches(element, key, hash)) {
      return {link, element};
    }
    link = &element->next;
  }
}

Status HashTable::Put(ConstBytes key, ConstBytes value, UpdateMode mode,
                      TableCaller caller) {
  EBPF_TRY(map_checks::CheckMode(mode));
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = buckets_[IndexOf(hash)];
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
    return mode == UpdateMode::kNoExist ? Status::kExists
                                        : Replace(old, key, hash, value);
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
  bucket.head.Store(reinterpret_cast<uintptr_t>(element), kRelease);
  return Status::kOk;
}

Status HashTable::Replace(const Position& old, ConstBytes key, uint32_t hash,
                          ConstBytes value) {
  // Interrupts are masked, so this stays the CPU's own; only a trap can come
  // between, and it leaves each slot as it found it.
  for (Atomic<Element*>& slot : spares_.Mine().slots) {
    Element* element = slot.Exchange(nullptr, kRelaxed);
    if (element != nullptr) {
      PutInPlaceOf(old, element, key, hash, value);
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
  pool_.Give(old.element);
  return Status::kOk;
}

void HashTable::PutInPlaceOf(const Position& old, Element* element,
                             ConstBytes key, uint32_t hash, ConstBytes value) {
  Fill(element, key, hash, value);
  element->next.Store(old.element->next.Load(kRelaxed), kRelaxed);
  // Releases the element: pairs with the acquires in Search.
  old.link->Store(reinterpret_cast<uintptr_t>(element), kRelease);
}

void HashTable::Fill(Element* element, ConstBytes key, uint32_t hash,
                     ConstBytes value) {
  element->hash.Store(hash, kRelaxed);
  shared_bytes::Store(element->key(), key);
  shared_bytes::Store(ValueOf(element), value);
}

Status HashTable::Remove(ConstBytes key, TableCaller caller) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = buckets_[IndexOf(hash)];
  uintptr_t irq;
  if (!Lock(bucket, caller, irq)) {
    return Status::kBusy;
  }
  const Position found = FindIn(bucket, key, hash);
  if (found.element != nullptr) {
    // The element's own link stays: a reader may be on it.
    found.link->Store(found.element->next.Load(kRelaxed), kRelaxed);
    pool_.Give(found.element);
  }
  bucket.lock.Unlock(irq);
  return found.element == nullptr ? Status::kNotFound : Status::kOk;
}

Status HashTable::CopyOut(ConstBytes key, Bytes value) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = buckets_[IndexOf(hash)];
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
    Bucket& bucket = buckets_[IndexOf(hash)];
    const SpinGuard guard(bucket.lock);
    Element* element = FindIn(bucket, key, hash).element;
    if (element != nullptr) {
      const uintptr_t link = element->next.Load(kRelaxed);
      if (!IsEnd(link)) {
        shared_bytes::Load(next, AsElement(link)->key());
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
  if (IsEnd(bucket.head.Load(kRelaxed))) {
    return false;  // most buckets: not worth a lock
  }
  const SpinGuard guard(bucket.lock);
  const uintptr_t link = bucket.head.Load(kRelaxed);
  if (IsEnd(link)) {
    return false;
  }
  shared_bytes::Load(next, AsElement(link)->key());
  return true;
}

}  // namespace ebpf
