// SPDX-License-Identifier: MIT
//
// testing/guest/probes/follow.h's functions.
#include "core/probes/return_hook.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/probes/follow.h"

extern "C" {

[[gnu::noinline]] uint64_t followed_sum(uint64_t n) {
  uint64_t rest = 0;
  if (n != 0) {
    rest = followed_sum(n - 1);
  }
  asm volatile("" : "+r"(rest));  // a call, and no loop
  return rest + n;
}

[[gnu::noinline]] uint64_t followed_sleep(uint64_t ticks) {
  guest::SleepTicks(ticks);
  return ticks + 1;
}

[[gnu::noinline]] uint64_t followed_leaf(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value + 1;
}

[[gnu::noinline]] uint64_t followed_jump(uint64_t value) {
  [[clang::musttail]] return followed_leaf(value);
}

[[gnu::noinline]] uint64_t followed_call(void (*function)(void*),
                                         void* argument) {
  function(argument);
  asm volatile("");
  return 42;
}

/// What guest threads tell as they end (testing/guest/kernel/thread.cc).
void ebpf_task_exit(uint64_t stack_begin, uint64_t stack_end) {
  ebpf::ReturnHook::ForgetCalls(stack_begin, stack_end);
}

}  // extern "C"
