// SPDX-License-Identifier: MIT
//
// The one way in which core changes executable text.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// One change: `size` bytes (up to 64) at `address`.
struct TextPatch {
  uint64_t address;
  const uint8_t* expected;  // what is there; null: anything (fresh memory)
  const uint8_t* bytes;     // what shall be there
  uint8_t size;
};

/// Changes that one rendezvous makes at most, so that the other CPUs do not
/// stand still for long: DESIGN.md has the figures.
inline constexpr size_t kMaxTextPatches = 16;

/// Makes all the changes (up to kMaxTextPatches) in one rendezvous of all CPUs,
/// or none.
///
/// kBusy: a CPU did not come; kIo: the text is not what was expected, or did
/// not become what was written; kNotSupported: this kernel cannot; or what
/// ebpf_port_text_write said. Context: task, interrupts on, no spin lock held.
Status ApplyTextPatches(Span<const TextPatch> patches);

/// The same, for who has stopped the other CPUs already; 0, or a negative
/// errno. Before it stopped them it counted the change.
/// Context: only inside ebpf_port_stop_machine's function.
int ApplyWhereStopped(Span<const TextPatch> patches);
void CountTextChange();

/// Whether the text holds what the patch writes. Context: any.
bool TextHolds(const TextPatch& patch);

/// Grows with every change of text. A breakpoint trap may come late from before
/// the last one. Context: any.
[[gnu::visibility(
    "hidden")]] extern constinit Atomic<uint64_t> text_patch_count;

}  // namespace ebpf
