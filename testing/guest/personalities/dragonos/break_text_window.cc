// SPDX-License-Identifier: MIT
//
// arch/x86_64/machine/text_window.cc, in its place in the image, which forgets
// on demand that CPUs remember translations.
#include "arch/x86_64/machine/system_registers.h"
#include "testing/guest/breaks/breaks.h"

namespace ebpf::x86_64 {
namespace {

void FlushUnlessBroken(uintptr_t address) {
  if (!guest::IsBroken("forget_the_alias")) {
    FlushTranslation(address);
  }
}

}  // namespace
}  // namespace ebpf::x86_64

#define FlushTranslation FlushUnlessBroken
#include "arch/x86_64/machine/text_window.cc"
