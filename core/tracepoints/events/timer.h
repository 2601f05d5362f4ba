// SPDX-License-Identifier: MIT
//
// Linux's events timer:*, of timers that count ticks and of those that count
// nanoseconds (hrtimer).
#pragma once

#include <stdint.h>

#include "core/tracepoints/trace.h"

namespace ebpf {

/// What those share that tell no more than which timer it is.
struct TimerKind {
  static constexpr char kSystem[] = "timer";
  struct Record {
    EventHeader header;
    const void* timer;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("void *", timer)};
  static constexpr char kPrintFormat[] = "\"timer=%p\", REC->timer";
  static void Fill(Record& record, const void* timer) { record.timer = timer; }
};
struct TimerInit : TimerKind {
  static constexpr char kName[] = "timer_init";
  static Tracepoint tracepoint;
};
struct TimerExpireExit : TimerKind {
  static constexpr char kName[] = "timer_expire_exit";
  static Tracepoint tracepoint;
};
struct TimerCancel : TimerKind {
  static constexpr char kName[] = "timer_cancel";
  static Tracepoint tracepoint;
};

/// A timer is set: to call `function` at tick `expires`, or at `bucket_expiry`
/// as it is rounded. `flags`: a CPU, Linux's bits, and an index above them.
struct TimerStart {
  static constexpr char kSystem[] = "timer";
  static constexpr char kName[] = "timer_start";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    const void* timer;
    const void* function;
    uint64_t expires;
    uint64_t bucket_expiry;
    uint64_t now;
    uint32_t flags;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("void *", timer),
      EBPF_FIELD("void *", function),
      EBPF_FIELD("unsigned long", expires),
      EBPF_FIELD("unsigned long", bucket_expiry),
      EBPF_FIELD("unsigned long", now),
      EBPF_FIELD("unsigned int", flags)};
  static constexpr char kPrintFormat[] =
      "\"timer=%p function=%ps expires=%lu [timeout=%ld] bucket_expiry=%lu "
      "cpu=%u idx=%u flags=%s\", REC->timer, REC->function, REC->expires, "
      "(long)REC->expires - REC->now, REC->bucket_expiry, "
      "REC->flags & 0x0003FFFF, REC->flags >> 22, __print_flags(REC->flags & "
      "(0x00040000 | 0x00080000 | 0x00100000 | 0x00200000), \"|\", "
      "{ 0x00040000, \"M\" }, { 0x00080000, \"D\" }, { 0x00100000, \"P\" }, "
      "{ 0x00200000, \"I\" })";
  static void Fill(Record& record, const void* timer, uint64_t bucket_expiry,
                   const void* function, uint64_t expires, uint64_t now,
                   uint32_t flags) {
    record.timer = timer;
    record.function = function;
    record.expires = expires;
    record.bucket_expiry = bucket_expiry;
    record.now = now;
    record.flags = flags;
  }
  static Tracepoint tracepoint;
};

/// `function` is about to be called.
struct TimerExpireEntry {
  static constexpr char kSystem[] = "timer";
  static constexpr char kName[] = "timer_expire_entry";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    const void* timer;
    uint64_t now;
    const void* function;
    uint64_t baseclk;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("void *", timer), EBPF_FIELD("unsigned long", now),
      EBPF_FIELD("void *", function), EBPF_FIELD("unsigned long", baseclk)};
  static constexpr char kPrintFormat[] =
      "\"timer=%p function=%ps now=%lu baseclk=%lu\", REC->timer, "
      "REC->function, REC->now, REC->baseclk";
  static void Fill(Record& record, const void* timer, uint64_t baseclk,
                   const void* function, uint64_t now) {
    record.timer = timer;
    record.now = now;
    record.function = function;
    record.baseclk = baseclk;
  }
  static Tracepoint tracepoint;
};

struct HrtimerKind {
  static constexpr char kSystem[] = "timer";
  struct Record {
    EventHeader header;
    const void* hrtimer;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("void *", hrtimer)};
  static constexpr char kPrintFormat[] = "\"hrtimer=%p\", REC->hrtimer";
  static void Fill(Record& record, const void* hrtimer) {
    record.hrtimer = hrtimer;
  }
};
struct HrtimerExpireExit : HrtimerKind {
  static constexpr char kName[] = "hrtimer_expire_exit";
  static Tracepoint tracepoint;
};
struct HrtimerCancel : HrtimerKind {
  static constexpr char kName[] = "hrtimer_cancel";
  static Tracepoint tracepoint;
};

/// At `now`, in ns: a value, where Linux gives raw programs its address.
struct HrtimerExpireEntry {
  static constexpr char kSystem[] = "timer";
  static constexpr char kName[] = "hrtimer_expire_entry";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    const void* hrtimer;
    int64_t now;
    const void* function;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("void *", hrtimer),
                                           EBPF_FIELD("s64", now),
                                           EBPF_FIELD("void *", function)};
  static constexpr char kPrintFormat[] =
      "\"hrtimer=%p function=%ps now=%llu\", REC->hrtimer, REC->function, "
      "(unsigned long long) REC->now";
  static void Fill(Record& record, const void* hrtimer, int64_t now,
                   const void* function) {
    record.hrtimer = hrtimer;
    record.now = now;
    record.function = function;
  }
  static Tracepoint tracepoint;
};

}  // namespace ebpf
