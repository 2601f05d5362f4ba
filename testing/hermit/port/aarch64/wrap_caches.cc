// SPDX-License-Identifier: MIT
//
// testing/hermit/port/fresh.h's steps that only this CPU has.
#include "testing/hermit/port/fresh.h"

extern "C" {

void __real_ebpf_clean_data(uintptr_t address, size_t size);
void __real_ebpf_invalidate_insns(uintptr_t address, size_t size);

void __wrap_ebpf_clean_data(uintptr_t address, size_t size) {
  if (hermit::Note(hermit::Step::kClean, address, size)) {
    __real_ebpf_clean_data(address, size);
  }
}

void __wrap_ebpf_invalidate_insns(uintptr_t address, size_t size) {
  if (hermit::Note(hermit::Step::kInvalidate, address, size)) {
    __real_ebpf_invalidate_insns(address, size);
  }
}

}  // extern "C"
