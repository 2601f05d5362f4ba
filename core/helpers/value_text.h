// SPDX-License-Identifier: MIT
//
// Values of the kernel's types as text, byte for byte what Linux makes of them:
// the half of bpf_snprintf_btf and bpf_seq_printf_btf that knows types.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/helpers/pointer_id.h"

namespace ebpf {

// How: Linux's BTF_F_*.
inline constexpr uint64_t kTextCompact = 1;      // on one line
inline constexpr uint64_t kTextNoNames = 2;      // of members and types
inline constexpr uint64_t kTextRawPointers = 4;  // addresses, not hashes
inline constexpr uint64_t kTextZeros = 8;        // members that are zero, too
inline constexpr uint64_t kTextFlags = 15;

/// Structs in arrays in structs deeper than this are not shown.
inline constexpr uint32_t kMaxValueDepth = btf::kMaxTypeDepth;

/// Members and elements that one call looks at, those of them that it looks at
/// several times counted as often. No type of Linux 6.12 has as many.
inline constexpr uint32_t kMaxValueSteps = 1 << 20;

/// Appends the value of `type` at `address`, which is read so that it may be
/// unmapped or no address at all. Members and elements that are zero are left
/// out, structs and arrays in others with them, unless `flags` say otherwise.
///
/// kFault: some of it cannot be read; the text is what was read before.
/// kInvalid: something that has no values. kTooBig: past one of the limits
/// above. Context: any; preemption is off.
Status PutValue(TextWriter& to, const btf::Btf& btf, btf::TypeId type,
                uint64_t address, uint64_t flags, const PointerKey& key);

}  // namespace ebpf
