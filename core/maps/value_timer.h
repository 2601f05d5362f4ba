// SPDX-License-Identifier: MIT
//
// The bpf_timer in a map's value: a timer of the port that runs a function of a
// program on the element that holds it.
//
// The field in the value, 16 bytes that neither programs nor user space can
// touch, points to a ValueTimer, which comes from a store that is made with the
// map: so helpers need no memory, and who still looks at one that was given
// back finds another timer at worst, which it tells by the field. One lock for
// all timers of all maps keeps them in order; it is held for a few
// instructions, never while a function runs.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/intrusive_list.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/maps/chunked_array.h"
#include "core/memory/allocator.h"
#include "core/platform/timer.h"

namespace ebpf {

class Map;

/// The program whose function a timer runs.
class TimerProgram {
 public:
  /// One more reference; false: it is dying. Context: any, in a run of it.
  virtual bool AcquireForTimer() = 0;
  /// One less; what follows from that happens later in a task. Context: any.
  virtual void ReleaseLater() = 0;
  /// Runs one of its functions as a program by itself. Context: irq.
  virtual void RunFunction(uint64_t function, const uint64_t (&args)[5]) = 0;

 protected:
  ~TimerProgram() = default;
};

// What the helpers do; `field` is the address of a bpf_timer in a value of a
// map. Context of all: any, preemption off; not from a trap.

/// kInvalid (flags), kBusy (it is one already), kNotPermitted (nobody but
/// programs can reach the map), kNoMemory.
Status InitTimer(Map& map, uint8_t* field, uint64_t flags);

/// What it runs from now on: function(map, key, value). kInvalid (not
/// initialised), kNotPermitted, kNotFound (the program is dying).
Status SetTimerFunction(uint8_t* field, TimerProgram& program,
                        uint64_t function);

/// Starts it, `ns` from now or, with the flag, at that time. kInvalid (flags,
/// not initialised, no function), kNotSupported (the absolute time of a clock
/// that there is not).
Status StartTimer(uint8_t* field, uint64_t ns, uint64_t flags);

/// Stops it, forgets its function, and waits until that runs no more; whether
/// it was started. kInvalid, kDeadlock (this CPU is inside the function, or
/// inside another one whose end somebody waits for).
Result<bool> CancelTimer(uint8_t* field);

/// Whether a program made a timer in the field. Context: any.
bool HoldsTimer(const uint8_t* field);

/// The value goes: stops the timer and gives it back, without waiting for its
/// function. Context: any, also under the lock of a bucket.
void ReleaseTimer(uint8_t* field);

/// A map's store of timers.
class ValueTimers : public NonCopyable {
 public:
  /// As many as the map can have elements, and some for those that go.
  /// Context: task.
  static Result<ValueTimers*> Create(Map& map, Allocator& allocator);
  /// Waits for functions that run. The map is used by nobody any more.
  /// Context: task.
  static void Destroy(ValueTimers* timers);

  /// ReleaseTimer of all. Context: task.
  void ReleaseAll();

 private:
  friend class Allocator;
  friend struct TimerActions;

  ValueTimers(Map& map, Allocator& allocator)
      : map_(map), allocator_(allocator), store_(allocator) {}
  ~ValueTimers() = default;

  Map& map_;
  Allocator& allocator_;
  uint32_t field_offset_ = 0;
  // All below under the lock of all timers.
  ChunkedArray store_;
  uint32_t capacity_ = 0;
  /// Never used ones begin here.
  uint32_t fresh_ = 0;
  struct ValueTimer* free_ = nullptr;
};

}  // namespace ebpf
