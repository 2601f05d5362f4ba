// SPDX-License-Identifier: MIT
//
// Instructions and states in the log.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// "3: (b7) r0 = 0x0", for any bytes.
void LogInsn(Verification& v, uint32_t index);

/// " R1=ctx() R10=fp0 fp-8=mmmmmmmm", without a newline: what the current
/// function has, as far as it is in `shown`. "R1_w" was written since the last
/// state that was kept.
void LogState(Verification& v, const FrameMarks& shown = FrameMarks::All());

/// One register: "scalar(umax=255,var_off=(0x0; 0xff))".
void LogReg(TextWriter& writer, const RegState& reg, uint32_t frame);

}  // namespace ebpf::verifier
