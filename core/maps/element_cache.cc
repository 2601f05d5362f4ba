// SPDX-License-Identifier: MIT
//
// core/maps/element_cache.h's implementation.
#include "core/maps/element_cache.h"

#include "core/base/bits.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// Bounds of what is free in one CPU's stock, and in all of them.
constexpr size_t kStockBytes = 32 << 10;
constexpr uint32_t kMaxStocked = 2048;
constexpr uint32_t kMinSlots = 2;
/// ServeElementCaches evens out so many.
constexpr uint32_t kMaxServed = 64;

constinit Mutex list_mutex;
/// All caches, for ports that give no task.
constinit IntrusiveList<ElementCache> caches EBPF_GUARDED_BY(list_mutex);
/// One of them has asked for a task in vain.
constinit Atomic<uint32_t> some_unserved{0};
/// Those that retire, where there is no task to ask for.
constinit Atomic<ElementCache*> retired_caches{nullptr};

uint32_t SlotCount(const ElementCache::Shape& shape, uint32_t max_slots) {
  const uint64_t fit = kStockBytes / shape.block_size;
  const uint64_t share = kMaxStocked / ebpf_port_cpu_count();
  const uint64_t wanted = Min(Min(fit, share), shape.max_taken);
  return static_cast<uint32_t>(
      Min<uint64_t>(Max<uint64_t>(wanted, kMinSlots), max_slots));
}

}  // namespace

/// One that asked for a task in vain, or none.
Ref<ElementCache> ElementCache::TakeUnserved() {
  const MutexGuard guard(list_mutex);
  for (ElementCache& cache : caches) {
    // Acquires what was done before it was asked for.
    if (cache.unserved_.Exchange(0, kAcquire) != 0) {
      return Ref<ElementCache>::Share(cache);
    }
  }
  return {};
}

void ElementCache::EndRetired() {
  ElementCache* cache = retired_caches.Exchange(nullptr, kAcquire);
  while (cache != nullptr) {
    ElementCache* const next = cache->next_retired_;
    RetireLater(cache);
    cache = next;
  }
}

void ServeElementCaches() {
  if (retired_caches.Load(kRelaxed) != nullptr) {
    ElementCache::EndRetired();
  }
  if (some_unserved.Load(kRelaxed) == 0 ||
      some_unserved.Exchange(0, kAcquire) == 0) {
    return;
  }
  // Programs may ask as fast as this goes: some is left for the next call.
  for (uint32_t count = 0; count < kMaxServed; ++count) {
    const Ref<ElementCache> cache = ElementCache::TakeUnserved();
    if (!cache) {
      return;
    }
    cache->EvenOut();
  }
  some_unserved.Store(1, kRelease);
}

ElementCache::ElementCache(const Shape& shape, Allocator& allocator)
    : allocator_(allocator),
      shape_(shape),
      cpu_count_(ebpf_port_cpu_count()),
      slot_count_(SlotCount(shape, kMaxSlots)),
      low_(Max<uint32_t>(slot_count_ / 4, 1)),
      full_(Max<uint32_t>(slot_count_ * 3 / 4, 1)),
      work_(&EvenOutLater, this, Keeper(this)),
      retirement_(&RetireLater, this, Keeper(this)) {}

Result<Ref<ElementCache>> ElementCache::Create(const Shape& shape,
                                               Allocator& allocator) {
  auto cache = Ref<ElementCache>::Adopt(
      EBPF_TRY(allocator.New<ElementCache>(shape, allocator)));
  const Status status = cache->Init();
  if (!IsOk(status)) {
    cache->Close();
    return status;
  }
  return cache;
}

Status ElementCache::Init() {
  EBPF_TRY(stocks_.Allocate(allocator_));
  for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
    for (uint32_t count = 0; count < full_; ++count) {
      Block* const block = Make(shape_.max_taken);
      if (block == nullptr) {
        return Status::kNoMemory;
      }
      (void)GiveTo(stocks_.Of(cpu), block);  // it has room
    }
  }
  const MutexGuard guard(list_mutex);
  caches.PushBack(*this);
  return Status::kOk;
}

void ElementCache::Destroy() { allocator_.Delete(this); }

void* ElementCache::Take() {
  uint32_t cpu = ebpf_port_cpu_id();
  Stock& mine = stocks_.Of(cpu);
  Block* block = TakeFrom(mine);
  for (uint32_t others = 1; block == nullptr && others < cpu_count_; ++others) {
    cpu = cpu + 1 == cpu_count_ ? 0 : cpu + 1;
    Stock& stock = stocks_.Of(cpu);
    if (stock.level.Load(kRelaxed) != 0) {
      block = TakeFrom(stock);
    }
  }
  if (mine.level.Load(kRelaxed) < low_) {
    AskForTask();
  }
  return block;
}

void* ElementCache::TakeAsTask() {
  // What a stock has above its mark is used first, so that tasks that put and
  // remove in turn do not go through the allocator each time.
  if (stocks_.Of(ebpf_port_cpu_id()).level.Load(kRelaxed) > full_) {
    void* const block = Take();
    if (block != nullptr) {
      return block;
    }
  }
  void* const block = Make(2 * shape_.max_taken);
  return block != nullptr ? block : Take();
}

void ElementCache::Give(void* memory) {
  auto* block = static_cast<Block*>(memory);
  if (GiveTo(stocks_.Of(ebpf_port_cpu_id()), block)) {
    return;
  }
  PutBack(block, block);
  AskForTask();
}

/// Null: there is none.
ElementCache::Block* ElementCache::TakeFrom(Stock& stock) {
  const uint32_t level = stock.level.Load(kRelaxed);
  uint32_t slot = level;
  for (uint32_t tries = 0; tries < slot_count_; ++tries) {
    slot = slot == 0 ? slot_count_ - 1 : slot - 1;
    if (stock.slots[slot].Load(kRelaxed) == nullptr) {
      continue;
    }
    // Acquires what who gave the block did with it: pairs with GiveTo.
    Block* block = stock.slots[slot].Exchange(nullptr, kAcquire);
    if (block != nullptr) {
      stock.level.Store(slot, kRelaxed);
      return block;
    }
  }
  stock.level.Store(0, kRelaxed);
  return nullptr;
}

/// False: there is no room.
bool ElementCache::GiveTo(Stock& stock, Block* block) {
  const uint32_t level = stock.level.Load(kRelaxed);
  uint32_t slot = level < slot_count_ ? level : 0;
  for (uint32_t tries = 0; tries < slot_count_; ++tries) {
    Block* none = nullptr;
    // Releases the block: pairs with TakeFrom.
    if (stock.slots[slot].Load(kRelaxed) == nullptr &&
        stock.slots[slot].CompareExchange(none, block, kRelease)) {
      stock.level.Store(slot + 1, kRelaxed);
      return true;
    }
    slot = slot + 1 == slot_count_ ? 0 : slot + 1;
  }
  stock.level.Store(slot_count_, kRelaxed);
  return false;
}

uint32_t ElementCache::CountIn(const Stock& stock) const {
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < slot_count_; ++slot) {
    count += stock.slots[slot].Load(kRelaxed) != nullptr ? 1 : 0;
  }
  return count;
}

/// Unless there are `max_count` besides full stocks.
ElementCache::Block* ElementCache::Make(uint64_t max_count) {
  const uint64_t limit = max_count + uint64_t{cpu_count_} * slot_count_;
  void* memory = nullptr;
  if (made_.FetchAdd(1, kRelaxed) < limit) {
    memory = allocator_.Allocate(shape_.block_size, shape_.align);
  }
  if (memory == nullptr) {
    made_.FetchSub(1, kRelaxed);
  }
  return static_cast<Block*>(memory);
}

void ElementCache::Free(void* block) {
  if (shape_.freed != nullptr) {
    (void)shape_.freed(shape_.context, block);  // nobody is there any more
  }
  FreeMemory(static_cast<Block*>(block));
}

void ElementCache::FreeMemory(Block* block) {
  allocator_.Free(block, shape_.block_size, shape_.align);
  made_.FetchSub(1, kRelaxed);
}

void ElementCache::FreeChain(Block* chain) {
  while (chain != nullptr) {
    Block* const next = chain->next.Load(kRelaxed);
    Free(chain);
    chain = next;
  }
}

/// Frees those that no reader can be at. Who came to one just before `freed`
/// took away by what is waited for; who did not leaves nothing there by which
/// others come.
void ElementCache::FreeUnseen(Block* chain) {
  if (shape_.freed != nullptr) {
    chain = PutBackSeen(chain);
    if (chain != nullptr) {
      WaitForReaders();
    }
    chain = PutBackSeen(chain);
  }
  while (chain != nullptr) {
    Block* const next = chain->next.Load(kRelaxed);
    FreeMemory(chain);
    chain = next;
  }
}

/// The rest, of which `freed` says that nobody comes.
ElementCache::Block* ElementCache::PutBackSeen(Block* chain) {
  Block* unseen = nullptr;
  Block* seen = nullptr;
  Block* last_seen = nullptr;
  while (chain != nullptr) {
    Block* const block = chain;
    chain = block->next.Load(kRelaxed);
    Block*& list = shape_.freed(shape_.context, block) ? seen : unseen;
    last_seen = &list == &seen && seen == nullptr ? block : last_seen;
    block->next.Store(list, kRelaxed);
    list = block;
  }
  if (seen != nullptr) {
    PutBack(seen, last_seen);
    AskForTask();
  }
  return unseen;
}

void ElementCache::AskForTask() {
  if (work_.Request()) {
    return;
  }
  if (unserved_.Load(kRelaxed) == 0) {
    unserved_.Store(1, kRelease);  // pairs with the exchange in TakeUnserved
    some_unserved.Store(1, kRelease);
  }
}

void ElementCache::EvenOutLater(void* self) {
  static_cast<ElementCache*>(self)->EvenOut();
}

void ElementCache::EvenOut() {
  Block* given = nullptr;
  {
    const MutexGuard guard(mutex_);
    if (closed_) {
      return;
    }
    evening_.FetchAdd(1, kRelaxed);
    given = surplus_.Exchange(nullptr, kAcquire);  // pairs with Give
    for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
      Fill(stocks_.Of(cpu), given);
    }
    given = Keep(given);
  }
  if (given != nullptr) {
    WaitForReaders();
    FreeUnseen(given);
  }
  evening_.FetchSub(1, kRelease);  // pairs with the load in Close
}

/// Puts the first ones of the chain back, as many as a stock has: where one CPU
/// takes what another gives, they go around without the allocator. The rest.
ElementCache::Block* ElementCache::Keep(Block* chain) {
  if (chain == nullptr) {
    return nullptr;
  }
  Block* last = chain;
  Block* rest = last->next.Load(kRelaxed);
  for (uint32_t count = 1; rest != nullptr && count < slot_count_; ++count) {
    last = rest;
    rest = last->next.Load(kRelaxed);
  }
  PutBack(chain, last);
  return rest;
}

void ElementCache::PutBack(Block* first, Block* last) {
  Block* head = surplus_.Load(kRelaxed);
  do {
    last->next.Store(head, kRelaxed);
    // Releases the blocks: pairs with the exchange in EvenOut, which takes all
    // at once, so nothing can come back in between.
  } while (!surplus_.CompareExchange(head, first, kRelease));
}

void ElementCache::Retire() {
  // From here on a task may free this at any time.
  if (retirement_.Request()) {
    return;
  }
  next_retired_ = retired_caches.Load(kRelaxed);
  // Releases the link: pairs with the exchange in ServeElementCaches.
  while (!retired_caches.CompareExchange(next_retired_, this, kRelease)) {
  }
}

void ElementCache::RetireLater(void* self) {
  const Shape& shape = static_cast<ElementCache*>(self)->shape_;
  WaitForReaders();
  shape.retired(shape.context);
}

/// From the chain `given` first, whose rest it leaves.
void ElementCache::Fill(Stock& stock, Block*& given) {
  for (uint32_t count = CountIn(stock); count < full_; ++count) {
    if (given == nullptr) {
      given = Make(shape_.max_taken);
    }
    if (given == nullptr) {
      return;
    }
    Block* const rest = given->next.Load(kRelaxed);
    if (!GiveTo(stock, given)) {
      return;  // it was filled meanwhile
    }
    given = rest;
  }
}

void ElementCache::Close() {
  {
    const MutexGuard guard(list_mutex);
    if (IsLinked()) {
      caches.Remove(*this);
    }
  }
  const MutexGuard guard(mutex_);
  closed_ = true;
  while (evening_.Load(kAcquire) != 0) {
    ebpf_port_relax();
  }
  FreeChain(surplus_.Exchange(nullptr, kAcquire));
  for (uint32_t cpu = 0; stocks_.allocated() && cpu < cpu_count_; ++cpu) {
    for (Atomic<Block*>& slot : stocks_.Of(cpu).slots) {
      Block* const block = slot.Exchange(nullptr, kAcquire);
      if (block != nullptr) {
        Free(block);
      }
    }
  }
  stocks_.Free();
}

}  // namespace ebpf
