// SPDX-License-Identifier: MIT
//
// The path on which the host's verifier refused a program, out of its log: the
// place where it goes a way that ours knows never to be gone, and what made the
// number that decides there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/program/insn_facts.h"

namespace ebpf::oracle {

/// One instruction on the path.
struct HostStep {
  uint32_t index = 0;
  /// Calls that it is below.
  unsigned frame = 0;
  /// It calls one of the program's functions.
  bool calls_function = false;
  /// As the host writes it: "w7 = -w7".
  std::string text;
  /// The line, with what is known behind it.
  std::string line;
};

/// At level 1 a log of a refusal holds the path to it and no other.
std::vector<HostStep> ParsePath(const std::string& log);

/// The lines behind the last instruction: why.
std::vector<std::string> LastWords(const std::string& log);

struct Parting {
  /// Of the last step that both walk, in the path, if `found`; of the step that
  /// the host refuses otherwise.
  size_t step = 0;
  /// The host goes where `facts` say that nobody comes.
  bool found = false;
};

Parting FindParting(const std::vector<HostStep>& path,
                    const std::vector<InsnFacts>& facts);

/// The lines, last first, that gave the registers of path[last] what they hold
/// there: through copies, arithmetic, the stack and functions, with the
/// comparisons that they took part in.
std::vector<std::string> LinesBehind(const std::vector<HostStep>& path,
                                     size_t last);

}  // namespace ebpf::oracle
