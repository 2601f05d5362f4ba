// SPDX-License-Identifier: MIT
//
// core/platform/text.h on Hermit: text that the loader has mapped writable.
#include "core/platform/text.h"

#include "core/platform/errors.h"
#include "core/platform/function_text.h"
#include "core/platform/gathered_cpus.h"
#include "core/platform/text_pool.h"
#include "core/platform/writable_text.h"
#include "core/symbols/blob_symbols.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace {

/// The kernel's part of a breakpoint's way.
bool IsOnTheTrapsWay(uintptr_t address, size_t size) {
  // ebpf_port_cpu_id calls that.
  return ebpf::TouchesFunction(
             address, size, reinterpret_cast<uintptr_t>(&ebpf_hermit_cpu_id)) ||
         ebpf::hermit::IsTrapCode(address, size);
}

}  // namespace

constinit const ebpf::WritableText ebpf::writable_text = {
    .is_text = &IsInBlobText,
    .flush = &hermit::FlushInsns,
    .flush_elsewhere = &hermit::SyncInsnsElsewhere};

extern "C" {

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 && ebpf::IsInOneFunction(address, size) &&
         !IsOnTheTrapsWay(address, size) &&
         !ebpf::text_pool.Touches(address, size);
}

// There is no exception table, and nothing else that changes text. Kernel and
// application keep no red zone (README.md).
bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return true;
}

// The end of any interrupt switches tasks: each has its pc where its interrupt
// saved it, or has given up the CPU by a call.
ebpf_preemption ebpf_port_preemption(void) { return EBPF_PREEMPTION_LISTED; }

// The other CPUs stand in an interrupt, this one is a task, and handlers of
// interrupts let no others in.
int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  ebpf::ListStopped(see, argument);
  return ebpf_hermit_saved_pcs(see, argument) ? 0 : ebpf::kMinusNotSupported;
}

}  // extern "C"
