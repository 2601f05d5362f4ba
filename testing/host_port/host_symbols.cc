// SPDX-License-Identifier: MIT
//
// core/platform/symbols.h from this program's own ELF symbol table.
#include "testing/host_port/host_symbols.h"

#include <algorithm>
#include <elf.h>
#include <link.h>
#include <map>
#include <mutex>
#include <set>
#include <stdio.h>
#include <string.h>
#include <string>
#include <vector>

#include "core/platform/symbols.h"

namespace ebpf {
namespace {

struct Function {
  const std::string* name;  // one of Symbols::names
  uint64_t address;
  size_t size;
};

struct Symbols {
  std::mutex mutex;
  std::set<std::string> names;  // they stay: who found a symbol may ask later
  std::map<std::string, Function> by_name;
  std::map<uint64_t, Function> by_address;
  // A test's, which come first.
  std::multimap<std::string, Function> own_by_name;
};

uint64_t LoadBias() {
  uint64_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* result) {
        *static_cast<uint64_t*>(result) = info->dlpi_addr;
        return 1;  // the first is the program
      },
      &bias);
  return bias;
}

std::vector<uint8_t> ReadProgram() {
  std::vector<uint8_t> bytes;
  FILE* file = fopen("/proc/self/exe", "rb");
  if (file != nullptr) {
    uint8_t buffer[65536];
    size_t count;
    while ((count = fread(buffer, 1, sizeof(buffer), file)) != 0) {
      bytes.insert(bytes.end(), buffer, buffer + count);
    }
    fclose(file);
  }
  return bytes;
}

const std::string* Keep(Symbols& symbols, const char* name) {
  return &*symbols.names.insert(name).first;
}

void AddSection(const std::vector<uint8_t>& file, const Elf64_Shdr& section,
                const char* strings, uint64_t bias, Symbols& symbols) {
  const auto* table =
      reinterpret_cast<const Elf64_Sym*>(file.data() + section.sh_offset);
  for (size_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
    const Elf64_Sym& symbol = table[i];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_size == 0) {
      continue;
    }
    const Function function = {Keep(symbols, strings + symbol.st_name),
                               symbol.st_value + bias, symbol.st_size};
    symbols.by_name.emplace(*function.name, function);
    symbols.by_address.emplace(function.address, function);
  }
}

void LoadProgram(Symbols& symbols) {
  const std::vector<uint8_t> file = ReadProgram();
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return;
  }
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const auto* sections =
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff);
  const uint64_t bias = LoadBias();
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if (sections[i].sh_type == SHT_SYMTAB) {
      const char* strings = reinterpret_cast<const char*>(
          file.data() + sections[sections[i].sh_link].sh_offset);
      AddSection(file, sections[i], strings, bias, symbols);
    }
  }
}

Symbols& TheSymbols() {
  static Symbols* symbols = [] {
    auto* made = new Symbols;
    LoadProgram(*made);
    return made;
  }();
  return *symbols;
}

void Fill(const Function& function, ebpf_symbol* symbol) {
  *symbol = {function.address, function.size,
             reinterpret_cast<uintptr_t>(function.name)};
}

}  // namespace

void AddHostSymbol(const char* name, uint64_t address, size_t size) {
  Symbols& symbols = TheSymbols();
  std::lock_guard<std::mutex> lock(symbols.mutex);
  const Function function = {Keep(symbols, name), address, size};
  symbols.own_by_name.emplace(name, function);
  symbols.by_address[address] = function;
}

void RemoveHostSymbol(uint64_t address) {
  Symbols& symbols = TheSymbols();
  std::lock_guard<std::mutex> lock(symbols.mutex);
  symbols.by_address.erase(address);
  for (auto at = symbols.own_by_name.begin();
       at != symbols.own_by_name.end();) {
    at = at->second.address == address ? symbols.own_by_name.erase(at)
                                       : std::next(at);
  }
}

}  // namespace ebpf

extern "C" {

bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                              ebpf_symbol* symbol) {
  ebpf::Symbols& symbols = ebpf::TheSymbols();
  std::lock_guard<std::mutex> lock(symbols.mutex);
  const std::string wanted(name, name_size);
  const auto [first, end] = symbols.own_by_name.equal_range(wanted);
  if (first != end) {
    ebpf::Fill(first->second, symbol);
    return std::next(first) == end;  // else it does not say which
  }
  const auto found = symbols.by_name.find(wanted);
  if (found == symbols.by_name.end()) {
    return false;
  }
  ebpf::Fill(found->second, symbol);
  return true;
}

bool ebpf_port_symbol_by_address(uintptr_t address, ebpf_symbol* symbol) {
  ebpf::Symbols& symbols = ebpf::TheSymbols();
  std::lock_guard<std::mutex> lock(symbols.mutex);
  auto after = symbols.by_address.upper_bound(address);
  if (after == symbols.by_address.begin()) {
    return false;
  }
  const ebpf::Function& function = std::prev(after)->second;
  if (address - function.address >= function.size) {
    return false;
  }
  ebpf::Fill(function, symbol);
  return true;
}

bool ebpf_port_symbol_next(uint64_t* position, ebpf_symbol* symbol) {
  ebpf::Symbols& symbols = ebpf::TheSymbols();
  std::lock_guard<std::mutex> lock(symbols.mutex);
  const auto next = symbols.by_address.lower_bound(*position);
  if (next == symbols.by_address.end()) {
    return false;
  }
  *position = next->first + 1;
  ebpf::Fill(next->second, symbol);
  return true;
}

size_t ebpf_port_symbol_name(const ebpf_symbol* symbol, char* to, size_t size) {
  const auto& name = *reinterpret_cast<const std::string*>(symbol->entry);
  name.copy(to, size);
  return name.size();
}

}  // extern "C"
