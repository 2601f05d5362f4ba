// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>

namespace ebpf {

inline size_t Once(size_t count) { return count; }

}  // namespace ebpf
