// SPDX-License-Identifier: MIT
//
// What the guest kernel gives to the tests of core/selftest, with core in the
// image or without.
#pragma once

#include <stdint.h>

namespace guest {

/// A thread on `cpu`; false if there is no such CPU, or no room for more.
/// JoinTasks waits for all. Context: a thread, one at a time.
bool StartTask(uint32_t cpu, void (*body)(void* argument), void* argument);
void JoinTasks();

/// The second of two pages, which was taken away from the map for good; 0 if
/// there is no memory. Context: a thread.
uintptr_t UnmappedPage();

/// Whether this kernel has all that runs writable, its own text included.
/// Context: any.
bool MayWriteWhatRuns();

}  // namespace guest
