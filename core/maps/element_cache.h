// SPDX-License-Identifier: MIT
//
// Blocks of one size that are made on demand, for programs that may ask for
// one in any context, where the port's allocator cannot be called.
//
// Each CPU has a stock of free blocks: a few slots that are emptied and filled
// by one atomic exchange each. So a block is taken or given back by a task, an
// interrupt, a trap and a trap inside that one, on all CPUs at once, and nobody
// finds a lock that what it interrupted holds. Where a stock is low or has no
// room, a task is asked for (ebpf_port_defer) that evens out: it fills stocks
// from the blocks that had no room, then from the allocator, and frees what is
// left, a data quiescence later.
//
// So a block that was given back may be taken again at once, as a block of this
// cache: who still reads it in a read section sees another element of the same
// kind. It never becomes anything else while somebody may.
//
// A port without ebpf_port_defer gets the same from ServeElementCaches, which
// bpf(2) calls: between two calls, programs have what is in the stocks.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/intrusive_list.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/maps/deferred_work.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/memory/ref_counted.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Owned by what its blocks are for, and by the task that it asked for.
class ElementCache final : public RefCounted<ElementCache>,
                           public ListNode<ElementCache> {
 public:
  struct Shape {
    size_t block_size = 0;  // at least 8
    size_t align = 8;
    /// No more blocks are taken at once. Besides full stocks, no more exist, or
    /// where tasks take and give back faster than readers end, twice as many.
    uint64_t max_taken = 0;
    /// Called in a task with each block before it goes back to the allocator,
    /// by nobody after Close(). True: there was something in it by which others
    /// come to it without having found it; then it is called again later. Or
    /// null.
    bool (*freed)(void* context, void* block) = nullptr;
    /// Called in a task after Retire(), when no reader is at a block any more:
    /// closes the cache, and lets go of it. Or null.
    void (*retired)(void* context) = nullptr;
    void* context = nullptr;
  };

  /// With full stocks. kNoMemory. Context: task.
  static Result<Ref<ElementCache>> Create(const Shape& shape,
                                          Allocator& allocator);

  /// A block, zeros or as it was given back but for its first 8 bytes; null:
  /// there is none just now. Context: any.
  void* Take();

  /// The same, but makes one rather than empty the stocks. Context: task.
  void* TakeAsTask();

  /// Readers may still be at it, but for its first 8 bytes. Context: any.
  void Give(void* block);

  /// Frees one that no reader can be at. Context: task.
  void Free(void* block);

  /// All blocks are back, and nobody takes any more: `retired` is called later.
  /// Context: any.
  void Retire();

  /// Frees all that is free. Its owner calls it when all blocks are back and
  /// nobody uses them any more. Context: task.
  void Close();

  /// Fills the stocks, and frees what has no room in them. Context: task, in no
  /// read section.
  void EvenOut();

 private:
  friend class Allocator;
  friend class RefCounted<ElementCache>;
  friend void ServeElementCaches();

  static constexpr uint32_t kMaxSlots = 64;

  /// A block that is free.
  struct Block {
    Atomic<Block*> next;
  };

  /// Full slots are mostly those below `level`, which is a hint: the slots tell
  /// the truth.
  struct Stock {
    Atomic<uint32_t> level;
    Atomic<Block*> slots[kMaxSlots];
  };

  ElementCache(const Shape& shape, Allocator& allocator);
  ~ElementCache() = default;
  void Destroy();
  Status Init();

  Block* TakeFrom(Stock& stock);
  bool GiveTo(Stock& stock, Block* block);
  uint32_t CountIn(const Stock& stock) const;
  void Fill(Stock& stock, Block*& given);
  Block* Keep(Block* chain);
  void PutBack(Block* first, Block* last);
  Block* Make(uint64_t max_count);
  void FreeMemory(Block* block);
  void FreeChain(Block* chain);
  void FreeUnseen(Block* chain);
  Block* PutBackSeen(Block* chain);
  void AskForTask();
  static Ref<ElementCache> TakeUnserved();
  static void EndRetired();
  static void EvenOutLater(void* self);
  static void RetireLater(void* self);

  Allocator& allocator_;
  const Shape shape_;
  const uint32_t cpu_count_;
  const uint32_t slot_count_;  // in use of each stock
  const uint32_t low_;         // fewer: a task is asked for
  const uint32_t full_;        // what that task fills up to
  PerCpu<Stock> stocks_;
  /// Given back, without room in a stock.
  Atomic<Block*> surplus_{nullptr};
  /// All that came from the allocator.
  Atomic<uint64_t> made_{0};
  /// Not 0: the port has no task to ask for, ServeElementCaches shall do it. A
  /// word, as in Mutex.
  Atomic<uint32_t> unserved_{0};
  /// EvenOut is under way so often.
  Atomic<uint32_t> evening_{0};
  Mutex mutex_;
  bool closed_ EBPF_GUARDED_BY(mutex_) = false;
  DeferredWork work_;
  DeferredWork retirement_;
  /// Of those that retire without a task: under it in the stack.
  ElementCache* next_retired_ = nullptr;
};

/// EvenOut of the caches that asked for a task in vain. Context: task, in no
/// read section.
void ServeElementCaches();

}  // namespace ebpf
