// SPDX-License-Identifier: MIT
//
// The events of the trace itself: what programs print, and what people write
// into trace_marker. Their records are told in the forms of Linux's.
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// A line of bpf_trace_printk's.
struct BpfTracePrintk {
  static constexpr char kSystem[] = "bpf_trace";
  static constexpr char kName[] = "bpf_trace_printk";
  static constexpr uint32_t kShownArguments = 1;
  struct Record {
    EventHeader header;
    uint32_t bpf_string;  // of `text`
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", bpf_string)};
  static constexpr char kPrintFormat[] = "\"%s\", __get_str(bpf_string)";
  static size_t TextSize(const char* text, uint64_t size) {
    return RecordText::RoomFor(StringView(text, size));
  }
  static void Fill(Record& record, RecordText& text, const char* string,
                   uint64_t size) {
    record.bpf_string = text.Put(StringView(string, size));
  }
  static Tracepoint tracepoint;
};

/// What is written into trace_marker. Nobody passes it: such records are made
/// by TraceInstance::Mark, and it is only their number and their format.
struct FtracePrint {
  static constexpr char kSystem[] = "ftrace";
  static constexpr char kName[] = "print";
  struct Record {
    EventHeader header;
    uint64_t ip;
  };
  static constexpr EventField kFields[] = {
      {"unsigned long", "ip", offsetof(Record, ip), sizeof(uint64_t)},
      // As many as there are, up to the record's end.
      {"char[]", "buf", sizeof(Record), 0, false, FieldKind::kBytes}};
  static constexpr char kPrintFormat[] =
      "\"%ps: %s\", (void *)REC->ip, REC->buf";
  static void Fill(Record& record) { record.ip = 0; }
  static Tracepoint tracepoint;
};

/// Whether it may be switched on: what Linux has under "ftrace" may not.
inline bool IsSwitchable(const TraceEvent& event) {
  return event.system() != FtracePrint::kSystem;
}

}  // namespace ebpf
