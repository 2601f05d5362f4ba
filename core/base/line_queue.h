// SPDX-License-Identifier: MIT
//
// Lines from any context to a console that takes locks or time.
#pragma once

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"

namespace ebpf {

/// A queue of at most `kSlots` lines without a lock.
///
/// A producer takes a slot by a ticket and fills it. Then whoever finds nobody
/// printing prints what is ready, in order. So a trap that interrupts the
/// printing can log: its line is found by the printer that it interrupted.
template <size_t kSlots, size_t kLineSize>
class LineQueue : public NonCopyable {
 public:
  constexpr LineQueue() = default;

  /// Queues the first kLineSize characters of `line`; false if it is full, and
  /// the line counted as lost. Context: any.
  bool Put(StringView line) {
    uint64_t ticket = 0;
    if (!TakeTicket(&ticket)) {
      lost_.FetchAdd(1, kRelaxed);
      return false;
    }
    Slot& slot = slots_[ticket % kSlots];
    slot.size = Min(line.size(), kLineSize);
    CopyBytes(slot.text, line.data(), slot.size);
    // Pairs with the acquire in IsReady().
    slot.state.Store(Full(ticket), kRelease);
    // Before the caller looks at printing_ in Drain(): see there.
    ThreadFence(kSeqCst);
    return true;
  }

  /// Calls `print(StringView)` for what is queued, in order, unless somebody
  /// else is at it; then that one prints these lines too. Context: print's.
  template <typename Print>
  void Drain(Print print) {
    while (IsReady(next_printed_.Load(kAcquire))) {
      // Acquires what the last printer did to next_printed_.
      if (printing_.Exchange(true, kAcquire)) {
        return;
      }
      PrintReady(print);
      printing_.Store(false, kRelease);
      // A line that came while this let go: either the check above sees it, or
      // its producer, who stored it before it looked, sees that nobody prints.
      ThreadFence(kSeqCst);
    }
  }

  /// For the end of the machine: prints what is queued although a printer may
  /// have been interrupted for good. Context: print's, nobody else runs.
  template <typename Print>
  void DrainByForce(Print print) {
    PrintReady(print);
  }

  /// Whether all that was put is printed. Context: any.
  bool empty() const {
    return next_printed_.Load(kAcquire) == next_ticket_.Load(kAcquire);
  }

  /// Lines lost since the last call. Context: any.
  uint32_t TakeLost() { return lost_.Exchange(0, kRelaxed); }

 private:
  struct Slot {
    // In turn t of the slot: 2 * t while it is free, 2 * t + 1 while it is
    // full.
    Atomic<uint64_t> state{0};
    size_t size = 0;
    char text[kLineSize] = {};
  };

  static constexpr uint64_t Free(uint64_t ticket) {
    return 2 * (ticket / kSlots);
  }
  static constexpr uint64_t Full(uint64_t ticket) { return Free(ticket) + 1; }

  bool IsReady(uint64_t ticket) const {
    // Pairs with the release in Put().
    return slots_[ticket % kSlots].state.Load(kAcquire) == Full(ticket);
  }

  bool TakeTicket(uint64_t* ticket) {
    *ticket = next_ticket_.Load(kRelaxed);
    for (;;) {
      // Pairs with the release in PrintReady().
      if (slots_[*ticket % kSlots].state.Load(kAcquire) == Free(*ticket)) {
        if (next_ticket_.CompareExchange(*ticket, *ticket + 1, kAcqRel)) {
          return true;
        }
        continue;
      }
      const uint64_t now = next_ticket_.Load(kRelaxed);
      if (now == *ticket) {
        return false;  // full, or its printer is not done with the slot
      }
      *ticket = now;
    }
  }

  template <typename Print>
  void PrintReady(Print& print) {
    uint64_t ticket = next_printed_.Load(kRelaxed);
    for (; IsReady(ticket); ++ticket) {
      Slot& slot = slots_[ticket % kSlots];
      print(StringView(slot.text, slot.size));
      // Pairs with the acquire in TakeTicket().
      slot.state.Store(Full(ticket) + 1, kRelease);
      // Pairs with the acquires in Drain() and empty().
      next_printed_.Store(ticket + 1, kRelease);
    }
  }

  Slot slots_[kSlots];
  Atomic<uint64_t> next_ticket_{0};
  Atomic<uint64_t> next_printed_{0};
  Atomic<bool> printing_{false};
  Atomic<uint32_t> lost_{0};
};

}  // namespace ebpf
