// SPDX-License-Identifier: MIT
//
// Many records of one size, in chunks: few kernels have large contiguous
// memory.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// `groups` times `count` records, all of them there until the array dies. No
/// two groups share a cache line.
class ChunkedArray : public NonCopyable {
 public:
  explicit ChunkedArray(Allocator& allocator) : allocator_(allocator) {}
  ~ChunkedArray();

  /// Makes records of `size` bytes, a multiple of 8, zeros. kNoMemory, and the
  /// array is good for destruction only. Context: task, once.
  Status Init(uint32_t groups, uint64_t count, size_t size);

  /// Record `number` of `group`. Context: any.
  uint8_t* At(uint32_t group, uint32_t number) const {
    return chunks_[size_t{group} * chunks_of_group_ +
                   (number >> chunk_shift_)] +
           (number & (per_chunk_ - 1)) * size_;
  }

 private:
  static constexpr size_t kChunkBytes = 128 << 10;

  size_t BytesOf(size_t chunk) const {
    return Min<uint64_t>(per_chunk_,
                         count_ - (uint64_t{chunk} << chunk_shift_)) *
           size_;
  }

  Allocator& allocator_;
  Span<uint8_t*> chunks_;
  size_t chunks_of_group_ = 0;
  size_t size_ = 0;
  uint64_t count_ = 0;
  uint32_t per_chunk_ = 0;  // a power of two
  uint32_t chunk_shift_ = 0;
};

}  // namespace ebpf
