// SPDX-License-Identifier: MIT
//
// The text quiescence: when may executable memory be reused?
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

namespace ebpf {

/// What is asked with all CPUs stopped. Both functions run there: they are
/// short, and neither allocate nor take locks.
struct TextInspection {
  /// Told each address at which interrupted kernel code will go on.
  void (*see)(void* argument, uintptr_t pc);
  /// Then, once. `listed`: those were all of them; else this port cannot tell
  /// (ebpf_port_preemption, ebpf_port_saved_pcs).
  void (*decide)(void* argument, bool listed);
  void* argument;
};

/// Inspects. No CPU then has interrupts masked: whoever was in text that is
/// left before they are unmasked has left it. What has been made unreachable
/// before, nothing enters any more; who was inside is seen.
/// kBusy: a CPU did not come, and nothing was asked; kNotSupported: there is no
/// rendezvous. Context: task.
Status InspectText(const TextInspection& inspection);

/// Makes sure that no CPU executes text which is only ever entered from a trap
/// handler with interrupts masked, and left before they are unmasked, and which
/// nothing enters any more (slots that are stepped). kBusy and kNotSupported as
/// InspectText: the memory must then be kept. Context: task.
Status WaitForMaskedText();

/// The same for [begin, begin + size), in which code can be interrupted and
/// which nothing enters any more; no calls are made from it. kBusy: a CPU did
/// not come, or somebody is inside; kNotSupported: this port cannot tell. The
/// memory must then be kept. In nothing nobody is. Context: task.
Status WaitForText(uintptr_t begin, size_t size);

/// Whether this port could tell, had it to: text in which code can be
/// interrupted may be offered. kOk, kNotSupported; kBusy: not found out.
/// Context: task.
Status CanWaitForText();

}  // namespace ebpf
