// SPDX-License-Identifier: MIT
//
// The storm's programs, loaded, run and attached, and what they have counted.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/capi/ebpf.h"
#include "core/loader/object.h"
#include "core/memory/ref_counted.h"
#include "core/perf/perf_event.h"
#include "core/program/program.h"
#include "testing/guest/maps/calls.h"

namespace guest::maps {

/// A probe with a program of its own.
struct Probed {
  int link = -1;
  ebpf::Ref<ebpf::PerfEvent> event;
  ebpf::Ref<ebpf::Program> program;

  uint64_t MissedByGuard() const { return event->Describe().missed; }
  uint64_t MissedByProgram() const { return program->Stats().missed; }
  uint64_t Runs() const { return program->Stats().runs; }
  /// How often its instruction was reached. Context: any.
  uint64_t Hits() const { return Runs() + MissedByGuard() + MissedByProgram(); }
};

/// testing/programs/map_storm.bpf.c in the kernel. Context: task.
class Storm {
 public:
  explicit Storm(ebpf_client* client);

  /// False: it cannot be loaded; the log is printed.
  bool Load();

  const Maps& maps() const { return maps_; }

  /// One run of storm_task on this CPU; false if it failed.
  bool RunTask() const;
  /// storm_tick runs at each timer tick of each CPU.
  bool AttachToTicks();
  bool DetachFromTicks() { return Detach(ticks_); }
  /// storm_trap runs where `function` begins. -1 or a descriptor.
  int AttachTrap(const char* function);
  bool Detach(int link);
  /// One run of storm_driver on this CPU.
  bool RunDriver() const;
  /// storm_probed runs, by a program of its own, where `function` begins, or at
  /// its second instruction: if it has one, else where it begins too.
  bool AttachProbed(const char* function, bool second, Probed* probed);

  /// What all programs on all CPUs have counted.
  storm_counts Counted() const;

 private:
  bool Run(size_t program) const;

  ebpf_client* client_;
  char log_buffer_[256];
  ebpf::TextWriter log_;
  ebpf::loader::Object object_;
  Maps maps_;
  int ticks_ = -1;
};

/// Adds each of `more`'s counts to `sum`'s.
void Add(storm_counts& sum, const storm_counts& more);

}  // namespace guest::maps
