// SPDX-License-Identifier: MIT
//
// Lines in the kernel's log that tell why there can be no probe somewhere: of
// what clients ask for, as often as they like.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/base/types.h"

namespace ebpf {

/// As Linux's printk_ratelimit: in each kWindowNs, kLines at most.
class LogLimit : public NonCopyable {
 public:
  static constexpr uint64_t kWindowNs = 5'000'000'000;
  static constexpr uint32_t kLines = 10;

  constexpr LogLimit() = default;

  /// Whether one more line may be written at `now`; `left_out` becomes how many
  /// were not since the last that was. Context: any.
  bool Allows(uint64_t now, uint64_t& left_out);
  void Reset();

 private:
  Atomic<uint64_t> begin_{0};  // of the window
  Atomic<uint32_t> lines_{0};  // in it
  Atomic<uint64_t> left_out_{0};
};

/// One line, if not too many came just before. `function`, which a client may
/// have written, has no character in it that means something to a terminal.
/// Context: any.
void LogRefusal(StringView function, uint64_t offset, StringView why);

/// The line that tells why there are no probes at all. Context: any.
void LogNoProbes(StringView why);

/// As if nothing had been logged yet.
void ResetRefusalLog();

}  // namespace ebpf
