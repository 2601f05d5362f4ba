// SPDX-License-Identifier: MIT
//
// Breakpoints on kernel functions, and who is told of their hits.
// core/probes/README.md tells how a probe lives and dies.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"

namespace ebpf {

class KprobeSite;

/// Somebody who is told of the hits of one probe. Lives at least until
/// DetachKprobe returned.
class KprobeConsumer : public NonCopyable {
 public:
  /// The probed instruction is about to run with these registers, which may be
  /// changed (the instruction's own effect comes afterwards). In a read
  /// section, with interrupts masked. Context: trap; may run on several CPUs at
  /// once.
  virtual void Hit(machine::PtRegs& regs) = 0;

  /// Hits that were not delivered, since they came while another probe was
  /// being handled on that CPU. Context: any.
  uint64_t missed() const { return missed_.Load(kRelaxed); }

 protected:
  KprobeConsumer() = default;
  ~KprobeConsumer() = default;

 private:
  friend class KprobeSite;

  KprobeSite* site_ = nullptr;  // null: not attached
  Atomic<uint64_t> missed_{0};
};

/// Context of these: task, interrupts on.

/// kNoMemory. `machine` outlives the probes.
Status InitProbes(const machine::MachineOps& machine, Allocator& allocator);

/// Nothing is attached any more.
void ExitProbes();

/// Where a probe at `symbol` + `offset` would stand, or at `address` + `offset`
/// where the symbol is empty. kNotFound: no such symbol, or no function there.
Result<uint64_t> ProbeAddress(StringView symbol, uint64_t address,
                              uint64_t offset);

/// Puts a probe on the instruction at `address` and arms it. From then on, and
/// before this returns, hits go to `consumer`, which is not attached already.
///
/// kNotFound: no function there. kBadSequence: in the middle of an instruction.
/// kInvalid: what may not be probed. kBusy: a CPU did not join the rendezvous;
/// nothing was changed. kNotSupported: a kernel without T1. kNoMemory.
Status AttachKprobe(uint64_t address, KprobeConsumer& consumer);

/// Ends what AttachKprobe began: when it returns, Hit runs nowhere and the text
/// is as before unless others probe the same place. Cannot fail: where the
/// rendezvous fails, the breakpoint stays and is stepped over until a later
/// attach or detach removes it. `consumer` may be not attached.
void DetachKprobe(KprobeConsumer& consumer);

/// The trap hook: `regs` are those of a breakpoint trap in the kernel. False if
/// the breakpoint is none of ours, with `regs` untouched. Context: trap.
bool OnBreakpoint(machine::PtRegs& regs);

}  // namespace ebpf
