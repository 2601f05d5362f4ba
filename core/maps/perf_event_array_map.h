// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_PERF_EVENT_ARRAY: perf events that programs write to and read.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/pt_regs.h"
#include "core/maps/map.h"
#include "core/maps/object_array.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// What a counter says: struct bpf_perf_event_value, times in nanoseconds.
struct CounterReading {
  uint64_t counter;
  uint64_t enabled;
  uint64_t running;
};
static_assert(sizeof(CounterReading) == 24);

/// A perf event as programs use it; core/perf implements it.
class ArrayedEvent : public RefCounted<ArrayedEvent> {
 public:
  /// A sample with `data` as its raw part, taken where `regs` are the
  /// registers; null: nobody knows them. kInvalid (takes no samples of
  /// programs), kNotSupported (does not count here: another CPU or task, or not
  /// enabled), kNoSpace (no room: counted as lost), kTooBig. Context: any,
  /// preemption off.
  virtual Status Output(ConstBytes data, const machine::PtRegs* regs) = 0;

  /// The count, where it can be read from here: kInvalid, kNotSupported.
  /// Context: any, preemption off.
  virtual Result<CounterReading> ReadCounter() const = 0;

 protected:
  ArrayedEvent() = default;
  ~ArrayedEvent() = default;

 private:
  friend class RefCounted<ArrayedEvent>;

  /// Waits for readers, then frees. Context: task.
  virtual void Destroy() = 0;
};

/// An event goes when the file through which it was put in closes, as in Linux,
/// unless the map was made with BPF_F_PRESERVE_ELEMS.
class PerfEventArrayMap final : public Map {
 public:
  /// `map` as one of this kind; it is one. Context: any.
  static PerfEventArrayMap& From(Map& map) {
    return static_cast<PerfEventArrayMap&>(map);
  }

  /// The event at `index`, or null. Context: any, in a read section.
  ArrayedEvent* At(uint64_t index) const { return events_.At(index); }

  /// Puts an event in on behalf of `user`; kTooBig. Context: task, in no read
  /// section.
  Status Set(uint32_t index, Ref<ArrayedEvent> event, const void* user);

  /// kTooBig, kNotFound. Context: task, in no read section.
  Status Clear(uint32_t index);

  // Map. Programs and user space cannot look entries up.
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreatePerfEventArrayMap(const MapSpec& spec,
                                                  Allocator& allocator);

  PerfEventArrayMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), events_(allocator), allocator_(allocator) {}
  ~PerfEventArrayMap();
  Status Init();
  void UserGone(const void* user) override;
  void Destroy() override;

  ObjectArray<ArrayedEvent> events_;
  Allocator& allocator_;
  Mutex mutex_;
  /// Who put each event in.
  Span<const void*> users_ EBPF_GUARDED_BY(mutex_);
};

/// kInvalid, kNoMemory. Context: task.
Result<Ref<Map>> CreatePerfEventArrayMap(const MapSpec& spec,
                                         Allocator& allocator);

}  // namespace ebpf
