// SPDX-License-Identifier: MIT
//
// A clock and random numbers out of a counter that any context can read: what
// ports make ebpf_port_time_ns and ebpf_port_random of.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// Nanoseconds that `ticks` of a counter take that ticks so often a second:
/// right for 584 years, and rounded down. Of a frequency above 18 GHz what is
/// less than a second is rounded. Context: any.
uint64_t TicksToNanoseconds(uint64_t ticks, uint64_t ticks_per_second);

/// A clock by a counter whose frequency is known, and never changes.
class TickClock : public NonCopyable {
 public:
  /// `ticks_per_second`, which is not 0, is asked when it is first needed.
  constexpr explicit TickClock(uint64_t (*ticks_per_second)())
      : ticks_per_second_(ticks_per_second) {}

  /// Context: any, as is that of `ticks_per_second`.
  [[gnu::always_inline]] uint64_t Nanoseconds(uint64_t ticks) {
    // No event has to divide.
    const uint64_t each = nanoseconds_per_tick_.Load(kRelaxed);
    return __builtin_expect(each != 0, 1) ? ticks * each : Divide(ticks);
  }

  /// The same of what `read` reads. No branch is behind that: there QEMU lets
  /// in what interrupts, and a profile would miss the caller of a clock that
  /// has no frame.
  template <typename Read>
  [[gnu::always_inline]] uint64_t NanosecondsNow(Read read) {
    const uint64_t each = nanoseconds_per_tick_.Load(kRelaxed);
    return __builtin_expect(each != 0, 1) ? read() * each : DivideNow(read);
  }

 private:
  uint64_t Divide(uint64_t ticks);
  // Not a part of its callers, which would read in front of the branch.
  template <typename Read>
  [[gnu::noinline]] uint64_t DivideNow(Read read) {
    return Nanoseconds(read());
  }

  uint64_t (*const ticks_per_second_)();
  /// Each is 0 while it is not known; the latter also where it is not whole.
  Atomic<uint64_t> known_{0};
  Atomic<uint64_t> nanoseconds_per_tick_{0};
};

/// A clock by a counter that the kernel does not tell the frequency of, but has
/// a clock of its own that takes locks.
class MeasuredClock : public NonCopyable {
 public:
  using Read = uint64_t (*)();

  constexpr MeasuredClock() = default;

  /// Measures, in some 20 ms, how much of the counter is a nanosecond of that
  /// clock, which may move by whole ticks of up to 10 ms. Where one of both
  /// stands still the log says so, and this clock stands, too. Context: task,
  /// once, before Nanoseconds.
  void Measure(Read counter, Read nanoseconds);

  /// What the counter was at is how many nanoseconds since the measurement; 0
  /// for what was before, since CPUs' counters may differ. Context: any.
  uint64_t Nanoseconds(uint64_t count) const {
    const uint64_t passed = count > first_count_ ? count - first_count_ : 0;
    const auto product =
        static_cast<unsigned __int128>(passed) * nanoseconds_per_count_;
    return static_cast<uint64_t>(product >> kShift);
  }

 private:
  struct Moment {
    uint64_t count;
    uint64_t nanoseconds;
  };

  static constexpr unsigned kShift = 32;

  static bool ReadMoment(Read counter, Read nanoseconds, Moment* moment);

  /// A binary fraction.
  uint64_t nanoseconds_per_count_ = 0;
  uint64_t first_count_ = 0;
};

/// Numbers that seed hashes well enough: splitmix64 over a state that the
/// moment of each call moves on.
class RandomMixer : public NonCopyable {
 public:
  constexpr RandomMixer() = default;

  /// From a better source, if there is one. Context: task.
  void Seed(uint64_t seed) { state_.Store(seed, kRelaxed); }

  /// The next one; `moment` is a counter's. Context: any.
  uint64_t Next(uint64_t moment);

 private:
  Atomic<uint64_t> state_{0};
};

}  // namespace ebpf
