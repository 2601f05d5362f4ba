// SPDX-License-Identifier: MIT
//
// core/maps/ring_map.h's implementation.
#include "core/maps/ring_map.h"

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/ring/ring_layout.h"

namespace ebpf {

Status CheckRingSpec(const MapSpec& spec) {
  EBPF_TRY(map_checks::CheckFlags(spec.flags, linux_abi::kMapNumaNode));
  return spec.key_size == 0 && spec.value_size == 0 &&
                 IsPowerOfTwo(spec.max_entries) &&
                 spec.max_entries % ring::kPageSize == 0
             ? Status::kOk
             : Status::kInvalid;
}

Result<MapPages> PagesOfRing(Bytes memory, uint64_t offset, uint64_t size) {
  const ring::Window window =
      ring::WindowOf(offset, size, memory.size() - 2 * ring::kPageSize);
  if (!window.valid) {
    return Status::kInvalid;
  }
  return MapPages{memory.data() + offset, static_cast<size_t>(window.size),
                  static_cast<size_t>(window.mirrored), /*sealed=*/true};
}

}  // namespace ebpf
