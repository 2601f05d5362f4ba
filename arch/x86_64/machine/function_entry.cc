// SPDX-License-Identifier: MIT
//
// core/machine/function_entry.h on x86-64.
#include "core/machine/function_entry.h"

#include "arch/x86_64/pt_regs.h"
#include "arch/x86_64/stack_frames.h"

// An instruction that returns, wherever the return address is now. So nobody
// has to take it off the stack, and a shadow stack is in order.
asm(R"(
  .pushsection .text, "ax", @progbits
  .type ebpf_return_at_once, @function
ebpf_return_at_once:
  ret
  .size ebpf_return_at_once, . - ebpf_return_at_once
  .popsection
)");
extern "C" [[gnu::visibility("hidden")]] const char ebpf_return_at_once[];

namespace ebpf::machine {

size_t EntryMarkerSize(uint64_t function) {
  // ENDBR64 is f3 0f 1e fa; a breakpoint hides its first byte.
  // [intel/vol2: ENDBR64]
  const auto* text = reinterpret_cast<const uint8_t*>(function);
  const bool is_marker = (text[0] == 0xf3 || text[0] == 0xcc) &&
                         text[1] == 0x0f && text[2] == 0x1e && text[3] == 0xfa;
  return is_marker ? 4 : 0;
}

void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  x86_64::PtRegs& registers = x86_64::RegsOf(regs);
  registers.rax = value;
  registers.rip = reinterpret_cast<uint64_t>(ebpf_return_at_once);
}

void SetReturnValue(PtRegs& regs, uint64_t value) {
  x86_64::RegsOf(regs).rax = value;
}

void DescribeCaller(PtRegs& regs, uint64_t pc, uint64_t frame) {
  x86_64::PtRegs& registers = x86_64::RegsOf(regs);
  registers.rip = pc;
  registers.rbp = frame;
}

constinit const FrameLayout kStackFrames = x86_64::kFrameLayout;
constinit const uint64_t kPcOffset = offsetof(x86_64::PtRegs, rip);
constinit const uint64_t kPcBehindProbe = 1;

}  // namespace ebpf::machine
