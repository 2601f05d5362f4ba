// SPDX-License-Identifier: MIT
//
// core/maps/user_ring_buffer_map.h's implementation.
#include "core/maps/user_ring_buffer_map.h"

#include "core/linux_abi/perf_event.h"
#include "core/maps/ring_map.h"
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
  return PagesOfRing(ring_.user_memory(), offset, size);
}

uint32_t UserRingBufferMap::Poll() {
  return ring_.Writable() ? linux_abi::kPollOut | linux_abi::kPollWriteNormal
                          : 0;
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
  EBPF_TRY(CheckRingSpec(spec));
  UserRingBufferMap* map =
      EBPF_TRY(allocator.New<UserRingBufferMap>(spec, allocator));
  return AdoptIfOk(map, map->ring_.Init(spec.max_entries), allocator);
}

}  // namespace ebpf
