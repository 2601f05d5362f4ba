// SPDX-License-Identifier: MIT
//
// The plain port: core/platform over the guest kernel.
#pragma once

namespace guest::plain {

/// Brings eBPF up: 0 or a negative errno. Context: task, once.
int InitPort();

/// Reads the symbols and makes writing of text ready; false if there are no
/// symbols or no memory.
bool PrepareText();

/// Starts the thread that runs what is deferred; false without memory.
/// Context: task, once.
bool StartDeferWorker();

/// Has timers expire at the ticks, and CPUs call what others ask them for:
/// StartDeferWorker does it. Context: task, once.
void StartTimers();

/// Whether this kernel has executable memory; it has, unless a test says
/// otherwise. Context: task, before anybody asks for some.
void SetExecMemory(bool there_is_some);

/// False: ebpf_port_saved_pcs says that nothing was interrupted anywhere, which
/// is a lie: for tests that show what it is needed for.
void ListSavedPcs(bool list);

/// Takes breakpoints and faults to core.
void InstallHooks();

}  // namespace guest::plain
