// SPDX-License-Identifier: MIT
//
// One program of an object file with its maps, without bpf(2): for what runs
// unverified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/isa/insn.h"
#include "core/loader/object_file.h"
#include "core/maps/map.h"

namespace ebpf::cli {

struct LinkedProgram {
  std::string name;
  /// Map references are addresses, as engines want them.
  std::vector<isa::Insn> insns;
  std::vector<Ref<Map>> maps;
  std::vector<std::string> map_names;
};

/// The number of the program `name` (its function's name, or its number from 0;
/// the only one where it is not given). Failure: with the names there are.
size_t FindProgram(const loader::ObjectFile& file,
                   const std::optional<std::string>& name);

/// FindProgram's of the object, with its maps made and global data filled in.
/// Failure: with the loader's log. A Runtime lives.
LinkedProgram LinkProgram(const std::vector<uint8_t>& object,
                          const std::optional<std::string>& name);

}  // namespace ebpf::cli
