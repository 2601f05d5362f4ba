// SPDX-License-Identifier: MIT
//
// core/probes/function_entry.h's implementation.
#include "core/probes/function_entry.h"

#include "core/machine/function_entry.h"
#include "core/platform/symbol_name.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"

namespace ebpf {
namespace {

// At a second return somebody else may have the instance of the first.
constexpr StringView kReturnsTwice[] = {"setjmp",     "_setjmp",     "__setjmp",
                                        "sigsetjmp",  "__sigsetjmp", "savectx",
                                        "getcontext", "vfork"};
constexpr size_t kMaxReturnsTwiceName = 11;

}  // namespace

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

bool MayFollowAt(uint64_t address) {
  ebpf_symbol symbol;
  if (FunctionEnteredAt(address) == 0 ||
      !ebpf_port_symbol_by_address(address, &symbol)) {
    return false;
  }
  // One place may have several names: then the port knows.
  char buffer[kMaxReturnsTwiceName + 1];
  const StringView name = ReadSymbolName(symbol, buffer);
  for (const StringView each : kReturnsTwice) {
    if (name == each) {
      return false;
    }
  }
  return ebpf_port_may_follow(symbol.address);
}

bool MayOverrideAt(uint64_t address) {
  const uint64_t function = FunctionEnteredAt(address);
  return function != 0 && ebpf_port_may_override(function);
}

}  // namespace ebpf
