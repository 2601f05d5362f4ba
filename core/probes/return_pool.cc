// SPDX-License-Identifier: MIT
#include "core/probes/return_pool.h"

#include "core/platform/cpu.h"
#include "core/platform/stack.h"
#include "core/sync/read_section.h"

namespace ebpf {

using machine::kReturnStubCount;

constinit ReturnPool return_pool;

ReturnPool& ReturnPool::Get() { return return_pool; }

void ReturnPool::Init(Allocator& allocator) {
  MutexGuard guard(mutex_);
  if (machine::ebpf_return_instances.Load(kRelaxed) == nullptr) {
    allocator_ = &allocator;
  }
}

Status ReturnPool::Prepare() {
  MutexGuard guard(mutex_);
  if (machine::ebpf_return_instances.Load(kRelaxed) != nullptr) {
    return Status::kOk;
  }
  if (allocator_ == nullptr) {
    return Status::kNotSupported;
  }
  const Span<ReturnInstance> instances =
      EBPF_TRY(allocator_->NewArray<ReturnInstance>(kReturnStubCount));
  machine::ebpf_return_instances.Store(instances.data(), kRelaxed);
  for (uint32_t number = kReturnStubCount; number-- > 0;) {
    ReturnInstance& instance = instances[number];  // zeroed: not in flight
    instance.stub = reinterpret_cast<uintptr_t>(ebpf_return_stubs) +
                    number * uint64_t{machine::kReturnStubSize};
    instance.give =
        kOneGive | (number + 1) * uint64_t{machine::kReturnInstanceSize};
    GiveBack(instance);
  }
  // Releases the instances: pairs with the acquire in RealReturnAddress.
  machine::return_stubs_begin.Store(
      reinterpret_cast<uintptr_t>(ebpf_return_stubs), kRelease);
  return Status::kOk;
}

void ReturnPool::Hide() {
  MutexGuard guard(mutex_);
  machine::return_stubs_begin.Store(0, kRelaxed);
}

void ReturnPool::Show() {
  MutexGuard guard(mutex_);
  if (machine::ebpf_return_instances.Load(kRelaxed) != nullptr) {
    // As in Prepare.
    machine::return_stubs_begin.Store(
        reinterpret_cast<uintptr_t>(ebpf_return_stubs), kRelease);
  }
}

void ReturnPool::Exit() {
  MutexGuard guard(mutex_);
  auto* instances = static_cast<ReturnInstance*>(
      machine::ebpf_return_instances.Exchange(nullptr, kRelaxed));
  if (instances != nullptr) {
    free_.Store(0, kRelaxed);
    skip_.Store(0, kRelaxed);
    skip_next_.Store(0, kRelaxed);
    allocator_->DeleteArray(Span<ReturnInstance>(instances, kReturnStubCount));
  }
  allocator_ = nullptr;
}

uint32_t ReturnPool::CountInFlight() {
  MutexGuard guard(mutex_);
  if (machine::ebpf_return_instances.Load(kRelaxed) == nullptr) {
    return 0;
  }
  uint32_t count = 0;
  for (uint32_t number = 0; number < kReturnStubCount; ++number) {
    count += At(number).owner.Load(kRelaxed) != 0 ? 1 : 0;
  }
  return count;
}

ReturnInstance* ReturnPool::TakeLeft(const EnteredCall& call) {
  uintptr_t begin;
  uintptr_t end;
  if (!ebpf_port_stack_bounds(call.frame, &begin, &end) || call.frame < begin) {
    begin = call.frame;
  }
  return ReclaimLeft(call, begin) == 0 ? nullptr : Take();
}

bool ReturnPool::End(ReturnInstance& instance) {
  if (instance.owner.Exchange(0, kRelaxed) == 0) {
    return false;
  }
  GiveBack(instance);
  return true;
}

uint32_t ReturnPool::Reclaim(uint64_t begin, uint64_t end) {
  // Masked: Hide's caller waits for that.
  const uintptr_t interrupts = ebpf_port_irq_save();
  uint32_t count = 0;
  // As in RealReturnAddress: those who come before the first call are none.
  if (machine::return_stubs_begin.Load(kAcquire) != 0 && begin < end) {
    for (uint32_t number = 0; number < kReturnStubCount; ++number) {
      count += FrameIn(At(number), begin, end) && End(At(number));
    }
  }
  ebpf_port_irq_restore(interrupts);
  return count;
}

bool ReturnPool::FrameIn(const ReturnInstance& instance, uint64_t begin,
                         uint64_t end) {
  // Pairs with the release in Begin. If it is in flight, then so is this frame,
  // or another one that is on another stack.
  if (instance.owner.Load(kAcquire) == 0) {
    return false;
  }
  const uint64_t frame = instance.frame.Load(kRelaxed);
  return frame >= begin && frame < end;
}

uint32_t ReturnPool::ReclaimLeft(const EnteredCall& call, uint64_t stack) {
  // As in Reclaim.
  if (machine::return_stubs_begin.Load(kAcquire) == 0 || MaySkipScan()) {
    return 0;
  }
  // A call by a jump: others in its chain, at its frame, will return.
  const bool by_jump =
      machine::RealReturnAddress(call.return_address) != call.return_address;
  uint32_t count = 0;
  for (uint32_t number = 0; number < kReturnStubCount; ++number) {
    ReturnInstance& instance = At(number);
    const bool left =
        FrameIn(instance, stack, call.frame) ||
        (!by_jump && FrameIn(instance, call.frame, call.frame + 1) &&
         IsSameCallAgain(instance, call));
    count += left && End(instance);
  }
  const uint32_t skipped = skip_next_.Load(kRelaxed);
  skip_next_.Store(count != 0 ? 0 : Min(2 * skipped + 1, kMaxScansSkipped),
                   kRelaxed);
  skip_.Store(skip_next_.Load(kRelaxed), kRelaxed);
  return count;
}

/// Where scans find nothing, calls that find no instance do not all pay for
/// one.
bool ReturnPool::MaySkipScan() {
  uint32_t left = skip_.Load(kRelaxed);
  while (left != 0) {
    if (skip_.CompareExchange(left, left - 1, kRelaxed)) {
      return true;
    }
  }
  return false;
}

/// From the same place in the caller, with the same sp: so the caller runs, and
/// is in none of the calls that it has made before.
bool ReturnPool::IsSameCallAgain(const ReturnInstance& instance,
                                 const EnteredCall& call) {
  constexpr uint32_t kMaxJumps = 8;  // others are found when these are gone
  uint64_t address = instance.call.return_address;
  const auto begin = reinterpret_cast<uintptr_t>(ebpf_return_stubs);
  for (uint32_t i = 0; i < kMaxJumps && address != call.return_address; ++i) {
    const uint64_t number = (address - begin) / machine::kReturnStubSize;
    if (number >= kReturnStubCount) {
      return false;
    }
    address = At(static_cast<uint32_t>(number)).call.return_address;
  }
  return address == call.return_address;
}

void ReturnPool::Cancel(ReturnHook& hook) {
  if (machine::return_stubs_begin.Load(kAcquire) == 0) {
    return;
  }
  for (uint32_t number = 0; number < kReturnStubCount; ++number) {
    uintptr_t mine = reinterpret_cast<uintptr_t>(&hook);
    At(number).owner.CompareExchange(mine, ReturnInstance::kNobody, kRelaxed);
  }
  // A CPU that took the hook out of an instance before has its guard set.
  WaitForReaders();
}

}  // namespace ebpf
