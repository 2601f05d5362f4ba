// SPDX-License-Identifier: MIT
//
// Loads, stores and atomic operations.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Walks an instruction of the Family named.
Status StepLoad(Verification& v, const isa::DecodedInsn& insn);
Status StepStore(Verification& v, const isa::DecodedInsn& insn);
Status StepAtomic(Verification& v, const isa::DecodedInsn& insn);

/// Where memory is accessed: `size` bytes (which may be 0 for a helper) at the
/// pointer in register `base` plus `offset`.
struct Access {
  unsigned base;
  int32_t offset;
  uint32_t size;
  bool write;
};

/// kOk if the pointer in register `number` is as it was given, nothing added.
Status CheckUnmodified(Verification& v, unsigned number);

/// kOk if the access is aligned where that is asked: always if `strict`.
Status CheckAlignment(Verification& v, const Access& access, bool strict);

/// Whether the bytes lie in the map value or ring record that `base` points to,
/// wherever in its bounds it points, and may be accessed so. With
/// `zero_size_ok` no bytes are some, too.
Status CheckRegion(Verification& v, const Access& access, bool zero_size_ok);

/// The same for what is called.
Status CheckRegionForHelper(Verification& v, const Access& access,
                            bool zero_size_ok);

}  // namespace ebpf::verifier
