// SPDX-License-Identifier: MIT
//
// The C++ side of thread.S.
#include <stdint.h>

#include "testing/guest/kernel/machine.h"

extern "C" {
void x86_switch_stack(uintptr_t* from, uintptr_t to);
void x86_thread_start();
bool x86_try_store(uintptr_t address, uint8_t value);
bool x86_try_load(uintptr_t address, uint8_t* value);
bool x86_try_call(uintptr_t code);
extern const char x86_try_store_insn[];
extern const char x86_try_load_insn[];
extern const char x86_try_call_fault[];
extern const char x86_try_fault[];
}

namespace guest::machine {
namespace {

/// What x86_switch_stack leaves on the stack of a thread that does not run.
struct SavedRegisters {
  uint64_t r15, r14, r13, r12, rbx, rbp, pc;
};

// What TryCall() calls now, on each CPU.
constinit uintptr_t tried_code[kMaxCpus] = {};

uintptr_t AddressOf(const char* label) {
  return reinterpret_cast<uintptr_t>(label);
}

}  // namespace

void PrepareThread(ThreadContext* context, void* stack_top,
                   void (*entry)(void* argument), void* argument) {
  // x86_thread_start calls `entry` with the stack aligned as the ABI asks.
  auto* saved = static_cast<SavedRegisters*>(stack_top) - 1;
  *saved = {};
  saved->rbx = reinterpret_cast<uint64_t>(entry);
  saved->r12 = reinterpret_cast<uint64_t>(argument);
  saved->pc = reinterpret_cast<uint64_t>(&x86_thread_start);
  context->sp = reinterpret_cast<uintptr_t>(saved);
}

void SwitchThread(ThreadContext* from, const ThreadContext* to) {
  x86_switch_stack(&from->sp, to->sp);
}

uintptr_t SavedPc(const ThreadContext& context) {
  return reinterpret_cast<const SavedRegisters*>(context.sp)->pc;
}

bool TryStore8(uintptr_t address, uint8_t value) {
  return x86_try_store(address, value);
}

bool TryLoad8(uintptr_t address, uint8_t* value) {
  return x86_try_load(address, value);
}

bool TryCall(uintptr_t code) {
  tried_code[CpuId()] = code;
  const bool called = x86_try_call(code);
  tried_code[CpuId()] = 0;
  return called;
}

uintptr_t FaultFixup(uintptr_t pc, uintptr_t* /*sp*/) {
  if (pc == AddressOf(x86_try_store_insn) ||
      pc == AddressOf(x86_try_load_insn)) {
    return AddressOf(x86_try_fault);
  }
  if (pc != 0 && pc == tried_code[CpuId()]) {
    return AddressOf(x86_try_call_fault);
  }
  return 0;
}

}  // namespace guest::machine
