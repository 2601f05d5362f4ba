// SPDX-License-Identifier: MIT
//
// What is wrong with the timer's interrupt on purpose: the image is linked with
// --wrap, and calls of the gate's come here.
#include "testing/guest/breaks/breaks.h"
#include "testing/hermit/port/turns.h"

using ebpf::TakenFrame;

extern "C" {

// What it returns, on CPUs where it does, is in the same register.
uintptr_t __real_ebpf_taken_tick(TakenFrame* frame);

uintptr_t __wrap_ebpf_taken_tick(TakenFrame* frame) {
  const uintptr_t result = __real_ebpf_taken_tick(frame);
  if (hermit::IsTurning(*frame)) {
    if (guest::IsBroken("tick_register")) {
      hermit::SpoilRegister(*frame);
    } else if (guest::IsBroken("tick_vector")) {
      hermit::SpoilVector();
    }
  }
  return result;
}

}  // extern "C"
