// SPDX-License-Identifier: MIT
#include "testing/guest/personalities/alien/ksyms.h"

#include "core/base/memory.h"
#include "core/symbols/symbol_table.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/memory.h"

extern "C" {
extern const uint8_t guest_symbols_begin[];
extern const uint8_t guest_symbols_end[];
}

namespace guest::alien {
namespace {

constinit alien_ksyms_table tables = {};
constinit bool built = false;

template <typename T>
T* Make(size_t count) {
  void* memory = Allocate(count * sizeof(T) + 1, alignof(T));
  if (memory == nullptr) {
    Panic("no memory for the symbols");
  }
  return static_cast<T*>(memory);
}

size_t SizeOfNames(const ebpf::SymbolTable& table) {
  size_t size = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    size += table.CopyName(i, {}) + 1;
  }
  return size;
}

}  // namespace

void BuildKsyms() {
  const auto size =
      static_cast<size_t>(guest_symbols_end - guest_symbols_begin);
  auto opened =
      ebpf::SymbolTable::Open(ebpf::ConstBytes(guest_symbols_begin, size));
  if (!opened.ok()) {
    return;  // the first link
  }
  const ebpf::SymbolTable& table = *opened;
  auto* address = Make<uint64_t>(table.size());
  auto* name_index = Make<uint64_t>(table.size());
  const size_t size_of_names = SizeOfNames(table);
  auto* names = Make<char>(size_of_names);
  size_t used = 0;
  for (size_t i = 0; i < table.size(); ++i) {
    address[i] = table.At(i).address;
    name_index[i] = used;
    used += table.CopyName(i, {names + used, size_of_names - used}) + 1;
    // What the copy did not need of its room is anything.
    names[used - 1] = '\0';
  }
  tables = {address, name_index, names, table.size()};
  built = true;
}

extern "C" const alien_ksyms_table* alien_ksyms(void) {
  return built ? &tables : nullptr;
}

}  // namespace guest::alien
