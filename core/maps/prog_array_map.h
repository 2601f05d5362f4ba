// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_PROG_ARRAY: the programs that tail calls go to.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// What an entry points to: part of a program (core/program), with what engines
/// need to go there. Compiled code knows the offsets.
struct TailCallTarget {
  /// Where its engine begins it, in the engine's own terms.
  const void* entry = nullptr;
  /// The Program, for RunContext::program.
  void* program = nullptr;
  /// Programs may only call programs of the same engine and type, which were
  /// loaded for the same attach type: what contexts hold may depend on it.
  const void* engine = nullptr;
  uint32_t type = 0;
  uint32_t attach_type = 0;
  /// What user space sees of it.
  uint32_t id = 0;
  /// It may run only where it was attached, and so makes no tail calls either.
  bool never_by_tail_call = false;
  /// Gives a reference of the program back. Context: task.
  void (*release)(const TailCallTarget& target) = nullptr;
};

/// Entries are changed while programs read them; what was there lives on until
/// the read sections that may have found it are over (programs wait for that
/// when they die).
///
/// The array holds its programs, and a program holds the arrays that it uses,
/// possibly one with itself in it. So, as in Linux, the array is emptied when
/// nobody but programs can reach it any more.
class ProgArrayMap final : public Map {
 public:
  /// The program at `index`, or null. Context: any, in a read section.
  const TailCallTarget* At(uint32_t index) const {
    // Pairs with the release in Set.
    return index < count_ ? entries_[index].Load(kAcquire) : nullptr;
  }

  /// Takes over a reference of `target`, when it succeeds. kTooBig (no such
  /// index), kInvalid (another engine, type or attach type than what is here,
  /// or uses the map already; never by a tail call). Context: task, in no read
  /// section.
  Status Set(uint32_t index, TailCallTarget& target);

  /// The first user decides which programs the map is for:
  /// kInvalid for others. Context: task.
  Status Claim(const TailCallTarget& user);

  /// Gives the reference of what is there back: kTooBig, kNotFound. Context:
  /// task, in no read section.
  Status Clear(uint32_t index);

  // Map. Programs cannot look entries up; user space gets a program's id, and
  // bpf(2) makes descriptors to Set and Clear.
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status NextKey(ConstBytes key, Bytes next) override;
  void UserReferencesGone() override;

  // Compiled code reads these.
  static const size_t kCountOffset;
  static const size_t kEntriesOffset;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateProgArrayMap(const MapSpec& spec,
                                             Allocator& allocator);

  ProgArrayMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), count_(spec.max_entries), allocator_(allocator) {}
  ~ProgArrayMap();
  Status Init();
  void Destroy() override;
  /// kNotFound: there was nothing, and is nothing.
  Status Put(uint32_t index, TailCallTarget* target);

  const uint32_t count_;
  Atomic<TailCallTarget*>* entries_ = nullptr;
  Allocator& allocator_;
  Mutex mutex_;
  const void* engine_ EBPF_GUARDED_BY(mutex_) = nullptr;
  uint32_t type_ EBPF_GUARDED_BY(mutex_) = 0;
  uint32_t attach_type_ EBPF_GUARDED_BY(mutex_) = 0;
};

// ProgArrayMap is no standard-layout type, but both compilers place the members
// of a class with one base as those of a structure.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
inline constexpr size_t ProgArrayMap::kCountOffset =
    offsetof(ProgArrayMap, count_);
inline constexpr size_t ProgArrayMap::kEntriesOffset =
    offsetof(ProgArrayMap, entries_);
#pragma GCC diagnostic pop

/// kInvalid, kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreateProgArrayMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
