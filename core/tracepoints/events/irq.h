// SPDX-License-Identifier: MIT
//
// Linux's events irq:*, of interrupts and of what they leave to be done.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// A handler of interrupt `irq` is about to run. `action` is what raw programs
/// get where Linux has its irqaction.
struct IrqHandlerEntry {
  static constexpr char kSystem[] = "irq";
  static constexpr char kName[] = "irq_handler_entry";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    int32_t irq;
    uint32_t name;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("int", irq), EBPF_FIELD("__data_loc char[]", name)};
  static constexpr char kPrintFormat[] =
      "\"irq=%d name=%s\", REC->irq, __get_str(name)";
  static size_t TextSize(int32_t /*irq*/, const void* /*action*/,
                         const char* name) {
    return RecordText::RoomFor(name);
  }
  static void Fill(Record& record, RecordText& text, int32_t irq,
                   const void* /*action*/, const char* name) {
    record.irq = irq;
    record.name = text.Put(name);
  }
  static Tracepoint tracepoint;
};

/// It has run; `ret`: it had something to do.
struct IrqHandlerExit {
  static constexpr char kSystem[] = "irq";
  static constexpr char kName[] = "irq_handler_exit";
  struct Record {
    EventHeader header;
    int32_t irq;
    int32_t ret;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("int", irq),
                                           EBPF_FIELD("int", ret)};
  static constexpr char kPrintFormat[] =
      "\"irq=%d ret=%s\", REC->irq, REC->ret ? \"handled\" : \"unhandled\"";
  static void Fill(Record& record, int32_t irq, const void* /*action*/,
                   int32_t ret) {
    record.irq = irq;
    record.ret = ret;
  }
  static Tracepoint tracepoint;
};

/// What the three below share.
struct SoftirqKind {
  static constexpr char kSystem[] = "irq";
  struct Record {
    EventHeader header;
    uint32_t vec;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("unsigned int", vec)};
  static constexpr char kPrintFormat[] =
      "\"vec=%u [action=%s]\", REC->vec, __print_symbolic(REC->vec, "
      "{ 0, \"HI\" }, { 1, \"TIMER\" }, { 2, \"NET_TX\" }, "
      "{ 3, \"NET_RX\" }, { 4, \"BLOCK\" }, { 5, \"IRQ_POLL\" }, "
      "{ 6, \"TASKLET\" }, { 7, \"SCHED\" }, { 8, \"HRTIMER\" }, "
      "{ 9, \"RCU\" })";
  static void Fill(Record& record, uint32_t vec) { record.vec = vec; }
};

/// Deferred work of kind `vec` is about to be done,
struct SoftirqEntry : SoftirqKind {
  static constexpr char kName[] = "softirq_entry";
  static Tracepoint tracepoint;
};
/// has been done,
struct SoftirqExit : SoftirqKind {
  static constexpr char kName[] = "softirq_exit";
  static Tracepoint tracepoint;
};
/// or shall be.
struct SoftirqRaise : SoftirqKind {
  static constexpr char kName[] = "softirq_raise";
  static Tracepoint tracepoint;
};

}  // namespace ebpf
