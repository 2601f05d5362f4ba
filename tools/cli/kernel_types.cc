// SPDX-License-Identifier: MIT
//
// tools/cli/kernel_types.h's implementation.
#include "tools/cli/kernel_types.h"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>

#include "tools/cli/failure.h"
#include "tools/cli/input.h"

namespace ebpf::cli {
namespace {

constexpr uint64_t kSomeAddress = 0xffffffff81000000;

/// The bytes of section ".BTF" of a 64-bit ELF file for any CPU, or nothing.
/// [gABI, "ELF Header", "Sections"]
std::optional<std::string> BtfSection(const std::string& file) {
  const auto read = [&](size_t at, size_t size) {
    uint64_t value = 0;
    if (at > file.size() || size > file.size() - at) {
      throw Failure("the ELF file with the kernel's types is malformed");
    }
    std::memcpy(&value, file.data() + at, size);
    return value;
  };
  const uint64_t headers = read(40, 8);
  const uint64_t count = read(60, 2);
  const uint64_t names = read(headers + 64 * read(62, 2) + 24, 8);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t header = headers + 64 * i;
    const uint64_t name = names + read(header, 4);
    (void)read(name, 5);
    if (file.compare(name, 5, std::string_view(".BTF\0", 5)) == 0) {
      const uint64_t offset = read(header + 24, 8);
      const uint64_t size = read(header + 32, 8);
      (void)read(offset, 0);
      if (size > file.size() - offset) {
        return std::nullopt;
      }
      return file.substr(offset, size);
    }
  }
  return std::nullopt;
}

std::map<std::string, uint64_t> ReadSymbols() {
  std::map<std::string, uint64_t> symbols;
  std::ifstream in("/proc/kallsyms");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string address;
    std::string kind;
    std::string name;
    if (words >> address >> kind >> name) {
      symbols.emplace(name, std::strtoull(address.c_str(), nullptr, 16));
    }
  }
  return symbols;
}

}  // namespace

Ref<btf::BtfObject> ReadKernelTypes(const std::string& path) {
  std::string bytes = ReadFile(path);
  if (bytes.starts_with("\x7f"
                        "ELF\x02\x01")) {
    std::optional<std::string> section = BtfSection(bytes);
    if (!section.has_value()) {
      throw Failure(fmt::format("{}: has no section .BTF", path));
    }
    bytes = *section;
  }
  Result<Ref<btf::BtfObject>> types = btf::BtfObject::Create(
      ConstBytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()),
      PortAllocator());
  Require(types.status(), fmt::format("{}: is no BTF", path));
  return Move(*types);
}

Result<uint64_t> FindHostSymbol(StringView name) {
  static const std::map<std::string, uint64_t> symbols = ReadSymbols();
  if (symbols.empty()) {
    return kSomeAddress;
  }
  const auto found = symbols.find(std::string(name.data(), name.size()));
  if (found == symbols.end()) {
    return Status::kNotFound;
  }
  return found->second == 0 ? kSomeAddress : found->second;
}

}  // namespace ebpf::cli
