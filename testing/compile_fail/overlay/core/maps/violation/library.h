// SPDX-License-Identifier: MIT
#pragma once

#include "core/base/span.h"
#include "core/memory/violation/library.h"

namespace ebpf {

size_t Twice(ConstBytes bytes);

}  // namespace ebpf
