// SPDX-License-Identifier: MIT
//
// The comparison, and what is printed where there is a difference.
#include "testing/differential/compare.h"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <set>

#include "core/isa/disassemble.h"
#include "testing/differential/core_runner.h"
#include "testing/differential/host_bpf.h"
#include "testing/differential/program_generator.h"

namespace ebpf::differential {
namespace {

using Ops = std::set<isa::Op>;

isa::ConstInsns InsnsOf(const GeneratedProgram& program) {
  return isa::ConstInsns(program.insns.data(), program.insns.size());
}

template <typename F>
void ForEachInsn(const GeneratedProgram& program, F function) {
  for (size_t index = 0; index < program.insns.size();) {
    isa::DecodedInsn insn;
    if (isa::Decode(InsnsOf(program), index, insn) != isa::DecodeError::kNone) {
      return;
    }
    function(index, insn);
    index += insn.slots;
  }
}

void PrintProgram(const GeneratedProgram& program) {
  ForEachInsn(program, [](size_t index, const isa::DecodedInsn& insn) {
    if (insn.op == isa::Op::kGoto && insn.offset == 0) {
      return;  // what Shrink left
    }
    char buffer[128];
    TextWriter writer(buffer, sizeof(buffer));
    isa::Disassemble(insn, writer);
    std::fprintf(stderr, "%5zu: %.*s\n", index,
                 static_cast<int>(writer.text().size()), writer.text().data());
  });
  for (int i = 0; i < MapValue::kWords; ++i) {
    std::fprintf(stderr, "scratch[%d] = 0x%llx before\n", i,
                 static_cast<unsigned long long>(program.input.scratch[i]));
  }
}

void PrintWords(const char* name, const uint64_t* host, const uint64_t* core,
                int count) {
  for (int i = 0; i < count; ++i) {
    std::fprintf(stderr, "%s%d: host 0x%016llx, core 0x%016llx%s\n", name, i,
                 static_cast<unsigned long long>(host[i]),
                 static_cast<unsigned long long>(core[i]),
                 host[i] == core[i] ? "" : "  <- differs");
  }
}

void PrintMismatch(uint64_t number, const GeneratedProgram& program,
                   const Outcome& host, const Outcome& core) {
  std::fprintf(stderr, "program %llu, shrunk: results 0x%x and 0x%x\n",
               static_cast<unsigned long long>(number), host.result,
               core.result);
  PrintProgram(program);
  PrintWords("r", host.value.regs, core.value.regs, 9);
  PrintWords("stack ", host.value.stack, core.value.stack, MapValue::kWords);
  PrintWords("scratch ", host.value.scratch, core.value.scratch,
             MapValue::kWords);
}

bool Equal(const Outcome& a, const Outcome& b) {
  return a.result == b.result &&
         std::memcmp(&a.value, &b.value, offsetof(MapValue, detour)) == 0;
}

/// Whether both take `program` and differ about it.
bool Differs(HostBpf& host, CoreRunner& runner,
             const GeneratedProgram& program) {
  Outcome on_host = {};
  Outcome on_core = {};
  return host.Run(program, on_host) && runner.Run(program, on_core) &&
         !Equal(on_host, on_core);
}

/// `program` with everything in its body that the difference does not need
/// replaced by `goto +0`.
GeneratedProgram Shrink(HostBpf& host, CoreRunner& runner,
                        GeneratedProgram program) {
  isa::Insn nothing = {};
  nothing.opcode = isa::InfoOf(isa::Op::kGoto).opcode;
  bool shrunk = true;
  while (shrunk) {
    shrunk = false;
    ForEachInsn(program, [&](size_t index, const isa::DecodedInsn& insn) {
      GeneratedProgram smaller = program;
      for (size_t slot = index; slot < index + insn.slots; ++slot) {
        smaller.insns[slot] = nothing;
      }
      const bool in_body =
          index >= program.body_begin && index < program.body_end;
      if (in_body && (insn.op != isa::Op::kGoto || insn.offset != 0) &&
          Differs(host, runner, smaller)) {
        program = smaller;
        shrunk = true;
      }
    });
  }
  return program;
}

/// Whether kernel and core agree about `detoured`, and core does about both.
bool IsLapse(HostBpf& host, CoreRunner& runner,
             const GeneratedProgram& detoured, const Outcome& on_core) {
  Outcome host_detoured = {};
  Outcome core_detoured = {};
  return host.Run(detoured, host_detoured) &&
         runner.Run(detoured, core_detoured) &&
         Equal(host_detoured, core_detoured) && Equal(core_detoured, on_core);
}

}  // namespace

Figures Compare(HostBpf& host, uint64_t seed, uint64_t count, bool verbose) {
  ProgramGenerator generator(seed, host.v4());
  CoreRunner runner;
  Figures figures;
  Ops ops;
  for (uint64_t number = 0; number < count; ++number) {
    const ProgramPair pair = generator.Next();
    const GeneratedProgram& program = pair.program;
    ++figures.programs;
    Outcome on_host = {};
    if (!host.Run(program, on_host, verbose)) {
      ++figures.refused;
      if (verbose) {
        std::fprintf(stderr, "program %llu: %s\n",
                     static_cast<unsigned long long>(number),
                     host.reason().c_str());
      }
      continue;
    }
    figures.insns += program.insns.size();
    ForEachInsn(program, [&](size_t, const isa::DecodedInsn& insn) {
      ops.insert(insn.op);
    });
    Outcome on_core = {};
    if (runner.Run(program, on_core) && Equal(on_host, on_core)) {
      continue;
    }
    if (IsLapse(host, runner, pair.detoured, on_core)) {
      ++figures.lapses;
      continue;
    }
    ++figures.mismatches;
    const GeneratedProgram smaller = Shrink(host, runner, program);
    (void)host.Run(smaller, on_host);
    (void)runner.Run(smaller, on_core);
    PrintMismatch(number, smaller, on_host, on_core);
  }
  figures.ops = ops.size();
  return figures;
}

}  // namespace ebpf::differential
