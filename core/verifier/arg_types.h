// SPDX-License-Identifier: MIT
//
// Which types of registers each kind of argument takes.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether `kind` is memory that the helper is passed the size of, or whose
/// size is known.
bool IsMemory(ArgKind kind);

/// Whether `kind` is a dynptr.
bool IsDynptr(ArgKind kind);

/// Which argument's reference `helper` ends, from 0 on; kMaxArguments: none.
unsigned ReleasedArgument(const HelperPrototype& helper);

/// Whether `helper` may write into argument `index`, which is memory.
bool WritesInto(const HelperPrototype& helper, unsigned index);

/// Whether register `number` has a type that argument `index` takes. Refuses it
/// with Linux's list of those.
Status CheckType(Verification& v, const HelperPrototype& helper,
                 unsigned index);

/// Whether the pointer may have been moved as it was.
Status CheckMoved(Verification& v, unsigned number, bool released);

}  // namespace ebpf::verifier
