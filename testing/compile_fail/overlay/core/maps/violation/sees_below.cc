// SPDX-License-Identifier: MIT
#include "core/maps/violation/library.h"

namespace ebpf {

size_t FourTimes(ConstBytes bytes) { return Twice(bytes) * 2; }

}  // namespace ebpf
