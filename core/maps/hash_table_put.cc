// SPDX-License-Identifier: MIT
//
// What changes a HashTable.
#include "core/base/memory.h"
#include "core/maps/hash_function.h"
#include "core/maps/hash_table.h"
#include "core/maps/map_checks.h"
#include "core/maps/shared_bytes.h"
#include "core/maps/value_fields.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {

Status HashTable::Put(ConstBytes key, ConstBytes value, UpdateMode mode,
                      TableCaller caller) {
  EBPF_TRY(map_checks::CheckMode(mode, fields_));
  const NewValue put = {key, HashKey(key, seed_), value, mode, caller};
  if (!evicts()) {
    return on_demand() && caller == TableCaller::kTask ? PutAsTask(put)
                                                       : PutOnce(put, nullptr);
  }
  if (caller == TableCaller::kProgram) {
    return PutEvicting(put);
  }
  const uintptr_t state = ebpf_port_preempt_disable();
  const Status status = PutEvicting(put);
  ebpf_port_preempt_enable(state);
  return status;
}

/// With an element for it that was taken already, or none.
Status HashTable::PutOnce(const NewValue& put, Element* taken) {
  Bucket& bucket = BucketOf(put.hash);
  Status status = Status::kBusy;
  uintptr_t irq;
  if (Lock(bucket, put.caller, irq)) {
    status = PutIn(bucket, put, taken);
    bucket.lock.Unlock(irq);
  }
  if (taken != nullptr) {
    Give(taken);
  }
  return status;
}

/// In a table on demand, where a task makes the element that it needs before it
/// takes the bucket.
Status HashTable::PutAsTask(const NewValue& put) {
  bool exists = false;
  {
    const ReadSection section;
    exists = FindElement(put.key, put.hash) != nullptr;
  }
  if (exists) {
    const Status status = PutOnce(put, nullptr);
    if (status != Status::kNoMemory) {
      return status;
    }
    // The key went meanwhile: it is a new one.
  }
  return PutOnce(put, static_cast<Element*>(cache_->TakeAsTask()));
}

/// What is evicted for a new key is so before the key's bucket is locked. That
/// nothing is evicted for an old one is decided by a look without the lock.
Status HashTable::PutEvicting(const NewValue& put) {
  const UpdateMode mode = WithoutLock(put.mode);
  Element* existing = FindElement(put.key, put.hash);
  if (existing != nullptr
          ? has_spares() || per_cpu_ || mode == UpdateMode::kNoExist
          : mode == UpdateMode::kExist) {
    const Status status = PutOnce(put, nullptr);
    if (status != Status::kNoMemory) {
      return status;
    }
    // The key went meanwhile: it is a new one.
  }
  if (existing != nullptr) {
    existing->use.Mark();  // rather another one goes
  }
  Element* taken = TakeOrEvict();
  if (taken == nullptr) {
    return Status::kNoMemory;
  }
  NewValue now = put;
  if (existing != nullptr && Matches(taken, put.key, put.hash)) {
    now.mode = UpdateMode::kAny;  // it was evicted to make room for itself
  }
  return PutOnce(now, taken);
}

/// `taken` is used up if it becomes null; else it is to be given back.
Status HashTable::PutIn(Bucket& bucket, const NewValue& put, Element*& taken) {
  const Position old = FindIn(bucket, put.key, put.hash);
  const UpdateMode mode = WithoutLock(put.mode);
  if (old.element != nullptr) {
    return mode == UpdateMode::kNoExist ? Status::kExists
                                        : PutOver(bucket, old, put, taken);
  }
  if (mode == UpdateMode::kExist) {
    return Status::kNotFound;
  }
  Element* element = taken;
  EBPF_TRY(TakeForNewKey(element));
  taken = nullptr;
  Fill(element, put);
  element->next.Store(bucket.head.Load(kRelaxed), kRelaxed);
  // Releases the element: pairs with the acquires in Search.
  bucket.head.Store(element, kRelease);
  element->in_table.Store(true, kRelaxed);
  return Status::kOk;
}

/// Unless there is one already, which is so where one was evicted, and may be
/// so on demand.
Status HashTable::TakeForNewKey(Element*& element) {
  if (evicts()) {
    return element == nullptr ? Status::kNoMemory : Status::kOk;
  }
  if (!on_demand()) {
    element = static_cast<Element*>(pool_.Take());
    return element == nullptr ? Status::kTooBig : Status::kOk;
  }
  uint32_t count = entry_count_.Load(kRelaxed);
  do {
    if (count >= max_entries_) {
      return Status::kTooBig;
    }
  } while (!entry_count_.CompareExchange(count, count + 1, kRelaxed));
  if (element == nullptr) {
    element = static_cast<Element*>(cache_->Take());
  }
  if (element == nullptr) {
    entry_count_.FetchSub(1, kRelaxed);
    return Status::kNoMemory;
  }
  return Status::kOk;
}

/// For a moment; null where there is none.
HashTable::Element* HashTable::TakeFree() {
  return static_cast<Element*>(on_demand() ? cache_->Take() : pool_.Take());
}

Status HashTable::PutOver(Bucket& bucket, const Position& old,
                          const NewValue& put, Element*& taken) {
  if (per_cpu_) {
    StoreOfCpus(old.element, put, /*is_new=*/false);
    if (evicts()) {
      old.element->use.Mark();
    }
    return Status::kOk;
  }
  if (TakesLock(put.mode)) {
    return value_fields::StoreLocked(fields_, ValueOf(old.element), put.value);
  }
  if (taken == nullptr) {
    // Without spares this is kNoMemory: take one, and come again.
    return has_spares() ? Replace(bucket, old, put) : Status::kNoMemory;
  }
  PutInPlaceOf(old, taken, put);
  CountChange(bucket);
  Release(old.element);
  taken = old.element;
  return Status::kOk;
}

Status HashTable::Replace(Bucket& bucket, const Position& old,
                          const NewValue& put) {
  // Interrupts are masked, so these stay the CPU's own; only a trap can come
  // between. One before the first store is done with the same spare, and has
  // left another element there; one after it takes the next.
  Spares& spares = spares_.Mine();
  const uint32_t depth = spares.used.Load(kRelaxed);
  if (depth < Spares::kCount) {
    spares.used.Store(depth + 1, kRelaxed);
    TrapFence();
    Element*& spare = spares.elements[depth];
    PutInPlaceOf(old, spare, put);
    CountChange(bucket);
    Release(old.element);
    spare = old.element;
    TrapFence();
    spares.used.Store(depth, kRelaxed);
    return Status::kOk;
  }
  // Traps in traps have taken them all: a free element does as well.
  Element* const element = TakeFree();
  if (element == nullptr) {
    return Status::kBusy;
  }
  PutInPlaceOf(old, element, put);
  CountChange(bucket);
  Release(old.element);
  Give(old.element);
  return Status::kOk;
}

void HashTable::PutInPlaceOf(const Position& old, Element* element,
                             const NewValue& put) {
  Fill(element, put);
  if (evicts()) {
    hands_.Replace(element->number, element->use, old.element->number,
                   old.element->use);
  }
  element->next.Store(old.element->next.Load(kRelaxed), kRelaxed);
  // Releases the element: pairs with the acquires in Search.
  old.link->Store(element, kRelease);
  element->in_table.Store(true, kRelaxed);
  old.element->in_table.Store(false, kRelaxed);
}

void HashTable::Fill(Element* element, const NewValue& put) {
  element->hash.Store(put.hash, kRelaxed);
  shared_bytes::Store(element->key(), put.key);
  if (per_cpu_) {
    StoreOfCpus(element, put, /*is_new=*/true);
  } else if (fields_.empty()) {
    shared_bytes::Store(ValueOf(element), put.value);
  } else {
    value_fields::Store(fields_, ValueOf(element), put.value);
  }
}

/// A program gives one value: this CPU's; under a new key the others' are
/// zeros. A task gives all of them.
void HashTable::StoreOfCpus(Element* element, const NewValue& put,
                            bool is_new) {
  if (put.caller == TableCaller::kTask) {
    for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
      value_fields::Store(
          fields_, ValueOn(cpu, element),
          put.value.Subspan(size_t{cpu} * value_stride_, value_stride_));
    }
    return;
  }
  for (uint32_t cpu = 0; is_new && cpu < cpu_count_; ++cpu) {
    // With what is behind the value, which the system call copies, too.
    shared_bytes::Zero(ValueOn(cpu, element), value_stride_);
  }
  value_fields::Store(fields_, ValueOn(ebpf_port_cpu_id(), element), put.value);
}

/// The element's own link stays: a reader may be on it.
void HashTable::Unlink(Bucket& bucket, const Position& position) {
  position.link->Store(position.element->next.Load(kRelaxed), kRelease);
  position.element->in_table.Store(false, kRelaxed);
  if (evicts()) {
    hands_.End(position.element->number, position.element->use);
  } else if (on_demand()) {
    entry_count_.FetchSub(1, kRelaxed);
  }
  CountChange(bucket);
  Release(position.element);
}

void HashTable::Release(Element* element) {
  if (fields_.empty()) {
    return;
  }
  if (!per_cpu_) {
    value_fields::Release(fields_, ValueOf(element));
    return;
  }
  for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
    value_fields::Release(fields_, ValueOn(cpu, element));
  }
}

/// The same when the element's memory goes; whether a timer's function may have
/// come to it.
bool HashTable::ReleaseFreed(Element* element) {
  const bool seen =
      !per_cpu_ && value_fields::HasTimer(fields_, ValueOf(element));
  Release(element);
  return seen;
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
    Unlink(bucket, found);
    Give(found.element);
  }
  bucket.lock.Unlock(irq);
  return found.element == nullptr ? Status::kNotFound : Status::kOk;
}

}  // namespace ebpf
