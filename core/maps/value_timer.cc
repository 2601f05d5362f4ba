// SPDX-License-Identifier: MIT
//
// core/maps/value_timer.h's implementation.
#include "core/maps/value_timer.h"

#include "core/base/construct.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"
#include "core/sync/spin_lock.h"

namespace ebpf {

/// Reachable from a bpf_timer, or free. All of it is read and written under
/// timer_lock, but for what the port does with its part.
struct ValueTimer {
  ebpf_timer port;  // first: the port gives it back
  ValueTimers* owner;
  uint8_t* field;  // that points to it; null: none
  TimerProgram* program;
  uint64_t function;
  uint64_t deadline_ns;
  uint32_t clock;
  uint32_t port_flags;
  /// 1 + the CPU that runs its function; 0: none.
  uint32_t runner;
  /// Who waits inside another timer's function for the end of this one's.
  uint32_t waiters;
  /// How often it was given back.
  uint32_t lives;
  bool started;
  /// It expired again while its function was running.
  bool again;
  ValueTimer* next;          // free ones
  ValueTimer* next_running;  // those with a runner
};
static_assert(sizeof(ValueTimer) % 8 == 0);

namespace {

constexpr uint32_t kSpare = 64;

using TimerLock = SpinLock<LockRank::kMapTimer>;
using TimerGuard = SpinGuard<LockRank::kMapTimer>;
// No program that a probe can run may use a map with timers (the verifier), so
// nobody finds the lock taken by what it interrupted.
constinit TimerLock timer_lock;
ValueTimer* running EBPF_GUARDED_BY(timer_lock) = nullptr;

/// Changed under timer_lock; ReleaseTimer and HoldsTimer look without it.
Atomic<ValueTimer*>& TimerAt(uint8_t* field) {
  return *reinterpret_cast<Atomic<ValueTimer*>*>(field);
}

/// The one whose function this CPU is inside of, or null.
ValueTimer* RunningHere() EBPF_REQUIRES(timer_lock) {
  ValueTimer* timer = running;
  while (timer != nullptr && timer->runner != ebpf_port_cpu_id() + 1) {
    timer = timer->next_running;
  }
  return timer;
}

void EndRunning(ValueTimer* timer) EBPF_REQUIRES(timer_lock) {
  ValueTimer** at = &running;
  while (*at != timer) {
    at = &(*at)->next_running;
  }
  *at = timer->next_running;
  timer->runner = 0;
}

/// It expires no more; its program, for the caller to let go.
TimerProgram* Stop(ValueTimer& timer, bool& was_started)
    EBPF_REQUIRES(timer_lock) {
  was_started = Exchange(timer.started, false);
  (void)ebpf_port_timer_stop(&timer.port);  // `started` tells who comes late
  return Exchange(timer.program, nullptr);
}

void LetGo(TimerProgram* program) {
  if (program != nullptr) {
    program->ReleaseLater();
  }
}

void OnExpired(ebpf_timer* self);

}  // namespace

/// What ValueTimers lets be done with its store.
struct TimerActions {
  static ValueTimer* Take(ValueTimers& timers) EBPF_REQUIRES(timer_lock) {
    ValueTimer* timer = timers.free_;
    if (timer != nullptr) {
      timers.free_ = timer->next;
      return timer;
    }
    if (timers.fresh_ == timers.capacity_) {
      return nullptr;
    }
    timer = reinterpret_cast<ValueTimer*>(timers.store_.At(0, timers.fresh_++));
    timer->port.expired = OnExpired;
    timer->owner = &timers;
    return timer;
  }

  static void Give(ValueTimer& timer) EBPF_REQUIRES(timer_lock) {
    ++timer.lives;
    timer.next = timer.owner->free_;
    timer.owner->free_ = &timer;
  }

  static Map& MapOf(const ValueTimer& timer) { return timer.owner->map_; }
  static uint8_t* ValueOf(const ValueTimer& timer, uint8_t* field) {
    return field - timer.owner->field_offset_;
  }
  /// The one with this number, or null past the last that was ever used.
  static ValueTimer* At(const ValueTimers& timers, uint32_t number)
      EBPF_REQUIRES(timer_lock) {
    return number < timers.fresh_
               ? reinterpret_cast<ValueTimer*>(timers.store_.At(0, number))
               : nullptr;
  }
  static Map& MapOf(const ValueTimers& timers) { return timers.map_; }
};

namespace {

/// Begins a run of the function if it is time; its program, with a reference of
/// the caller's, or null.
TimerProgram* BeginFunction(ValueTimer& timer, uint64_t& function,
                            uint8_t*& field) {
  const TimerGuard guard(timer_lock);
  // A late call for what was stopped, perhaps of another life.
  if (!timer.started || ebpf_port_time_ns() < timer.deadline_ns) {
    return nullptr;
  }
  if (timer.runner != 0) {
    timer.again = true;
    return nullptr;
  }
  timer.started = false;
  timer.runner = ebpf_port_cpu_id() + 1;
  timer.next_running = running;
  running = &timer;
  function = timer.function;
  field = timer.field;
  (void)timer.program->AcquireForTimer();  // the timer has one: not dying
  return timer.program;
}

void EndFunction(ValueTimer& timer) {
  const TimerGuard guard(timer_lock);
  EndRunning(&timer);
  const bool again = Exchange(timer.again, false);
  if (timer.field == nullptr) {
    TimerActions::Give(timer);
  } else if (again && timer.started) {
    (void)ebpf_port_timer_start(&timer.port, timer.deadline_ns,
                                timer.port_flags);
  }
}

void OnExpired(ebpf_timer* self) {
  // The value may go meanwhile; its memory stays until this ends.
  const ReadSection section;
  ValueTimer& timer = *reinterpret_cast<ValueTimer*>(self);
  uint64_t function;
  uint8_t* field;
  TimerProgram* program = BeginFunction(timer, function, field);
  if (program == nullptr) {
    return;
  }
  Map& map = TimerActions::MapOf(timer);
  uint8_t* value = TimerActions::ValueOf(timer, field);
  uint32_t index;
  const ConstBytes key = map.KeyOf(value, index);
  program->RunFunction(function, {reinterpret_cast<uint64_t>(&map),
                                  reinterpret_cast<uint64_t>(key.data()),
                                  reinterpret_cast<uint64_t>(value), 0, 0});
  EndFunction(timer);
  program->ReleaseLater();
}

void WaitForFunction(const ValueTimer& timer, uint32_t life) {
  for (;;) {
    {
      const TimerGuard guard(timer_lock);
      if (timer.runner == 0 || timer.lives != life) {
        return;
      }
    }
    ebpf_port_relax();
  }
}

}  // namespace

Status InitTimer(Map& map, uint8_t* field, uint64_t flags) {
  const bool known = flags == linux_abi::kClockRealtime ||
                     flags == linux_abi::kClockMonotonic ||
                     flags == linux_abi::kClockBoottime;
  if (!known || map.timers() == nullptr) {
    return Status::kInvalid;
  }
  const TimerGuard guard(timer_lock);
  if (TimerAt(field).Load(kRelaxed) != nullptr) {
    return Status::kBusy;
  }
  if (!map.has_users()) {
    return Status::kNotPermitted;
  }
  ValueTimer* timer = TimerActions::Take(*map.timers());
  if (timer == nullptr) {
    return Status::kNoMemory;
  }
  timer->field = field;
  timer->clock = static_cast<uint32_t>(flags);
  TimerAt(field).Store(timer, kRelaxed);
  return Status::kOk;
}

Status SetTimerFunction(uint8_t* field, TimerProgram& program,
                        uint64_t function) {
  TimerProgram* before = nullptr;
  {
    const TimerGuard guard(timer_lock);
    ValueTimer* timer = TimerAt(field).Load(kRelaxed);
    if (timer == nullptr) {
      return Status::kInvalid;
    }
    if (!TimerActions::MapOf(*timer).has_users()) {
      return Status::kNotPermitted;
    }
    if (!program.AcquireForTimer()) {
      return Status::kNotFound;
    }
    before = Exchange(timer->program, &program);
    timer->function = function;
  }
  LetGo(before);
  return Status::kOk;
}

Status StartTimer(uint8_t* field, uint64_t ns, uint64_t flags) {
  constexpr uint64_t kFlags =
      linux_abi::kTimerAbsolute | linux_abi::kTimerPinCpu;
  if ((flags & ~kFlags) != 0) {
    return Status::kInvalid;
  }
  const TimerGuard guard(timer_lock);
  ValueTimer* timer = TimerAt(field).Load(kRelaxed);
  if (timer == nullptr || timer->program == nullptr) {
    return Status::kInvalid;
  }
  const bool absolute = (flags & linux_abi::kTimerAbsolute) != 0;
  if (absolute && timer->clock == linux_abi::kClockRealtime) {
    return Status::kNotSupported;
  }
  timer->deadline_ns = ns;
  if (!absolute &&
      __builtin_add_overflow(ns, ebpf_port_time_ns(), &timer->deadline_ns)) {
    timer->deadline_ns = UINT64_MAX;
  }
  timer->port_flags =
      (flags & linux_abi::kTimerPinCpu) != 0 ? EBPF_TIMER_THIS_CPU : 0;
  timer->started = true;
  return ebpf_port_timer_start(&timer->port, timer->deadline_ns,
                               timer->port_flags)
             ? Status::kOk
             : Status::kNotSupported;
}

Result<bool> CancelTimer(uint8_t* field) {
  ValueTimer* timer = nullptr;
  ValueTimer* here = nullptr;
  TimerProgram* program = nullptr;
  uint32_t life = 0;
  bool was_started = false;
  {
    const TimerGuard guard(timer_lock);
    timer = TimerAt(field).Load(kRelaxed);
    if (timer == nullptr) {
      return Status::kInvalid;
    }
    here = RunningHere();
    // What waits for the function here to end may be what would be waited for.
    if (here == timer || (here != nullptr && here->waiters != 0)) {
      return Status::kDeadlock;
    }
    timer->waiters += here != nullptr ? 1 : 0;
    program = Stop(*timer, was_started);
    life = timer->lives;
  }
  LetGo(program);
  WaitForFunction(*timer, life);
  if (here != nullptr) {
    const TimerGuard guard(timer_lock);
    --timer->waiters;
  }
  return was_started;
}

bool HoldsTimer(const uint8_t* field) {
  return reinterpret_cast<const Atomic<ValueTimer*>*>(field)->Load(kRelaxed) !=
         nullptr;
}

void ReleaseTimer(uint8_t* field) {
  // Only who saw one has to look under the lock: most values have none.
  if (!HoldsTimer(field)) {
    return;
  }
  TimerProgram* program = nullptr;
  {
    const TimerGuard guard(timer_lock);
    ValueTimer* timer = TimerAt(field).Load(kRelaxed);
    if (timer == nullptr) {
      return;
    }
    TimerAt(field).Store(nullptr, kRelaxed);
    bool was_started;
    program = Stop(*timer, was_started);
    timer->field = nullptr;
    if (timer->runner == 0) {
      TimerActions::Give(*timer);
    }
  }
  LetGo(program);
}

Result<ValueTimers*> ValueTimers::Create(Map& map, Allocator& allocator) {
  ValueTimers* timers = EBPF_TRY(allocator.New<ValueTimers>(map, allocator));
  for (const MapField& field : map.fields()) {
    if (field.kind == MapFieldKind::kTimer) {
      timers->field_offset_ = field.offset;
    }
  }
  const uint64_t count = uint64_t{map.spec().max_entries} + kSpare;
  const Status status = count > UINT32_MAX
                            ? Status::kNoMemory
                            : timers->store_.Init(1, count, sizeof(ValueTimer));
  if (!IsOk(status)) {
    allocator.Delete(timers);
    return status;
  }
  timers->capacity_ = static_cast<uint32_t>(count);
  return timers;
}

void ValueTimers::ReleaseAll() {
  for (uint32_t number = 0;; ++number) {
    const ReadSection section;
    uint8_t* field = nullptr;
    {
      const TimerGuard guard(timer_lock);
      const ValueTimer* timer = TimerActions::At(*this, number);
      if (timer == nullptr) {
        return;
      }
      field = timer->field;
    }
    // Meanwhile the value may have gone, and then there is nothing to do: its
    // memory is the map's or kept by the read section, and a timer in it is
    // among those to be released.
    if (field != nullptr) {
      ReleaseTimer(field);
    }
  }
}

void ValueTimers::Destroy(ValueTimers* timers) {
  timers->ReleaseAll();
  for (uint32_t number = 0;; ++number) {
    ValueTimer* timer = nullptr;
    {
      const TimerGuard guard(timer_lock);
      timer = TimerActions::At(*timers, number);
    }
    if (timer == nullptr) {
      break;
    }
    while (ebpf_port_timer_stop(&timer->port) < 0) {
      ebpf_port_relax();
    }
  }
  timers->allocator_.Delete(timers);
}

}  // namespace ebpf
