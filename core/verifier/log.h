// SPDX-License-Identifier: MIT
//
// The verifier's log: an ABI, since clients match on its texts.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"

namespace ebpf::verifier {

/// BPF_LOG_LEVEL1 (1): the path that was refused, with the state at each jump;
/// BPF_LOG_LEVEL2 (2): every path, with the state at each instruction;
/// BPF_LOG_STATS (4): the statistics. The text of a rejection and the last line
/// are written at any level but 0.
inline constexpr uint32_t kLogPath = 1;
inline constexpr uint32_t kLogStates = 2;
inline constexpr uint32_t kLogStats = 4;
/// BPF_LOG_FIXED: of a log that is too long the beginning is kept, not the end.
inline constexpr uint32_t kLogFixed = 8;
/// What bpf(2) takes, as Linux does.
inline constexpr uint32_t kLogMask = 15;
/// Only inside of this tree: no block for people. No client needs it, since the
/// cause stands behind the block once more.
inline constexpr uint32_t kLogBrief = 16;

/// A log with a level, in a buffer that the caller owns. When it is full it
/// keeps the end, where the reason is, and counts all (`writer().wanted()`);
/// bpf(2) returns kNoSpace.
class Log {
 public:
  /// A silent log.
  Log() = default;
  Log(uint32_t level, char* buffer, size_t size)
      : level_(level), writer_(buffer, size) {}

  bool enabled() const { return level_ != 0; }
  bool wants(uint32_t level) const { return (level_ & level) != 0; }
  /// Whether instructions are written as they are walked.
  bool wants_insns() const { return wants(kLogPath | kLogStates); }
  /// Whether a rejection is explained to people.
  bool wants_diagnosis() const { return wants_insns() && !wants(kLogBrief); }

  TextWriter& writer() { return writer_; }
  const TextWriter& writer() const { return writer_; }

 private:
  uint32_t level_ = 0;
  TextWriter writer_;
};

}  // namespace ebpf::verifier
