// SPDX-License-Identifier: MIT
//
// The clock's part of a timer tick.
#pragma once

namespace guest::dragonos {

/// Takes the clock's lock, as the writer of the real kernel's clock does.
void TickClock();

/// For a test: a breakpoint stands in the clock, where it holds its lock.
extern bool breakpoint_in_clock;

}  // namespace guest::dragonos
