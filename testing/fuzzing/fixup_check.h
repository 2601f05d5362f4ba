// SPDX-License-Identifier: MIT
//
// A program as it was verified and as fixup made it, both in the interpreter:
// they must do the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/program/insn_facts.h"
#include "core/verifier/findings.h"
#include "core/verifier/program_builder.h"

namespace ebpf::fuzzing {

/// What went wrong, or nothing. Programs are compared by result, context and
/// maps, unless chance has a part in them (they ask for the time, or compute
/// with addresses).
std::string CheckFixed(const verifier::Code& code,
                       const std::vector<InsnFacts>& facts,
                       const verifier::Findings& findings,
                       const std::vector<uint8_t>& context);

}  // namespace ebpf::fuzzing
