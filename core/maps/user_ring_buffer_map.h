// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_USER_RINGBUF.
#pragma once

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/maps/user_ring_buffer.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A UserRingBuffer as a map: no keys and values, but mmap, poll for room, and
/// bpf_user_ringbuf_drain.
class UserRingBufferMap final : public Map {
 public:
  UserRingBuffer& ring() { return ring_; }

  // Map. Pages: all but the consumer page for writing, all for reading.
  Result<MapPages> Pages(uint64_t offset, uint64_t size, bool write) override;
  uint32_t Poll() override;
  Status AddListener(Listener& listener) override;
  void RemoveListener(Listener& listener) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateUserRingBufferMap(const MapSpec& spec,
                                                  Allocator& allocator);

  UserRingBufferMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator), ring_(allocator, this) {}
  ~UserRingBufferMap() = default;
  void Destroy() override;

  Allocator& allocator_;
  UserRingBuffer ring_;
};

/// kInvalid, kNoMemory. Context: task.
Result<Ref<Map>> CreateUserRingBufferMap(const MapSpec& spec,
                                         Allocator& allocator);

}  // namespace ebpf
