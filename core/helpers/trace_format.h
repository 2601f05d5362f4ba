// SPDX-License-Identifier: MIT
//
// The format strings of bpf_trace_printk and its kind, with Linux's rules.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/helpers/pointer_id.h"

namespace ebpf {

/// Bytes that the arguments of one call may take, its strings included
/// (MAX_BPRINTF_BIN_ARGS). A string is cut to what is left; without anything
/// left the call is refused with kNoSpace.
inline constexpr size_t kTraceArgumentBytes = 512;

/// Formats `format`, which ends with a zero inside, and returns the length that
/// the text has or would have; what is behind `to` is cut off.
///
///   %[0 +-][width] and d i u x X, with l or ll; c; s pks (strings at kernel
///   addresses) pus (at user addresses), empty where they cannot be read; p pK
///   (hashed), px, ps pS pB (symbols), pi4 pI4 pi6 pI6 (addresses of IP
///   addresses); %%.
///
/// kInvalid: no zero, a character that is not printable ASCII or space, any
/// other conversion, or more of them than arguments. Context: any.
Result<size_t> FormatTrace(Span<char> to, char (&scratch)[kTraceArgumentBytes],
                           const PointerKey& key, ConstBytes format,
                           Span<const uint64_t> args);

/// The arguments of a call that has them in memory: `size` bytes at `data`.
/// kInvalid: not whole words, more than 12 of them (MAX_BPRINTF_VARARGS), or
/// none where the size says that there are. Context: any.
Result<Span<const uint64_t>> FormatArguments(uint64_t data, uint64_t size);

}  // namespace ebpf
