// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_RINGBUF.
#pragma once

#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/maps/ring_buffer.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A RingBuffer as a map: no keys and values, but mmap, poll and the helpers.
class RingBufferMap final : public Map {
 public:
  /// `map` as a ring, or null if it is of another kind. Context: any.
  static RingBufferMap* From(Map& map) {
    return map.spec().type == MapType::kRingBuffer
               ? static_cast<RingBufferMap*>(&map)
               : nullptr;
  }

  RingBuffer& ring() { return ring_; }

  // Map. Pages: the consumer page for writing, all for reading.
  Result<MapPages> Pages(uint64_t offset, uint64_t size, bool write) override;
  uint32_t Poll() override;
  Status AddListener(Listener& listener) override;
  void RemoveListener(Listener& listener) override;

 private:
  friend class Allocator;
  friend Result<Ref<Map>> CreateRingBufferMap(const MapSpec& spec,
                                              Allocator& allocator);

  RingBufferMap(const MapSpec& spec, Allocator& allocator)
      : Map(spec), allocator_(allocator), ring_(allocator, this) {}
  ~RingBufferMap() = default;
  void Destroy() override;

  Allocator& allocator_;
  RingBuffer ring_;
};

/// kInvalid, kNoMemory. Context: task.
Result<Ref<Map>> CreateRingBufferMap(const MapSpec& spec, Allocator& allocator);

}  // namespace ebpf
