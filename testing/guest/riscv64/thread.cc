// SPDX-License-Identifier: MIT
//
// Threads of RISC-V; switch.S has the switch itself.
#include "testing/guest/kernel/machine.h"

extern "C" {
void Riscv64Switch(uintptr_t* from_sp, uintptr_t to_sp);
extern const char Riscv64ThreadStart[];
}

namespace guest::machine {
namespace {

/// What Riscv64Switch() leaves on the stack of a thread that does not run.
struct SwitchFrame {
  uintptr_t ra;
  uintptr_t s[12];
  uintptr_t unused;
};
static_assert(sizeof(SwitchFrame) == 112);

}  // namespace

void PrepareThread(ThreadContext* context, void* stack_top,
                   void (*entry)(void* argument), void* argument) {
  auto* frame = static_cast<SwitchFrame*>(stack_top) - 1;
  *frame = {};
  frame->ra = reinterpret_cast<uintptr_t>(Riscv64ThreadStart);
  frame->s[0] = reinterpret_cast<uintptr_t>(entry);
  frame->s[1] = reinterpret_cast<uintptr_t>(argument);
  context->sp = reinterpret_cast<uintptr_t>(frame);
}

void SwitchThread(ThreadContext* from, const ThreadContext* to) {
  Riscv64Switch(&from->sp, to->sp);
}

uintptr_t SavedPc(const ThreadContext& context) {
  return reinterpret_cast<const SwitchFrame*>(context.sp)->ra;
}

}  // namespace guest::machine
