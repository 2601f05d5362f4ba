// SPDX-License-Identifier: MIT
//
// An object's programs as a kernel would have them: loaded through bpf(2), and
// so verified and rewritten.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/maps/map.h"
#include "core/program/program.h"

namespace ebpf::cli {

struct VerifiedProgram {
  std::string name;
  Ref<Program> program;
};

struct VerifiedObject {
  std::vector<VerifiedProgram> programs;
  std::map<std::string, Ref<Map>> maps;
};

/// The object's programs; with `only`, just that one, by its name or number. A
/// Runtime lives. Failure: with the log of the loader or the verifier, its last
/// lines where it is long.
VerifiedObject LoadVerified(const std::vector<uint8_t>& object,
                            const std::optional<std::string>& only);

}  // namespace ebpf::cli
