// SPDX-License-Identifier: MIT
//
// What every kind of perf event offers to its file.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/maps/map.h"
#include "core/maps/perf_event_array_map.h"
#include "core/program/program.h"

namespace ebpf {

/// Which hits an event counts. Programs run on all of them, as in Linux.
struct EventScope {
  int32_t pid = -1;  // one thread, or -1: all
  int32_t cpu = -1;  // one CPU, or -1: all

  /// Whether the caller runs there. Context: any, preemption off.
  bool IsHere() const;
};

/// Context of what is not said otherwise: task.
class PerfEvent : public ArrayedEvent {
 public:
  virtual Status Enable() = 0;
  virtual void Disable() = 0;

  virtual uint64_t count() const = 0;
  virtual void ResetCount() = 0;

  /// The program that runs with it from now on; kInvalid where it cannot, or is
  /// not of a type for it; kExists.
  virtual Status SetProgram(Ref<Program> program);

  /// As File::Mmap and File::Poll. By default there is nothing to map, and a
  /// poll hangs up.
  virtual Result<MapPages> Mmap(uint64_t offset, uint64_t size,
                                uint32_t protection);
  virtual uint32_t Poll();

  /// What bpf_get_attach_cookie tells its program. Context: any.
  void SetCookie(uint64_t cookie) { cookie_.Store(cookie, kRelaxed); }
  uint64_t cookie() const { return cookie_.Load(kRelaxed); }

  /// PERF_EVENT_IOC_ID: no other event has or had it. Context: any.
  uint64_t id() const { return id_; }

 protected:
  PerfEvent();
  ~PerfEvent() = default;

 private:
  const uint64_t id_;
  Atomic<uint64_t> cookie_{0};
};

}  // namespace ebpf
