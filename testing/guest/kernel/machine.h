// SPDX-License-Identifier: MIT
//
// What the guest kernel needs of a CPU; testing/guest/<cpu>/ defines it all.
//
// README.md tells who calls whom: a CPU folder boots, a personality owns the
// trap entry and its frame, the kernel does the rest.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest {

/// The most CPUs that an image runs on.
inline constexpr uint32_t kMaxCpus = 4;

inline constexpr size_t kPageSize = 4096;

/// Where an interrupt or a trap found the CPU.
struct Interrupted {
  uintptr_t pc;
  uintptr_t sp;
};

namespace machine {

/// "x86_64", "riscv64" or "aarch64".
extern const char kName[];

// --- Boot -----------------------------------------------------------------
//
// The CPU folder's boot.S brings CPU 0 to GuestMain() (kernel.h) with: the
// image mapped at its link addresses, all of RAM mapped, a stack of the
// personality's size, the trap entry below installed, interrupts off.
//
// `guest_trap_entry` is a symbol of the personality, in assembly: on x86-64 a
// table of 256 entries, 16 bytes apart; on RISC-V what goes into stvec; on
// AArch64 what goes into VBAR_EL1. Its handler ends in kernel.h's
// DispatchInterrupt() for interrupts.
extern "C" const char guest_trap_entry[];

/// First byte of free RAM and the byte after it, as mapped addresses.
struct RamRange {
  uintptr_t begin;
  uintptr_t end;
};
RamRange FreeRam();

// --- Console and end ------------------------------------------------------

/// Sends one byte; waits for the device. Takes no lock: console.h orders the
/// CPUs. Context: any.
void PutChar(char c);

/// Ends QEMU; the runner sees 0 as success. Context: any.
[[noreturn]] void Exit(uint8_t code);

// --- CPUs -----------------------------------------------------------------

/// Number of CPUs of the machine, at most kMaxCpus; they are 0, 1, ...
uint32_t CpuCount();

/// The CPU that runs this. Context: any, stable while interrupts are off.
uint32_t CpuId();

/// Has the register that this CPU's kernel may use as it likes point to
/// `this_cpu`; nothing where there is none. Context: before interrupts are on.
void SetThisCpu(void* this_cpu);

/// Starts `cpu` on the stack that ends at `stack_top` (16-byte aligned): it
/// comes to `entry(cpu)` as CPU 0 came to GuestMain(), permissions of its page
/// tables included. False if it does not answer within a second.
/// Context: task, CPU 0.
bool StartCpu(uint32_t cpu, void* stack_top, void (*entry)(uint32_t cpu));

/// A short wait inside a busy loop.
void Relax();

/// Sleeps until the next interrupt. Called with interrupts off, it enables
/// them and sleeps in one step (no wake-up is lost), and returns with them on.
void WaitForInterrupt();

// --- Interrupts of this CPU ----------------------------------------------

/// Turns interrupts off; what it returns is for IrqRestore(). Nests.
[[nodiscard]] uintptr_t IrqSave();
void IrqRestore(uintptr_t state);
void IrqEnable();
bool IrqsEnabled();

/// Begins a periodic timer interrupt on this CPU.
void StartTimer(uint32_t hertz);

/// A clock that never goes back on one CPU and starts near zero. Context: any.
uint64_t Nanoseconds();

/// Raises the one interprocessor interrupt on `cpu`, which may be this CPU.
/// Returns at once. Context: any.
void SendIpi(uint32_t cpu);

enum class Interrupt { kTimer, kIpi, kSpurious };

/// Says which interrupt `cause` is and acknowledges it at its device.
/// `cause` is the x86-64 vector or RISC-V's scause; AArch64 ignores it.
Interrupt ClaimInterrupt(uintptr_t cause);

// --- Threads --------------------------------------------------------------

/// What is kept of a thread that does not run: all else is on its stack.
struct ThreadContext {
  uintptr_t sp;
};

/// Lets the first SwitchThread() to `context` call `entry(argument)` on the
/// stack that ends at `stack_top`. `entry` starts with interrupts off and does
/// not return.
void PrepareThread(ThreadContext* context, void* stack_top,
                   void (*entry)(void* argument), void* argument);

/// Leaves this thread in `from` and goes on with `to`. Interrupts are off.
void SwitchThread(ThreadContext* from, const ThreadContext* to);

/// Where a thread that does not run will go on. Context: its CPU, interrupts
/// off.
uintptr_t SavedPc(const ThreadContext& context);

// --- Memory ---------------------------------------------------------------

enum Protection : uint32_t {
  kReadOnly = 0,
  kWrite = 1u << 0,
  kExecute = 1u << 1,
};

/// Maps [virt, virt + size) to physical memory from `phys` on, with leaves of
/// `leaf` bytes (kPageSize, or a size that the CPU has), over what was there.
/// Other CPUs that saw the old mapping must FlushTlb() themselves. False if
/// there is no memory for tables, or an argument is not a multiple of `leaf`.
/// Context: task.
[[nodiscard]] bool Map(uintptr_t virt, uintptr_t phys, size_t size,
                       uint32_t protection, size_t leaf = kPageSize);

/// Takes the leaves of [virt, virt + size) away. Context as Map().
void Unmap(uintptr_t virt, size_t size);

struct Mapping {
  uintptr_t phys;  // of the byte asked for
  size_t leaf;     // bytes that one entry maps
  uint32_t protection;
};

/// What `virt` is mapped to; false if to nothing. Context: any.
bool Query(uintptr_t virt, Mapping* mapping);

/// Where all of RAM is mapped: physical address 0 would be at this address.
uintptr_t DirectMapBase();

/// Forgets cached translations of [virt, virt + size) on this CPU.
void FlushTlb(uintptr_t virt, size_t size);

// --- Code that changes ----------------------------------------------------

/// Makes bytes stored at [address, address + size) visible to instruction
/// fetch, as far as the caches of data and instructions go. `address` is the
/// one stored through; code runs at an alias of it after SyncInstructions().
void FlushCode(const void* address, size_t size);

/// This CPU fetches anew whatever it executes next (x86-64: a serialising
/// instruction; RISC-V: fence.i; AArch64: ISB). Context: any.
void SyncInstructions();

/// Executes one breakpoint instruction.
void Breakpoint();

// --- Accesses that may fault ---------------------------------------------

/// Stores or loads one byte; false if that faults. For tests of permissions.
bool TryStore8(uintptr_t address, uint8_t value);
bool TryLoad8(uintptr_t address, uint8_t* value);
/// Calls `code`, a function that returns at once; false if that faults.
bool TryCall(uintptr_t code);

/// Where to go on after a fault at `pc`, if one of the functions above did it,
/// else 0. `sp` points to the stack pointer that the trap will restore, which
/// TryCall()'s way back changes. The personality asks this before it gives up.
uintptr_t FaultFixup(uintptr_t pc, uintptr_t* sp);

}  // namespace machine
}  // namespace guest
