// SPDX-License-Identifier: MIT
//
// What a probe must do with an AArch64 instruction, by LLVM's text.
#pragma once

#include <set>
#include <string>

#include "testing/probes/aarch64_model.h"
#include "testing/probes/llvm_decoder.h"

namespace ebpf::aarch64 {

inline bool OneOf(const std::string& name, const std::set<std::string>& names) {
  return names.count(name) != 0;
}

/// Why no probe may stand there; empty where one must be able to.
inline std::string ReasonToRefuse(const LlvmInsn& insn) {
  const std::string& name = insn.mnemonic;
  if (OneOf(name, {"svc", "hvc", "smc", "brk", "hlt", "dcps1", "dcps2", "dcps3",
                   "udf"})) {
    return "trap";
  }
  if (OneOf(name, {"tstart", "tcommit", "tcancel", "ttest"})) {
    return "transaction, which a trap ends";
  }
  if (OneOf(name, {"eret", "eretaa", "eretab", "drps"})) {
    return "return from an exception";
  }
  if (StartsWith(name, "braa") || StartsWith(name, "brab") ||
      StartsWith(name, "blraa") || StartsWith(name, "blrab") ||
      StartsWith(name, "retaa") || StartsWith(name, "retab")) {
    return "authenticated branch";
  }
  if (OneOf(name, {"wfi", "wfe", "wfit", "wfet"})) {
    return "wait";
  }
  if (StartsWith(name, "ldxr") || StartsWith(name, "ldaxr") ||
      StartsWith(name, "stxr") || StartsWith(name, "stlxr") ||
      OneOf(name, {"ldxp", "ldaxp", "stxp", "stlxp"})) {
    return "exclusive access";
  }
  for (const char* part : {"cpyp", "cpym", "cpye", "cpyfp", "cpyfm", "cpyfe",
                           "setp", "setm", "sete", "setgp", "setgm", "setge"}) {
    if (StartsWith(name, part)) {
      return "part of a copy";
    }
  }
  if (name == "msr" && StartsWith(insn.operands[0], "DAIF")) {
    return "";
  }
  if (OneOf(name, {"msr", "msrr", "cfinv", "axflag", "xaflag", "smstart",
                   "smstop", "sysp", "tlbip", "mrrs"})) {
    return "writes pstate or a system register, or is of 128 bits";
  }
  if (name == "mrs" && StartsWith(insn.operands[1], "S0_")) {
    return "reads no system register";
  }
  if (name == "mrs" &&
      OneOf(insn.operands[1], {"SPSR_EL1", "ELR_EL1", "ESR_EL1", "FAR_EL1"})) {
    return "reads what the trap changes";
  }
  if (name == "ldr" && insn.operands[1][0] == '#' &&
      Parse(insn.operands[0]).number == 99) {
    return "literal of a SIMD register";
  }
  if (name.find("sppc") != std::string::npos ||
      name.find("171615") != std::string::npos) {
    return "authenticates by pc, and its like";
  }
  return "";
}

/// Whether it does something else at another address.
inline bool DependsOnPc(const LlvmInsn& insn) {
  const std::string& name = insn.mnemonic;
  const bool literal = insn.operands.size() == 2 &&
                       insn.operands[1][0] == '#' &&
                       OneOf(name, {"ldr", "ldrsw", "prfm"});
  const bool vector_address =
      StartsWith(name, "adr") && Parse(insn.operands[0]).number == 99;
  if (vector_address) {
    return false;
  }
  return literal || StartsWith(name, "b.") || StartsWith(name, "bc.") ||
         OneOf(name, {"b", "bl", "br", "blr", "ret", "cbz", "cbnz", "tbz",
                      "tbnz", "adr", "adrp"});
}

}  // namespace ebpf::aarch64
