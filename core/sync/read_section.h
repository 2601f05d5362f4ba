// SPDX-License-Identifier: MIT
//
// Read sections and the data quiescence: when may memory that readers found be
// freed? core/sync/DESIGN.md argues why this is right.
#pragma once

#include <stdint.h>

#include "core/base/types.h"

namespace ebpf {

/// While one lives, nothing that was reachable when it began is freed. Nests,
/// in any context; survives preemption and migration. Costs two increments.
/// Context: any.
class ReadSection : public NonCopyable {
 public:
  ReadSection();
  ~ReadSection();

 private:
  uint32_t phase_;
};

/// Returns when each read section that was open at the call has ended. Callers
/// wait one after the other. Never called inside a read section, in a trap or
/// under a spin lock. Context: task.
void WaitForReaders();

/// Allocates the per-CPU counters, before the first read section; false: no
/// memory. Context: task, once.
[[nodiscard]] bool InitReadSections();
/// Frees them; nobody reads or waits any more. Context: task.
void ExitReadSections();

}  // namespace ebpf
