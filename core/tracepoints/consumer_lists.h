// SPDX-License-Identifier: MIT
//
// Who is told of something, as two lists in one array. It is replaced when one
// comes, and its owner frees what was there when nobody can be in it any more
// (WaitForReaders). In the place of one that goes is nobody from then on, which
// needs no memory and so cannot fail.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Wants no record.
struct RecordNobody final : RecordConsumer {
  void* Reserve(size_t /*size*/, const EventPlace& /*place*/) override {
    return nullptr;
  }
  void Commit(void* /*record*/, size_t /*size*/,
              const EventPlace& /*place*/) override {}
};
inline constinit RecordNobody record_nobody;

/// `kNobody` is what stands where one was: both a First and a Second.
template <typename First, typename Second, auto* kNobody>
class alignas(uint64_t) ConsumerLists {
 public:
  using Firsts = Atomic<First*>;
  using Seconds = Atomic<Second*>;
  static_assert(sizeof(Firsts) == sizeof(Seconds));

  /// Who is in `old`, if it is not null, and behind them who comes; null: there
  /// is no memory. Context: task, as of all that changes or frees lists, one
  /// after the other.
  static ConsumerLists* WithMore(ConsumerLists* old, Span<First* const> firsts,
                                 Span<Second* const> seconds,
                                 Allocator& allocator) {
    const size_t first_count =
        firsts.size() + (old == nullptr ? 0 : Used(old->firsts()));
    const size_t second_count =
        seconds.size() + (old == nullptr ? 0 : Used(old->seconds()));
    auto* const made = static_cast<ConsumerLists*>(allocator.Allocate(
        SizeOf(first_count + second_count), alignof(ConsumerLists)));
    if (made == nullptr) {
      return nullptr;
    }
    made->first_count_ = static_cast<uint32_t>(first_count);
    made->count_ = static_cast<uint32_t>(first_count + second_count);
    Fill(made->firsts(), old == nullptr ? nullptr : old->firsts(), firsts);
    Fill(made->seconds(), old == nullptr ? nullptr : old->seconds(), seconds);
    return made;
  }
  void Free(Allocator& allocator) {
    allocator.Free(this, SizeOf(count_), alignof(ConsumerLists));
  }

  /// Whether one of the second list is, or was, all that there is.
  bool is_one_second() const { return first_count_ == 0 && count_ == 1; }

  /// Whether all of them went.
  bool is_nobody() { return Used(firsts()) + Used(seconds()) == 0; }

  /// Each list has a null behind it. Context: any, for who is told.
  Firsts* firsts() { return reinterpret_cast<Firsts*>(this + 1); }
  Seconds* seconds() { return BehindFirsts(firsts() + first_count_); }
  /// `end`: the first list's null.
  static Seconds* BehindFirsts(Firsts* end) {
    return reinterpret_cast<Seconds*>(end + 1);
  }

  /// Puts nobody in the place of that one; whether it was there.
  bool TakeFirstOut(const First& one) { return TakeOut(firsts(), one); }
  bool TakeSecondOut(const Second& one) { return TakeOut(seconds(), one); }

 private:
  static constexpr size_t SizeOf(size_t count) {
    return sizeof(ConsumerLists) + (count + 2) * sizeof(Firsts);
  }

  template <typename T>
  static size_t Used(const Atomic<T*>* list) {
    size_t used = 0;
    for (; T* const one = list->Load(kRelaxed); ++list) {
      used += one != kNobody;
    }
    return used;
  }
  /// The memory is zeros, so a null is behind it.
  template <typename T>
  static void Fill(Atomic<T*>* to, const Atomic<T*>* from,
                   Span<T* const> more) {
    for (; from != nullptr && from->Load(kRelaxed) != nullptr; ++from) {
      if (T* const one = from->Load(kRelaxed); one != kNobody) {
        (to++)->Store(one, kRelaxed);
      }
    }
    for (T* const one : more) {
      (to++)->Store(one, kRelaxed);
    }
  }
  template <typename T>
  static bool TakeOut(Atomic<T*>* list, const T& taken) {
    for (; T* const one = list->Load(kRelaxed); ++list) {
      if (one == &taken) {
        list->Store(kNobody, kRelaxed);
        return true;
      }
    }
    return false;
  }

  uint32_t first_count_;
  uint32_t count_;
};

}  // namespace ebpf
