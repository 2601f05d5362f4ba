// SPDX-License-Identifier: MIT
//
// What core/probes would say to a kprobe at each instruction of a kernel image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/cli/kernel_image.h"

namespace ebpf::cli {

/// SurveyedInsn::why of what no way is known to make happen.
inline constexpr char kNotThisInsn[] = "not this instruction";

/// One instruction. What is not the start of one (EILSEQ) is not listed.
struct SurveyedInsn {
  uint32_t offset;  // in its function
  uint8_t size;
  std::string how;  // "emulated", "stepped", ...; empty: it is refused
  std::string why;  // it is refused, in words
  /// It is refused since a breakpoint's own way is there: text of ours.
  bool is_ours = false;
};

struct SurveyedFunction {
  const KernelFunction* function;
  std::vector<SurveyedInsn> insns;
  /// A jump could stand in place of a breakpoint at the entry, as far as the
  /// function's own code tells.
  bool entry_takes_jump = false;
  uint32_t data_bytes = 0;  // among the code: no instructions
  /// Bytes at the end that could not be told into instructions.
  uint32_t unknown_bytes = 0;
};

/// What a port gives to probes.
struct ProbedPort {
  uint32_t trap_stub;  // bits of core/machine/probe_plan.h
  /// It tells where interrupted code goes on: slots may jump back.
  bool relocates;
};

/// The image outlives it.
SurveyedFunction Survey(const KernelImage& image,
                        const KernelFunction& function, const ProbedPort& port);

}  // namespace ebpf::cli
