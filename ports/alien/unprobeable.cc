// SPDX-License-Identifier: MIT
#include "ports/alien/unprobeable.h"

#include "core/base/string_view.h"
#include "core/platform/symbol_name.h"

namespace ebpf::alien {
namespace {

/// Functions by a part of their (mangled) names.
constexpr StringView kParts[] = {
    // The way into a kernel trap and out of it.
    "kernel_v",
    "do_kernel_handle",
    "ebreak_handler",
    // ksync's count of locks held, in a RefCell: a trap while it is borrowed
    // would find it borrowed, and panic.
    "push_off",
    "pop_off",
    "mycpu",
};

bool Contains(StringView text, StringView part) {
  for (size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (text.Substring(at).StartsWith(part)) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsUnprobeable(uintptr_t address) {
  ebpf_symbol symbol = {};
  if (!ebpf_port_symbol_by_address(address, &symbol)) {
    return true;
  }
  char buffer[kMaxSymbolName];
  const StringView name = ReadSymbolName(symbol, buffer);
  for (StringView part : kParts) {
    if (Contains(name, part)) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf::alien
