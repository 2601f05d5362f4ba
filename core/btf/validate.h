// SPDX-License-Identifier: MIT
//
// Judges a BTF as BPF_BTF_LOAD does: Linux's rules, errnos and log texts.
#pragma once

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/memory/allocator.h"

namespace ebpf::btf {

/// BTF_MAX_SIZE: BPF_BTF_LOAD takes no longer blob (kTooBig).
inline constexpr size_t kMaxBlobSize = 16 << 20;

/// Judges `bytes` as BPF_BTF_LOAD does (kinds 1 to 19, Linux 6.12), the header
/// included, so that it comes before Btf::Open or BtfObject::Create, which
/// then succeed but for memory. `log` is the client's at log level 1 or more,
/// or null: each type is written to it, and what is wrong. `allocator` gives
/// some bytes for each type, which are given back. `base`: see Btf.
///
/// kInvalid mostly; kTooBig, kExists (a type that contains itself), kNoMemory,
/// kNotSupportedLinux as Linux. Context: task.
Status Validate(ConstBytes bytes, Allocator& allocator, TextWriter* log,
                const Btf* base = nullptr);

}  // namespace ebpf::btf
