// SPDX-License-Identifier: MIT
//
// All named probes, as kprobe_events and dynamic_events show and take them.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/machine/register_names.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Context of all: task.
class ProbeEvents {
 public:
  /// `registers` may be null: then no probe gets a name (kNotSupported).
  static void Init(const machine::RegisterNames* registers,
                   Allocator& allocator);
  /// Nobody uses one any more.
  static void Exit();

  /// Does what `text` says, line by line, up to the first that cannot be done:
  /// "p:..." and "r:..." make one, "-:[GROUP/]EVENT" removes those of that
  /// name. Empty lines, and what is behind '#', are passed over. kInvalid: what
  /// is wrong is in the error log, as far as Linux says it; kNotFound: there is
  /// none to be removed; kBusy: somebody uses it; kExists; kNoMemory.
  static Status Write(StringView text);
  /// Removes all. kBusy: somebody uses one of them, and none is removed.
  static Status Clear();

  /// Writes the line of the oldest that was made after the one that `*place`
  /// stands for, which becomes this one's; false: there is none. 0 begins, and
  /// so a walk shows each once that is there all the time.
  static bool Put(TextWriter& writer, uint64_t* place);
  /// The same, its line of kprobe_profile.
  static bool PutProfile(TextWriter& writer, uint64_t* place);
};

}  // namespace ebpf
