// SPDX-License-Identifier: MIT
//
// Programs that do one operation on a map again and again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/isa/insn.h"

namespace ebpf::benchmarks {

/// What a program does to a key in each of its rounds.
enum class MapOperation {
  kNothing,  // makes the key, on the stack
  kLookup,
  kUpdate,
  kInsertAndDelete,
};

/// A map of keys 0 ... entries - 1 (as numbers at a key's beginning), and what
/// is done to it.
struct MapCase {
  std::string name;
  uint32_t type = 0;
  uint32_t key_size = 4;
  uint32_t spare_entries = 0;  // room for more than `entries`
  MapOperation operation = MapOperation::kLookup;
  bool absent_keys = false;  // keys from `entries` on
  bool new_keys = false;     // keys that were never there before
};

/// In the value of an array that the program shares with others.
struct MapProgramState {
  uint64_t key;  // the last one, before it was masked
  uint64_t sum;
};

inline constexpr uint32_t kRoundsOfRun = 256;

/// The program: kRoundsOfRun rounds on the map `fd` of `entries` keys, a power
/// of two. `state` is an array of one MapProgramState.
std::vector<isa::Insn> MapProgram(const MapCase& map_case, uint32_t entries,
                                  int fd, int state);

}  // namespace ebpf::benchmarks
