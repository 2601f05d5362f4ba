// SPDX-License-Identifier: MIT
//
// Panic, and assertions for our own bugs: never for what a user, a file or a
// program can cause.
#pragma once

namespace ebpf {

/// Logs `what` through the port and stops the machine. Context: any.
[[noreturn]] void Panic(const char* what);

}  // namespace ebpf

#define EBPF_STRINGIZE_INTERNAL(x) #x
#define EBPF_STRINGIZE(x) EBPF_STRINGIZE_INTERNAL(x)

/// Panics where `condition` does not hold. Always compiled in.
#define EBPF_ASSERT(condition)                        \
  do {                                                \
    if (!(condition)) [[unlikely]] {                  \
      ::ebpf::Panic(__FILE__ ":" EBPF_STRINGIZE(      \
          __LINE__) ": "                              \
                    "assertion failed: " #condition); \
    }                                                 \
  } while (false)
