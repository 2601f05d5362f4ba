// SPDX-License-Identifier: MIT
//
// What is measured: functions that differ by what they pass, and nothing else.
#pragma once

#include <stdint.h>

#include "core/tracepoints/static_key.h"
#include "core/tracepoints/trace.h"

namespace guest::trace_bench {

/// guest_bench:bench_event: a record of four fields.
struct BenchEvent {
  static constexpr char kSystem[] = "guest_bench";
  static constexpr char kName[] = "bench_event";
  struct Record {
    ebpf::EventHeader header;
    uint64_t first;
    uint32_t second;
    int32_t third;
    uint64_t fourth;
  };
  static constexpr ebpf::EventField kFields[] = {
      EBPF_FIELD("u64", first), EBPF_FIELD("u32", second),
      EBPF_FIELD("int", third), EBPF_FIELD("u64", fourth)};
  static constexpr char kPrintFormat[] =
      "\"%llu %u %d %llu\", REC->first, REC->second, REC->third, REC->fourth";
  static void Fill(Record& record, uint64_t first, uint32_t second,
                   int32_t third, uint64_t fourth) {
    record.first = first;
    record.second = second;
    record.third = third;
    record.fourth = fourth;
  }
  static ebpf::Tracepoint tracepoint;
};

/// What is passed, and filters compare with.
inline constexpr uint64_t kFirst = 1000;
inline constexpr uint32_t kSecond = 3;
inline constexpr int32_t kThird = -3;

/// Calls something else, as most functions do.
void PassNothing();
/// The same, and passes BenchEvent.
void PassEvent();
/// The same, with a branch on SwitchedKey() in its place; how often it was
/// taken.
void PassKey();
uint64_t TakenBranches();
ebpf::StaticKey& SwitchedKey();

}  // namespace guest::trace_bench
