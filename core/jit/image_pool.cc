// SPDX-License-Identifier: MIT
//
// core/jit/image_pool.h's implementation.
#include "core/jit/image_pool.h"

#include "core/memory/buffer.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"

namespace ebpf::jit {
namespace {

constexpr size_t kPageSize = 4096;

Status StatusOf(int result) {
  return result == 0 ? Status::kOk : static_cast<Status>(-result);
}

}  // namespace

ImagePool::~ImagePool() {
  while (regions_ != nullptr) {
    RemoveRegion(regions_);
  }
}

void ImagePool::Mark(Region& region, size_t first, size_t count, bool used) {
  for (size_t slot = first; slot < first + count; ++slot) {
    const uint64_t bit = uint64_t{1} << (slot % 64);
    if (used) {
      region.used[slot / 64] |= bit;
    } else {
      region.used[slot / 64] &= ~bit;
    }
  }
  region.used_slots += used ? count : 0 - count;
}

bool ImagePool::FindRoom(const Region& region, size_t count, size_t& first) {
  const size_t slots = region.size / kAlignment;
  size_t run = 0;
  for (size_t slot = 0; slot < slots; ++slot) {
    const bool used = (region.used[slot / 64] >> (slot % 64) & 1) != 0;
    run = used ? 0 : run + 1;
    if (run == count) {
      first = slot + 1 - count;
      return true;
    }
  }
  return false;
}

Result<ImagePool::Region*> ImagePool::AddRegion(size_t size, bool shared) {
  void* memory =
      ebpf_port_exec_alloc(size, near_, machine_.compiler->call_reach);
  if (memory == nullptr) {
    memory = ebpf_port_exec_alloc(size, near_, UINT64_MAX);
  }
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  const auto address = reinterpret_cast<uint64_t>(memory);
  Result<Region*> region = allocator_.New<Region>();
  Status status = region.status();
  if (region.ok()) {
    status = FillGuard(address, size);
  }
  if (!IsOk(status)) {
    if (region.ok()) {
      allocator_.Delete(*region);
    }
    ebpf_port_exec_free(memory, size);
    return status;
  }
  **region = {};
  (*region)->next = regions_;
  (*region)->address = address;
  (*region)->size = size;
  (*region)->shared = shared;
  regions_ = *region;
  executable_bytes_ += size;
  return region;
}

void ImagePool::RemoveRegion(Region* region) {
  Region** link = &regions_;
  while (*link != region) {
    link = &(*link)->next;
  }
  *link = region->next;
  executable_bytes_ -= region->size;
  ebpf_port_exec_free(reinterpret_cast<void*>(region->address), region->size);
  allocator_.Delete(region);
}

Status ImagePool::FillGuard(uint64_t address, size_t size) {
  Buffer<uint8_t> guard(allocator_);
  // In large pieces: each write may have to stop the other CPUs.
  EBPF_TRY(guard.Allocate(Min(size, kRegionSize)));
  machine_.compiler->fill_guard(guard.span());
  for (size_t done = 0; done < size; done += guard.span().size()) {
    const size_t part = Min(guard.span().size(), size - done);
    EBPF_TRY(StatusOf(ebpf_port_exec_write(
        reinterpret_cast<void*>(address + done), guard.span().data(), part)));
  }
  return Status::kOk;
}

Result<uint64_t> ImagePool::Allocate(size_t size) {
  const size_t slots = SlotsFor(size);
  const size_t bytes = slots * kAlignment;
  if (bytes > kMaxShared) {
    const size_t whole = (bytes + kPageSize - 1) / kPageSize * kPageSize;
    Region* region = EBPF_TRY(AddRegion(whole, false));
    return region->address;
  }
  size_t first = 0;
  for (Region* region = regions_; region != nullptr; region = region->next) {
    if (region->shared && FindRoom(*region, slots, first)) {
      Mark(*region, first, slots, true);
      return region->address + first * kAlignment;
    }
  }
  // A small kernel may not have a large region.
  Result<Region*> region = Status::kNoMemory;
  for (size_t want = kRegionSize; want >= Max(bytes, kSmallestRegion);
       want /= 4) {
    region = AddRegion(want, true);
    if (region.ok() || region.status() != Status::kNoMemory) {
      break;
    }
  }
  EBPF_TRY(region.status());
  Mark(**region, 0, slots, true);
  return (*region)->address;
}

size_t ImagePool::Shrink(uint64_t address, size_t size, size_t used) {
  Region* region = RegionOf(address);
  const size_t slots = SlotsFor(used);
  const size_t spare = SlotsFor(size) - slots;
  if (!region->shared || spare == 0) {
    return size;
  }
  const size_t first = (address - region->address) / kAlignment;
  Mark(*region, first + slots, spare, false);
  return used;
}

ImagePool::Region* ImagePool::RegionOf(uint64_t address) const {
  Region* region = regions_;
  while (address - region->address >= region->size) {
    region = region->next;
  }
  return region;
}

Status ImagePool::Write(uint64_t address, ConstBytes code) {
  return StatusOf(ebpf_port_exec_write(reinterpret_cast<void*>(address),
                                       code.data(), code.size()));
}

void ImagePool::Free(uint64_t address, size_t size) {
  Region* region = RegionOf(address);
  if (!region->shared) {
    RemoveRegion(region);
    return;
  }
  const size_t slots = SlotsFor(size);
  const size_t first = (address - region->address) / kAlignment;
  if (region->used_slots == slots) {
    RemoveRegion(region);
    return;
  }
  if (IsOk(FillGuard(address, slots * kAlignment))) {
    Mark(*region, first, slots, false);
  }
}

}  // namespace ebpf::jit
