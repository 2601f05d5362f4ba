// SPDX-License-Identifier: MIT
//
// Linux's events power:*.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// What the two below share.
struct CpuStateKind {
  static constexpr char kSystem[] = "power";
  struct Record {
    EventHeader header;
    uint32_t state;
    uint32_t cpu_id;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u32", state),
                                           EBPF_FIELD("u32", cpu_id)};
  static constexpr char kPrintFormat[] =
      "\"state=%lu cpu_id=%lu\", (unsigned long)REC->state, "
      "(unsigned long)REC->cpu_id";
  static void Fill(Record& record, uint32_t state, uint32_t cpu_id) {
    record.state = state;
    record.cpu_id = cpu_id;
  }
};

/// The CPU has nothing to do, or again has: the state is then
/// kCpuIdleExit.
struct CpuIdle : CpuStateKind {
  static constexpr char kName[] = "cpu_idle";
  static Tracepoint tracepoint;
};
inline constexpr uint32_t kCpuIdleExit = UINT32_MAX;

/// It runs at `state` kHz.
struct CpuFrequency : CpuStateKind {
  static constexpr char kName[] = "cpu_frequency";
  static Tracepoint tracepoint;
};

}  // namespace ebpf
