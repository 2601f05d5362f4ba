// SPDX-License-Identifier: MIT
//
// Linux's events exceptions:*.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// What the two below share. `regs`: of what faulted, or null; `error_code`:
/// what the CPU says of the fault, in its own words.
struct PageFaultKind {
  static constexpr char kSystem[] = "exceptions";
  static constexpr uint32_t kShownArguments = 3;
  struct Record {
    EventHeader header;
    uint64_t address;
    uint64_t ip;
    uint64_t error_code;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("unsigned long", address), EBPF_FIELD("unsigned long", ip),
      EBPF_FIELD("unsigned long", error_code)};
  static constexpr char kPrintFormat[] =
      "\"address=%ps ip=%ps error_code=0x%lx\", (void *)REC->address, "
      "(void *)REC->ip, REC->error_code";
  static void Fill(Record& record, uint64_t address, const void* /*regs*/,
                   uint64_t error_code, uint64_t ip) {
    record.address = address;
    record.ip = ip;
    record.error_code = error_code;
  }
};

/// By user code.
struct PageFaultUser : PageFaultKind {
  static constexpr char kName[] = "page_fault_user";
  static Tracepoint tracepoint;
};
/// By the kernel.
struct PageFaultKernel : PageFaultKind {
  static constexpr char kName[] = "page_fault_kernel";
  static Tracepoint tracepoint;
};

}  // namespace ebpf
