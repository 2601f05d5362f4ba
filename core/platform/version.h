// SPDX-License-Identifier: MIT
//
// Which contract a port was written for. README.md has what each version
// changed. Tier T0.
#pragma once

#include <stdint.h>

/// The version of core/platform's contract. It rises with each change that a
/// port can see: a function or a feature more, another meaning, one less.
#define EBPF_PORT_API 3

/// The oldest version that ports may be written for and are right still: since
/// then the contract only got what has a default.
#define EBPF_PORT_API_OLDEST 3

/// A port says once, in one of its .cc files, which version it was written for,
/// as a number: it does not compile with a core that means something else.
#define EBPF_PORT_WRITTEN_FOR(version)                                      \
  static_assert((version) >= EBPF_PORT_API_OLDEST,                          \
                "this port was written for an older contract than core's: " \
                "read 'Versions' in core/platform/README.md, mend what "    \
                "changed since, and raise the number here");                \
  static_assert((version) <= EBPF_PORT_API,                                 \
                "this port was written for a newer contract than core's: "  \
                "take core/ and arch/ from where the port is from; "        \
                "'Versions' in core/platform/README.md has what there is"); \
  extern "C" {                                                              \
  constinit uint32_t ebpf_port_written_for = (version);                     \
  }                                                                         \
  static_assert(true, "takes the semicolon")

extern "C" {

/// The number in the port's EBPF_PORT_WRITTEN_FOR. Default: 0. Absent:
/// ebpf_port_selftest holds it against the port. Context: any.
__attribute__((visibility("hidden"))) extern uint32_t ebpf_port_written_for;

}  // extern "C"
