// SPDX-License-Identifier: MIT
//
// Kernel text on RISC-V: writable where it lies, and there is one CPU, since
// DragonOS starts no other.
#include "core/platform/text.h"

#include "arch/riscv64/machine/one_hart_text.h"
#include "core/platform/errors.h"
#include "core/platform/text_pool.h"
#include "core/platform/tried_write.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"

namespace {

constexpr size_t kPageSize = 4096;

/// A kernel that one day has its text read-only shall not die of that here.
int MapWhereItLies(uintptr_t page, size_t pages, uintptr_t* at) {
  *at = page;
  return ebpf::CanBeWritten(page) &&
                 ebpf::CanBeWritten(page + (pages - 1) * kPageSize)
             ? 0
             : ebpf::kMinusFault;
}

}  // namespace

constinit const ebpf::riscv64::TextKernel ebpf::riscv64::text_kernel = {
    .is_text = &ebpf::dragonos::IsText,
    .may_stop = [] { return dragonos_may_rendezvous() ? 0 : ebpf::kMinusBusy; },
    .map = &MapWhereItLies,
    .unmap = [](size_t /*pages*/) {}};

namespace ebpf::dragonos {

bool PrepareTextWrites() { return true; }

bool IsExecPool(uintptr_t address, size_t size) {
  return text_pool.Touches(address, size);
}

}  // namespace ebpf::dragonos

// The kernel's frame is right below the interrupted sp, and has the one that is
// restored.
extern "C" uint32_t ebpf_port_trap_stub() { return EBPF_TRAP_STUB_SETS_SP; }
