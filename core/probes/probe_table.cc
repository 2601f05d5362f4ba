// SPDX-License-Identifier: MIT
//
// core/probes/probe_table.h's implementation.
#include "core/probes/probe_table.h"

#include "core/base/memory.h"

namespace ebpf {
namespace {

void Push(ProbeTable& table, ProbeSite& site) {
  Atomic<ProbeSite*>& bucket = table.BucketOf(site.plan.address);
  site.next[table.link].Store(bucket.Load(kRelaxed), kRelaxed);
  // Releases the site: pairs with the acquires in Find.
  bucket.Store(&site, kRelease);
}

}  // namespace

size_t SiteTable::SizeOf(uint32_t bits) {
  return sizeof(ProbeTable) + (sizeof(Atomic<ProbeSite*>) << bits);
}

ProbeTable* SiteTable::Make(uint32_t bits) {
  auto* table = static_cast<ProbeTable*>(
      allocator_->Allocate(SizeOf(bits), alignof(ProbeTable)));
  if (table != nullptr) {
    table->bits = bits;  // all else is zeroed
  }
  return table;
}

void SiteTable::Free(ProbeTable* table) {
  allocator_->Free(table, SizeOf(table->bits), alignof(ProbeTable));
}

Status SiteTable::Init(Allocator& allocator) {
  allocator_ = &allocator;
  small_ = Make(kSmallBits);
  if (small_ == nullptr) {
    return Status::kNoMemory;
  }
  current_ = small_;
  // Releases it: pairs with the acquire in ProbeTrap.
  probe_shared.table.Store(current_, kRelease);
  return Status::kOk;
}

void SiteTable::Exit() {
  probe_shared.table.Store(nullptr, kRelaxed);
  FreeOld();
  if (current_ != small_) {
    Free(current_);
  }
  Free(small_);
  small_ = nullptr;
  current_ = nullptr;
}

void SiteTable::Add(ProbeSite& site) {
  Push(*current_, site);
  site.published = true;
  ++size_;
}

void SiteTable::Remove(ProbeSite& site) {
  const uint32_t link = current_->link;
  Atomic<ProbeSite*>* at = &current_->BucketOf(site.plan.address);
  while (at->Load(kRelaxed) != &site) {
    at = &at->Load(kRelaxed)->next[link];
  }
  // Releases nothing new; who stands on `site` still finds its `next`.
  at->Store(site.next[link].Load(kRelaxed), kRelease);
  site.published = false;
  --size_;
}

void SiteTable::MakeRoomFor(size_t count) {
  if (HasRoomFor(count) || has_old()) {
    return;
  }
  constexpr uint32_t kMaxBits = 24;
  uint32_t bits = current_->bits;
  while (bits < kMaxBits && size_t{1} << bits < size_ + count) {
    ++bits;
  }
  if (bits != current_->bits) {
    if (ProbeTable* table = Make(bits)) {
      ReplaceBy(*table);
    }
  }
}

bool SiteTable::Trim() {
  if (current_ == small_ || has_old() ||
      size_ > size_t{1} << (kSmallBits - 1)) {
    return false;
  }
  ReplaceBy(*small_);
  return true;
}

void SiteTable::ReplaceBy(ProbeTable& table) {
  // Traps go on in the old table by its links while the others are set.
  table.link = 1 - current_->link;
  for (size_t i = 0; i < table.bucket_count(); ++i) {
    table.buckets[i].Store(nullptr, kRelaxed);
  }
  for (size_t i = 0; i < current_->bucket_count(); ++i) {
    ProbeSite* site = current_->buckets[i].Load(kRelaxed);
    while (site != nullptr) {
      Push(table, *site);
      site = site->next[current_->link].Load(kRelaxed);
    }
  }
  old_ = current_;
  current_ = &table;
  // Releases it: pairs with the acquire in ProbeTrap.
  probe_shared.table.Store(current_, kRelease);
}

void SiteTable::FreeOld() {
  if (old_ != nullptr && old_ != small_) {
    Free(old_);
  }
  old_ = nullptr;
}

}  // namespace ebpf
