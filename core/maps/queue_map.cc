// SPDX-License-Identifier: MIT
//
// core/maps/queue_map.h's implementation.
#include "core/maps/queue_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/memory/per_cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// Whether BPF_EXIST is among the flags of a push; kInvalid for others.
Result<bool> Replaces(uint64_t flags) {
  if (flags != linux_abi::kUpdateAny && flags != linux_abi::kUpdateExist) {
    return Status::kInvalid;
  }
  return flags == linux_abi::kUpdateExist;
}

/// Copies a value; most are one word, for which a call takes as long as the
/// lock.
void CopyValue(uint8_t* to, const uint8_t* from, size_t size) {
  if (size == sizeof(uint64_t)) {
    StoreUnaligned(to, LoadUnaligned<uint64_t>(from));
  } else {
    CopyBytes(to, from, size);
  }
}

}  // namespace

QueueMap::~QueueMap() {
  if (memory_ != nullptr) {
    allocator_.Free(memory_, memory_size_, kCacheLine);
  }
}

void QueueMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status QueueMap::Init() {
  memory_size_ =
      EBPF_TRY(map_checks::TotalBytes(spec().max_entries, spec().value_size));
  memory_ =
      static_cast<uint8_t*>(allocator_.Allocate(memory_size_, kCacheLine));
  return memory_ == nullptr ? Status::kNoMemory : Status::kOk;
}

Status QueueMap::PutIn(ConstBytes value, bool replaces) {
  const uint32_t size = spec().max_entries;
  if (count_ == size) {
    if (!replaces) {
      return Status::kTooBig;
    }
    oldest_ = oldest_ + 1 == size ? 0 : oldest_ + 1;
    --count_;
  }
  CopyValue(ValueAt(free_), value.data(), value.size());
  free_ = free_ + 1 == size ? 0 : free_ + 1;
  ++count_;
  return Status::kOk;
}

Status QueueMap::CopyNext(Bytes value, Take take) {
  if (count_ == 0) {
    FillBytes(value.data(), 0, value.size());
    return Status::kNotFound;
  }
  const uint32_t size = spec().max_entries;
  const bool is_stack = spec().type == MapType::kStack;
  const uint32_t youngest = (free_ == 0 ? size : free_) - 1;
  const uint32_t next = is_stack ? youngest : oldest_;
  CopyValue(value.data(), ValueAt(next), value.size());
  if (take == Take::kYes) {
    if (is_stack) {
      free_ = youngest;
    } else {
      oldest_ = oldest_ + 1 == size ? 0 : oldest_ + 1;
    }
    --count_;
  }
  return Status::kOk;
}

Status QueueMap::Push(ConstBytes value, uint64_t flags) {
  EBPF_ASSERT(value.size() == spec().value_size);
  const bool replaces = EBPF_TRY(Replaces(flags));
  uintptr_t irq;
  if (!lock_.TryLock(irq)) {
    return Status::kBusy;
  }
  const Status status = PutIn(value, replaces);
  lock_.Unlock(irq);
  return status;
}

Status QueueMap::Pop(Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  uintptr_t irq;
  if (!lock_.TryLock(irq)) {
    FillBytes(value.data(), 0, value.size());
    return Status::kBusy;
  }
  const Status status = CopyNext(value, Take::kYes);
  lock_.Unlock(irq);
  return status;
}

Status QueueMap::Peek(Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  uintptr_t irq;
  if (!lock_.TryLock(irq)) {
    FillBytes(value.data(), 0, value.size());
    return Status::kBusy;
  }
  const Status status = CopyNext(value, Take::kNo);
  lock_.Unlock(irq);
  return status;
}

Status QueueMap::CopyValueOut(ConstBytes /*key*/, Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  const SpinGuard guard(lock_);
  return CopyNext(value, Take::kNo);
}

Status QueueMap::UpdateFromUser(ConstBytes /*key*/, ConstBytes value,
                                UpdateMode mode) {
  EBPF_ASSERT(value.size() == spec().value_size);
  const bool replaces = EBPF_TRY(Replaces(static_cast<uint64_t>(mode)));
  const SpinGuard guard(lock_);
  return PutIn(value, replaces);
}

Status QueueMap::TakeOut(ConstBytes /*key*/, Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  const SpinGuard guard(lock_);
  return CopyNext(value, Take::kYes);
}

Status QueueMap::Delete(ConstBytes /*key*/) { return Status::kInvalid; }

Status QueueMap::NextKey(ConstBytes /*key*/, Bytes /*next*/) {
  return Status::kInvalid;
}

Result<Ref<Map>> CreateQueueMap(const MapSpec& spec, Allocator& allocator) {
  EBPF_TRY(map_checks::CheckFlags(
      spec.flags, linux_abi::kMapNumaNode | map_checks::kAccessFlags));
  if (spec.max_entries == 0 || spec.key_size != 0 || spec.value_size == 0) {
    return Status::kInvalid;
  }
  if (spec.value_size > map_checks::kMaxElement) {
    return Status::kTooBig;
  }
  QueueMap* map = EBPF_TRY(allocator.New<QueueMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
