// SPDX-License-Identifier: MIT
//
// A program beside its source and its machine code, as data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/machine/machine_ops.h"
#include "core/maps/map.h"
#include "core/program/program.h"
#include "tools/cli/line_info.h"
#include "tools/cli/llvm_disassembler.h"

namespace ebpf::cli {

struct ListedInsn {
  uint32_t index;     // in the program that runs
  uint32_t original;  // in the program that was loaded
  std::optional<SourceLine> source;
  std::string text;  // eBPF
  std::vector<MachineInsn> code;
};

struct Listing {
  std::string program;
  std::string machine;  // empty: no machine code
  bool verified;
  size_t code_size = 0;
  /// What is before the first instruction's code: the entry from C.
  std::vector<MachineInsn> entry;
  std::vector<ListedInsn> insns;
};

/// Where an instruction of the loaded program comes from.
using SourceOf =
    std::vector<std::optional<SourceLine>>;  // by index before fixup

/// Lists `program`; `maps` are those that it uses, for their names. Without
/// `machine` there is no machine code.
Listing MakeListing(const std::string& name, const Program& program,
                    const std::map<std::string, Ref<Map>>& maps,
                    const SourceOf& sources,
                    const machine::MachineOps* machine);

/// Three columns, for people.
std::string ListingText(const Listing& listing);

/// The same as JSON.
std::string ListingJson(const std::vector<Listing>& listings);

}  // namespace ebpf::cli
