// SPDX-License-Identifier: MIT
//
// ebpf_port_preemption and ebpf_port_saved_pcs, whole, over interruptions.h: a
// port links it and has its kernel's interrupts lead to told_interruptions.
#pragma once

#include "core/platform/interruptions.h"

namespace ebpf {

extern Interruptions told_interruptions;

}  // namespace ebpf
