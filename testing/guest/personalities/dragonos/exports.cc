// SPDX-License-Identifier: MIT
//
// What DragonOS's Rust glue exports (ports/dragonos/kernel.h), on the guest
// kernel, on any CPU: memory, CPUs, time, words.
#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "core/platform/user.h"
#include "ports/dragonos/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/clock.h"
#include "testing/guest/personalities/dragonos/cpu.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/user_space.h"

using namespace guest;  // NOLINT: every function here is its neighbour's peer

namespace {

/// The real one's clock and log are under locks; a port that takes them inside
/// a probe on the holder hangs here, too.
constinit SpinLock clock_lock;
constinit SpinLock log_lock;

bool IsUserMemory(uint64_t address, size_t size, uint32_t protection) {
  using dragonos::kUserBegin, dragonos::kUserEnd;
  if (address < kUserBegin || address >= kUserEnd ||
      size > kUserEnd - address) {
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

void* ebpf_port_alloc(size_t size, size_t align) {
  dragonos::RequireTask();
  // The slab aligns a block to its size only.
  return Allocate(ebpf::Max(size, align), align);
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  dragonos::RequireTask();
  Free(memory, ebpf::Max(size, align), align);
}

uint32_t ebpf_port_cpu_count() { return machine::CpuCount(); }
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

void dragonos_log(const char* text, size_t size) {
  if (!machine::IrqsEnabled()) {
    Panic("the log was asked for where its lock may be taken");
  }
  SpinLockGuard guard(log_lock);
  PrintText(ebpf::StringView(text, size));
}

void ebpf_port_panic(const char* what) { Panic(what); }

bool ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  if (size != 0 && !IsUserMemory(from, size, machine::kReadOnly)) {
    return false;
  }
  ebpf::CopyBytes(to, reinterpret_cast<const void*>(from), size);
  return true;
}

bool ebpf_port_copy_to_user(uint64_t to, const void* from, size_t size) {
  if (size != 0 && !IsUserMemory(to, size, machine::kWrite)) {
    return false;
  }
  ebpf::CopyBytes(reinterpret_cast<void*>(to), from, size);
  return true;
}

bool ebpf_port_capable(int /*capability*/) {
  return true;  // the guest's tasks are root's
}

}  // extern "C"

namespace guest::dragonos {

constinit bool breakpoint_in_clock = false;

void RequireTask() {
  if (!machine::IrqsEnabled()) {
    Panic("memory was asked for where the allocator's lock may be taken");
  }
}

void TickClock() {
  // Where the real one moves its clock on.
  SpinLockGuard guard(clock_lock);
}

}  // namespace guest::dragonos
