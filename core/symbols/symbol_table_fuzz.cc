// SPDX-License-Identifier: MIT
//
// libFuzzer over the symbol blob: whatever its bytes are, opening it ends and
// stays inside, and a table that was accepted finds what it lists.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/symbols/symbol_table.h"

namespace {

using ebpf::Result;
using ebpf::Span;
using ebpf::Status;
using ebpf::StringView;
using ebpf::Symbol;
using ebpf::SymbolTable;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string NameOf(const SymbolTable& table, size_t index) {
  std::string name(table.CopyName(index, {}), '#');
  Require(table.CopyName(index, {name.data(), name.size()}) == name.size());
  return name;
}

void UseSymbol(const SymbolTable& table, size_t index) {
  const Symbol symbol = table.At(index);
  Require(symbol.index == index && symbol.size != 0);
  const std::string name = NameOf(table, index);
  Require(!name.empty() && name.size() <= ebpf::SymbolBlob::kMaxName);
  const auto found = table.FindByName({name.data(), name.size()});
  Require(found.ok() ? found->index == index
                     : found.status() == Status::kExists);
  for (uint64_t at : {symbol.address, symbol.address + symbol.size - 1}) {
    const auto around = table.FindByAddress(at);
    Require(around.ok() && around->address == symbol.address);
  }
  char some[3];
  Require(table.CopyName(index, some) == name.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<SymbolTable> table =
      SymbolTable::Open({data, size}, size * 4096);
  if (!table.ok()) {
    return 0;
  }
  for (size_t i = 0; i < table->size(); ++i) {
    UseSymbol(*table, i);
  }
  (void)table->FindByAddress(0);
  (void)table->FindByAddress(~uint64_t{0});
  (void)table->FindByName("vfs_read");
  return 0;
}
