// SPDX-License-Identifier: MIT
//
// core/platform/tick_clock.h's implementation.
#include "core/platform/tick_clock.h"

#include "core/base/string_view.h"
#include "core/platform/log.h"

namespace ebpf {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
/// A second's part in ticks is multiplied by that in 64 bits.
constexpr uint64_t kMaxFrequency = ~uint64_t{0} / kNanosecondsPerSecond;

void Log(StringView line) { ebpf_port_log(line.data(), line.size()); }

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

/// A moment at which the kernel's clock goes on; false if it does not. Of
/// several, the one whose two readings were closest together: a virtual CPU may
/// have to wait between them.
bool MeasuredClock::ReadMoment(Read counter, Read nanoseconds, Moment* moment) {
  constexpr int kMoments = 5;
  // A tick of 10 ms takes a million of them where they are quick.
  constexpr uint32_t kMostReadings = 1 << 24;
  uint64_t smallest_gap = UINT64_MAX;
  for (int i = 0; i < kMoments; ++i) {
    const uint64_t before = nanoseconds();
    uint64_t now = before;
    uint64_t begin = 0;
    uint64_t gap = 0;
    for (uint32_t reading = 0; now == before; ++reading) {
      if (reading == kMostReadings) {
        return false;
      }
      begin = counter();
      now = nanoseconds();
      gap = counter() - begin;
    }
    if (gap <= smallest_gap) {
      smallest_gap = gap;
      *moment = {begin + gap / 2, now};
    }
  }
  return true;
}

void MeasuredClock::Measure(Read counter, Read nanoseconds) {
  constexpr uint64_t kInterval = 20'000'000;
  Moment begin = {};
  Moment end = {};
  bool goes = ReadMoment(counter, nanoseconds, &begin);
  do {
    goes = goes && ReadMoment(counter, nanoseconds, &end);
  } while (goes && end.nanoseconds - begin.nanoseconds < kInterval);
  if (!goes) {
    Log("ebpf: the kernel's clock stands still, and so does ours\n");
    return;
  }
  uint64_t counts = end.count - begin.count;
  const uint64_t passed = end.nanoseconds - begin.nanoseconds;
  if (end.count <= begin.count || passed >> kShift >= counts) {
    Log("ebpf: the counter stands still, and so does the clock\n");
    return;
  }
  // 20 ms << 32 does not fit: in two steps.
  const uint64_t whole = passed / counts;
  uint64_t rest = passed % counts;
  for (; rest >> kShift != 0; rest >>= 1) {
    counts >>= 1;
  }
  nanoseconds_per_count_ = (whole << kShift) + (rest << kShift) / counts;
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
