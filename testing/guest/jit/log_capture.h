// SPDX-License-Identifier: MIT
//
// What core has written to the kernel's log.
#pragma once

#include "core/base/string_view.h"

namespace guest::jit {

/// The last line, with its end. Context: task; nobody logs meanwhile.
ebpf::StringView LastLine();

}  // namespace guest::jit
