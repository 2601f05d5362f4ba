// SPDX-License-Identifier: MIT
//
// Instructions that somebody above patches: probes stay off them.
#pragma once

#include <stdint.h>

namespace ebpf {

/// What is patched, and never changes. Context of both: task.
struct ReservedText {
  /// Whether any of the `size` bytes at `address` is.
  bool (*overlaps)(uint64_t address, uint64_t size);
  /// Whether what is patched may jump to any of these bytes, though it may not
  /// look so now.
  bool (*is_entered)(uint64_t address, uint64_t size);
};

/// No probe may stand there from now on, and there is none; null: there is no
/// such text. `text` lives until the next call. Context: task.
void SetReservedText(const ReservedText* text);

}  // namespace ebpf
