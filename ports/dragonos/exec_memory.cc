// SPDX-License-Identifier: MIT
//
// Executable memory on DragonOS: page frames of the direct map, which is where
// the kernel's own text is. The kernel would have them writable *and*
// executable; ours are remapped so that they can be executed and not written.
//
// Blocks are of 64 bytes. Each run of pages has a header outside of it, in a
// list that only grows at its head and shrinks under the lock.
#include "ports/dragonos/exec_memory.h"

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/construct.h"
#include "core/base/memory.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/page_walk.h"

namespace {

using namespace ebpf::dragonos;
using ebpf::Atomic;
using ebpf::kAcquire;
using ebpf::kRelease;

constexpr size_t kBlock = 64;
constexpr size_t kBlocksPerPage = kPageSize / kBlock;
static_assert(kBlocksPerPage == 64, "one word of bits per page");
constexpr uint8_t kInt3 = 0xcc;

/// A run of pages: one that small blocks share, or several for one block.
struct Run {
  Atomic<Run*> next{nullptr};
  uint8_t* pages = nullptr;
  size_t page_count = 0;
  uint64_t used = 0;  // a bit per block, if there is one page
};

constinit Atomic<Run*> runs{nullptr};
constinit Atomic<bool> locked{false};

/// Held over calls that wait for other CPUs, so with interrupts on: who waits
/// for it can join a rendezvous. Context: task.
class Lock {
 public:
  Lock() {
    while (locked.Exchange(true, kAcquire)) {
      ebpf::machine::Relax();
    }
  }
  ~Lock() { locked.Store(false, kRelease); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

bool IsNear(const uint8_t* begin, size_t size, uintptr_t near, uint64_t reach) {
  const auto first = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t last = first + size - 1;
  const uint64_t below = near > first ? near - first : 0;
  const uint64_t above = last > near ? last - near : 0;
  return below < reach && above < reach;
}

Run* NewRun(size_t page_count) {
  void* memory = dragonos_alloc(sizeof(Run), alignof(Run));
  void* pages = dragonos_pages_alloc(page_count);
  if (memory == nullptr || pages == nullptr) {
    if (memory != nullptr) {
      dragonos_free(memory, sizeof(Run), alignof(Run));
    }
    if (pages != nullptr) {
      dragonos_pages_free(pages, page_count);
    }
    return nullptr;
  }
  auto* run = ebpf::ConstructAt<Run>(memory);
  run->pages = static_cast<uint8_t*>(pages);
  run->page_count = page_count;
  return run;
}

void FreeRun(Run* run) {
  (void)dragonos_pages_protect(run->pages, run->page_count, true, true);
  dragonos_pages_free(run->pages, run->page_count);
  dragonos_free(run, sizeof(Run), alignof(Run));
}

/// A new run near `near`, filled with breakpoints, executable.
Run* AddRun(size_t page_count, uintptr_t near, uint64_t reach) {
  Run* run = NewRun(page_count);
  if (run == nullptr) {
    return nullptr;
  }
  ebpf::FillBytes(run->pages, kInt3, page_count * kPageSize);
  if (!IsNear(run->pages, page_count * kPageSize, near, reach) ||
      dragonos_pages_protect(run->pages, page_count, false, true) != 0) {
    FreeRun(run);
    return nullptr;
  }
  run->next.Store(runs.Load(ebpf::kRelaxed), ebpf::kRelaxed);
  // Pairs with the acquire in IsExecMemory.
  runs.Store(run, kRelease);
  return run;
}

void RemoveRun(Run* run) {
  Atomic<Run*>* link = &runs;
  while (link->Load(ebpf::kRelaxed) != run) {
    link = &link->Load(ebpf::kRelaxed)->next;
  }
  link->Store(run->next.Load(ebpf::kRelaxed), kRelease);
  FreeRun(run);
}

/// The bits of `count` blocks from `first` on.
uint64_t Bits(size_t first, size_t count) {
  return (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
}

uint8_t* TakeBlocks(Run* run, size_t count) {
  for (size_t first = 0; first + count <= kBlocksPerPage; ++first) {
    if ((run->used & Bits(first, count)) == 0) {
      run->used |= Bits(first, count);
      return run->pages + first * kBlock;
    }
  }
  return nullptr;
}

void* AllocateSmall(size_t size, uintptr_t near, uint64_t reach) {
  const size_t count = (size + kBlock - 1) / kBlock;
  for (Run* run = runs.Load(ebpf::kRelaxed); run != nullptr;
       run = run->next.Load(ebpf::kRelaxed)) {
    if (run->page_count == 1 && IsNear(run->pages, kPageSize, near, reach)) {
      if (uint8_t* block = TakeBlocks(run, count)) {
        return block;
      }
    }
  }
  Run* run = AddRun(1, near, reach);
  return run != nullptr ? TakeBlocks(run, count) : nullptr;
}

/// The run that holds [address, address + size).
Run* RunOf(uintptr_t address, size_t size) {
  // Pairs with the release in AddRun.
  for (Run* run = runs.Load(kAcquire); run != nullptr;
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

}  // namespace

namespace ebpf::dragonos {

bool IsExecMemory(uintptr_t address, size_t size) {
  return RunOf(address, size) != nullptr;
}

}  // namespace ebpf::dragonos

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  constexpr size_t kMost = size_t{1} << 24;
  if (size == 0 || size > kMost) {
    return nullptr;
  }
  Lock lock;
  if (size <= kPageSize) {
    return AllocateSmall(size, near, reach);
  }
  const size_t pages =
      ebpf::RoundUpToPowerOfTwo((size + kPageSize - 1) / kPageSize);
  Run* run = AddRun(pages, near, reach);
  return run != nullptr ? run->pages : nullptr;
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (memory == nullptr) {
    return;
  }
  Lock lock;
  const auto address = reinterpret_cast<uintptr_t>(memory);
  Run* run = RunOf(address, size);
  if (run == nullptr) {
    dragonos_panic("ebpf: freed executable memory that is not ours");
  }
  if (run->page_count == 1) {
    const size_t first = (address % kPageSize) / kBlock;
    run->used &= ~Bits(first, (size + kBlock - 1) / kBlock);
    if (run->used != 0) {
      return;
    }
  }
  RemoveRun(run);
}

}  // extern "C"
