// SPDX-License-Identifier: MIT
//
// What tests of the port need of the CPU, one file for each.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {
struct TakenFrame;
}  // namespace ebpf

namespace hermit {

/// Hits a breakpoint.
void HitBreakpoint();

/// For its handler: it goes on behind the breakpoint.
void SkipBreakpoint(ebpf::TakenFrame& regs);

bool InterruptsMasked();

/// Whether the page tables let the kernel write there.
bool IsWritable(uintptr_t address);

/// Instructions of a function that returns `value`, below 1000; how many bytes.
size_t ReturnOf(uint16_t value, uint8_t (&code)[16]);

/// Where devices are, and no memory.
inline constexpr size_t kDeviceCount = 2;
extern const uintptr_t kDevices[kDeviceCount];

/// Copies by arch/'s ebpf_copy_nofault, whatever the page tables say.
bool CopyUnasked(void* to, uintptr_t from, size_t size);

}  // namespace hermit
