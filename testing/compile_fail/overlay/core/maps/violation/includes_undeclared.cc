// SPDX-License-Identifier: MIT
#include "core/maps/violation/library.h"
#include "core/memory/violation/library.h"

namespace ebpf {

size_t Thrice(size_t count) { return Once(count) * 3; }

}  // namespace ebpf
