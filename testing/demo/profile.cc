// SPDX-License-Identifier: MIT
//
// testing/demo/profile.h's implementation.
#include "testing/demo/profile.h"

#include "core/memory/allocator.h"
#include "core/platform/time.h"
#include "testing/demo/folded_stacks.h"
#include "testing/demo/stack_profiler.h"
#include "testing/programs/profile_object.h"

namespace {

/// Works until so much time has passed, in pieces that are short beside it.
[[gnu::always_inline]] inline void SpendTime(uint64_t nanoseconds) {
  const uint64_t end = ebpf_port_time_ns() + nanoseconds;
  do {
    uint64_t value = 1;
    for (int i = 0; i < 1500; ++i) {
      value = value * 3 + 1;
      asm volatile("" : "+r"(value)::"memory");
    }
  } while (ebpf_port_time_ns() < end);
}

/// Nanoseconds in each part, by the clock: a piece of work, and what a host
/// does meanwhile, may go on beyond a part's end.
constinit uint64_t spent[3] = {};

}  // namespace

// The workload: what a profile should say of it is in the names.
extern "C" {
[[gnu::noinline]] void spend_50_percent(uint64_t unit) { SpendTime(5 * unit); }
[[gnu::noinline]] void spend_30_percent(uint64_t unit) { SpendTime(3 * unit); }
[[gnu::noinline]] void spend_20_percent(uint64_t unit) { SpendTime(2 * unit); }
[[gnu::noinline]] void profiled_work(uint64_t unit) {
  void (*const parts[])(uint64_t) = {spend_50_percent, spend_30_percent,
                                     spend_20_percent};
  for (size_t i = 0; i < 3; ++i) {
    const uint64_t begin = ebpf_port_time_ns();
    parts[i](unit);
    spent[i] += ebpf_port_time_ns() - begin;
  }
}
}

namespace demo {
namespace {

constexpr uint64_t kPeriod = 1'000'000;         // ns, if the port is so fine
constexpr uint64_t kSamples = 1500;             // their error is 1.3 points
constexpr uint64_t kPatience = 60'000'000'000;  // ns

void (*const kParts[])(uint64_t unit) = {&spend_50_percent, &spend_30_percent,
                                         &spend_20_percent};
constexpr uint64_t kMostPoints = 5;

/// In rounds of different lengths, in no step with the clock; they are short
/// beside what a host gives an emulator at once, which ends a part at any time.
void WorkFor(StackProfiler& profiler, uint64_t samples) {
  const uint64_t end = ebpf_port_time_ns() + kPatience;
  uint32_t random = 1;
  do {
    for (int i = 0; i < 100; ++i) {
      random = random * 1664525 + 1013904223;
      profiled_work(4'000 + (random >> 18));
    }
  } while (profiler.Totals().samples < samples && ebpf_port_time_ns() < end);
}

/// Draws what was seen, and compares it with what is known.
void Judge(Report& report, StackProfiler& profiler, FoldedStacks& stacks,
           uint64_t total) {
  const uint64_t samples = profiler.Fold(stacks);
  report.CheckEqual("profile_stacks_add_up", samples, total);
  if (samples == 0) {
    return;
  }
  Line(report) << "  " << samples << " samples of this CPU's kernel stacks:";
  stacks.Draw(report, samples);
  // Where a function has no frame yet, its caller is not seen.
  uint64_t work = 0;
  for (const auto part : kParts) {
    work += stacks.CountOf(reinterpret_cast<uintptr_t>(part));
  }
  if (!report.Check("profile_finds_the_work", work * 2 > samples,
                    "it is not there")) {
    return;
  }
  const uint64_t time = spent[0] + spent[1] + spent[2];
  for (size_t i = 0; i < 3; ++i) {
    const uint64_t count =
        stacks.CountOf(reinterpret_cast<uintptr_t>(kParts[i]));
    const uint64_t percent = (count * 100 + work / 2) / work;
    const uint64_t known = (spent[i] * 100 + time / 2) / time;
    Line(report) << "  " << percent << " % of the parts' samples, " << known
                 << " % of their time by the clock";
    report.Check(
        "profile_in_proportion",
        percent + kMostPoints >= known && percent <= known + kMostPoints,
        "more than 5 points off");
  }
}

void Show(Scene& scene) {
  Report& report = scene.report();
  StackProfiler profiler(scene.client(), scene.log());
  if (!scene.Load(profiler.object(), "profile", profile_object()) ||
      !report.CheckEqual("profile_clock_starts",
                         static_cast<uint64_t>(-profiler.Start(kPeriod)), 0)) {
    return;
  }
  WorkFor(profiler, kSamples);
  report.CheckEqual("profile_clock_stops",
                    static_cast<uint64_t>(-profiler.Stop()), 0);
  const profile_totals totals = profiler.Totals();
  report.Check("profile_samples_come", totals.samples >= kSamples, "too few");
  // Stacks may meet in one place of the map.
  report.Check("profile_samples_lost", totals.lost * 50 <= totals.samples,
               "too many");
  const ebpf::Result<FoldedStacks*> stacks =
      ebpf::PortAllocator().New<FoldedStacks>(
          reinterpret_cast<uintptr_t>(&profiled_work));
  if (report.Check("profile_has_room", stacks.ok(), "no memory")) {
    Judge(report, profiler, **stacks, totals.samples - totals.lost);
    ebpf::PortAllocator().Delete(*stacks);
  }
  profiled_work(10 * kPeriod);
  report.CheckEqual("profile_silent_after_stop", profiler.Totals().samples,
                    totals.samples);
}

}  // namespace

void ShowProfile(Scene& scene) {
  scene.report().Print(
      "--- profile.bpf.c: what the clock interrupts, and three functions whose "
      "shares are known");
  Show(scene);
  scene.RunWorkload();  // what was freed is given back meanwhile
}

}  // namespace demo
