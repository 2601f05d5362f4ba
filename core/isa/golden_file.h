// SPDX-License-Identifier: MIT
//
// Reads the files that testdata/make_golden.sh wrote, for tests.
#pragma once

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf::isa {

/// One instruction as LLVM wrote it.
struct GoldenInsn {
  std::vector<Insn> slots;
  std::string text;
};

/// All lines of core/isa/testdata/`name`; none if it cannot be read.
inline std::vector<GoldenInsn> ReadGolden(const std::string& name) {
  std::ifstream file("core/isa/testdata/" + name);
  std::vector<GoldenInsn> result;
  std::string line;
  while (std::getline(file, line)) {
    const size_t tab = line.find('\t');
    std::istringstream hex(line.substr(0, tab));
    std::vector<uint8_t> bytes;
    unsigned byte = 0;
    while (hex >> std::hex >> byte) {
      bytes.push_back(static_cast<uint8_t>(byte));
    }
    GoldenInsn golden{std::vector<Insn>(bytes.size() / sizeof(Insn)),
                      line.substr(tab + 1)};
    std::memcpy(golden.slots.data(), bytes.data(),
                golden.slots.size() * sizeof(Insn));
    result.push_back(golden);
  }
  return result;
}

}  // namespace ebpf::isa
