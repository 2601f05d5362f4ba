// SPDX-License-Identifier: MIT
//
// core/maps/chunked_array.h's implementation.
#include "core/maps/chunked_array.h"

#include "core/memory/per_cpu.h"

namespace ebpf {

ChunkedArray::~ChunkedArray() {
  for (size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i] != nullptr) {
      allocator_.Free(chunks_[i], BytesOf(i % chunks_of_group_), kCacheLine);
    }
  }
  allocator_.DeleteArray(chunks_);
}

Status ChunkedArray::Init(uint32_t groups, uint64_t count, size_t size) {
  if (count == 0 || count > UINT32_MAX || size == 0) {
    return Status::kNoMemory;  // numbers are 32 bits
  }
  count_ = count;
  size_ = size;
  const size_t fit = kChunkBytes / size;
  chunk_shift_ = fit == 0 ? 0 : BitWidth(fit) - 1;
  per_chunk_ = uint32_t{1} << chunk_shift_;
  chunks_of_group_ =
      static_cast<size_t>((count + per_chunk_ - 1) >> chunk_shift_);
  chunks_ = EBPF_TRY(allocator_.NewArray<uint8_t*>(chunks_of_group_ * groups));
  for (size_t i = 0; i < chunks_.size(); ++i) {
    chunks_[i] = static_cast<uint8_t*>(
        allocator_.Allocate(BytesOf(i % chunks_of_group_), kCacheLine));
    if (chunks_[i] == nullptr) {
      return Status::kNoMemory;
    }
  }
  return Status::kOk;
}

}  // namespace ebpf
