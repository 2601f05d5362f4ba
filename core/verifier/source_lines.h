// SPDX-License-Identifier: MIT
//
// The source line of an instruction, from the program's line_info.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"
#include "core/verifier/verifier.h"

namespace ebpf::verifier {

/// Views of the program's BTF; `text` without the spaces before it.
struct SourceLine {
  StringView text;
  StringView file;  // without folders
  uint32_t number = 0;
};

/// The line_info that the instruction at `index` belongs to, or null.
const LineInfo* FindLine(const Options& options, uint32_t index);

/// What `line` says. Empty texts where the BTF has none.
SourceLine ReadLine(const Options& options, const LineInfo& line);

/// Whether both name one line of one file.
bool IsSameLine(const LineInfo& a, const LineInfo& b);

}  // namespace ebpf::verifier
