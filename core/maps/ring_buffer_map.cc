// SPDX-License-Identifier: MIT
//
// core/maps/ring_buffer_map.h's implementation.
#include "core/maps/ring_buffer_map.h"

#include "core/linux_abi/perf_event.h"
#include "core/maps/ring_map.h"
#include "core/ring/ring_layout.h"
#include "core/sync/read_section.h"

namespace ebpf {

void RingBufferMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Result<MapPages> RingBufferMap::Pages(uint64_t offset, uint64_t size,
                                      bool write) {
  if (write && (offset != 0 || size != ring::kPageSize)) {
    return Status::kNotPermitted;
  }
  return PagesOfRing(ring_.user_memory(), offset, size);
}

uint32_t RingBufferMap::Poll() {
  return ring_.Readable() ? linux_abi::kPollIn | linux_abi::kPollReadNormal : 0;
}

Status RingBufferMap::AddListener(Listener& listener) {
  ring_.notifier().Add(listener);
  return Status::kOk;
}

void RingBufferMap::RemoveListener(Listener& listener) {
  ring_.notifier().Remove(listener);
}

Result<Ref<Map>> CreateRingBufferMap(const MapSpec& spec,
                                     Allocator& allocator) {
  EBPF_TRY(CheckRingSpec(spec));
  RingBufferMap* map = EBPF_TRY(allocator.New<RingBufferMap>(spec, allocator));
  return AdoptIfOk(map, map->ring_.Init(spec.max_entries), allocator);
}

}  // namespace ebpf
