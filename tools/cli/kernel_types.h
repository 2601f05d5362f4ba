// SPDX-License-Identifier: MIT
//
// The kernel that `ebpf verify` loads programs for: its types and symbols, from
// files.
#pragma once

#include <optional>
#include <string>

#include "core/btf/btf_object.h"
#include "core/loader/kernel.h"

namespace ebpf::cli {

/// Where Linux shows its own types.
inline constexpr char kHostBtf[] = "/sys/kernel/btf/vmlinux";

/// The types in `path`, a BTF as /sys/kernel/btf has it or an ELF file with a
/// section ".BTF". Failure: cannot be read, or is neither.
Ref<btf::BtfObject> ReadKernelTypes(const std::string& path);

/// The host's kernel's symbol, for loader::Kernel::find_symbol. An address that
/// is kept from us, or a kernel that names none, reads as some address: nobody
/// goes there.
Result<uint64_t> FindHostSymbol(StringView name);

}  // namespace ebpf::cli
