// SPDX-License-Identifier: MIT
#include "core/probes/return_pool.h"

#include "core/platform/cpu.h"

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
    GiveBack(instances[number], number);  // zeroed: nothing is in flight
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
    count += At(number).in_flight.Load(kRelaxed);
  }
  return count;
}

ReturnInstance* ReturnPool::Take() {
  // Pairs with the release in GiveBack.
  uint64_t head = free_.Load(kAcquire);
  for (;;) {
    const auto number_plus_one = static_cast<uint32_t>(head);
    if (number_plus_one == 0) {
      return nullptr;
    }
    // Somebody else's by now, perhaps: then the exchange fails.
    ReturnInstance& instance = At(number_plus_one - 1);
    const uint64_t without =
        (head >> 32) << 32 | instance.next_free.Load(kRelaxed);
    if (free_.CompareExchange(head, without, kAcquire)) {
      return &instance;
    }
  }
}

void ReturnPool::Begin(ReturnInstance& instance, ReturnHook& hook,
                       uint64_t function, uint64_t frame,
                       uint64_t return_address, uint64_t data) {
  instance.return_address = return_address;
  instance.frame.Store(frame, kRelaxed);
  instance.function = function;
  instance.data = data;
  instance.hook.Store(reinterpret_cast<uintptr_t>(&hook), kRelaxed);
  // Releases all of it: pairs with the acquires in ReturnTrap and Reclaim.
  instance.in_flight.Store(1, kRelease);
}

uint64_t ReturnPool::StubOf(const ReturnInstance& instance) {
  const auto number = static_cast<uint64_t>(&instance - &At(0));
  return reinterpret_cast<uintptr_t>(ebpf_return_stubs) +
         number * machine::kReturnStubSize;
}

void ReturnPool::GiveBack(ReturnInstance& instance) {
  GiveBack(instance, static_cast<uint32_t>(&instance - &At(0)));
}

bool ReturnPool::End(ReturnInstance& instance, uint32_t number) {
  if (instance.in_flight.Exchange(0, kRelaxed) == 0) {
    return false;
  }
  instance.hook.Store(0, kRelaxed);
  GiveBack(instance, number);
  return true;
}

uint32_t ReturnPool::Reclaim(uint64_t begin, uint64_t end) {
  // Masked: Hide's caller waits for that.
  const uintptr_t interrupts = ebpf_port_irq_save();
  uint32_t count = 0;
  // As in RealReturnAddress: those who come before the first call are none.
  if (machine::return_stubs_begin.Load(kAcquire) != 0 && begin < end) {
    for (uint32_t number = 0; number < kReturnStubCount; ++number) {
      count += FrameIn(At(number), begin, end) && End(At(number), number);
    }
  }
  ebpf_port_irq_restore(interrupts);
  return count;
}

bool ReturnPool::FrameIn(const ReturnInstance& instance, uint64_t begin,
                         uint64_t end) {
  // Pairs with the release in Begin. If it is in flight, then so is this frame,
  // or another one that is on another stack.
  if (instance.in_flight.Load(kAcquire) == 0) {
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
    count += left && End(instance, number);
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
  uint64_t address = instance.return_address;
  const auto begin = reinterpret_cast<uintptr_t>(ebpf_return_stubs);
  for (uint32_t i = 0; i < kMaxJumps && address != call.return_address; ++i) {
    const uint64_t number = (address - begin) / machine::kReturnStubSize;
    if (number >= kReturnStubCount) {
      return false;
    }
    address = At(static_cast<uint32_t>(number)).return_address;
  }
  return address == call.return_address;
}

void ReturnPool::Cancel(ReturnHook& hook) {
  if (machine::return_stubs_begin.Load(kAcquire) == 0) {
    return;
  }
  const auto mine = reinterpret_cast<uintptr_t>(&hook);
  for (uint32_t number = 0; number < kReturnStubCount; ++number) {
    Atomic<uintptr_t>& owner = At(number).hook;
    for (;;) {
      // Pairs with the release of ReturnTrap, when it is through with the hook.
      uintptr_t now = owner.Load(kAcquire);
      if ((now & ~ReturnInstance::kBusy) != mine) {
        break;
      }
      if (now == mine && owner.CompareExchange(now, 0, kAcqRel)) {
        break;
      }
      // A CPU tells the hook right now, with interrupts masked: it soon ends.
      ebpf_port_relax();
    }
  }
}

}  // namespace ebpf
