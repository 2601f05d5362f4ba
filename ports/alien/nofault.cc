// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h on Alien, which has no exception table: the port's
// hook at the head of its fault handler is one for nofault_copy.S.
#include "core/platform/nofault.h"

#include "ports/alien/nofault.h"

extern "C" {
int EbpfAlienCopy(void* to, uintptr_t from, size_t size);
extern const char EbpfAlienCopyFault[];
}

namespace ebpf::alien {

__attribute__((section(".ebpf.noprobe"))) bool FixUpCopy(
    alien_ktrap_frame& frame) {
  const auto begin = reinterpret_cast<uintptr_t>(&EbpfAlienCopy);
  const auto end = reinterpret_cast<uintptr_t>(EbpfAlienCopyFault);
  if (frame.sepc < begin || frame.sepc >= end) {
    return false;
  }
  frame.sepc = end;
  return true;
}

}  // namespace ebpf::alien

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  // On every machine that Alien runs on, what lies below the kernel is the
  // firmware's and devices' registers, which must not be read for fun.
  const auto lowest = reinterpret_cast<uintptr_t>(stext);
  if (from < lowest || size > UINTPTR_MAX - from) {
    return size == 0;
  }
  return EbpfAlienCopy(to, from, size) != 0;
}
