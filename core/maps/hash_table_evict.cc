// SPDX-License-Identifier: MIT
//
// How a HashTable that evicts gets elements, and where those of all go back.
#include "core/maps/hash_table.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

/// How many elements a hand passes in one update at most (a microsecond or
/// two). If all of them were used, one goes all the same.
constexpr uint32_t kMaxPassed = 512;
/// Of these, how many are tried then.
constexpr uint32_t kMaxTried = 8;

}  // namespace

void HashTable::Give(Element* element) {
  if (!evicts()) {
    if (on_demand()) {
      cache_->Give(element);
    } else {
      pool_.Give(element);
    }
    return;
  }
  if (eviction_ == Eviction::kOwn) {
    pool_.GiveTo(pool_.OwnerOf(element->number), element);
    return;
  }
  pool_.Give(element);
  if (!may_have_free_.Load(kRelaxed)) {
    may_have_free_.Store(true, kRelaxed);
  }
}

HashTable::Element* HashTable::TakeOrEvict() {
  const uint32_t cpu = ebpf_port_cpu_id();
  auto* element = static_cast<Element*>(pool_.TakeOf(cpu));
  if (element == nullptr && eviction_ == Eviction::kCommon &&
      may_have_free_.Load(kRelaxed)) {
    // Before the lists are looked through: what is given back then is seen or
    // is told again.
    may_have_free_.Store(false, kSeqCst);
    element = static_cast<Element*>(pool_.Take());
    if (element != nullptr) {
      may_have_free_.Store(true, kRelaxed);
    }
  }
  if (element != nullptr) {
    hands_.Begin(cpu, element->number, element->use);
    return element;
  }
  element = Evict(cpu);
  if (element == nullptr && eviction_ == Eviction::kCommon) {
    element = static_cast<Element*>(pool_.Take());
  }
  return element;
}

HashTable::Element* HashTable::Evict(uint32_t cpu) {
  Element* tried[kMaxTried];
  uint32_t tried_count = 0;
  for (uint32_t passed = 0; passed < kMaxPassed; ++passed) {
    auto* element = static_cast<Element*>(pool_.At(hands_.Next(cpu)));
    if (element->in_table.Load(kRelaxed) == 0) {
      continue;
    }
    if (!hands_.Pass(element->number, element->use)) {
      if (tried_count < kMaxTried) {
        tried[tried_count++] = element;
      }
      continue;
    }
    if (EvictElement(element)) {
      return element;
    }
  }
  for (uint32_t i = 0; i < tried_count; ++i) {
    if (EvictElement(tried[i])) {
      return tried[i];
    }
  }
  return nullptr;
}

/// False: it left the table meanwhile, or its bucket is being changed by what
/// this context interrupted.
bool HashTable::EvictElement(Element* element) {
  Bucket& bucket = BucketOf(element->hash.Load(kRelaxed));
  uintptr_t irq;
  if (!bucket.lock.TryLock(irq)) {
    return false;
  }
  Atomic<Element*>* link = &bucket.head;
  Element* found = link->Load(kRelaxed);
  while (found != nullptr && found != element) {
    link = &found->next;
    found = link->Load(kRelaxed);
  }
  if (found != nullptr) {
    Unlink(bucket, {link, found});
  }
  bucket.lock.Unlock(irq);
  return found != nullptr;
}

}  // namespace ebpf
