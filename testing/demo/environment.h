// SPDX-License-Identifier: MIT
//
// What the demo needs of the kernel that it runs in.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace demo {

/// The kernel functions that the workload calls.
enum class Function { kOpen, kRead, kWrite };
inline constexpr unsigned kFunctionCount = 3;

/// A kernel with the subsystem running (ebpf_init was called) and a workload
/// that calls three of its functions on all CPUs, interrupts on:
/// open(path, flags), read(fd, buffer, size), write(fd, buffer, size).
struct Environment {
  const char* kernel;  // "DragonOS (guest)"
  const char* cpu;     // "x86_64"

  /// The symbol of each function, in the order of Function.
  const char* symbols[kFunctionCount];

  /// Prints one line. Context: task.
  void (*print_line)(ebpf::StringView line);

  /// Starts one round of the workload in tasks of its own; some hundred calls
  /// of each function. It is over when workload_running() is false.
  void (*start_workload)();
  bool (*workload_running)();

  /// Lets other tasks of this CPU run.
  void (*yield)();

  /// The truth: how often a function was called on a CPU since boot, counted by
  /// the function or its caller, not by any probe.
  uint64_t (*calls)(Function function, uint32_t cpu);

  /// Bytes of kernel memory that are allocated now.
  uint64_t (*memory_in_use)();
};

}  // namespace demo
