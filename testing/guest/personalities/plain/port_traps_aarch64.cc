// SPDX-License-Identifier: MIT
//
// The plain port's hooks. Its trap frame begins with Linux's registers, so
// there is nothing to convert.
#include "arch/aarch64/machine/nofault.h"
#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "core/platform/nofault.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

using ebpf::aarch64::PtRegs;
static_assert(offsetof(TrapFrame, x) == offsetof(PtRegs, x));
static_assert(offsetof(TrapFrame, sp) == offsetof(PtRegs, sp));
static_assert(offsetof(TrapFrame, pc) == offsetof(PtRegs, pc));
static_assert(offsetof(TrapFrame, pstate) == offsetof(PtRegs, pstate));

EBPF_NOPROBE bool OnBreakpoint(TrapFrame& frame) {
  return ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

EBPF_NOPROBE bool OnFault(TrapFrame& frame) {
  // Where a probed instruction faulted, `frame` then says where it stands.
  (void)ebpf_on_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
  return ebpf::aarch64::NofaultFixup(frame.pc) ||
         ebpf_fix_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

}  // namespace

void InstallHooks() {
  SetBreakpointHook(OnBreakpoint);
  SetFaultHook(OnFault);
}

}  // namespace guest::plain

namespace {
constexpr uintptr_t kRam = 0x40000000;  // below are devices' registers
constexpr int kMinusFault = -14;        // -EFAULT
}  // namespace

extern "C" size_t ebpf_port_nofault_ranges(
    ebpf_address_range (*ranges)[EBPF_MAX_NOFAULT_RANGES]) {
  (*ranges)[0] = {kRam, UINTPTR_MAX};
  return 1;
}

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  if (from < kRam || size > UINTPTR_MAX - from) {
    return size == 0;
  }
  return ebpf_copy_nofault(to, from, size);
}

extern "C" int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                       size_t size) {
  if (size == 0) {
    return 0;
  }
  const bool is_there =
      to >= kRam && size <= UINTPTR_MAX - to &&
      ebpf_copy_nofault(reinterpret_cast<void*>(to),
                        reinterpret_cast<uintptr_t>(from), size);
  return is_there ? 0 : kMinusFault;
}
