// SPDX-License-Identifier: MIT
//
// Instructions among others that a compiler may join them with.
#pragma once

#include "testing/conformance/sweep.h"

namespace ebpf::conformance {

/// Each arithmetic instruction in each context of contexts.cc (a move, a load,
/// a constant before it; a store, shifts, a comparison behind; results dead,
/// or only half read), `rounds` times with other registers and values.
void SweepContexts(uint64_t seed, unsigned rounds, const Sink& sink);

/// What is no single instruction but often meant as one: rotates, bit fields,
/// scaled addresses, updates of memory, loads of the other byte order,
/// conditional moves, chains of additions; `rounds` times each.
void SweepIdioms(uint64_t seed, unsigned rounds, const Sink& sink);

/// Short random sequences over three registers, with a pointer to memory.
void SweepSequences(uint64_t seed, unsigned count, const Sink& sink);

}  // namespace ebpf::conformance
