// SPDX-License-Identifier: MIT
//
// Threads of AArch64; switch.S has the switch itself.
#include "testing/guest/kernel/machine.h"

extern "C" {
void Aarch64Switch(uintptr_t* from_sp, uintptr_t to_sp);
extern const char Aarch64ThreadStart[];
}

namespace guest::machine {
namespace {

/// What Aarch64Switch() leaves on the stack of a thread that does not run.
struct SwitchFrame {
  uintptr_t x19_to_x29[11];
  uintptr_t x30;
};
static_assert(sizeof(SwitchFrame) == 96);

}  // namespace

void PrepareThread(ThreadContext* context, void* stack_top,
                   void (*entry)(void* argument), void* argument) {
  auto* frame = static_cast<SwitchFrame*>(stack_top) - 1;
  *frame = {};
  frame->x30 = reinterpret_cast<uintptr_t>(Aarch64ThreadStart);
  frame->x19_to_x29[0] = reinterpret_cast<uintptr_t>(entry);
  frame->x19_to_x29[1] = reinterpret_cast<uintptr_t>(argument);
  context->sp = reinterpret_cast<uintptr_t>(frame);
}

void SwitchThread(ThreadContext* from, const ThreadContext* to) {
  Aarch64Switch(&from->sp, to->sp);
}

uintptr_t SavedPc(const ThreadContext& context) {
  return reinterpret_cast<const SwitchFrame*>(context.sp)->x30;
}

}  // namespace guest::machine
