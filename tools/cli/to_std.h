// SPDX-License-Identifier: MIT
//
// core's text as the standard library has it.
#pragma once

#include <string_view>

#include "core/base/string_view.h"

namespace ebpf::cli {

inline std::string_view ToStd(StringView text) {
  return {text.data(), text.size()};
}

}  // namespace ebpf::cli
