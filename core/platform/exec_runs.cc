// SPDX-License-Identifier: MIT
//
// core/platform/exec_runs.h's implementation. Blocks are of 64 bytes. Each run
// has a header outside of it.
#include "core/platform/exec_runs.h"

#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/platform/cpu.h"
#include "core/platform/exec_pool.h"
#include "core/platform/memory.h"

namespace ebpf {
namespace {

constexpr size_t kBlock = 64;
constexpr size_t kBlocksPerPage = ExecRuns::kPageSize / kBlock;
static_assert(kBlocksPerPage == 64, "one word of bits per page");

/// The bits of `count` blocks from `first` on.
uint64_t Bits(size_t first, size_t count) {
  return (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
}

size_t BlocksOf(size_t size) { return (size + kBlock - 1) / kBlock; }

}  // namespace

struct ExecRuns::Run {
  Atomic<Run*> next{nullptr};
  uint8_t* pages = nullptr;
  size_t page_count = 0;
  uint64_t used = 0;  // a bit per block, if there is one page

  bool IsNear(uintptr_t near, uint64_t reach) const {
    return ExecPool::IsNear(reinterpret_cast<uintptr_t>(pages),
                            page_count * kPageSize, near, reach);
  }

  uint8_t* TakeBlocks(size_t count) {
    for (size_t first = 0; first + count <= kBlocksPerPage; ++first) {
      if ((used & Bits(first, count)) == 0) {
        used |= Bits(first, count);
        return pages + first * kBlock;
      }
    }
    return nullptr;
  }
};

/// Held over calls that wait for other CPUs, so with interrupts on: who waits
/// for it can join a rendezvous. Context: task.
class ExecRuns::Lock {
 public:
  explicit Lock(Atomic<bool>& is_locked) : is_locked_(is_locked) {
    while (is_locked_.Exchange(true, kAcquire)) {  // pairs with ~Lock
      ebpf_port_relax();
    }
  }
  ~Lock() { is_locked_.Store(false, kRelease); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Atomic<bool>& is_locked_;
};

ExecRuns::Run* ExecRuns::Find(uintptr_t address, size_t size) const {
  // Pairs with the release in Add.
  for (Run* run = runs_.Load(kAcquire); run != nullptr;
       run = run->next.Load(kAcquire)) {
    const auto begin = reinterpret_cast<uintptr_t>(run->pages);
    const size_t bytes = run->page_count * kPageSize;
    if (address >= begin && address - begin < bytes &&
        size <= bytes - (address - begin)) {
      return run;
    }
  }
  return nullptr;
}

ExecRuns::Run* ExecRuns::Add(size_t page_count, uintptr_t near,
                             uint64_t reach) {
  void* const memory = ebpf_port_alloc(sizeof(Run), alignof(Run));
  if (memory == nullptr) {
    return nullptr;
  }
  Run* const run = ConstructAt<Run>(memory);
  run->pages = static_cast<uint8_t*>(pages_.take(page_count));
  run->page_count = page_count;
  if (run->pages == nullptr || !run->IsNear(near, reach)) {
    if (run->pages != nullptr) {
      pages_.give(run->pages, page_count);
    }
    ebpf_port_free(memory, sizeof(Run), alignof(Run));
    return nullptr;
  }
  run->next.Store(runs_.Load(kRelaxed), kRelaxed);
  // Pairs with the acquire in Find.
  runs_.Store(run, kRelease);
  return run;
}

void ExecRuns::Remove(Run* run) {
  Atomic<Run*>* link = &runs_;
  while (link->Load(kRelaxed) != run) {
    link = &link->Load(kRelaxed)->next;
  }
  link->Store(run->next.Load(kRelaxed), kRelease);
  pages_.give(run->pages, run->page_count);
  ebpf_port_free(run, sizeof(Run), alignof(Run));
}

void* ExecRuns::TakeSmall(size_t size, uintptr_t near, uint64_t reach) {
  const size_t count = BlocksOf(size);
  for (Run* run = runs_.Load(kRelaxed); run != nullptr;
       run = run->next.Load(kRelaxed)) {
    if (run->page_count == 1 && run->IsNear(near, reach)) {
      if (uint8_t* const block = run->TakeBlocks(count)) {
        return block;
      }
    }
  }
  Run* const run = Add(1, near, reach);
  return run != nullptr ? run->TakeBlocks(count) : nullptr;
}

void* ExecRuns::Take(size_t size, uintptr_t near, uint64_t reach) {
  if (size == 0 || size > kMost) {
    return nullptr;
  }
  const Lock lock(is_locked_);
  if (size <= kPageSize) {
    return TakeSmall(size, near, reach);
  }
  const size_t pages = (size + kPageSize - 1) / kPageSize;
  Run* const run = Add(RoundUpToPowerOfTwo(pages), near, reach);
  return run != nullptr ? run->pages : nullptr;
}

bool ExecRuns::Give(void* memory, size_t size) {
  if (memory == nullptr) {
    return true;
  }
  const Lock lock(is_locked_);
  const auto address = reinterpret_cast<uintptr_t>(memory);
  Run* const run = Find(address, size);
  if (run == nullptr) {
    return false;
  }
  if (run->page_count == 1) {
    const size_t first = (address % kPageSize) / kBlock;
    run->used &= ~Bits(first, BlocksOf(size));
    if (run->used != 0) {
      return true;
    }
  }
  Remove(run);
  return true;
}

}  // namespace ebpf
