// SPDX-License-Identifier: MIT
//
// Random programs through the host kernel and through core, compared.
#pragma once

#include <cstdint>

namespace ebpf::differential {

struct Figures {
  uint64_t programs = 0;
  uint64_t insns = 0;       // slots, over all programs
  uint64_t refused = 0;     // by the kernel's verifier, so not compared
  uint64_t unverified = 0;  // refused by core's, so run without facts only
  uint64_t mismatches = 0;  // the engine's refusals too
  /// Where the kernel's verifier went wrong about a fetched value, and the
  /// kernel agrees once it knows nothing of these (README.md).
  uint64_t lapses = 0;
  uint64_t ops = 0;  // different instructions in accepted programs
  uint64_t loops = 0, calls = 0, callbacks = 0;  // programs that have them
};

class HostBpf;

/// Runs `count` programs made from `seed` in the host's kernel and in core, by
/// the interpreter and, where there is one, the compiler with facts. Prints
/// each mismatch with its program, and with `verbose` why a verifier refused
/// one, to stderr.
Figures Compare(HostBpf& host, uint64_t seed, uint64_t count, bool verbose);

/// The same without a kernel: the interpreter of the program as it is against
/// the interpreter of the program verified, and the compiler of both, with and
/// without blinded constants.
Figures CompareEngines(uint64_t seed, uint64_t count, bool verbose);

}  // namespace ebpf::differential
