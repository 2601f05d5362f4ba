// SPDX-License-Identifier: MIT
//
// Kernel text on RISC-V: writable where it lies, and there is one CPU, since
// DragonOS starts no other.
#include "core/platform/text.h"

#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/nofault.h"
#include "core/platform/exec.h"
#include "machine/interrupts.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/riscv64/exec_memory.h"
#include "ports/dragonos/riscv64/kernel.h"
#include "ports/dragonos/text.h"

namespace {

using namespace ebpf::dragonos;

constexpr int kMinusFault = -14;
constexpr int kMinusBusy = -16;
constexpr int kMinusInvalid = -22;
constexpr size_t kMostInsns = 64;
constexpr size_t kPageSize = 4096;

/// Whether the page at `address` can be written, by trying: what is there is
/// written again. A kernel that one day has its text read-only shall not die of
/// that here.
bool MayWrite(uintptr_t address) {
  uint8_t byte;
  return ebpf_copy_nofault(&byte, address, 1) &&
         ebpf_copy_nofault(reinterpret_cast<void*>(address),
                           reinterpret_cast<uintptr_t>(&byte), 1);
}

/// By the copy that takes no probe: what is written may be an instruction of
/// any other. Nobody runs meanwhile, or nobody has what is written yet.
int Store(uintptr_t to, const void* bytes, size_t size) {
  for (uintptr_t at = to; at < to + size; at += kPageSize) {
    if (!MayWrite(at)) {
      return kMinusFault;
    }
  }
  const bool stored =
      MayWrite(to + size - 1) &&
      ebpf_copy_nofault(reinterpret_cast<void*>(to),
                        reinterpret_cast<uintptr_t>(bytes), size);
  ebpf::riscv64::SyncInsnStream();
  return stored ? 0 : kMinusFault;
}

}  // namespace

namespace ebpf::dragonos {

bool PrepareTextWrites() { return true; }

}  // namespace ebpf::dragonos

extern "C" {

// There is no other CPU to stop: masked interrupts keep other tasks away.
int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  if (!dragonos_may_rendezvous()) {
    return kMinusBusy;
  }
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  *result = function(argument);
  ebpf::riscv64::SyncInsnStream();
  ebpf::machine::RestoreInterrupts(interrupts);
  return 0;
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > kMostInsns) {
    return kMinusInvalid;
  }
  if (!ebpf::machine::InterruptsMasked()) {
    return kMinusBusy;
  }
  if (exec_pool.Touches(to, size) ? !exec_pool.IsTaken(to, size)
                                  : !IsText(to, size)) {
    return kMinusFault;
  }
  return Store(to, bytes, size);
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(to);
  if (size == 0 || !exec_pool.IsTaken(begin, size)) {
    return kMinusFault;
  }
  return Store(begin, bytes, size);
}

// The kernel's frame is right below the interrupted sp, and has the one that is
// restored.
uint32_t ebpf_port_trap_stub() { return EBPF_TRAP_STUB_SETS_SP; }

}  // extern "C"
