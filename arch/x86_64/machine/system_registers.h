// SPDX-License-Identifier: MIT
//
// System registers of x86-64 that ports need, and the tables that they point
// to. Used in place and not asked of the kernel, so that a trap calls nothing
// that can be probed. [intel/vol3: System Architecture Overview]
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::x86_64 {

/// A gate of the interrupt table. [intel/vol3: 64-Bit Mode IDT]
struct Gate {
  uint16_t offset_0;
  uint16_t selector;
  uint8_t stack;  // number in the TSS, 0 for the one that is in use
  uint8_t type;
  uint16_t offset_16;
  uint32_t offset_32;
  uint32_t reserved;

  /// Where it leads.
  uintptr_t Handler() const {
    return offset_0 | uintptr_t{offset_16} << 16 | uintptr_t{offset_32} << 32;
  }
  void SetHandler(uintptr_t handler) {
    offset_0 = static_cast<uint16_t>(handler);
    offset_16 = static_cast<uint16_t>(handler >> 16);
    offset_32 = static_cast<uint32_t>(handler >> 32);
  }
  /// Whether it masks interrupts, and stays on the stack that is in use.
  bool MasksAndStays() const {
    constexpr uint8_t kType = 0x1f;
    constexpr uint8_t kInterruptGate = 0x0e;
    return (type & kType) == kInterruptGate && (stack & 7) == 0;
  }
};
static_assert(sizeof(Gate) == 16);

/// The task state segment as far as it is needed. [intel/vol3: 64-Bit TSS]
struct [[gnu::packed]] TaskState {
  uint32_t reserved_0;
  uint64_t ring_stacks[3];
  uint64_t reserved_28;
  uint64_t interrupt_stacks[7];
};
static_assert(offsetof(TaskState, interrupt_stacks) == 36);

struct [[gnu::packed]] TableRegister {
  uint16_t limit;
  uint64_t base;
};

/// The cycle counter, which may be read before what comes first. Context of all
/// below: any.
inline uint64_t ReadCycles() {
  uint32_t low;
  uint32_t high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return uint64_t{high} << 32 | low;
}

inline Gate* InterruptTable() {
  TableRegister table;
  asm volatile("sidt %0" : "=m"(table));
  return reinterpret_cast<Gate*>(table.base);
}

/// Forgets the translation of the page at `address`, on this CPU.
inline void FlushTranslation(uintptr_t address) {
  asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

inline TaskState* CurrentTaskState() {
  TableRegister table;
  uint16_t selector;
  asm volatile("sgdt %0" : "=m"(table));
  asm volatile("str %0" : "=r"(selector));
  const auto* words = reinterpret_cast<const uint64_t*>(table.base) +
                      selector / sizeof(uint64_t);
  // [intel/vol3: TSS Descriptor in 64-bit mode]
  return reinterpret_cast<TaskState*>((words[0] >> 16 & 0xffffff) |
                                      (words[0] >> 56 << 24) | words[1] << 32);
}

}  // namespace ebpf::x86_64
