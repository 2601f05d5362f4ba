// SPDX-License-Identifier: MIT
//
// What the system call and walks read from a HashTable, element by element.
#include "core/maps/hash_function.h"
#include "core/maps/hash_table.h"
#include "core/maps/shared_bytes.h"
#include "core/maps/value_fields.h"
#include "core/platform/cpu.h"

namespace ebpf {

// Takes no lock, as the visitor may be a program that changes the table. An
// element that left its bucket leads the walk astray, to another bucket's rest
// at worst; that cannot go on for more steps than there are elements.
uint64_t HashTable::ForEach(ElementVisitor& visitor) const {
  uint64_t count = 0;
  for (size_t index = 0; index < bucket_count_; ++index) {
    // Acquires: as in Search.
    Element* element = buckets_[index].head.Load(kAcquire);
    while (element != nullptr && count < element_count_) {
      // Before the visit, which may remove the element.
      Element* const next = element->next.Load(kAcquire);
      ++count;
      uint8_t* const value =
          per_cpu_ ? ValueOn(ebpf_port_cpu_id(), element) : ValueOf(element);
      if (!visitor.Visit(ConstBytes(element->key(), key_size_),
                         Bytes(value, value_size_))) {
        return count;
      }
      element = next;
    }
  }
  return count;
}

// Goes astray as ForEach does, and no further: an element that left its bucket
// makes it skip some, or see some of another one.
Result<MapElement> HashTable::ElementAt(ElementPlace& place) const {
  for (; place.group < bucket_count_; ++place.group, place.index = 0) {
    Element* element = buckets_[place.group].head.Load(kAcquire);
    for (uint32_t i = 0; element != nullptr && i < element_count_; ++i) {
      if (i == place.index) {
        uint8_t* const value =
            per_cpu_ ? ValueOn(ebpf_port_cpu_id(), element) : ValueOf(element);
        return MapElement{ConstBytes(element->key(), key_size_),
                          Bytes(value, value_size_)};
      }
      element = element->next.Load(kAcquire);  // acquires: as in Search
    }
  }
  return Status::kNotFound;
}

void HashTable::CopyValue(Element* element, Bytes value) const {
  if (!per_cpu_) {
    value_fields::Load(fields_, value, ValueOf(element));
    return;
  }
  for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
    value_fields::Load(
        fields_, value.Subspan(size_t{cpu} * value_stride_, value_stride_),
        ValueOn(cpu, element));
  }
}

Status HashTable::CopyOut(ConstBytes key, Bytes value) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = BucketOf(hash);
  const SpinGuard guard(bucket.lock);
  Element* element = FindIn(bucket, key, hash).element;
  if (element == nullptr) {
    return Status::kNotFound;
  }
  CopyValue(element, value);
  return Status::kOk;
}

Status HashTable::TakeOut(ConstBytes key, Bytes value) {
  const uint32_t hash = HashKey(key, seed_);
  Bucket& bucket = BucketOf(hash);
  const SpinGuard guard(bucket.lock);
  const Position found = FindIn(bucket, key, hash);
  if (found.element == nullptr) {
    return Status::kNotFound;
  }
  CopyValue(found.element, value);
  Unlink(bucket, found);
  Give(found.element);
  return Status::kOk;
}

Status HashTable::CopyBatch(uint32_t& cursor, MapBatch& batch, bool take) {
  while (cursor < bucket_count_) {
    Bucket& bucket = buckets_[cursor];
    if (bucket.head.Load(kRelaxed) != nullptr) {
      const SpinGuard guard(bucket.lock);
      uint32_t count = 0;
      for (Element* element = bucket.head.Load(kRelaxed); element != nullptr;
           element = element->next.Load(kRelaxed)) {
        ++count;
      }
      if (count > batch.capacity - batch.count) {
        return batch.count == 0 ? Status::kNoSpace : Status::kOk;
      }
      CopyBucket(bucket, batch);
      if (take) {
        EmptyBucket(bucket);
      }
    }
    ++cursor;
  }
  return Status::kNotFound;
}

void HashTable::CopyBucket(Bucket& bucket, MapBatch& batch) {
  const size_t value_size = user_value_size();
  for (Element* element = bucket.head.Load(kRelaxed); element != nullptr;
       element = element->next.Load(kRelaxed)) {
    shared_bytes::Load(
        batch.keys.Subspan(size_t{batch.count} * key_size_, key_size_),
        element->key());
    CopyValue(element, batch.values.Subspan(size_t{batch.count} * value_size,
                                            value_size));
    ++batch.count;
  }
}

void HashTable::EmptyBucket(Bucket& bucket) {
  for (Element* element = bucket.head.Load(kRelaxed); element != nullptr;
       element = bucket.head.Load(kRelaxed)) {
    Unlink(bucket, {&bucket.head, element});
    Give(element);
  }
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
