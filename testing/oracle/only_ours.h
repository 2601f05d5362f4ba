// SPDX-License-Identifier: MIT
//
// Why only our verifier accepts a program: only_ours.txt, the list of classes,
// each recognised by the path on which the host refuses.
#pragma once

#include <string>
#include <vector>

#include "testing/oracle/host_path.h"

namespace ebpf::oracle {

/// What a class asks of a refusal, all of it.
struct OnlyOursRule {
  /// "behind": of the lines that made what decides where the host's path leaves
  /// ours, or of what it refuses. "path": of all its lines. "words": of those
  /// behind the last instruction. "parts": "yes" or "no", whether it leaves.
  std::string where;
  /// A POSIX extended expression, found in one of the lines.
  std::string pattern;
};

struct OnlyOursClass {
  std::string name;
  std::vector<OnlyOursRule> rules;
  /// Why what is accepted is safe.
  std::string argument;
};

/// The classes in `text`, and what is wrong with it, or nothing.
std::vector<OnlyOursClass> ParseOnlyOurs(const std::string& text,
                                         std::string& error);

struct OnlyOursReason {
  /// The first class that fits, or null.
  const OnlyOursClass* of = nullptr;
  /// The instruction where the host's path leaves ours, or is refused.
  uint32_t instruction = 0;
};

/// Why the host refused in `log`. `facts` are what our verifier knows of the
/// program.
OnlyOursReason Classify(const std::vector<OnlyOursClass>& classes,
                        const std::string& log,
                        const std::vector<InsnFacts>& facts);

}  // namespace ebpf::oracle
