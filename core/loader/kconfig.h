// SPDX-License-Identifier: MIT
//
// The options of the kernel that an object reads: `extern ... __kconfig`. They
// become a read-only map, ".kconfig".
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/btf/btf.h"
#include "core/loader/kernel.h"
#include "core/memory/buffer.h"

namespace ebpf::loader {

/// The section's name in BTF, and the map's.
inline constexpr StringView kKconfigName = ".kconfig";

/// The bytes of the map: the options one after the other, each aligned to its
/// size. 0 without options. kInvalid.
Result<uint32_t> KconfigSize(const btf::Btf& btf);

/// Where the option `variable` stands in it; kNotFound where it is none.
Result<uint32_t> KconfigOffset(const btf::Btf& btf, btf::TypeId variable);

/// Fills the map's bytes, zeroed before, in. LINUX_KERNEL_VERSION and
/// LINUX_HAS_SYSCALL_WRAPPER are known; all others read as not set, which
/// `log` says. kInvalid.
Status FillKconfig(const btf::Btf& btf, const Kernel& kernel, Bytes contents,
                   TextWriter& log);

}  // namespace ebpf::loader
