// SPDX-License-Identifier: MIT
//
// What the loader knows of the kernel that it loads programs into.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/btf/btf.h"

namespace ebpf::loader {

/// All of it outlives the loader's objects.
struct Kernel {
  /// Its types, quick to search (btf::BtfObject); null: none are known, and
  /// what needs them is refused.
  const btf::Btf* btf = nullptr;
  /// What CO-RE relocates for instead, where it is not the same: libbpf's
  /// btf_custom_path.
  const btf::Btf* core_btf = nullptr;
  const btf::Btf* CoreTypes() const {
    return core_btf != nullptr ? core_btf : btf;
  }
  /// The address of a symbol for `extern const void name __ksym`, or kNotFound;
  /// null: no symbol is known.
  Result<uint64_t> (*find_symbol)(StringView name) = nullptr;
  /// bpf(2) and close(2) of another kernel than the client's, to compare with
  /// what that one says; null: the client's.
  int64_t (*bpf)(uint32_t command, const void* attr, uint32_t size) = nullptr;
  int64_t (*close)(int fd) = nullptr;
  /// What LINUX_KERNEL_VERSION reads: the version that it behaves like.
  uint32_t version = (6 << 16) + (12 << 8);
  /// It judges programs and runs none (verifier::Profile::kLinux): what only
  /// matters to running ones, pinning and what maps of descriptors hold at the
  /// start, is left out.
  bool only_judges = false;
  /// A map that it cannot make is left out, and programs that name it are
  /// refused; else nothing of the object is loaded.
  bool leaves_maps_out = false;
};

}  // namespace ebpf::loader
