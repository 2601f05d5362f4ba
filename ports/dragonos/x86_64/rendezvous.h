// SPDX-License-Identifier: MIT
//
// Stopping the other CPUs, which DragonOS has no call for.
#pragma once

#include "core/platform/rendezvous.h"

namespace ebpf::dragonos {

extern Rendezvous rendezvous;

}  // namespace ebpf::dragonos
