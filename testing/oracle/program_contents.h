// SPDX-License-Identifier: MIT
//
// What is in random programs, as far as their instructions tell: whether they
// are worth being judged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/verifier/program_builder.h"
#include "testing/fuzzing/program_grammar.h"

namespace ebpf::oracle {

struct ProgramContents {
  uint64_t loops = 0;             // a jump back, or may_goto
  uint64_t spills = 0;            // a register stored whole on the stack
  uint64_t variable_offsets = 0;  // registers added to each other
  uint64_t functions = 0;         // called, or called back
  uint64_t packets = 0;           // addresses of the packet loaded
  uint64_t helper_pointers = 0;   // a helper is given an address
  std::vector<size_t> sizes;      // in instructions

  void Add(const verifier::Code& code, fuzzing::Target target);
  /// Of the sizes; 0 without a program.
  size_t Median() const;
  /// Of the programs; 0 without one.
  double Percent(uint64_t part) const;
  /// One line.
  std::string Text() const;
};

}  // namespace ebpf::oracle
