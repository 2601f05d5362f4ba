// SPDX-License-Identifier: MIT
//
// Strings read from kernel or user memory that may not be there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// Copies the string at `from` with its zero to `to`; the bytes copied. Where
/// it is longer it is cut, with a zero as the last byte. kFault, with `to`
/// undefined, where a byte of it cannot be read. Context: any.
Result<size_t> ReadKernelString(Span<char> to, uint64_t from);

/// The same from the running task's user memory. Context: any.
Result<size_t> ReadUserString(Span<char> to, uint64_t from);

}  // namespace ebpf
