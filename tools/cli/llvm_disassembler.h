// SPDX-License-Identifier: MIT
//
// Machine code as text, by LLVM, which is loaded when it is first asked: it is
// a hundred megabytes, and `ebpf exec` is called often.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/machine/machine_ops.h"

namespace ebpf::cli {

struct MachineInsn {
  uint32_t offset;  // in the code
  uint8_t size;
  std::string text;
};

/// The instructions in `code`, which runs at `address` on `machine`. What LLVM
/// cannot read becomes ".byte 0x...". Failure: no LLVM 19 on this machine.
std::vector<MachineInsn> DisassembleMachineCode(
    const machine::MachineOps& machine, const std::vector<uint8_t>& code,
    uint64_t address);

}  // namespace ebpf::cli
