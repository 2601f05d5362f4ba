// SPDX-License-Identifier: MIT
//
// The instances of followed calls. Each has a stub of its own in static text
// (arch/<isa>/machine/return_trampoline.S), so the address to which a function
// returns is the instance. DESIGN.md tells why this is exact.
#pragma once

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

/// One call from its entry to its return. Its memory stays an instance's as
/// long as there are any.
struct alignas(machine::kReturnInstanceSize) ReturnInstance {
  /// Marks `hook` while the return is being told to it: Cancel waits for it.
  static constexpr uintptr_t kBusy = 1;

  uint64_t return_address;  // maybe another stub's; unwinders look here
  // Where sp was at the entry. Stays after the return.
  Atomic<uint64_t> frame;
  Atomic<uintptr_t> hook;  // whose the return is; 0: nobody's any more
  uint64_t function;
  uint64_t data;
  Atomic<uint32_t> next_free;  // number + 1
  // Released once all of the above is true. Who makes it false, by an exchange,
  // gives the instance back.
  Atomic<uint32_t> in_flight;
};
static_assert(sizeof(ReturnInstance) == machine::kReturnInstanceSize);
static_assert(alignof(ReturnHook) > ReturnInstance::kBusy);

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
  ReturnInstance* Take();
  /// From now on a return to its stub is a return of the call.
  static void Begin(ReturnInstance& instance, ReturnHook& hook,
                    uint64_t function, uint64_t frame, uint64_t return_address,
                    uint64_t data);
  static uint64_t StubOf(const ReturnInstance& instance);

  /// Whose number is `number`. There are instances.
  static EBPF_NOPROBE_INLINE ReturnInstance& At(uint32_t number) {
    return static_cast<ReturnInstance*>(
        machine::ebpf_return_instances.Load(kRelaxed))[number];
  }

  /// The caller has it alone, and it is not in flight.
  EBPF_NOPROBE_INLINE void GiveBack(ReturnInstance& instance, uint32_t number) {
    // The upper half changes with each give, so that a Take that was
    // interrupted does not take `next_free` of another time.
    uint64_t head = free_.Load(kRelaxed);
    uint64_t with;
    do {
      instance.next_free.Store(static_cast<uint32_t>(head), kRelaxed);
      with = ((head >> 32) + 1) << 32 | (number + 1);
      // Releases next_free: pairs with the acquire in Take.
    } while (!free_.CompareExchange(head, with, kRelease));
  }
  void GiveBack(ReturnInstance& instance);

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

  static bool FrameIn(const ReturnInstance& instance, uint64_t begin,
                      uint64_t end);
  bool MaySkipScan();
  bool IsSameCallAgain(const ReturnInstance& instance, const EnteredCall& call);
  bool End(ReturnInstance& instance, uint32_t number);

  Mutex mutex_;
  Allocator* allocator_ EBPF_GUARDED_BY(mutex_) = nullptr;
  // The number + 1 of the first free instance, and in the upper half a count.
  Atomic<uint64_t> free_{0};
  Atomic<uint32_t> skip_{0};       // scans, from now on
  Atomic<uint32_t> skip_next_{0};  // how many they were after the last one
};

[[gnu::visibility("hidden")]] extern constinit ReturnPool return_pool;

// What arch/<isa>/machine/trap.cc makes of core/probes/return_trap.h.

/// The call that `regs` are in, at a function's first instruction.
EnteredCall ReadEnteredCall(const machine::PtRegs& regs);
/// Makes it return to `address`.
void RedirectReturn(machine::PtRegs& regs, uint64_t address);

extern "C" {

/// The first stub. In return_trampoline.S, all of which lies in the range.
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_stubs[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_begin[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_return_end[];

/// What the trampoline calls: `regs` are those behind the call, but for pc,
/// which is to be set; `number` is the stub's. In .ebpf.noprobe.
[[gnu::visibility("hidden")]] void ebpf_return_hit(machine::PtRegs* regs,
                                                   uint32_t number);

/// The ways out of .ebpf.noprobe. Tells the hook; the CPU's guard is set, and
/// the instance busy.
void ebpf_return_run(ReturnInstance* instance, machine::PtRegs* regs,
                     uint64_t return_address);
/// A return that is no call's: a function that returns twice was followed, and
/// its instance is another call's by now. Nobody knows where to go.
[[noreturn]] void ebpf_return_lost(void);

}  // extern "C"

}  // namespace ebpf
