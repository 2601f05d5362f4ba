// SPDX-License-Identifier: MIT
//
// Which CPU this is, and staying there: by what the port said in
// core/platform/this_cpu.h, without a call, and else by a call of the port.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/one_register.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/this_cpu.h"
#include "machine/this_cpu.h"

namespace ebpf {

/// The number of each CPU that was asked for, by its register.
class KnownCpus {
 public:
  /// What is known of a CPU: its number, if it is that one.
  struct Guess {
    /// 0: it is.
    uint64_t difference;
    /// Below the number of CPUs, whoever's it is.
    uint32_t number;
  };

  /// Of the CPU whose register is `value`. Context: any.
  [[gnu::always_inline]] Guess GuessOf(uint64_t value) {
    const Known& known = at(value);
    // Acquires the number: pairs with the release in Learn.
    const uint64_t key = known.key.Load(kAcquire);
    return {key ^ KeyOf(value), known.number.Load(kRelaxed)};
  }
  /// Of the CPU that runs this, whose register is `value`, where that is known;
  /// else the port's word. Context: any, preemption off.
  [[gnu::always_inline]] uint32_t NumberOf(uint64_t value) {
    const Guess guess = GuessOf(value);
    return __builtin_expect(guess.difference == 0, 1) ? guess.number
                                                      : Learn(value);
  }

 private:
  struct Known {
    Atomic<uint64_t> key;  // 0: nobody's, or not yet
    Atomic<uint32_t> number;
    Atomic<uint32_t> taken;
  };
  // More than most machines have CPUs; two that meet here are not both known.
  static constexpr uint32_t kBits = 8;

  static uint64_t KeyOf(uint64_t value) { return value + 1; }
  Known& at(uint64_t value) {
    // Pointers and selectors are multiples of something, numbers are not.
    constexpr uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
    return known_[value * kGoldenRatio >> (64 - kBits)];
  }
  [[gnu::noinline]] uint32_t Learn(uint64_t value);

  Known known_[1 << kBits];
};

[[gnu::visibility("hidden")]] extern constinit KnownCpus known_cpus;

/// What the ports say that code without a question is for.
inline constexpr uint32_t kUsualFacts =
    EBPF_THIS_CPU_REGISTER |
    (machine::kUsuallyCountsByStack      ? EBPF_THIS_CPU_COUNTER_BY_STACK
     : machine::kUsuallyCountsByRegister ? EBPF_THIS_CPU_COUNTER_BY_REGISTER
                                         : EBPF_THIS_CPU_NO_PREEMPTION);

/// What this port says, and what the usual ones do.
struct PortFacts {
  [[gnu::always_inline]] static uint32_t Get() {
    return ebpf_port_this_cpu.facts;
  }
};
struct UsualFacts {
  static constexpr uint32_t Get() { return kUsualFacts; }
};

/// As ebpf_port_cpu_id. Context: any, preemption off.
template <typename Facts = PortFacts>
[[gnu::always_inline]] inline uint32_t ThisCpu() {
  return (Facts::Get() & EBPF_THIS_CPU_REGISTER) != 0
             ? known_cpus.NumberOf(machine::ThisCpuRegister())
             : ebpf_port_cpu_id();
}

/// What counts how often preemption was switched off, where the port says what
/// the usual ones do and counts at all. Context: any.
[[gnu::always_inline]] inline Atomic<uint32_t>& UsualPreemptCounter() {
  uintptr_t base;
  if constexpr ((kUsualFacts & EBPF_THIS_CPU_COUNTER_BY_STACK) != 0) {
    const auto inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    base = *reinterpret_cast<const uintptr_t*>(
        inside & ~(ebpf_port_this_cpu.stack_size - 1));
  } else {
    base = machine::ThisCpuRegister();
  }
  return *reinterpret_cast<Atomic<uint32_t>*>(
      base + ebpf_port_this_cpu.counter_offset);
}

/// While one lives preemption is off. Context: any.
template <typename Facts>
class BasicStayOnCpu : public NonCopyable {
 public:
  [[gnu::always_inline]] BasicStayOnCpu() {
    const uint32_t facts = Facts::Get();
    if ((facts & EBPF_THIS_CPU_COUNTER_BY_STACK) != 0) {
      const auto inside =
          reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      CountAt(*reinterpret_cast<const uintptr_t*>(
          inside & ~(ebpf_port_this_cpu.stack_size - 1)));
    } else if ((facts & EBPF_THIS_CPU_COUNTER_BY_REGISTER) != 0) {
      CountAt(machine::ThisCpuRegister());
    } else if ((facts & EBPF_THIS_CPU_NO_PREEMPTION) == 0) {
      held_ = ebpf_port_preempt_disable();
    }
    TrapFence();
  }
  [[gnu::always_inline]] ~BasicStayOnCpu() {
    TrapFence();
    constexpr uint32_t kCounter =
        EBPF_THIS_CPU_COUNTER_BY_STACK | EBPF_THIS_CPU_COUNTER_BY_REGISTER;
    const uint32_t facts = Facts::Get();
    if ((facts & kCounter) != 0) {
      auto* const counter = reinterpret_cast<Atomic<uint32_t>*>(held_);
      counter->Store(counter->Load(kRelaxed) - 1, kRelaxed);
    } else if ((facts & EBPF_THIS_CPU_NO_PREEMPTION) == 0) {
      ebpf_port_preempt_enable(held_);
    }
  }

  /// What the counter was, where there is one.
  uint32_t depth_before() const { return depth_before_; }

 private:
  [[gnu::always_inline]] void CountAt(uintptr_t base) {
    held_ = InOneRegister(base + ebpf_port_this_cpu.counter_offset);
    auto* const counter = reinterpret_cast<Atomic<uint32_t>*>(held_);
    depth_before_ = counter->Load(kRelaxed);
    // No read-modify-write: what interrupts this leaves it as it was.
    counter->Store(depth_before_ + 1, kRelaxed);
  }

  uintptr_t held_ = 0;
  uint32_t depth_before_ = 0;
};
using StayOnCpu = BasicStayOnCpu<PortFacts>;

}  // namespace ebpf
