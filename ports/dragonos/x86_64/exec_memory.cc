// SPDX-License-Identifier: MIT
//
// Executable memory on DragonOS: page frames of the direct map, which is where
// the kernel's own text is. The kernel would have them writable *and*
// executable; ours are remapped so that they can be executed and not written.
#include "ports/dragonos/x86_64/exec_memory.h"

#include "core/base/memory.h"
#include "core/platform/text.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"

namespace {

void GivePages(void* pages, size_t count) {
  (void)dragonos_pages_protect(pages, count, true, true);
  dragonos_pages_free(pages, count);
}

void* TakePages(size_t count) {
  constexpr uint8_t kInt3 = 0xcc;
  void* const pages = dragonos_pages_alloc(count);
  if (pages == nullptr) {
    return nullptr;
  }
  ebpf::FillBytes(pages, kInt3, count * ebpf::ExecRuns::kPageSize);
  if (dragonos_pages_protect(pages, count, false, true) != 0) {
    GivePages(pages, count);
    return nullptr;
  }
  return pages;
}

}  // namespace

namespace ebpf::dragonos {

constinit ExecRuns exec_memory({&TakePages, &GivePages});

}  // namespace ebpf::dragonos

extern "C" {

void* ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  return ebpf::dragonos::exec_memory.Take(size, near, reach);
}

void ebpf_port_exec_free(void* memory, size_t size) {
  if (!ebpf::dragonos::exec_memory.Give(memory, size)) {
    dragonos_panic("ebpf: freed executable memory that is not ours");
  }
}

}  // extern "C"
