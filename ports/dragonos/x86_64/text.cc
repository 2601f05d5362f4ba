// SPDX-License-Identifier: MIT
//
// Kernel text on x86-64: mapped read-only, by 4 KiB pages, with CR0.WP set.
// Executable memory is page frames of the direct map, which is where the text
// is. The kernel has no call that stops its CPUs: an interrupt of ours does.
#include "core/platform/text.h"

#include "arch/x86_64/machine/read_only_text.h"
#include "arch/x86_64/machine/system_registers.h"
#include "core/base/noprobe.h"
#include "core/platform/told_interruptions.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/x86_64/frame.h"
#include "ports/dragonos/x86_64/kernel.h"

constinit const ebpf::x86_64::TextKernel ebpf::x86_64::text_kernel = {
    .is_text = &ebpf::dragonos::IsText,
    .may_stop = &dragonos_may_rendezvous,
    .is_online = &dragonos_cpu_online,
    .interrupt = &dragonos_send_ipi,
    .pages_alloc = &dragonos_pages_alloc,
    .pages_free = &dragonos_pages_free,
    .pages_protect = &dragonos_pages_protect,
    .pages_are_executable = true};

namespace ebpf::dragonos {

// With our entry in it, and of the right kind: emulated instructions write
// below the interrupted stack pointer, where another entry would have its
// frame.
bool HasBreakpointHook() {
  constexpr unsigned kBreakpoint = 3;
  const x86_64::Gate& gate = x86_64::InterruptTable()[kBreakpoint];
  return gate.Handler() ==
             reinterpret_cast<uintptr_t>(&ebpf_breakpoint_entry) &&
         gate.MasksAndStays();
}

bool PrepareTextWrites() {
  const void* const pages = dragonos_window(x86_64::TextWindow::kPages);
  return x86_64::PrepareReadOnlyText(reinterpret_cast<uintptr_t>(pages),
                                     dragonos_direct_map());
}

bool IsExecPool(uintptr_t /*address*/, size_t /*size*/) { return false; }

}  // namespace ebpf::dragonos

extern "C" {

EBPF_NOPROBE void ebpf_dragonos_ipi(dragonos_trap_frame* frame) {
  if (ebpf::dragonos::IsOfKernel(*frame)) {
    ebpf::told_interruptions.Check(frame);
  }
  ebpf::x86_64::JoinRendezvous();
}

// ebpf_breakpoint_entry.
uint32_t ebpf_port_trap_stub() {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
