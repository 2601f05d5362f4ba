// SPDX-License-Identifier: MIT
//
// The instances of followed calls. Each has a stub of its own in static text
// (arch/<isa>/machine/return_trampoline.S), so the address to which a function
// returns is the instance. DESIGN.md tells why this is exact.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/base/status.h"
#include "core/base/thread_annotations.h"
#include "core/machine/return_stubs.h"
#include "core/memory/allocator.h"
#include "core/probes/return_hook.h"
#include "core/sync/mutex.h"

namespace ebpf {

struct ProbeCpu;

/// One call from its entry to its return. Its memory stays an instance's as
/// long as there are any.
struct alignas(machine::kReturnInstanceSize) ReturnInstance {
  /// `owner` of a call whose hook was cancelled.
  static constexpr uintptr_t kNobody = 1;

  // Its return address is maybe another stub's; unwinders look here.
  ReturnedCall call;
  // Where sp was at the entry. Stays after the return.
  Atomic<uint64_t> frame;
  // The ReturnHook whose the return is; 0: not in flight. Released once all of
  // the above is true. Who makes it 0, by an exchange, gives the instance back.
  Atomic<uintptr_t> owner;
  uint64_t stub;               // where it is
  uint64_t give;               // what GiveBack adds to the pool's list
  Atomic<uint64_t> next_free;  // another one's, or 0
};
static_assert(sizeof(ReturnInstance) == machine::kReturnInstanceSize);
static_assert(offsetof(ReturnInstance, call.return_address) == 0);
static_assert(alignof(ReturnHook) > ReturnInstance::kNobody);

/// A call at its function's first instruction.
struct EnteredCall {
  uint64_t function;
  uint64_t frame;  // sp
  uint64_t return_address;
};

/// The one pool. Context of what is not said otherwise: any.
class ReturnPool : public NonCopyable {
 public:
  constexpr ReturnPool() = default;

  static ReturnPool& Get();

  /// Where Prepare gets memory from. Context: task, before the first hook.
  void Init(Allocator& allocator);
  /// Makes the instances; nothing where they are there. kNoMemory;
  /// kNotSupported: no Init. Context: task.
  Status Prepare();
  /// From now on nobody looks at instances who has not begun to: in a read
  /// section, or with interrupts masked. Context: task.
  void Hide();
  /// Not the end, then. Context: task.
  void Show();

  /// Frees them. None is in flight, and Hide's caller has waited for readers
  /// and masked text. Context: task.
  void Exit();
  /// How many calls have not returned. Context: task.
  uint32_t CountInFlight();

  /// An instance that is the caller's alone, or null.
  EBPF_NOPROBE_INLINE ReturnInstance* Take() {
    // Pairs with the release in GiveBack.
    uint64_t head = free_.Load(kAcquire);
    for (;;) {
      const uint64_t first = FirstOf(head);
      if (first == 0) {
        return nullptr;
      }
      // Somebody else's by now, perhaps: then the exchange fails.
      ReturnInstance& instance = *Known(first);
      const uint64_t without = head - first + instance.next_free.Load(kRelaxed);
      if (free_.CompareExchange(head, without, kAcquire)) {
        return &instance;
      }
    }
  }
  /// The same for `call`, where there is none: of those that `call` proves
  /// left.
  ReturnInstance* TakeLeft(const EnteredCall& call);

  /// From now on a return to its stub is a return of the call.
  static EBPF_NOPROBE_INLINE void Begin(ReturnInstance& instance,
                                        ReturnHook& hook,
                                        const EnteredCall& call,
                                        uint64_t data) {
    instance.call.return_address = call.return_address;
    instance.call.function = call.function;
    instance.call.data = data;
    instance.frame.Store(call.frame, kRelaxed);
    // Releases all of it: pairs with the acquires in ReturnTrap and FrameIn.
    instance.owner.Store(reinterpret_cast<uintptr_t>(&hook), kRelease);
  }

  /// Whose number is `number`. There are instances.
  static EBPF_NOPROBE_INLINE ReturnInstance& At(uint32_t number) {
    return static_cast<ReturnInstance*>(
        machine::ebpf_return_instances.Load(kRelaxed))[number];
  }

  /// The caller has it alone, and it is not in flight.
  EBPF_NOPROBE_INLINE void GiveBack(ReturnInstance& instance) {
    // The upper half changes with each give, so that a Take that was
    // interrupted does not take `next_free` of another time.
    uint64_t head = free_.Load(kRelaxed);
    uint64_t with;
    do {
      const uint64_t first = FirstOf(head);
      instance.next_free.Store(first, kRelaxed);
      with = head - first + instance.give;
      // Releases next_free: pairs with the acquire in Take.
    } while (!free_.CompareExchange(head, with, kRelease));
  }

  /// Gives back the calls whose frames lie in [begin, end) of a stack, on which
  /// nobody runs any more. How many there were.
  uint32_t Reclaim(uint64_t begin, uint64_t end);
  /// Gives back calls that were left by a jump, as `call`, which begins now,
  /// proves: they lie deeper on its stack, which begins at `stack` (or at its
  /// frame, if that is not known), or come from where it comes from. Where that
  /// finds nothing again and again it is not looked for each time.
  uint32_t ReclaimLeft(const EnteredCall& call, uint64_t stack);

  /// ReturnHook::Cancel. Context: task.
  void Cancel(ReturnHook& hook);

 private:
  /// Scans that the calls without an instance leave out after a fruitless one.
  static constexpr uint32_t kMaxScansSkipped = 63;

  /// In what `free_` counts.
  static constexpr uint64_t kOneGive = uint64_t{1} << 32;

  /// The lower half. The compiler is not to make masks of it, which it would
  /// keep ready.
  static EBPF_NOPROBE_INLINE uint64_t FirstOf(uint64_t head) {
    uint64_t first = static_cast<uint32_t>(head);
    __asm__("" : "+r"(first));
    return first;
  }

  /// By the lower half of its `give`: how far behind the first it ends, so that
  /// none has 0.
  static EBPF_NOPROBE_INLINE ReturnInstance* Known(uint64_t lower) {
    return reinterpret_cast<ReturnInstance*>(
        static_cast<uint8_t*>(machine::ebpf_return_instances.Load(kRelaxed)) +
        lower - sizeof(ReturnInstance));
  }

  static bool FrameIn(const ReturnInstance& instance, uint64_t begin,
                      uint64_t end);
  bool MaySkipScan();
  bool IsSameCallAgain(const ReturnInstance& instance, const EnteredCall& call);
  bool End(ReturnInstance& instance);

  Mutex mutex_;
  Allocator* allocator_ EBPF_GUARDED_BY(mutex_) = nullptr;
  // Which is the first free instance, or 0, and in the upper half a count.
  Atomic<uint64_t> free_{0};
  Atomic<uint32_t> skip_{0};       // scans, from now on
  Atomic<uint32_t> skip_next_{0};  // how many they were after the last one
};

[[gnu::visibility("hidden")]] extern constinit ReturnPool return_pool;

extern "C" {

/// The first stub. In return_trampoline.S, all of which lies in the range.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_stubs[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_begin[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_end[];

/// What the trampoline calls: `regs` are those behind the call, but for pc,
/// which is to be set. Where to go on. In ebpf_noprobe.
[[gnu::visibility("hidden")]] uint64_t ebpf_return_hit(
    machine::PtRegs* regs, ReturnInstance* instance);

/// The rest of it, for what is seldom. The CPU's guard is set, by `cpu`'s
/// caller or, where that is null, by a hit in which this return came; `owner`
/// is what the instance had. In ebpf_noprobe.
[[gnu::visibility("hidden")]] uint64_t ebpf_return_seldom(
    machine::PtRegs* regs, ReturnInstance* instance, uintptr_t owner,
    ProbeCpu* cpu);

/// The ways out of ebpf_noprobe. Tells the hook; the CPU's guard is set.
void ebpf_return_run(ReturnHook* hook, machine::PtRegs* regs,
                     const ReturnedCall* call);
/// A return that is no call's: a function that returns twice was followed, and
/// its instance is another call's by now. Nobody knows where to go.
[[noreturn]] void ebpf_return_lost(void);

}  // extern "C"

}  // namespace ebpf
