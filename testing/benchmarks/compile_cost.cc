// SPDX-License-Identifier: MIT
//
// testing/benchmarks/compile_cost.h's implementation.
#include "testing/benchmarks/compile_cost.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/isa/decode.h"
#include "core/jit/compilation.h"
#include "core/machine/code_buffer.h"
#include "core/memory/allocator.h"
#include "testing/benchmarks/peer.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/failure.h"
#include "tools/cli/object_program.h"

namespace ebpf::benchmarks {
namespace {

/// Counts what the compiler holds at once.
class CountingAllocator final : public Allocator {
 public:
  void* Allocate(size_t size, size_t align) override {
    held_ += size;
    peak_ = std::max(peak_, held_);
    return PortAllocator().Allocate(size, align);
  }
  void Free(void* memory, size_t size, size_t align) override {
    held_ -= size;
    PortAllocator().Free(memory, size, align);
  }
  size_t peak() const { return peak_; }

 private:
  size_t held_ = 0;
  size_t peak_ = 0;
};

/// The kernels without subprograms one after the other, again and again; each
/// `exit` becomes a jump to what follows. It is not to be run.
std::vector<isa::Insn> MakeProgram(size_t count) {
  std::vector<isa::Insn> pattern;
  for (const Kernel& kernel : Kernels()) {
    if (kernel.group != Group::kCompute) {
      continue;
    }
    const cli::LinkedProgram linked = cli::LinkProgram(
        {kernel.raw_object.begin(), kernel.raw_object.end()}, std::nullopt);
    for (isa::Insn insn : linked.insns) {
      if (insn.opcode == 0x95) {  // exit [RFC 9669, section 4.3]
        insn.opcode = 0x05;       // goto +0
      }
      pattern.push_back(insn);
    }
  }
  constexpr isa::Insn kNop = {0xbf, 0, 0, 0, 0};  // r0 = r0
  std::vector<isa::Insn> program;
  while (program.size() + pattern.size() < count) {
    program.insert(program.end(), pattern.begin(), pattern.end());
  }
  // What is left: the pattern's beginning, its jumps out of the program and a
  // constant cut in two replaced.
  for (size_t i = 0; program.size() + 1 < count; ++i) {
    program.push_back(pattern[i]);
  }
  program.push_back({0x95, 0, 0, 0, 0});
  const isa::ConstInsns insns(program.data(), program.size());
  for (size_t i = 0; i < program.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(insns, i, insn) != isa::DecodeError::kNone) {
      program[i] = kNop;
      ++i;
      continue;
    }
    const bool jumps =
        insn.info().family == isa::Family::kJump || insn.op == isa::Op::kGoto;
    const int64_t target = static_cast<int64_t>(i) + 1 + insn.jump_offset();
    if (jumps && target >= static_cast<int64_t>(program.size())) {
      program[i] = kNop;
    }
    i += insn.slots;
  }
  return program;
}

struct Memory {
  std::vector<uint8_t> code;
};

Status Place(jit::Compilation& compilation, size_t size) {
  auto& memory = *static_cast<Memory*>(compilation.place_argument);
  const size_t wanted = size + machine::CodeBuffer::kMaxAppend;
  if (memory.code.size() < wanted) {
    memory.code.resize(wanted);
  }
  compilation.address = 0;
  compilation.code = Span<uint8_t>(memory.code.data(), wanted);
  return Status::kOk;
}

struct Cost {
  uint64_t ns;
  size_t code_size;
  size_t scratch;
};

Cost CompileOnce(const std::vector<isa::Insn>& program, Memory& memory) {
  CountingAllocator allocator;
  jit::Compilation compilation;
  compilation.insns = isa::ConstInsns(program.data(), program.size());
  compilation.options.cpu_features = ThisCpuFeatures();
  compilation.allocator = &allocator;
  compilation.place = Place;
  compilation.place_argument = &memory;
  const uint64_t begin = Now();
  const Status status = ThisMachine().compiler->compile(compilation);
  const uint64_t ns = Now() - begin;
  cli::Require(status, fmt::format("{} instructions", program.size()));
  allocator.DeleteArray(compilation.states);
  allocator.DeleteArray(compilation.exceptions);
  return {ns, compilation.code_size, allocator.peak()};
}

Cost BestOf(const std::vector<isa::Insn>& program, unsigned times) {
  Memory memory;
  Cost best = CompileOnce(program, memory);
  for (unsigned i = 1; i < times; ++i) {
    best.ns = std::min(best.ns, CompileOnce(program, memory).ns);
  }
  return best;
}

}  // namespace

void PrintCompileCost(bool quick) {
  if (ThisMachine().compiler->compile == nullptr) {
    return;
  }
  const Cost smallest =
      BestOf({{0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}}, 10'000);
  fmt::print(
      "\nCompiling, without facts ({} ns for a program of two "
      "instructions):\n\n"
      "| instructions | ns each | code bytes each | scratch bytes each |\n"
      "|-------------:|--------:|----------------:|-------------------:|\n",
      smallest.ns);
  for (const size_t count : {64, 512, 4096, 32768, 1'000'000}) {
    const auto work = static_cast<size_t>(quick ? 1'000'000 : 20'000'000);
    const auto times =
        static_cast<unsigned>(std::clamp<size_t>(work / count, 3, 20'000));
    const Cost cost = BestOf(MakeProgram(count), times);
    const auto insns = static_cast<double>(count);
    fmt::print("| {:>12} | {:>7.1f} | {:>15.2f} | {:>18.2f} |\n", count,
               static_cast<double>(cost.ns) / insns,
               static_cast<double>(cost.code_size) / insns,
               static_cast<double>(cost.scratch) / insns);
  }
}

}  // namespace ebpf::benchmarks
