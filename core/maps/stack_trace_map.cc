// SPDX-License-Identifier: MIT
//
// core/maps/stack_trace_map.h's implementation.
#include "core/maps/stack_trace_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/hash_function.h"
#include "core/maps/map_checks.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {

StackTraceMap::~StackTraceMap() {
  if (buckets_ != nullptr) {
    allocator_.Free(buckets_, size_t{bucket_count_} * sizeof(*buckets_),
                    alignof(Atomic<Stack*>));
  }
}

Status StackTraceMap::Init() {
  EBPF_TRY(pool_.Init(spec().max_entries, sizeof(Stack) + spec().value_size));
  const auto count =
      static_cast<uint32_t>(RoundUpToPowerOfTwo(spec().max_entries));
  const size_t size =
      EBPF_TRY(map_checks::TotalBytes(count, sizeof(*buckets_)));
  buckets_ = static_cast<Atomic<Stack*>*>(
      allocator_.Allocate(size, alignof(Atomic<Stack*>)));  // zeros
  if (buckets_ == nullptr) {
    return Status::kNoMemory;
  }
  bucket_count_ = count;
  seed_ = ebpf_port_random();
  return Status::kOk;
}

void StackTraceMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

bool StackTraceMap::Equals(Stack& stack, Span<const uint64_t> frames) {
  if (stack.count.Load(kRelaxed) != frames.size()) {
    return false;
  }
  for (size_t i = 0; i < frames.size(); ++i) {
    if (stack.frames()[i].Load(kRelaxed) != frames[i]) {
      return false;
    }
  }
  return true;
}

/// Who takes a stack out owns it: releases and acquires its bytes.
StackTraceMap::Stack* StackTraceMap::Exchange(uint32_t number, Stack* stack) {
  return buckets_[number].Exchange(stack, kAcqRel);
}

Result<uint32_t> StackTraceMap::Put(Span<const uint64_t> frames,
                                    Options options) {
  EBPF_ASSERT(frames.size() <= capacity());
  const uint32_t hash =
      HashKey(ConstBytes(reinterpret_cast<const uint8_t*>(frames.data()),
                         frames.size() * sizeof(uint64_t)),
              seed_);
  const uint32_t number = hash & (bucket_count_ - 1);
  // Acquires the stack's bytes: pairs with Exchange.
  Stack* const present = buckets_[number].Load(kAcquire);
  if (present != nullptr) {
    const bool same_hash = present->hash.Load(kRelaxed) == hash;
    if (same_hash && (options.by_hash || Equals(*present, frames))) {
      return number;
    }
    if (!options.replaces) {
      return Status::kExists;
    }
  }
  auto* const stack = static_cast<Stack*>(pool_.Take());
  if (stack == nullptr) {
    return Status::kNoMemory;
  }
  stack->hash.Store(hash, kRelaxed);
  stack->count.Store(static_cast<uint32_t>(frames.size()), kRelaxed);
  for (size_t i = 0; i < frames.size(); ++i) {
    stack->frames()[i].Store(frames[i], kRelaxed);
  }
  if (Stack* const old = Exchange(number, stack)) {
    pool_.Give(old);
  }
  return number;
}

bool StackTraceMap::NumberIn(ConstBytes key, uint32_t& number) const {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  number = LoadUnaligned<uint32_t>(key.data());
  return number < bucket_count_;
}

void StackTraceMap::Copy(Stack& stack, Bytes value) {
  FillBytes(value.data(), 0, value.size());
  const uint32_t count = stack.count.Load(kRelaxed);
  for (uint32_t i = 0; i < count; ++i) {
    StoreUnaligned(value.data() + i * sizeof(uint64_t),
                   stack.frames()[i].Load(kRelaxed));
  }
}

/// Takes the stack under `key` out; null where there is none.
StackTraceMap::Stack* StackTraceMap::Take(ConstBytes key) {
  uint32_t number;
  return NumberIn(key, number) ? Exchange(number, nullptr) : nullptr;
}

void StackTraceMap::GiveBack(Stack* stack) {
  if (stack != nullptr) {
    const uintptr_t preemption = ebpf_port_preempt_disable();
    pool_.Give(stack);
    ebpf_port_preempt_enable(preemption);
  }
}

Status StackTraceMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  Stack* const stack = Take(key);
  if (stack == nullptr) {
    return Status::kNotFound;
  }
  // It is ours while it is copied, then goes back, over what came meanwhile.
  Copy(*stack, value);
  GiveBack(Exchange(LoadUnaligned<uint32_t>(key.data()), stack));
  return Status::kOk;
}

Status StackTraceMap::TakeOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == spec().value_size);
  Stack* const stack = Take(key);
  if (stack == nullptr) {
    return Status::kNotFound;
  }
  Copy(*stack, value);
  GiveBack(stack);
  return Status::kOk;
}

Status StackTraceMap::Update(ConstBytes /*key*/, ConstBytes /*value*/,
                             UpdateMode /*mode*/) {
  return Status::kInvalid;
}

Status StackTraceMap::UpdateFromUser(ConstBytes /*key*/, ConstBytes /*value*/,
                                     UpdateMode /*mode*/) {
  return Status::kInvalid;
}

Status StackTraceMap::Delete(ConstBytes key) {
  uint32_t number;
  if (!NumberIn(key, number)) {
    return Status::kTooBig;
  }
  Stack* const stack = Take(key);
  GiveBack(stack);
  return stack == nullptr ? Status::kNotFound : Status::kOk;
}

Status StackTraceMap::NextKey(ConstBytes key, Bytes next) {
  uint32_t number = 0;
  if (!key.empty() && NumberIn(key, number)) {
    ++number;
  } else {
    number = 0;
  }
  for (; number < bucket_count_; ++number) {
    if (buckets_[number].Load(kRelaxed) != nullptr) {
      StoreUnaligned(next.data(), number);
      return Status::kOk;
    }
  }
  return Status::kNotFound;
}

Result<Ref<Map>> CreateStackTraceMap(const MapSpec& spec,
                                     Allocator& allocator) {
  constexpr uint32_t kMaxEntries = uint32_t{1} << 31;
  EBPF_TRY(map_checks::CheckFlags(spec.flags, linux_abi::kMapNumaNode |
                                                  linux_abi::kMapReadOnly |
                                                  linux_abi::kMapWriteOnly));
  if (spec.key_size != sizeof(uint32_t) || spec.max_entries == 0 ||
      spec.value_size == 0 || spec.value_size % sizeof(uint64_t) != 0 ||
      spec.value_size / sizeof(uint64_t) > kMaxStackFrames) {
    return Status::kInvalid;
  }
  if (spec.max_entries > kMaxEntries) {
    return Status::kTooBig;
  }
  StackTraceMap* map = EBPF_TRY(allocator.New<StackTraceMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
