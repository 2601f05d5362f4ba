// SPDX-License-Identifier: MIT
//
// Linux's events raw_syscalls:*, passed for each system call.
// core/tracepoints/README.md says what raw programs get of each event.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

inline constexpr size_t kSyscallArguments = 6;

/// Before a call is served. `regs`: the registers of its caller, or null.
struct RawSyscallsSysEnter {
  static constexpr char kSystem[] = "raw_syscalls";
  static constexpr char kName[] = "sys_enter";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    int64_t id;
    uint64_t args[kSyscallArguments];
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("long", id), EBPF_FIELD("unsigned long[6]", args)};
  static constexpr char kPrintFormat[] =
      "\"NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)\", REC->id, REC->args[0], "
      "REC->args[1], REC->args[2], REC->args[3], REC->args[4], REC->args[5]";
  static void Fill(Record& record, const void* /*regs*/, int64_t id,
                   const uint64_t* args) {
    record.id = id;
    CopyBytes(record.args, args, sizeof(record.args));
  }
  static Tracepoint tracepoint;
};

/// Behind it.
struct RawSyscallsSysExit {
  static constexpr char kSystem[] = "raw_syscalls";
  static constexpr char kName[] = "sys_exit";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    int64_t id;
    int64_t ret;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("long", id),
                                           EBPF_FIELD("long", ret)};
  static constexpr char kPrintFormat[] = "\"NR %ld = %ld\", REC->id, REC->ret";
  static void Fill(Record& record, const void* /*regs*/, int64_t ret,
                   int64_t id) {
    record.id = id;
    record.ret = ret;
  }
  static Tracepoint tracepoint;
};

}  // namespace ebpf
