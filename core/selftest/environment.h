// SPDX-License-Identifier: MIT
//
// What the contract tests need of the kernel that they run in, besides the
// port that they test.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/machine/pt_regs.h"

struct ebpf_file;

namespace ebpf::selftest {

/// Files of ours, and the calling task's descriptors: what the cases of
/// core/platform/files.h need besides it.
class Descriptors : public NonCopyable {
 public:
  /// A new file, with one reference; null if there is none.
  virtual ebpf_file* NewFile() = 0;
  virtual void Keep(ebpf_file* file) = 0;
  virtual void Put(ebpf_file* file) = 0;
  virtual uint32_t References(ebpf_file* file) const = 0;
  /// How many of them have not gone.
  virtual uint32_t Left() const = 0;

  /// What close(2) and dup(2) do; negative: they failed.
  virtual int Close(int fd) = 0;
  virtual int Duplicate(int fd) = 0;
  /// The number of an open file that is none of ours; negative: there is none.
  virtual int OpenKernels() = 0;

 protected:
  constexpr Descriptors() = default;
  ~Descriptors() = default;
};

/// Where the results go, and what a test cannot do through ebpf_port_*.
///
/// A guest, Hermit and the host port derive from it, and KernelEnvironment does
/// for ebpf_port_selftest. One case runs at a time, in task context with
/// interrupts on; only Fail() may come from other tasks and traps.
class Environment {
 public:
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// A case begins and ends. Between them Fail() says that it failed, and
  /// Skip() that this kernel has not what it needs.
  virtual void Begin(const char* name) = 0;
  virtual void End() = 0;
  virtual void Fail(const char* file, int line, const char* what) = 0;
  virtual void Skip(const char* why) = 0;

  /// What cases call instead of Fail() and Skip(): it is kept for the score.
  void Failed(const char* file, int line, const char* what) {
    verdict_.Store(Verdict::kFailed, kRelaxed);
    Fail(file, line, what);
  }
  void Skipped(const char* why) {
    Verdict passed = Verdict::kPassed;
    verdict_.CompareExchange(passed, Verdict::kSkipped, kRelaxed);
    Skip(why);
  }

  enum class Verdict : uint32_t { kPassed, kSkipped, kFailed };
  /// Of the case that ran since the last call.
  Verdict TakeVerdict() {
    return verdict_.Exchange(Verdict::kPassed, kRelaxed);
  }

  /// Starts a task on CPU `cpu` that runs `body(argument)` at the same time;
  /// false if there is no such CPU, or no memory. JoinTasks() waits for all.
  virtual bool StartOn(uint32_t cpu, void (*body)(void* argument),
                       void* argument) = 0;
  virtual void JoinTasks() = 0;

  /// Lets other tasks run for a moment.
  virtual void Yield() = 0;

  /// How often text is written while another CPU runs it.
  virtual uint32_t Patches() { return 20'000; }

  /// Whether timers expire while a task works; else they wait for its Yield().
  virtual bool TimersInterrupt() { return true; }

  /// Runs `body(argument)` in the breakpoint trap's hook, in place of
  /// ebpf_on_breakpoint; false if a breakpoint does not get there.
  virtual bool CallInTrap(void (*body)(void* argument), void* argument) = 0;

  /// Gets the registers that the port made of its trap's frame, with pc at the
  /// breakpoint; what it leaves in them is gone on with.
  using TrapHook = void (*)(void* argument, machine::PtRegs& regs);

  /// From now on ebpf_trap_check_place (core/machine/trap_check.h) traps into
  /// `hook`, behind ebpf_on_breakpoint; where that leaves pc as it is, the
  /// branch there is done. False if a breakpoint does not get there.
  virtual bool HookTrap(TrapHook hook, void* argument) = 0;
  /// After a HookTrap that said true.
  virtual void UnhookTrap() = 0;

  /// Whether interrupts are masked on this CPU.
  virtual bool InterruptsMasked() = 0;

  /// A page's address that is not mapped, right behind one that can be read; 0
  /// if the kernel has none to give. The same at each call.
  virtual uintptr_t UnmappedPage() = 0;

  enum class Attempt { kUnknown, kDone, kFaulted };
  /// Stores the byte at `address` over itself; kUnknown if the kernel cannot
  /// survive a fault of that.
  virtual Attempt TryWrite(uintptr_t address) = 0;

  /// Stores a byte at `address` by an instruction of the kernel's own that the
  /// kernel helps out when it faults; kUnknown if it has none.
  virtual Attempt TryOwnWrite(uintptr_t /*address*/) {
    return Attempt::kUnknown;
  }

  /// Whether this kernel is known for mappings that can be written and executed
  /// at once, against core/platform/exec.h.
  virtual bool MayWriteWhatRuns() { return false; }

  /// `size` bytes of code at `address` are about to be called on this CPU.
  virtual void BeforeCall(uintptr_t address, size_t size) = 0;

  /// Null where there is no core.
  virtual Descriptors* descriptors() { return nullptr; }

  /// Bytes of the kernel's memory that are allocated; constant if unknown.
  virtual uint64_t AllocatedBytes() = 0;

 protected:
  constexpr Environment() = default;
  ~Environment() = default;

 private:
  Atomic<Verdict> verdict_{Verdict::kPassed};
};

}  // namespace ebpf::selftest
