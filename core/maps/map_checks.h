// SPDX-License-Identifier: MIT
//
// Linux's checks that several kinds of map have in common.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/checked.h"
#include "core/base/status.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_fields.h"
#include "core/maps/map_spec.h"

namespace ebpf::map_checks {

/// The flags that say who may read and write.
inline constexpr uint32_t kAccessFlags =
    linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly |
    linux_abi::kMapReadOnlyProg | linux_abi::kMapWriteOnlyProg;

/// A value of a per-CPU map is at most this large (Linux's smallest unit of
/// per-CPU memory).
inline constexpr uint32_t kMaxPerCpuValue = 32 << 10;

/// KMALLOC_MAX_SIZE: what an element may take in Linux.
inline constexpr uint32_t kMaxElement = 1u << 22;

inline constexpr size_t kPageSize = 4096;

/// kInvalid unless `flags` are among `allowed` and do not forbid all access.
constexpr Status CheckFlags(uint32_t flags, uint32_t allowed) {
  constexpr uint32_t kNobody =
      linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly;
  constexpr uint32_t kNoProgram =
      linux_abi::kMapReadOnlyProg | linux_abi::kMapWriteOnlyProg;
  if ((flags & ~allowed) != 0 || (flags & kNobody) == kNobody ||
      (flags & kNoProgram) == kNoProgram) {
    return Status::kInvalid;
  }
  return Status::kOk;
}

/// kInvalid unless `mode` is one of the three, or one with BPF_F_LOCK for
/// values with a bpf_spin_lock among their `fields`.
inline Status CheckMode(UpdateMode mode, MapFields fields = MapFields()) {
  const bool has_lock =
      !TakesLock(mode) || HasField(fields, Bit(MapFieldKind::kSpinLock));
  return static_cast<uint64_t>(WithoutLock(mode)) <= linux_abi::kUpdateExist &&
                 has_lock
             ? Status::kOk
             : Status::kInvalid;
}

/// More than any map of ours can be; asking an allocator for more than it can
/// count is an error of its own in some.
inline constexpr uint64_t kMaxBytes = uint64_t{1} << 39;

/// The bytes of `count` things of `size` bytes; kNoMemory above kMaxBytes.
constexpr Result<size_t> TotalBytes(uint64_t count, uint64_t size) {
  const Result<uint64_t> total = CheckedMul(count, size);
  if (!total.ok() || *total > kMaxBytes) {
    return Status::kNoMemory;
  }
  return static_cast<size_t>(*total);
}

}  // namespace ebpf::map_checks
