// SPDX-License-Identifier: MIT
//
// libFuzzer over programs: whatever the bytes, the verifier judges them in
// bounded time and memory, and what it accepts does no harm when it runs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "testing/fuzzing/program_check.h"
#include "testing/fuzzing/program_grammar.h"

namespace {

using ebpf::fuzzing::ByteSource;
using ebpf::fuzzing::CheckResult;
using ebpf::fuzzing::ProgramChecker;
using ebpf::fuzzing::Target;

struct Counters {
  uint64_t programs = 0;
  uint64_t accepted = 0;
  uint64_t insns = 0;
  uint64_t steps = 0;
};
Counters counters;

void PrintCounters() {
  std::printf(
      "programs %llu, accepted %llu (%.1f %%), %.1f insns each, steps run "
      "%llu\n",
      static_cast<unsigned long long>(counters.programs),
      static_cast<unsigned long long>(counters.accepted),
      counters.programs == 0 ? 0.0
                             : 100.0 * static_cast<double>(counters.accepted) /
                                   static_cast<double>(counters.programs),
      counters.programs == 0 ? 0.0
                             : static_cast<double>(counters.insns) /
                                   static_cast<double>(counters.programs),
      static_cast<unsigned long long>(counters.steps));
}

/// Plain instructions, for what no grammar makes.
ebpf::verifier::Code RawProgram(const uint8_t* data, size_t size) {
  ebpf::verifier::Code code(size / sizeof(ebpf::isa::Insn));
  for (size_t i = 0; i < code.size() * sizeof(ebpf::isa::Insn); ++i) {
    reinterpret_cast<uint8_t*>(code.data())[i] = data[i];
  }
  return code;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::atexit(PrintCounters);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const checker = new ProgramChecker;
  if (size == 0) {
    return 0;
  }
  ByteSource source(data + 1, size - 1);
  const Target target = data[0] >= 0x80 ? Target::kPacket : Target::kFunction;
  const ebpf::verifier::Code code =
      data[0] == 0xff ? RawProgram(data + 1, size - 1)
                      : ebpf::fuzzing::DecodeProgram(source, target);
  const CheckResult result = checker->Check(code, data[0], nullptr, target);
  ++counters.programs;
  counters.insns += code.size();
  counters.steps += result.steps;
  counters.accepted += ebpf::IsOk(result.status);
  if (!result.fault.empty()) {
    std::string log;
    (void)checker->Check(code, data[0], &log, target);
    std::fprintf(stderr, "%s\naccepted, and %s\n", log.c_str(),
                 result.fault.c_str());
    std::abort();
  }
  return 0;
}
