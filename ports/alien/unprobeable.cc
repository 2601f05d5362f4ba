// SPDX-License-Identifier: MIT
#include "ports/alien/unprobeable.h"

#include "core/base/noprobe.h"
#include "core/base/string_view.h"
#include "core/platform/symbol_name.h"

// The port's own part of the trap's way: no linker script marks it.
EBPF_NOPROBE_SYMBOLS(ebpf_alien_cpu)
EBPF_NOPROBE_SYMBOLS(ebpf_alien_text)
EBPF_NOPROBE_SYMBOLS(ebpf_alien_trap)
EBPF_NOPROBE_SYMBOLS(ebpf_ticks_noprobe)

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
  const TextRange hooks[] = {
      {ebpf_alien_cpu_begin, ebpf_alien_cpu_end},
      {ebpf_alien_text_begin, ebpf_alien_text_end},
      {ebpf_alien_trap_begin, ebpf_alien_trap_end},
      {ebpf_ticks_noprobe_begin, ebpf_ticks_noprobe_end},
  };
  ebpf_symbol symbol = {};
  if (AnyOverlaps(hooks, address, 1) ||
      !ebpf_port_symbol_by_address(address, &symbol)) {
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
