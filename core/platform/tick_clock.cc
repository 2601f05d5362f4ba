// SPDX-License-Identifier: MIT
//
// core/platform/tick_clock.h's implementation.
#include "core/platform/tick_clock.h"

namespace ebpf {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
/// A second's part in ticks is multiplied by that in 64 bits.
constexpr uint64_t kMaxFrequency = ~uint64_t{0} / kNanosecondsPerSecond;

}  // namespace

uint64_t TicksToNanoseconds(uint64_t ticks, uint64_t ticks_per_second) {
  unsigned shift = 0;
  while (ticks_per_second >> shift > kMaxFrequency) {
    ++shift;
  }
  // Seconds apart, or the product overflows in minutes.
  return ticks / ticks_per_second * kNanosecondsPerSecond +
         (ticks % ticks_per_second >> shift) * kNanosecondsPerSecond /
             (ticks_per_second >> shift);
}

uint64_t TickClock::Divide(uint64_t ticks) {
  uint64_t frequency = known_.Load(kRelaxed);
  if (frequency == 0) {
    frequency = ticks_per_second_();
    known_.Store(frequency, kRelaxed);
    if (kNanosecondsPerSecond % frequency == 0) {
      nanoseconds_per_tick_.Store(kNanosecondsPerSecond / frequency, kRelaxed);
    }
  }
  return TicksToNanoseconds(ticks, frequency);
}

/// A moment at which the kernel's clock goes on. Of several, the one whose two
/// readings were closest together: a virtual CPU may have to wait between them.
MeasuredClock::Moment MeasuredClock::ReadMoment(Read counter,
                                                Read nanoseconds) {
  constexpr int kReadings = 5;
  Moment best = {};
  uint64_t smallest_gap = UINT64_MAX;
  for (int i = 0; i < kReadings; ++i) {
    const uint64_t before = nanoseconds();
    for (;;) {
      const uint64_t begin = counter();
      const uint64_t now = nanoseconds();
      const uint64_t gap = counter() - begin;
      if (now == before) {
        continue;
      }
      if (gap < smallest_gap) {
        smallest_gap = gap;
        best = {begin + gap / 2, now};
      }
      break;
    }
  }
  return best;
}

void MeasuredClock::Measure(Read counter, Read nanoseconds) {
  constexpr uint64_t kInterval = 20'000'000;
  const Moment begin = ReadMoment(counter, nanoseconds);
  Moment end = ReadMoment(counter, nanoseconds);
  while (end.nanoseconds - begin.nanoseconds < kInterval) {
    end = ReadMoment(counter, nanoseconds);
  }
  const uint64_t counts = end.count - begin.count;
  // 20 ms << 32 does not fit: in two steps, to 1/2^32 of a nanosecond.
  const uint64_t passed = end.nanoseconds - begin.nanoseconds;
  const uint64_t whole = passed / counts;
  const uint64_t rest = passed % counts;
  nanoseconds_per_count_ =
      whole << kShift | (rest << (kShift - 4)) / (counts >> 4);
  first_count_ = begin.count;
}

uint64_t RandomMixer::Next(uint64_t moment) {
  const uint64_t step = 0x9e3779b97f4a7c15 + (moment << 1);
  uint64_t z = state_.FetchAdd(step, kRelaxed) + step;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace ebpf
