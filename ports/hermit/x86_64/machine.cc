// SPDX-License-Identifier: MIT
//
// What the page tables allow, what text that was written needs, and what else
// is the CPU's.
#include "ports/hermit/machine.h"

#include "arch/x86_64/machine/icache.h"
#include "arch/x86_64/machine/mapped_memory.h"
#include "arch/x86_64/page_tables.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/page_access.h"
#include "core/platform/this_cpu.h"

namespace ebpf {
namespace {

using x86_64::PageTables;

/// Memory, page tables in it, lies at its physical addresses. What a PC has
/// below its first MiB is its firmware's and devices', in memory's guise.
bool IsMemory(uintptr_t address, uint64_t flags) {
  constexpr uintptr_t kMemoryBegin = 1 << 20;
  return address >= kMemoryBegin && x86_64::IsMappedMemory(address, flags, 0);
}

}  // namespace

bool MayReadPage(uintptr_t address) {
  return IsMemory(address, PageTables::kPresent);
}

bool MayWritePage(uintptr_t address) {
  return IsMemory(address, PageTables::kPresent | PageTables::kWritable);
}

namespace hermit {

const int kSyscallNumbers = EBPF_SYSCALLS_X86_64;

void FlushInsns(uintptr_t /*address*/, size_t /*size*/) {
  x86_64::SyncInsnStream();
}

// The caches do it.
void SyncInsnsElsewhere() {}

// A task of Hermit's begins so.
void LetInterruptsIn() {}

// The gates are all ours.
bool IsTrapCode(uintptr_t /*address*/, size_t /*size*/) { return false; }

}  // namespace hermit
}  // namespace ebpf

// The selector of the one task state segment, unless there are several CPUs:
// trap.cc. Preemption is held off by masking interrupts, as there is no
// counter.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};
