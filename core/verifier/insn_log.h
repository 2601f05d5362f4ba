// SPDX-License-Identifier: MIT
//
// Instructions in the log, in the form of Linux's.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/isa/insn.h"

namespace ebpf::verifier {

/// "(b7) r0 = 0", for any bytes. The address of a map is shown by the map's
/// number; kernel functions are named by `kernel`, which may be null.
void WriteInsn(TextWriter& writer, isa::ConstInsns insns, uint32_t index,
               const btf::Btf* kernel = nullptr);

}  // namespace ebpf::verifier
