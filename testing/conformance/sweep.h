// SPDX-License-Identifier: MIT
//
// Every instruction, with all registers and the operands at the edges.
#pragma once

#include <functional>

#include "testing/conformance/body.h"

namespace ebpf::conformance {

/// Takes bodies one by one.
using Sink = std::function<void(Body)>;

/// What to sweep. `density` 1 is everything; n takes every n-th body.
struct SweepOptions {
  unsigned density = 1;
  bool load_acquire = true;  // the engine knows these
};

// Each alone: all pairs of registers; constants and offsets from the lists of
// body.h; at least 60 pairs of operands for each pair of registers, or for each
// constant 16.
void SweepAlu(const SweepOptions& options, const Sink& sink);
void SweepJumps(const SweepOptions& options, const Sink& sink);
void SweepConstants(const SweepOptions& options, const Sink& sink);
void SweepMemory(const SweepOptions& options, const Sink& sink);
void SweepAtomics(const SweepOptions& options, const Sink& sink);

}  // namespace ebpf::conformance
