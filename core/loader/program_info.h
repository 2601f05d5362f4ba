// SPDX-License-Identifier: MIT
//
// What .BTF.ext says of one linked program: its functions, source lines and
// CO-RE relocations, each at the instruction where it stands now.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/btf/core_relo.h"
#include "core/isa/insn.h"
#include "core/loader/object_file.h"
#include "core/memory/vector.h"

namespace ebpf::loader {

/// struct bpf_func_info and bpf_line_info as bpf(2) takes them.
struct FunctionRecord {
  uint32_t insn;
  uint32_t type;
};
struct LineRecord {
  uint32_t insn;
  uint32_t file_name;
  uint32_t line;
  uint32_t line_column;
};

/// A piece of a section that stands in a program.
struct LinkedFunction {
  uint32_t section;
  uint32_t first_insn;  // in its section
  uint32_t count;
  uint32_t at;  // in the program
};

/// Appends the records of `function`, moved to its place. kInvalid, kNoMemory.
/// Context: task.
Status AppendFunctionRecords(const ObjectFile& object,
                             const LinkedFunction& function,
                             Vector<FunctionRecord>& records);
Status AppendLineRecords(const ObjectFile& object,
                         const LinkedFunction& function,
                         Vector<LineRecord>& records);

/// Patches `insns`, the function's own, for the kernel with the types `kernel`
/// (or null: none are known, and one relocation is one too many). kInvalid,
/// kNotFound, with a line in `log`; kNoMemory.
Status RelocateFields(const ObjectFile& object, const LinkedFunction& function,
                      const btf::Btf* kernel, isa::Insns insns,
                      Allocator& allocator, TextWriter& log);

}  // namespace ebpf::loader
