// SPDX-License-Identifier: MIT
#include "core/maps/violation/library.h"

namespace ebpf {

size_t Twice(ConstBytes bytes) { return Once(bytes.size()) * 2; }

}  // namespace ebpf
