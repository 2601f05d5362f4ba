// SPDX-License-Identifier: MIT
//
// QEMU ends by isa-debug-exit: with twice the code, and one.
#include "core/platform/log.h"
#include "testing/hermit/application/application.h"

namespace hermit {

constinit const char kCpu[] = "x86_64";

void LetInterruptsIn() {}

// By the port's log: it takes lines in any context.
void Print(ebpf::StringView text) { ebpf_port_log(text.data(), text.size()); }

void Exit(int code) {
  constexpr uint16_t kDebugExit = 0xf4;
  asm volatile("outb %0, %1"
               :
               : "a"(static_cast<uint8_t>(code)), "Nd"(kDebugExit));
  for (;;) {
    asm volatile("hlt");
  }
}

}  // namespace hermit
