// SPDX-License-Identifier: MIT
//
// A breakpoint in the place of core/machine/trap_check.h, for kernels that have
// a port and no core: where core is, a kprobe stands there.
#pragma once

#include "core/base/types.h"
#include "core/machine/pt_regs.h"
#include "core/selftest/environment.h"

namespace ebpf::selftest {

class PlantedBreakpoint : public NonCopyable {
 public:
  constexpr PlantedBreakpoint() = default;

  /// False where the text cannot be written. Context: task.
  bool Plant(Environment::TrapHook hook, void* argument);

  /// Where it was planted: the text is then as it was. Context: task.
  void Remove();

  /// For what stands in for ebpf_on_breakpoint: calls the hook and says how to
  /// go on; false where it is another breakpoint. Context: trap.
  bool Run(machine::PtRegs& regs);

 private:
  Environment::TrapHook hook_ = nullptr;
  void* argument_ = nullptr;
  uint8_t hidden_[8] = {};
};

}  // namespace ebpf::selftest
