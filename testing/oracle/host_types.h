// SPDX-License-Identifier: MIT
//
// The host kernel's types, as core/btf reads them.
#pragma once

#include "core/btf/btf_object.h"

namespace ebpf::oracle {

/// /sys/kernel/btf/vmlinux, or where it cannot be read a null Ref.
Ref<btf::BtfObject> ReadHostTypes();

}  // namespace ebpf::oracle
