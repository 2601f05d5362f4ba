// SPDX-License-Identifier: MIT
//
// What every kind of perf event offers to its file.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map.h"
#include "core/maps/perf_event_array_map.h"
#include "core/memory/locked_memory.h"
#include "core/perf/enabled_time.h"
#include "core/perf/sample.h"
#include "core/platform/symbol_name.h"
#include "core/program/program.h"

namespace ebpf {

/// Which hits an event counts. Programs run on all of them, as in Linux.
struct EventScope {
  int32_t pid = -1;  // one thread, or -1: all
  int32_t cpu = -1;  // one CPU, or -1: all

  /// Whether the caller runs there. Context: any, preemption off.
  bool IsHere() const { return (pid < 0 && cpu < 0) || Contains(); }
  /// The same by halves: whether it has that CPU, and that task.
  bool IsOn(uint32_t one) const {
    return cpu < 0 || static_cast<uint32_t>(cpu) == one;
  }
  bool IsOf(int32_t task) const { return pid < 0 || pid == task; }

 private:
  bool Contains() const;
};

/// What a program is attached to, for those who ask by bpf(2).
struct EventDescription {
  uint32_t type = 0;    // enum bpf_perf_event_type
  uint32_t offset = 0;  // in the function
  size_t name_size = 0;
  char name[kMaxSymbolName];  // its function's, or its own: with no zero
  uint64_t address = 0;
  uint64_t event_config = 0;  // of one of the kernel's own
  uint32_t event_type = 0;
  uint64_t missed = 0;
  uint64_t cookie = 0;

  StringView name_view() const { return StringView(name, name_size); }
  /// Cuts what is too long.
  void SetName(StringView text);
};

class SampledEvent;

/// Context of what is not said otherwise: task.
class PerfEvent : public ArrayedEvent {
 public:
  virtual Status Enable() = 0;
  virtual void Disable() = 0;

  virtual uint64_t count() const = 0;
  virtual void ResetCount() = 0;
  /// Context: any, preemption off.
  virtual EventReading Read() const;

  /// The program that runs with it from now on, and what
  /// bpf_get_attach_cookie tells it; kInvalid where it cannot, or is not of a
  /// type for it; kAccess: it looks for more than there is; kExists.
  virtual Status SetProgram(Ref<Program> program, uint64_t cookie);
  /// It has none from now on, and none of its runs is under way.
  virtual void ClearProgram() {}
  /// The one that it has now; null by default.
  virtual Ref<Program> program() const { return Ref<Program>(); }
  /// Writes the ids of all programs on what it is an event of to `ids`; how
  /// many there are, if more. kInvalid by default: it is of no trace event.
  virtual Result<uint32_t> ListPrograms(Span<uint32_t> ids) const;

  virtual EventDescription Describe() const { return {}; }

  /// As File::Mmap and File::Poll. By default there is nothing to map, and a
  /// poll hangs up. kNotPermitted: it is more than `payer`, if it is not null,
  /// may lock.
  virtual Result<MapPages> Mmap(uint64_t offset, uint64_t size,
                                uint32_t protection, LockedMemory* payer);
  virtual uint32_t Poll();

  /// Of which occurrences it tells: a filter's text; kExists.
  virtual Status SetFilter(StringView text);

  /// This one, if it takes samples; or null.
  virtual SampledEvent* AsSampled() { return nullptr; }

  /// PERF_EVENT_IOC_ID: no other event has or had it. Context: any.
  uint64_t id() const { return id_; }
  const EnabledTime& enabled_time() const { return enabled_time_; }

 protected:
  PerfEvent();
  ~PerfEvent() = default;

  EnabledTime enabled_time_;

 private:
  const uint64_t id_;
};

}  // namespace ebpf
