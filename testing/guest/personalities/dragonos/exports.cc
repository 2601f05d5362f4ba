// SPDX-License-Identifier: MIT
//
// What DragonOS's Rust glue exports (ports/dragonos/kernel.h), on the guest
// kernel: memory, CPUs, time, words.
#include <stddef.h>
#include <stdint.h>

#include "core/base/string_view.h"
#include "ports/dragonos/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/clock.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/ipi.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"

using namespace guest;  // NOLINT: every function here is its neighbour's peer

namespace {

constexpr int kMinusFault = -14;
constexpr int kMinusInvalid = -22;
constexpr int kMinusNoMemory = -12;

// Fixed mappings end here, as in DragonOS; the last pages are for aliases.
constexpr uintptr_t kFixmapEnd = 0xffff'b000'0100'0000;
constexpr uintptr_t kUserEnd = 0x0000'7fff'ffff'f000;

/// The real one's clock and log are under locks; a port that takes them inside
/// a probe on the holder hangs here, too.
constinit SpinLock clock_lock;
constinit SpinLock log_lock;

/// The real one's allocator is under locks, too, which a trap may have
/// interrupted.
void RequireTask() {
  if (!machine::IrqsEnabled()) {
    Panic("memory was asked for where the allocator's lock may be taken");
  }
}

bool IsUserMemory(uint64_t address, size_t size, uint32_t protection) {
  if (address >= kUserEnd || size > kUserEnd - address) {
    return false;
  }
  const uint64_t end = address + size;
  for (uint64_t at = address & ~(kPageSize - 1); at < end; at += kPageSize) {
    machine::Mapping mapping;
    if (!machine::Query(at, &mapping) ||
        (mapping.protection & protection) != protection) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" {

void* dragonos_alloc(size_t size, size_t align) {
  RequireTask();
  return Allocate(size, align);
}

void dragonos_free(void* memory, size_t size, size_t align) {
  RequireTask();
  Free(memory, size, align);
}

void* dragonos_pages_alloc(size_t count) {
  RequireTask();
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
    return kMinusInvalid;
  }
  const uint32_t protection =
      (write ? machine::kWrite : 0u) | (execute ? machine::kExecute : 0u);
  if (!machine::Map(virt, virt - machine::DirectMapBase(), count * kPageSize,
                    protection)) {
    return kMinusNoMemory;
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

[[gnu::section(".text.entry")]] uint32_t dragonos_cpu_id() {
  // By the task register, as smp_get_processor_id().
  uint16_t task;
  asm volatile("str %0" : "=r"(task));
  return x86_64::CpuOfTask(task);
}
uint32_t dragonos_cpu_count() { return machine::CpuCount(); }
bool dragonos_cpu_online(uint32_t cpu) { return cpu < OnlineCpus(); }

void dragonos_preempt_disable() { ++dragonos::Current()->preempt_disabled; }

void dragonos_preempt_enable() {
  if (dragonos::Current()->preempt_disabled == 0) {
    Panic("preemption is enabled more often than disabled");
  }
  --dragonos::Current()->preempt_disabled;
}

size_t dragonos_preempt_counter() { return offsetof(Thread, preempt_disabled); }

bool dragonos_may_rendezvous() {
  return machine::IrqsEnabled() && dragonos::Current()->preempt_disabled == 0;
}

uint64_t dragonos_monotonic_ns() {
  SpinLockGuard guard(clock_lock);
  if (dragonos::breakpoint_in_clock) {
    machine::Breakpoint();
  }
  return machine::Nanoseconds();
}

uint64_t dragonos_cycles() { return x86_64::ReadTsc(); }

uint64_t dragonos_random() {
  // Not random at all, and different at each call: enough for seeds of hashes.
  return (x86_64::ReadTsc() ^ 0x9e37'79b9'7f4a'7c15) * 0xbf58'476d'1ce4'e5b9;
}

void dragonos_log(const char* text, size_t size) {
  if (!machine::IrqsEnabled()) {
    Panic("the log was asked for where its lock may be taken");
  }
  SpinLockGuard guard(log_lock);
  PrintText(ebpf::StringView(text, size));
}

void dragonos_panic(const char* what) { Panic(what); }

int dragonos_copy_from_user(void* to, uint64_t from, size_t size) {
  if (!IsUserMemory(from, size, machine::kReadOnly)) {
    return kMinusFault;
  }
  ebpf::CopyBytes(to, reinterpret_cast<const void*>(from), size);
  return 0;
}

int dragonos_copy_to_user(uint64_t to, const void* from, size_t size) {
  if (!IsUserMemory(to, size, machine::kWrite)) {
    return kMinusFault;
  }
  ebpf::CopyBytes(reinterpret_cast<void*>(to), from, size);
  return 0;
}

bool dragonos_capable(int /*capability*/) {
  return true;  // the guest's tasks are root's
}

}  // extern "C"

namespace guest::dragonos {

constinit bool breakpoint_in_clock = false;

void TickClock() {
  // Where the real one moves its clock on.
  SpinLockGuard guard(clock_lock);
}

}  // namespace guest::dragonos
