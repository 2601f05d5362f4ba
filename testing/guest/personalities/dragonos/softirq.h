// SPDX-License-Identifier: MIT
//
// The one softirq that the guest has: that of the port.
#pragma once

namespace guest::dragonos {

/// At the end of an interrupt: calls the port's softirq if it was raised on
/// this CPU. Nothing inside another softirq of this CPU.
void RunSoftirq();

}  // namespace guest::dragonos
