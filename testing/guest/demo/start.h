// SPDX-License-Identifier: MIT
//
// How eBPF comes up in the kernel that a personality plays.
#pragma once

namespace guest {

/// What the demo says it runs in.
extern const char kDemoKernel[];

/// Calls the port's init, as the real kernel would at boot. 0 or a negative
/// errno. Context: task.
int StartEbpf();

}  // namespace guest
