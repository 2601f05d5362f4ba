// SPDX-License-Identifier: MIT
//
// core/selftest/planted_breakpoint.h's implementation.
#include "core/selftest/planted_breakpoint.h"

#include "core/base/memory.h"
#include "core/machine/trap_check.h"
#include "core/selftest/code.h"

namespace ebpf::selftest {
namespace {

using machine::kTrapCheck;

uintptr_t Place() { return AddressOf(ebpf_trap_check_place); }

uint64_t& PcOf(machine::PtRegs& regs) {
  const size_t at = kTrapCheck.WordOf(machine::TrapWordKind::kPc);
  return reinterpret_cast<uint64_t*>(&regs)[at];
}

}  // namespace

bool PlantedBreakpoint::Plant(Environment::TrapHook hook, void* argument) {
  const ConstBytes code = kTrapCheck.breakpoint;
  hook_ = hook;
  argument_ = argument;
  CopyBytes(hidden_, ebpf_trap_check_place, code.size());
  return StopAndWrite({Place(), code.data(), code.size()}) == 0;
}

void PlantedBreakpoint::Remove() {
  (void)StopAndWrite({Place(), hidden_, kTrapCheck.breakpoint.size()});
}

bool PlantedBreakpoint::Run(machine::PtRegs& regs) {
  uint64_t& pc = PcOf(regs);
  if (pc != Place() + kTrapCheck.pc_behind) {
    return false;
  }
  pc = Place();
  hook_(argument_, regs);
  if (pc == Place()) {
    pc = AddressOf(ebpf_trap_check_next);
  }
  return true;
}

}  // namespace ebpf::selftest
