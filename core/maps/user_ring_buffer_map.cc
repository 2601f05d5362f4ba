// SPDX-License-Identifier: MIT
//
// core/maps/user_ring_buffer_map.h's implementation.
#include "core/maps/user_ring_buffer_map.h"

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/ring/ring_layout.h"
#include "core/sync/read_section.h"

namespace ebpf {

void UserRingBufferMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Result<MapPages> UserRingBufferMap::Pages(uint64_t offset, uint64_t size,
                                          bool write) {
  if (write && offset == 0) {
    return Status::kNotPermitted;
  }
  const ring::Window window = ring::WindowOf(offset, size, ring_.data_size());
  if (!window.valid) {
    return Status::kInvalid;
  }
  return MapPages{ring_.user_memory().data() + offset,
                  static_cast<size_t>(window.size),
                  static_cast<size_t>(window.mirrored)};
}

Status UserRingBufferMap::AddListener(Listener& listener) {
  ring_.notifier().Add(listener);
  return Status::kOk;
}

void UserRingBufferMap::RemoveListener(Listener& listener) {
  ring_.notifier().Remove(listener);
}

Result<Ref<Map>> CreateUserRingBufferMap(const MapSpec& spec,
                                         Allocator& allocator) {
  EBPF_TRY(map_checks::CheckFlags(spec.flags, linux_abi::kMapNumaNode));
  if (spec.key_size != 0 || spec.value_size != 0 ||
      !IsPowerOfTwo(spec.max_entries) ||
      spec.max_entries % ring::kPageSize != 0) {
    return Status::kInvalid;
  }
  UserRingBufferMap* map =
      EBPF_TRY(allocator.New<UserRingBufferMap>(spec, allocator));
  return AdoptIfOk(map, map->ring_.Init(spec.max_entries), allocator);
}

}  // namespace ebpf
