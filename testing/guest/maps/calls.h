// SPDX-License-Identifier: MIT
//
// The storm's system calls: any operations on its maps, each answer checked.
#pragma once

#include <stdint.h>

#include "core/capi/ebpf.h"
#include "core/loader/object.h"
#include "testing/guest/kernel/machine.h"
#include "testing/programs/map_storm.h"

namespace guest::maps {

/// BPF_MAP_*_ELEM and BPF_MAP_GET_NEXT_KEY on one map: 0 or a negative errno.
struct Map {
  ebpf_client* client = nullptr;
  int fd = 0;

  int64_t Lookup(const void* key, void* value) const;
  int64_t Take(const void* key, void* value) const;  // lookup and delete
  int64_t Update(const void* key, const void* value, uint64_t flags) const;
  int64_t Delete(const void* key) const;
  int64_t Next(const void* key, void* next) const;
};

/// The maps of testing/programs/map_storm.bpf.c.
struct Maps {
  Map hash;
  Map lru;
  Map per_cpu_hash;
  Map per_cpu_array;
  Map array;
  Map trie;
  Map queue;
  Map ring;
  Map counts;

  /// False: the object has others.
  bool Find(ebpf_client* client, const ebpf::loader::Object& object);
};

/// The trie's key.
struct Prefix {
  uint32_t length;
  uint8_t bytes[4];

  static Prefix Of(uint32_t key) {
    return {32, {10, 0, 0, static_cast<uint8_t>(key)}};
  }
};

/// BPF_MAP_UPDATE_ELEM's flags.
inline constexpr uint64_t kAny = 0;
inline constexpr uint64_t kNoExist = 1;
inline constexpr uint64_t kExist = 2;

/// What one CPU's task calls, and what came of it. Context: that task.
class Caller {
 public:
  Caller(const Maps& maps, uint32_t cpu)
      : maps_(maps), cpu_(cpu), random_(cpu * 2 + 1) {}

  /// One call of any kind.
  void CallOnce();
  /// Reads what is in the ring, at most so many records. By one task only.
  void Drain(uint64_t at_most = UINT64_MAX);

  const storm_counts& counts() const { return counts_; }
  /// What was read of the ring.
  uint64_t read() const { return read_; }
  uint64_t read_sum() const { return read_sum_; }

 private:
  /// A value for each CPU.
  struct Values {
    storm_value of_cpu[kMaxCpus];
  };

  uint64_t Random();
  storm_value NewValue(uint32_t key, uint32_t cpu);
  Values NewValues(uint32_t key);
  /// Counts `result`; `allowed` is no mistake. True for 0.
  bool Judge(int64_t result, int64_t allowed);
  /// A copy that was made whole.
  void LookAtCopy(const storm_value& value, uint32_t key);
  /// A copy of what others may be writing.
  void LookAtWords(const storm_value& value, uint32_t key, uint32_t cpu);
  void LookAtAll(const Values& values, uint32_t key);

  void UseHash(uint32_t key, uint64_t choice);
  void UsePerCpuHash(uint32_t key, uint64_t choice);
  void UsePerCpuArray(uint32_t key, uint64_t choice);
  void UseLru(uint64_t choice);
  void UseArray(uint32_t key, uint64_t choice);
  void UseTrie(uint32_t key, uint64_t choice);
  void UseQueue(uint64_t choice);

  const Maps& maps_;
  const uint32_t cpu_;
  uint64_t random_;
  storm_counts counts_ = {};
  uint64_t read_ = 0;
  uint64_t read_sum_ = 0;
};

}  // namespace guest::maps
