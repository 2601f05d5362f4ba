// SPDX-License-Identifier: MIT
//
// What is measured: functions that begin with one instruction of each usual
// kind, and the cheapest trap that this CPU can take. One .S and one .cc per
// CPU.
#pragma once

#include <stdint.h>

namespace guest::probe_bench {

/// A function that returns at once, whose instruction at `offset` gets a probe.
/// The tables are in subjects_<cpu>.S.
struct Subject {
  const char* symbol;  // begins with kPrefix
  void (*function)();
  uint64_t offset;
  uint64_t kind;  // an index of kKinds
};
inline constexpr char kPrefix[] = "bench_";
/// How figures of a subject are named: an instruction that the goals do not
/// speak of; the first one of a function, where a probe traps; and one where it
/// is a jump.
inline constexpr const char* kKinds[] = {"kprobe_other", "kprobe", "detour"};
extern "C" const Subject bench_subjects[];
extern "C" const Subject bench_subjects_end[];

/// bench_many_0 ...: functions to probe all at once.
inline constexpr uint32_t kManyFunctions = 1000;
extern "C" void (*const bench_many[kManyFunctions])();

/// bench_nothing (testing/guest/bench/figures.h) with a breakpoint in it.
extern "C" void bench_breakpoint();

/// While one lives, the breakpoint trap of this CPU goes to the vector in
/// subjects_<cpu>.S: it goes on behind the breakpoint, and saves what it uses.
/// Interrupts are masked meanwhile.
class BareVector {
 public:
  BareVector();
  ~BareVector();
  BareVector(const BareVector&) = delete;
  BareVector& operator=(const BareVector&) = delete;

 private:
  uintptr_t interrupts_;
  uint64_t saved_[2] = {};
};

}  // namespace guest::probe_bench
