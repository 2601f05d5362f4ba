// SPDX-License-Identifier: MIT
//
// The names of tasks that events happened in, for who reads of them later.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/helpers/current_task.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"

namespace ebpf {

/// A place for each task whose number has the same last bits: who comes later
/// takes it. Written anywhere, by whoever is there first; a name that cannot be
/// written now is not.
class SavedCmdlines : public NonCopyable {
 public:
  static constexpr size_t kDefaultSize = 128;
  static constexpr size_t kMaxSize = 32768;  // Linux's PID_MAX_DEFAULT

  /// For `size` tasks, up to the next power of two. kInvalid: 0, or more than
  /// kMaxSize; kNoMemory. Context: task.
  static Result<SavedCmdlines*> Create(size_t size, Allocator& allocator);
  /// Nobody notes or looks any more. Context: task.
  void Destroy();

  size_t size() const { return places_.size(); }

  /// An event has happened in task `pid`, which runs on `cpu`: its name is
  /// kept, unless it was not long ago. Context: any, preemption off.
  [[gnu::always_inline]] void Note(uint32_t pid, uint64_t time, uint32_t cpu) {
    // One comparison, for the one that a CPU runs: the task, and a while of 8
    // ms.
    const uint64_t noted = time >> kFreshShift << 32 | pid;
    Atomic<uint64_t>& last = last_.Of(cpu);
    if (__builtin_expect(last.Load(kRelaxed) != noted, 0)) {
      last.Store(noted, kRelaxed);
      NoteOther(pid, time);
    }
  }

  /// The name of task `pid`, or "<...>", as Linux shows tasks whose name was
  /// not kept; "<idle>" is 0's. Context: any.
  void Find(uint32_t pid, char (&comm)[kCommSize]) const;

  /// Place `index`, if there is a name in it. Context: any.
  bool At(size_t index, uint32_t* pid, char (&comm)[kCommSize]) const;

 private:
  friend class Allocator;

  /// A task that gives itself another name is shown under it after this.
  static constexpr unsigned kFreshShift = 23;
  static constexpr uint64_t kFreshNs = uint64_t{1} << kFreshShift;
  static constexpr size_t kWords = kCommSize / sizeof(uint64_t);

  struct Place {
    Atomic<uint32_t> turn;  // odd: it is being written
    Atomic<uint32_t> pid;   // 0: nobody
    Atomic<uint64_t> time;
    Atomic<uint64_t> comm[kWords];
  };

  SavedCmdlines(Span<Place> places, Allocator& allocator)
      : places_(places), allocator_(allocator) {}
  ~SavedCmdlines() = default;

  Place& PlaceOf(uint32_t pid) const {
    return places_[pid & (places_.size() - 1)];
  }
  void NoteOther(uint32_t pid, uint64_t time);
  static void Save(Place& place, uint32_t pid, uint64_t time);
  static uint32_t Read(const Place& place, char (&comm)[kCommSize]);

  const Span<Place> places_;
  /// Whom a CPU has noted, and when.
  PerCpu<Atomic<uint64_t>> last_;
  Allocator& allocator_;
};

}  // namespace ebpf
