// SPDX-License-Identifier: MIT
//
// What DragonOS's Rust glue exports on RISC-V alone
// (ports/dragonos/riscv64/kernel.h), and what is the CPU's of the rest.
#include <stdint.h>

#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/kernel.h"
#include "testing/guest/personalities/dragonos/user_space.h"

extern "C" {

extern const char guest_text_begin[];

// By tp, as smp_get_processor_id().
[[gnu::section(".text.entry")]] uint32_t ebpf_port_cpu_id() {
  uintptr_t cpu;
  asm("mv %0, tp" : "=r"(cpu));
  return static_cast<uint32_t>(cpu);
}

uint64_t dragonos_cycles() {
  uint64_t ticks;
  asm volatile("rdtime %0" : "=r"(ticks));
  return ticks;
}

uint64_t ebpf_port_random() {
  // Not random at all, and different at each call: enough for seeds of hashes.
  static constinit uint64_t calls = 0;
  ++calls;
  return (dragonos_cycles() + calls * 0x9e37'79b9'7f4a'7c15) *
         0xbf58'476d'1ce4'e5b9;
}

// The guest has its memory at physical addresses, with devices below and a
// process above.
dragonos_range dragonos_memory(size_t index) {
  return index == 0
             ? dragonos_range{reinterpret_cast<uintptr_t>(guest_text_begin),
                              guest::dragonos::kUserBegin - 1}
             : dragonos_range{0, 0};
}

}  // extern "C"
