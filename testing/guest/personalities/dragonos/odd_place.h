// SPDX-License-Identifier: MIT
//
// What DragonOS's exception table and static keys are to the port, where a test
// wants one: a place at which code goes on that nothing jumps to.
#pragma once

#include "ports/dragonos/kernel.h"

namespace guest::dragonos {

/// Empty at first: there is none.
inline constinit dragonos_range odd_place = {0, 0};

}  // namespace guest::dragonos
