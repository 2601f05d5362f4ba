// SPDX-License-Identifier: MIT
//
// The log that a client of BPF_PROG_LOAD or BPF_BTF_LOAD asked for: where it
// is kept meanwhile, and how it gets to the client.
#pragma once

#include <stdint.h>

#include "core/memory/buffer.h"
#include "core/syscall/commands.h"
#include "core/verifier/log.h"

namespace ebpf {

/// What an attribute says of a log, and where in it the client is told how
/// large it would have been.
struct LogRequest {
  uint32_t level;
  uint32_t size;
  uint64_t buffer;
  uint32_t true_size_offset;
};

/// Context: task.
class ClientLog : public NonCopyable {
 public:
  /// A log is all there or not at all, with a known level.
  static bool IsValid(const LogRequest& request);

  explicit ClientLog(const LogRequest& request, Allocator& allocator)
      : request_(request), buffer_(allocator) {}

  /// Memory for it: less than the client's where there is not so much.
  /// kNoMemory. Once, after IsValid and before the rest.
  Status Allocate();

  verifier::Log& log() { return log_; }

  /// Hands the log to the client: text, a zero, and how much there would have
  /// been. kNoSpace where it was cut; kFault.
  Status CopyOut(const Call& call) const;

 private:
  const LogRequest request_;
  Buffer<char> buffer_;
  verifier::Log log_;
};

}  // namespace ebpf
