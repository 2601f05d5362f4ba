// SPDX-License-Identifier: MIT
//
// What a program of type PERF_EVENT is given.
#pragma once

#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf {

class ArrayedEvent;

/// Stands before what the program sees: struct bpf_perf_event_data, which is
/// the interrupted registers, zeros if nobody knows them, then `sample_period`
/// and `addr`.
struct PerfContext {
  /// Whose sample it is.
  const ArrayedEvent* event;
  /// Where the registers are; null: nobody knows them.
  const machine::PtRegs* regs;
  uint64_t in_user;  // bool: they are a process's

  /// Of what a program was given. Context: any, in a run of it.
  static const PerfContext& Of(uint64_t context) {
    return *(reinterpret_cast<const PerfContext*>(context) - 1);
  }
};
static_assert(sizeof(PerfContext) == 24);

}  // namespace ebpf
