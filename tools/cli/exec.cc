// SPDX-License-Identifier: MIT
//
// tools/cli/exec.h's implementation.
#include "tools/cli/exec.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sys/mman.h>
#include <vector>

#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/guarded_run.h"
#include "tools/cli/input.h"
#include "tools/cli/object_program.h"
#include "tools/cli/raw_program.h"

namespace ebpf::cli {
namespace {

constexpr size_t kPage = 4096;

/// A copy of `bytes`, aligned to 16, with a page right behind it (but for the
/// alignment) that faults. It stays until the process ends.
uint8_t* GuardedCopy(const std::vector<uint8_t>& bytes) {
  const size_t rounded = (bytes.size() + 15) / 16 * 16;
  const size_t pages = (rounded + kPage - 1) / kPage * kPage;
  void* mapped = mmap(nullptr, pages + kPage, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED ||
      (pages != 0 && mprotect(mapped, pages, PROT_READ | PROT_WRITE) != 0)) {
    throw Failure("no memory for the program's input");
  }
  uint8_t* copy = static_cast<uint8_t*>(mapped) + pages - rounded;
  std::copy(bytes.begin(), bytes.end(), copy);
  return copy;
}

/// `r2 = size`, which comes before the program. Jumps and calls are relative:
/// none of them notices.
isa::Insn SetR2(size_t size) {
  isa::Insn insn = {};
  insn.opcode = 0xb7;  // r2 = imm [RFC 9669, section 4.1]
  insn.dst = 2;
  insn.imm = static_cast<int32_t>(size);
  return insn;
}
static_assert(kMaxInputSize < INT32_MAX);

std::vector<uint8_t> BytesOf(const std::string& text) {
  return {text.begin(), text.end()};
}

/// The object's bytes, or nothing where the program comes without one.
std::optional<std::vector<uint8_t>> ReadObject(const ExecOptions& options) {
  if (!options.elf.has_value()) {
    return std::nullopt;
  }
  return options.elf->empty() ? ParseHex(ReadStandardInput(), "standard input")
                              : BytesOf(ReadFile(*options.elf));
}

std::vector<isa::Insn> ReadInsns(const ExecOptions& options) {
  return InsnsOf(options.program.has_value()
                     ? ParseHex(*options.program, "--program")
                     : ParseHex(ReadStandardInput(), "standard input"));
}

uint64_t Run(std::vector<isa::Insn> insns, const std::vector<Ref<Map>>& maps,
             const std::vector<uint8_t>& memory, const std::string& engine) {
  insns.insert(insns.begin(), SetR2(memory.size()));
  Ref<Program> program = MakeProgram(insns, maps, FindEngine(engine));
  return program->Run(GuardedCopy(memory));
}

}  // namespace

uint64_t Exec(const ExecOptions& options) {
  const std::vector<uint8_t> memory = ParseHex(options.memory, "memory");
  const std::optional<std::vector<uint8_t>> object = ReadObject(options);
  std::vector<isa::Insn> insns;
  if (!object.has_value()) {
    insns = ReadInsns(options);
    CheckRunnable(isa::ConstInsns(insns.data(), insns.size()));
  }
  RunLimits limits;
  limits.seconds = options.seconds;
  return RunGuarded(limits, [&] {
    const Runtime runtime;
    if (!object.has_value()) {
      return Run(insns, {}, memory, options.engine);
    }
    LinkedProgram linked = LinkProgram(*object, options.name);
    return Run(linked.insns, linked.maps, memory, options.engine);
  });
}

}  // namespace ebpf::cli
