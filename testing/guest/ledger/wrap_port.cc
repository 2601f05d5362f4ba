// SPDX-License-Identifier: MIT
//
// What stands around core/platform when an image is linked (--wrap).
#include "core/base/noprobe.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/ledger/careless.h"
#include "testing/guest/ledger/events.h"

using namespace guest::ledger;  // NOLINT: the linker names the functions here

extern "C" {

int __real_ebpf_port_exec_write(void* to, const void* bytes, size_t size);
int __real_ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size);
void* __real_ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach);
void __real_ebpf_port_exec_free(void* memory, size_t size);

int __wrap_ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(to);
  BeginWrite(address, size);
  BeforeCarelessWrite();
  const bool forgets = IsCareless(Carelessness::kForgetWrite);
  const int result =
      __real_ebpf_port_exec_write(to, forgets ? to : bytes, size);
  EndWrite(address, bytes, size, result == 0);
  return result;
}

int __wrap_ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  BeginWrite(to, size);
  BeforeCarelessWrite();
  const bool forgets = IsCareless(Carelessness::kForgetWrite);
  const int result = __real_ebpf_port_text_write(
      to, forgets ? reinterpret_cast<const void*>(to) : bytes, size);
  EndWrite(to, bytes, size, result == 0);
  return result;
}

void* __wrap_ebpf_port_exec_alloc(size_t size, uintptr_t near, uint64_t reach) {
  void* memory = __real_ebpf_port_exec_alloc(size, near, reach);
  if (memory != nullptr) {
    Allocated(reinterpret_cast<uintptr_t>(memory), size);
  }
  return memory;
}

void __wrap_ebpf_port_exec_free(void* memory, size_t size) {
  if (memory != nullptr) {
    Freed(reinterpret_cast<uintptr_t>(memory), size);
  }
  __real_ebpf_port_exec_free(memory, size);
}

}  // extern "C"
