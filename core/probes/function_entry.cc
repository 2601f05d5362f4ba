// SPDX-License-Identifier: MIT
//
// core/probes/function_entry.h's implementation.
#include "core/probes/function_entry.h"

#include "core/machine/function_entry.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"

namespace ebpf {

uint64_t FunctionEnteredAt(uint64_t address) {
  ebpf_symbol symbol;
  if (!ebpf_port_symbol_by_address(address, &symbol)) {
    return 0;
  }
  const uint64_t function = symbol.address;
  constexpr size_t kLongestMarker = 8;
  const bool entered =
      address == function ||
      (symbol.size >= kLongestMarker &&
       address - function == machine::EntryMarkerSize(function));
  return entered ? function : 0;
}

bool MayOverrideAt(uint64_t address) {
  const uint64_t function = FunctionEnteredAt(address);
  return function != 0 && ebpf_port_may_override(function);
}

}  // namespace ebpf
