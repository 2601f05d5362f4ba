// SPDX-License-Identifier: MIT
//
// What rust_unwinder.sh runs on x86-64: panics of rust/ go through stubs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/machine/return_stubs.h"

extern "C" {

extern const uint8_t ebpf_return_stubs[];
uint32_t panic_through(uint32_t depth);
void ebpf_test_follow(void (*function)(), uint64_t stub, void* place);

alignas(64) static uint8_t
    g_instances[ebpf::machine::kReturnStubCount *
                uint64_t{ebpf::machine::kReturnInstanceSize}];
constinit ebpf::Atomic<void*> ebpf_return_instances{g_instances};

// The trampoline's way into core, which nobody takes here.
void ebpf_return_hit(void* /*regs*/, uint32_t /*number*/) { abort(); }

void unwinding_ended() {
  puts("the unwinder gave up");
  exit(1);
}

void follow(uint32_t number, void (*function)()) {
  ebpf_test_follow(
      function,
      reinterpret_cast<uint64_t>(ebpf_return_stubs) +
          uint64_t{number} * ebpf::machine::kReturnStubSize,
      g_instances + uint64_t{number} * ebpf::machine::kReturnInstanceSize);
  asm volatile("");  // a call, and no jump
}

}  // extern "C"

// As in stub_unwind_test.cc.
asm(R"(
        .text
        .globl ebpf_test_follow
        .type ebpf_test_follow, %function
ebpf_test_follow:
        pop %rax
        mov %rax, (%rdx)
        push %rsi
        jmp *%rdi
)");

int main() {
  constexpr uint32_t kDepths[] = {0,  1,   2,
                                  10, 300, ebpf::machine::kReturnStubCount};
  for (const uint32_t depth : kDepths) {
    const uint32_t dropped = panic_through(depth);
    if (dropped != depth + 1) {
      printf("through %u followed calls: %u dropped\n", depth, dropped);
      return 1;
    }
    printf("a panic reached its catch through %u followed calls\n", depth);
  }
}
