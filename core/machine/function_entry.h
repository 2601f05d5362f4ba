// SPDX-License-Identifier: MIT
//
// What the CPU that runs says of functions' entries: where they are, and how a
// function returns that has not begun (bpf_override_return). Defined by
// arch/<isa>/machine/function_entry.cc.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/machine/frame_layout.h"
#include "core/machine/pt_regs.h"

namespace ebpf::machine {

/// How many bytes the function at `function` (8 or more bytes of text) begins
/// with that only say that it can be branched to (x86-64: endbr64), or 0. A
/// breakpoint may stand there. Context: any.
size_t EntryMarkerSize(uint64_t function);

/// `regs` are those of a CPU at the first instruction of a function, or behind
/// its entry marker: makes it go on with the function's return to its caller,
/// of `value`. The last of several such calls counts. Context: any.
void ReturnAtOnce(PtRegs& regs, uint64_t value);

/// `regs` are those behind a call that has returned: what its caller gets.
/// Context: any.
void SetReturnValue(PtRegs& regs, uint64_t value);

/// Makes `regs`, all zeros, those of a context that goes on at `pc` and whose
/// innermost frame is at `frame`: all that is known of who called a function.
/// Context: any.
void DescribeCaller(PtRegs& regs, uint64_t pc, uint64_t frame);

/// Where compilers keep the chain of frames that __builtin_frame_address(0)
/// begins.
[[gnu::visibility("hidden")]] extern const FrameLayout kStackFrames;

/// Where pt_regs has the pc, in bytes.
[[gnu::visibility("hidden")]] extern const uint64_t kPcOffset;

/// The address that `regs` go on at. Context: any.
inline uint64_t& PcIn(PtRegs& regs) {
  return *reinterpret_cast<uint64_t*>(reinterpret_cast<uint8_t*>(&regs) +
                                      kPcOffset);
}
inline uint64_t PcOf(PtRegs& regs) { return PcIn(regs); }

/// How far behind a kprobe's address its programs find the pc in Linux, where
/// the breakpoint trap says so: x86-64's breakpoint's size, elsewhere 0.
[[gnu::visibility("hidden")]] extern const uint64_t kPcBehindProbe;

}  // namespace ebpf::machine
