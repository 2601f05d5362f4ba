// SPDX-License-Identifier: MIT
//
// What DragonOS's Rust glue exports on x86-64 alone
// (ports/dragonos/x86_64/kernel.h), and what is the CPU's of the rest.
#include <stddef.h>
#include <stdint.h>

#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/time.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/personalities/dragonos/cpu.h"
#include "testing/guest/personalities/dragonos/ipi.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"

using namespace guest;  // NOLINT: every function here is its neighbour's peer

namespace {

// Fixed mappings end here, as in DragonOS; the last pages are for aliases.
constexpr uintptr_t kFixmapEnd = 0xffff'b000'0100'0000;

}  // namespace

extern "C" {

void* dragonos_pages_alloc(size_t count) {
  dragonos::RequireTask();
  return AllocatePages(count);
}

void dragonos_pages_free(void* pages, size_t count) {
  // A port that leaves pages read-only breaks whoever gets them next.
  machine::Mapping mapping;
  if (!machine::Query(reinterpret_cast<uintptr_t>(pages), &mapping) ||
      (mapping.protection & machine::kWrite) == 0) {
    Panic("pages are given back read-only");
  }
  FreePages(pages, count);
}

int dragonos_pages_protect(void* pages, size_t count, bool write,
                           bool execute) {
  const auto virt = reinterpret_cast<uintptr_t>(pages);
  if (virt % kPageSize != 0 || !machine::IrqsEnabled()) {
    return ebpf::kMinusInvalid;
  }
  const uint32_t protection =
      (write ? machine::kWrite : 0u) | (execute ? machine::kExecute : 0u);
  if (!machine::Map(virt, virt - machine::DirectMapBase(), count * kPageSize,
                    protection)) {
    return ebpf::kMinusNoMemory;
  }
  dragonos::FlushTlbOfOthers();
  return 0;
}

void* dragonos_window(size_t count) {
  const uintptr_t virt = kFixmapEnd - count * kPageSize;
  if (!machine::Map(virt, 0, count * kPageSize, machine::kReadOnly)) {
    return nullptr;
  }
  machine::Unmap(virt, count * kPageSize);
  return reinterpret_cast<void*>(virt);
}

uintptr_t dragonos_direct_map() { return machine::DirectMapBase(); }

[[gnu::section(".text.entry")]] uint32_t ebpf_port_cpu_id() {
  // By the task register, as smp_get_processor_id().
  uint16_t task;
  asm volatile("str %0" : "=r"(task));
  return x86_64::CpuOfTask(task);
}

uint64_t dragonos_cycles() { return x86_64::ReadTsc(); }

uint64_t ebpf_port_random() {
  // Not random at all, and different at each call: enough for seeds of hashes.
  return (x86_64::ReadTsc() ^ 0x9e37'79b9'7f4a'7c15) * 0xbf58'476d'1ce4'e5b9;
}

}  // extern "C"
