// SPDX-License-Identifier: MIT
//
// Breakpoints hit with chosen registers, and what the interrupted code finds
// afterwards.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

/// In pt_regs' order, r15 first and rdi last.
inline constexpr size_t kRegisterCount = 15;
inline constexpr size_t kRcx = 11;

extern "C" {

/// Loads `in`, hits the breakpoint at HermitTestBreakpoint, and stores in `out`
/// what is found behind it.
void HermitTestRegisters(const uint64_t (*in)[kRegisterCount],
                         uint64_t (*out)[kRegisterCount]);
extern const uint8_t HermitTestBreakpoint[];

/// Loads `in` and hermit_test_vectors, xmm0 to xmm15, and with interrupts on
/// counts rcx down to zero in the one instruction at HermitTestTurn; stores in
/// `out`, and there, what is found then.
void HermitTestTurns(const uint64_t (*in)[kRegisterCount],
                     uint64_t (*out)[kRegisterCount]);
extern const uint8_t HermitTestTurn[];

/// Hits a breakpoint whose handler moves sp, and returns by how much, with the
/// word that is then at sp in `*top`.
int64_t HermitTestStackPointer(uint64_t* top);

/// Loads what `address` points to.
uint64_t HermitTestLoad(const uint64_t* address);

/// Stand in for the kernel's handlers: store what they find, and go on behind
/// the breakpoint or the load.
void HermitTestKernelBreakpoint(void);
void HermitTestKernelPageFault(void);

struct KernelView {
  uint64_t error_code;
  uint64_t pc, cs, flags, sp, ss;
  uint64_t handler_sp;  // where the CPU, or the port, has pushed these
  uint64_t fault_address;
};
static_assert(sizeof(KernelView) == 64);
extern KernelView hermit_test_kernel_saw;

// The port's: where it sends what is the kernel's.
extern uintptr_t ebpf_kernels_breakpoint;
extern uintptr_t ebpf_kernels_page_fault;

}  // extern "C"

}  // namespace hermit
