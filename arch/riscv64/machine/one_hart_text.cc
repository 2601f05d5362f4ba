// SPDX-License-Identifier: MIT
//
// arch/riscv64/machine/one_hart_text.h's implementation.
#include "arch/riscv64/machine/one_hart_text.h"

#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/nofault.h"
#include "core/base/types.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/text.h"
#include "core/platform/text_pool.h"
#include "machine/interrupts.h"

using ebpf::text_pool;
using ebpf::riscv64::text_kernel;

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kMostInsns = 64;

/// Writes what lies in two pages of text at most, with interrupts masked. By
/// the copy that takes no probe: what is written may be an instruction of any
/// other.
int WritePages(uintptr_t to, const uint8_t* bytes, size_t size) {
  const uintptr_t offset = to % kPageSize;
  const size_t pages = offset + size > kPageSize ? 2 : 1;
  uintptr_t at = 0;
  const int status = text_kernel.map(to - offset, pages, &at);
  if (status != 0) {
    return status;
  }
  const bool is_written =
      ebpf_copy_nofault(reinterpret_cast<void*>(at + offset),
                        reinterpret_cast<uintptr_t>(bytes), size);
  text_kernel.unmap(pages);
  ebpf::riscv64::SyncInsnStream();
  return is_written ? 0 : ebpf::kMinusFault;
}

}  // namespace

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  const int status = text_kernel.may_stop();
  if (status != 0) {
    return status;
  }
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  *result = function(argument);
  ebpf::riscv64::SyncInsnStream();
  ebpf::machine::RestoreInterrupts(interrupts);
  return 0;
}

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > kMostInsns) {
    return ebpf::kMinusInvalid;
  }
  if (!ebpf::machine::InterruptsMasked()) {
    return ebpf::kMinusBusy;
  }
  if (!ebpf::MayPatch(to, size, text_kernel.is_text)) {
    return ebpf::kMinusFault;
  }
  return WritePages(to, static_cast<const uint8_t*>(bytes), size);
}

// A page at a time: nothing else runs while it can be written.
int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto begin = reinterpret_cast<uintptr_t>(to);
  if (!text_pool.IsTaken(begin, size)) {
    return ebpf::kMinusFault;
  }
  int status = 0;
  for (size_t done = 0; done < size && status == 0;) {
    const uintptr_t at = begin + done;
    const size_t piece = ebpf::Min(size - done, kPageSize - at % kPageSize);
    const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
    status = WritePages(at, static_cast<const uint8_t*>(bytes) + done, piece);
    ebpf::machine::RestoreInterrupts(interrupts);
    done += piece;
  }
  return status;
}

}  // extern "C"
