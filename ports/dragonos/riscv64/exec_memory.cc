// SPDX-License-Identifier: MIT
//
// ebpf_port_exec_alloc on RISC-V: pieces of the pool in the kernel's text,
// which is writable, as all of that kernel's memory is.
#include "ports/dragonos/riscv64/exec_memory.h"

#include "arch/riscv64/machine/icache.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"

extern "C" {
[[gnu::visibility("hidden")]] extern uint8_t EbpfDragonosExecPool[];
}

namespace ebpf::dragonos {

constinit ExecPool exec_pool(EbpfDragonosExecPool);

}  // namespace ebpf::dragonos

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  if (size == 0 || size > ebpf::ExecPool::kSize) {
    return nullptr;
  }
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  void* const memory = ebpf::dragonos::exec_pool.Take(size, near, reach);
  ebpf::machine::RestoreInterrupts(interrupts);
  return memory;
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (memory == nullptr) {
    return;
  }
  // Who runs there after all shall trap.
  constexpr uint16_t kCEbreak = 0x9002;
  auto* const code = static_cast<volatile uint16_t*>(memory);
  for (size_t i = 0; i < (size + 1) / sizeof kCEbreak; ++i) {
    code[i] = kCEbreak;
  }
  ebpf::riscv64::SyncInsnStream();
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  ebpf::dragonos::exec_pool.Give(reinterpret_cast<uintptr_t>(memory), size);
  ebpf::machine::RestoreInterrupts(interrupts);
}

}  // extern "C"
