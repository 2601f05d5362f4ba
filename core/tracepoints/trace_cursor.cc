// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_buffer.h's implementation: who reads.
#include "core/base/checked.h"
#include "core/base/construct.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/trace_buffer.h"

namespace ebpf {

Result<TraceCursor*> TraceCursor::Create(TraceBuffer& buffer, uint32_t cpu,
                                         bool consumes, bool is_shared,
                                         Allocator& allocator) {
  const uint32_t first = buffer.FirstOf(cpu);
  const uint32_t count = buffer.LastOf(cpu) - first + 1;
  TraceCursor* cursor = EBPF_TRY(allocator.New<TraceCursor>(
      buffer, first, count, consumes, is_shared, allocator));
  const Result<size_t> size = CheckedMul<size_t>(count, sizeof(Place));
  cursor->places_ = static_cast<Place*>(
      size.ok() ? allocator.Allocate(*size, alignof(Place)) : nullptr);
  if (cursor->places_ == nullptr) {
    allocator.Delete(cursor);
    return Status::kNoMemory;
  }
  if (!cursor->Begin()) {
    allocator.Free(cursor->places_, *size, alignof(Place));
    allocator.Delete(cursor);
    return Status::kBusy;
  }
  return cursor;
}

Result<TraceCursor*> TraceCursor::Create(TraceBuffer& buffer, uint32_t cpu,
                                         bool consumes, Allocator& allocator) {
  return Create(buffer, cpu, consumes, false, allocator);
}

Result<TraceCursor*> TraceCursor::CreateShared(TraceBuffer& buffer,
                                               uint32_t cpu,
                                               Allocator& allocator) {
  return Create(buffer, cpu, true, true, allocator);
}

bool TraceCursor::Begin() {
  const MutexGuard guard(buffer_.mutex_);
  const bool owns = consumes_ && !is_shared_;
  for (uint32_t i = 0; owns && i < count_; ++i) {
    if (buffer_.cpus_.Of(first_ + i).is_consumed) {
      return false;
    }
  }
  for (uint32_t i = 0; i < count_; ++i) {
    TraceBuffer::Cpu& cpu = buffer_.cpus_.Of(first_ + i);
    cpu.is_consumed = cpu.is_consumed || owns;
    ConstructAt<Place>(&places_[i], *cpu.ring, consumes_, cpu.generation);
  }
  return true;
}

void TraceCursor::Destroy() {
  {
    const MutexGuard guard(buffer_.mutex_);
    for (uint32_t i = 0; consumes_ && !is_shared_ && i < count_; ++i) {
      buffer_.cpus_.Of(first_ + i).is_consumed = false;
    }
  }
  Allocator& allocator = allocator_;
  allocator.Free(places_, count_ * sizeof(Place), alignof(Place));
  allocator.Delete(this);
}

TraceCursor::Turn::Turn(TraceCursor& cursor) : cursor_(cursor) {
  cursor.buffer_.mutex_.Lock();
  for (uint32_t i = 0; i < cursor.count_; ++i) {
    const TraceBuffer::Cpu& cpu = cursor.buffer_.cpus_.Of(cursor.first_ + i);
    Place& place = cursor.places_[i];
    if (place.generation == cpu.generation) {
      continue;
    }
    // Another ring. What was read of the old one went with it only if it was
    // consumed.
    cursor.is_void_ = cursor.is_void_ || !cursor.consumes_;
    ConstructAt<Place>(&place, *cpu.ring, cursor.consumes_, cpu.generation);
  }
}

TraceCursor::Turn::~Turn() {
  for (uint32_t i = 0; i < cursor_.count_; ++i) {
    cursor_.places_[i].reader.Release();
  }
  cursor_.buffer_.mutex_.Unlock();
}

bool TraceCursor::Turn::Peek(TraceEntry* entry) {
  if (cursor_.is_void_) {
    return false;
  }
  next_ = kAllCpus;
  for (uint32_t i = 0; i < cursor_.count_; ++i) {
    uint64_t lost;
    const TraceRecord* record = cursor_.places_[i].reader.Peek(&lost);
    if (record != nullptr &&
        (next_ == kAllCpus || record->time < entry->record->time)) {
      next_ = i;
      *entry = {record, cursor_.first_ + i, lost};
    }
  }
  if (next_ == kAllCpus) {
    return false;
  }
  TraceBuffer::Cpu& cpu = cursor_.buffer_.cpus_.Of(entry->cpu);
  if (cursor_.consumes_) {
    TraceBuffer::TakeRefused(cpu);
    entry->lost += cpu.untold;
  }
  return true;
}

void TraceCursor::Turn::Take() {
  cursor_.places_[next_].reader.Take();
  if (cursor_.consumes_) {
    TraceBuffer::Cpu& cpu = cursor_.buffer_.cpus_.Of(cursor_.first_ + next_);
    cpu.untold = 0;
    ++cpu.read;
    ++cpu.gone;
  }
}

}  // namespace ebpf
