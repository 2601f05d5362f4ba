// SPDX-License-Identifier: MIT
//
// Source lines of an object's instructions, from its BTF.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/elf/elf_reader.h"

namespace ebpf::cli {

struct SourceLine {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string text;  // as clang put it into the object
};

/// Where code comes from: .BTF.ext's line_info. Without such sections, or where
/// they make no sense, nothing is known; no object is refused for that.
class LineInfo {
 public:
  explicit LineInfo(const elf::ElfReader& elf);

  /// The line that the instruction belongs to, or null. `section` is its index
  /// in the file, `insn` its number there.
  const SourceLine* At(uint32_t section, uint32_t insn) const;

 private:
  void Read(const elf::ElfReader& elf, ConstBytes ext, ConstBytes strings);

  /// By section and first instruction.
  std::map<std::pair<uint32_t, uint32_t>, SourceLine> lines_;
};

}  // namespace ebpf::cli
