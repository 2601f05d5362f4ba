// SPDX-License-Identifier: MIT
//
// QEMU ends by semihosting: Hermit's own exit turns the machine off, which
// tells QEMU no code.
#include "core/platform/log.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

constexpr uint64_t kSysExit = 0x18;
constexpr uint64_t kApplicationExit = 0x20026;

}  // namespace

constinit const char kCpu[] = "aarch64";

// Where it goes on after a switch of tasks they are on.
void LetInterruptsIn() { sys_yield(); }

// By the port's log: it takes lines in any context.
void Print(ebpf::StringView text) { ebpf_port_log(text.data(), text.size()); }

void Exit(int code) {
  const uint64_t block[2] = {kApplicationExit, static_cast<uint64_t>(code)};
  register uint64_t operation asm("x0") = kSysExit;
  register const uint64_t* argument asm("x1") = block;
  asm volatile("hlt #0xf000" : "+r"(operation) : "r"(argument) : "memory");
  for (;;) {
    asm volatile("wfe");
  }
}

}  // namespace hermit
