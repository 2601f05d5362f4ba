// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_STACK_TRACE: stacks, each stored once under a number made of its
// hash.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/element_pool.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Frames that Linux keeps of one stack (kernel.perf_event_max_stack).
inline constexpr uint32_t kMaxStackFrames = 127;

/// A stack's bucket is its hash; what is there is exchanged as a whole, so
/// programs never wait. Elements are type-stable: who compares with one while
/// another takes it away compares with another stack of this map, and at worst
/// takes equal hashes for equal stacks or the other way round, as in Linux.
class StackTraceMap final : public Map {
 public:
  /// `map` as one of this kind; it is one. Context: any.
  static StackTraceMap& From(Map& map) {
    return static_cast<StackTraceMap&>(map);
  }

  /// How many frames one entry has room for.
  uint32_t capacity() const { return spec().value_size / sizeof(uint64_t); }

  /// What to do where another stack is at the number.
  struct Options {
    bool by_hash = false;   // BPF_F_FAST_STACK_CMP: same hash, same stack
    bool replaces = false;  // BPF_F_REUSE_STACKID; else kExists
  };

  /// The number of this stack, at most capacity() frames. kExists, kNoMemory
  /// (as many as max_entries are in use). Context: any, preemption off.
  Result<uint32_t> Put(Span<const uint64_t> frames, Options options);

  // Map. Programs only put stacks in.
  Status Update(ConstBytes key, ConstBytes value, UpdateMode mode) override;
  Status Delete(ConstBytes key) override;
  Status CopyValueOut(ConstBytes key, Bytes value) override;
  Status UpdateFromUser(ConstBytes key, ConstBytes value,
                        UpdateMode mode) override;
  Status TakeOut(ConstBytes key, Bytes value) override;
  Status NextKey(ConstBytes key, Bytes next) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateStackTraceMap(const MapSpec& spec,
                                              Allocator& allocator);

  struct Stack : PoolElement {
    Atomic<uint32_t> hash;
    Atomic<uint32_t> count;

    Atomic<uint64_t>* frames() {
      return reinterpret_cast<Atomic<uint64_t>*>(this + 1);
    }
  };

  StackTraceMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), pool_(allocator), allocator_(allocator) {}
  ~StackTraceMap();
  Status Init();
  void Destroy() override;

  static bool Equals(Stack& stack, Span<const uint64_t> frames);
  Stack* Exchange(uint32_t number, Stack* stack);
  /// The number that `key` is, if there can be a stack under it.
  bool NumberIn(ConstBytes key, uint32_t& number) const;
  Stack* Take(ConstBytes key);
  /// To the pool, from a task; null: nothing.
  void GiveBack(Stack* stack);
  static void Copy(Stack& stack, Bytes value);

  ElementPool pool_;
  Atomic<Stack*>* buckets_ = nullptr;
  uint32_t bucket_count_ = 0;  // a power of two
  uint64_t seed_ = 0;
  Allocator& allocator_;
};

/// kInvalid, kTooBig, kNoMemory. Context: task.
Result<Ref<Map>> CreateStackTraceMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
