// SPDX-License-Identifier: MIT
//
// Where interrupted kernel code goes on.
#pragma once

#include "core/platform/interruptions.h"

namespace ebpf::dragonos {

extern Interruptions interruptions;

}  // namespace ebpf::dragonos
