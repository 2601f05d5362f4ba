// SPDX-License-Identifier: MIT
//
// The contract of core/platform/symbols.h.
#include "core/base/string_view.h"
#include "core/platform/features.h"
#include "core/platform/symbol_name.h"
#include "core/platform/text.h"
#include "core/selftest/case.h"

extern "C" {
/// A function of the kernel with a name that stays.
[[gnu::noinline, gnu::used]] uint64_t ebpf_selftest_function(uint64_t x) {
  return x * 3 + 1;
}
}

namespace ebpf::selftest {
namespace {

constexpr StringView kName = "ebpf_selftest_function";

bool ByName(StringView name, ebpf_symbol* symbol) {
  return ebpf_port_symbol_by_name(name.data(), name.size(), symbol);
}

bool HasName(const ebpf_symbol& symbol, StringView name) {
  char buffer[64] = {};
  return ReadSymbolName(symbol, buffer) == name;
}

void FindsAFunctionByItsName(Environment& environment) {
  ebpf_symbol symbol = {};
  if (!ByName(kName, &symbol)) {
    environment.Skipped("no symbols");
    return;
  }
  PORT_EXPECT(environment, symbol.address == reinterpret_cast<uintptr_t>(
                                                 &ebpf_selftest_function));
  PORT_EXPECT(environment, symbol.size != 0);
  PORT_EXPECT(environment, HasName(symbol, kName));
}

void FindsEachByteOfAFunction(Environment& environment) {
  ebpf_symbol symbol = {};
  if (!ByName(kName, &symbol)) {
    environment.Skipped("no symbols");
    return;
  }
  for (size_t i = 0; i < symbol.size; ++i) {
    ebpf_symbol found = {};
    PORT_ASSERT(environment,
                ebpf_port_symbol_by_address(symbol.address + i, &found));
    PORT_EXPECT(environment, found.address == symbol.address);
    PORT_EXPECT(environment, found.size == symbol.size);
    PORT_EXPECT(environment, HasName(found, kName));
  }
  ebpf_symbol next = {};
  if (ebpf_port_symbol_by_address(symbol.address + symbol.size, &next)) {
    PORT_EXPECT(environment, next.address == symbol.address + symbol.size);
  }
}

void FindsNothingWhereNothingIs(Environment& environment) {
  ebpf_symbol symbol = {};
  constexpr StringView kNames[] = {"", "ebpf_selftest_functio",
                                   "ebpf_selftest_function_", "\n"};
  for (StringView name : kNames) {
    PORT_EXPECT(environment, !ByName(name, &symbol));
  }
  const uintptr_t stack = reinterpret_cast<uintptr_t>(&symbol);
  const uintptr_t addresses[] = {0, UINTPTR_MAX, stack};
  for (uintptr_t address : addresses) {
    PORT_EXPECT(environment, !ebpf_port_symbol_by_address(address, &symbol));
  }
}

void WritesAsMuchOfANameAsFits(Environment& environment) {
  ebpf_symbol symbol = {};
  if (!ByName(kName, &symbol)) {
    environment.Skipped("no symbols");
    return;
  }
  PORT_EXPECT(environment,
              ebpf_port_symbol_name(&symbol, nullptr, 0) == kName.size());
  for (size_t size = 1; size <= 64; ++size) {
    char name[64];
    FillBytes(name, '#', sizeof(name));
    PORT_EXPECT(environment,
                ebpf_port_symbol_name(&symbol, name, size) == kName.size());
    const size_t written = Min(size, kName.size());
    PORT_EXPECT(environment, StringView(name, written) == kName.First(written));
    for (size_t i = written; i < sizeof(name); ++i) {
      PORT_EXPECT(environment, name[i] == '#');
    }
  }
}

void GoesOverAllFunctionsByAddress(Environment& environment) {
  ebpf_symbol wanted = {};
  if (!ByName(kName, &wanted)) {
    environment.Skipped("no symbols");
    return;
  }
  uint64_t position = 0;
  uintptr_t last = 0;
  size_t times = 0;
  ebpf_symbol symbol = {};
  while (ebpf_port_symbol_next(&position, &symbol)) {
    PORT_ASSERT(environment, symbol.address >= last);
    last = symbol.address;
    if (symbol.address == wanted.address && HasName(symbol, kName)) {
      PORT_EXPECT(environment, symbol.size == wanted.size);
      ++times;
    }
  }
  PORT_EXPECT(environment, times == 1);
  PORT_EXPECT(environment, !ebpf_port_symbol_next(&position, &symbol));
}

void OverridesOnlyEntriesOfFunctions(Environment& environment) {
  // No port names this one; a port without the feature names none.
  PORT_EXPECT(environment, !ebpf_port_may_override(0));
  PORT_EXPECT(environment, !ebpf_port_may_override(reinterpret_cast<uintptr_t>(
                               &ebpf_selftest_function)));
  const bool has_feature = (ebpf_port_features() & EBPF_PORT_OVERRIDE) != 0;
  uint64_t position = 0;
  ebpf_symbol symbol = {};
  while (ebpf_port_symbol_next(&position, &symbol)) {
    const bool may = ebpf_port_may_override(symbol.address);
    PORT_ASSERT(environment, has_feature || !may);
    // So few are named that each can be looked at.
    for (size_t i = 1; may && i < symbol.size; ++i) {
      PORT_EXPECT(environment, !ebpf_port_may_override(symbol.address + i));
    }
  }
}

constexpr Case kCases[] = {
    {"Symbols.FindsAFunctionByItsName", FindsAFunctionByItsName},
    {"Symbols.FindsEachByteOfAFunction", FindsEachByteOfAFunction},
    {"Symbols.FindsNothingWhereNothingIs", FindsNothingWhereNothingIs},
    {"Symbols.GoesOverAllFunctionsByAddress", GoesOverAllFunctionsByAddress},
    {"Symbols.OverridesOnlyEntriesOfFunctions",
     OverridesOnlyEntriesOfFunctions},
    {"Symbols.WritesAsMuchOfANameAsFits", WritesAsMuchOfANameAsFits},
};

}  // namespace

Span<const Case> SymbolsCases() { return kCases; }

}  // namespace ebpf::selftest
