// SPDX-License-Identifier: MIT
//
// The console is the firmware's old one: Hermit's is the Debug Console
// Extension, which OpenSBI 1.1 does not have, and what Hermit writes there is
// lost. [sbi: chapter 5, Legacy Extensions]
//
// QEMU ends by the firmware's system reset: it tells no code, but a failure
// from success. [sbi: chapter 10, System Reset Extension]
#include "testing/hermit/application/application.h"

namespace hermit {

constinit const char kCpu[] = "riscv64";

void LetInterruptsIn() { asm volatile("csrsi sstatus, 2" : : : "memory"); }

void Print(ebpf::StringView text) {
  constexpr uint64_t kPutCharacter = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    register uint64_t a0 asm("a0") = static_cast<uint8_t>(text[i]);
    register uint64_t a7 asm("a7") = kPutCharacter;
    asm volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
  }
}

void Exit(int code) {
  constexpr uint64_t kSystemReset = 0x53525354;
  constexpr uint64_t kShutdown = 0;
  constexpr uint64_t kSystemFailure = 1;
  register uint64_t a0 asm("a0") = kShutdown;
  register uint64_t a1 asm("a1") = code == 0 ? 0 : kSystemFailure;
  register uint64_t a6 asm("a6") = 0;
  register uint64_t a7 asm("a7") = kSystemReset;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
  for (;;) {
    asm volatile("wfi");
  }
}

}  // namespace hermit
