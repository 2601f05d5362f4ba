// SPDX-License-Identifier: MIT
//
// What the storm is about: two places that are passed on every CPU with
// interrupts on, and count their passes themselves.
#pragma once

#include <stdint.h>

#include "core/tracepoints/static_key.h"
#include "core/tracepoints/trace.h"

namespace guest::trace_storm {

/// Of both tracepoints: which pass of its CPU it was, and what shows that none
/// of it was torn.
struct PassRecord {
  ebpf::EventHeader header;
  uint64_t number;
  uint32_t cpu;
  uint32_t check;  // CheckOf

  static uint32_t CheckOf(uint64_t number, uint32_t cpu) {
    return ~(static_cast<uint32_t>(number) * 31 + cpu);
  }
  bool IsWhole() const { return check == CheckOf(number, cpu); }
};

/// What is common to the two.
struct Pass {
  static constexpr char kSystem[] = "guest_storm";
  using Record = PassRecord;
  static constexpr ebpf::EventField kFields[] = {EBPF_FIELD("u64", number),
                                                 EBPF_FIELD("u32", cpu),
                                                 EBPF_FIELD("u32", check)};
  static constexpr char kPrintFormat[] =
      "\"number=%llu cpu=%u\", REC->number, REC->cpu";
  static void Fill(Record& record, uint64_t number, uint32_t cpu) {
    record.number = number;
    record.cpu = cpu;
    record.check = PassRecord::CheckOf(number, cpu);
  }
};

/// Somebody always wants this one.
struct StormShared : Pass {
  static constexpr char kName[] = "storm_shared";
  static ebpf::Tracepoint tracepoint;
};

/// What comes and goes is alone here: the text changes each time.
struct StormAlone : Pass {
  static constexpr char kName[] = "storm_alone";
  static ebpf::Tracepoint tracepoint;
};

enum class Place : uint32_t { kShared, kAlone };
inline constexpr uint32_t kPlaces = 2;

/// The tracepoint of a place, and the key of a branch beside it.
ebpf::Tracepoint& TracepointOf(Place place);
ebpf::StaticKey& KeyOf(Place place);

/// Threads of each CPU that pass.
inline constexpr uint32_t kPassersPerCpu = 2;

/// Since boot on `cpu`: how often the place was passed, and the branch taken.
uint64_t PassesOf(Place place, uint32_t cpu);
uint64_t TakenAt(Place place, uint32_t cpu);

/// Threads on every CPU pass both places until StopPassing, which returns when
/// they have ended. False: a thread could not be started. Context: task.
[[nodiscard]] bool StartPassing();
void StopPassing();

}  // namespace guest::trace_storm
