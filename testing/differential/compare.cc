// SPDX-License-Identifier: MIT
//
// The comparison, and what is printed where there is a difference.
#include "testing/differential/compare.h"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/isa/disassemble.h"
#include "core/jit/jit.h"
#include "testing/conformance/engines.h"
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

void PrintWords(const char* name, const uint64_t* one, const uint64_t* other,
                int count) {
  for (int i = 0; i < count; ++i) {
    std::fprintf(stderr, "%s%d: 0x%016llx, 0x%016llx%s\n", name, i,
                 static_cast<unsigned long long>(one[i]),
                 static_cast<unsigned long long>(other[i]),
                 one[i] == other[i] ? "" : "  <- differs");
  }
}

void PrintMismatch(uint64_t number, const GeneratedProgram& program,
                   const Outcome& one, const Outcome& other) {
  std::fprintf(stderr, "program %llu, shrunk: results 0x%x and 0x%x\n",
               static_cast<unsigned long long>(number), one.result,
               other.result);
  PrintProgram(program);
  PrintWords("r", one.value.regs, other.value.regs, 9);
  PrintWords("stack ", one.value.stack, other.value.stack, MapValue::kWords);
  PrintWords("scratch ", one.value.scratch, other.value.scratch,
             MapValue::kWords);
}

bool Equal(const Outcome& a, const Outcome& b) {
  return a.result == b.result &&
         std::memcmp(&a.value, &b.value, offsetof(MapValue, detour)) == 0;
}

/// Runs a program in one way; false: it was refused.
using Way = std::function<bool(const GeneratedProgram&, Outcome&)>;

/// Whether a program ends: not each that a smaller one was made of does.
using Ends = std::function<bool(const GeneratedProgram&)>;

/// Whether both ways take `program` and differ about it.
bool Differ(const Way& one, const Way& other, const GeneratedProgram& program) {
  Outcome first = {};
  Outcome second = {};
  return one(program, first) && other(program, second) && !Equal(first, second);
}

/// `program` with everything in its body that the difference does not need
/// replaced by `goto +0`.
GeneratedProgram Shrink(const Ends& ends, const Way& one, const Way& other,
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
          insn.op != isa::Op::kLoadMapValue && ends(smaller) &&
          Differ(one, other, smaller)) {
        program = smaller;
        shrunk = true;
      }
    });
  }
  return program;
}

void Count(const GeneratedProgram& program, Figures& figures, Ops& ops) {
  figures.insns += program.insns.size();
  figures.loops += program.has_loop ? 1 : 0;
  figures.calls += program.has_call ? 1 : 0;
  figures.callbacks += program.has_callback ? 1 : 0;
  ForEachInsn(program, [&](size_t, const isa::DecodedInsn& insn) {
    ops.insert(insn.op);
  });
}

/// The ways of core.
class CoreWays {
 public:
  CoreWays() : jit_(PickVariant()) {
    const auto add = [&](const char* name, bool compiled, bool blind,
                         bool verified) {
      ways_.push_back(
          {name, [=, this](const GeneratedProgram& program, Outcome& outcome) {
             return Run(program, outcome, compiled, blind, verified);
           }});
    };
    add("interpreter, verified", false, false, true);
    if (compiles_) {
      add("compiler", true, false, false);
      add("compiler, verified", true, false, true);
      add("compiler, blinded", true, true, false);
      add("compiler, verified and blinded", true, true, true);
      Runnable nothing;
      nothing.insns = {{0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};
      pinned_ = runner_.Make(jit_.engine(), nothing);
    }
  }

  struct Named {
    const char* name;
    Way run;
  };
  const std::vector<Named>& all() const { return ways_; }

  /// The reference.
  bool Interpret(const GeneratedProgram& program, Outcome& outcome) {
    return Run(program, outcome, false, false, false);
  }
  bool Verifies(const GeneratedProgram& program, std::string* why) {
    if (why != nullptr) {
      return runner_.Verified(program, verified_, why);
    }
    Look(program);
    return verifies_;
  }

 private:
  conformance::Variant PickVariant() {
    const std::vector<conformance::Variant> variants = conformance::Variants();
    compiles_ = variants.size() > 1;
    return variants[compiles_ ? 1 : 0];
  }

  bool Run(const GeneratedProgram& program, Outcome& outcome, bool compiled,
           bool blind, bool verified) {
    Look(program);
    if (verified && !verifies_) {
      return false;
    }
    SetJitBlinding(blind);
    return runner_.Run(compiled ? jit_.engine() : InterpreterEngine(),
                       verified ? verified_ : plain_, program.input, outcome);
  }

  /// Verifies it, if it is not the one that was looked at last.
  void Look(const GeneratedProgram& program) {
    const size_t bytes = program.insns.size() * sizeof(isa::Insn);
    if (program.insns.size() == last_.size() &&
        std::memcmp(program.insns.data(), last_.data(), bytes) == 0) {
      return;
    }
    last_ = program.insns;
    plain_ = runner_.Plain(program);
    verifies_ = runner_.Verified(program, verified_);
  }

  CoreRunner runner_;
  bool compiles_ = false;
  conformance::VariantEngine jit_;
  std::vector<Named> ways_;
  std::vector<isa::Insn> last_;
  Runnable plain_;
  Runnable verified_;
  bool verifies_ = false;
  /// One program that stays, so that the pool's memory does, too.
  Ref<Program> pinned_;
};

/// Whether kernel and core agree about `detoured`, and core does about both.
bool IsLapse(HostBpf& host, CoreWays& ways, const GeneratedProgram& detoured,
             const Outcome& on_core) {
  Outcome host_detoured = {};
  Outcome core_detoured = {};
  return host.Run(detoured, host_detoured) &&
         ways.Interpret(detoured, core_detoured) &&
         Equal(host_detoured, core_detoured) && Equal(core_detoured, on_core);
}

void Tell(const Ends& ends, uint64_t number, const char* one_name,
          const Way& one, const char* other_name, const Way& other,
          const GeneratedProgram& program) {
  const GeneratedProgram smaller = Shrink(ends, one, other, program);
  Outcome first = {};
  Outcome second = {};
  const bool ran = one(smaller, first) && other(smaller, second);
  std::fprintf(stderr, "%s and %s differ%s\n", one_name, other_name,
               ran ? "" : ": refused");
  PrintMismatch(number, smaller, first, second);
}

}  // namespace

Figures CompareEngines(uint64_t seed, uint64_t count, bool verbose) {
  ProgramGenerator generator(seed, InsnSet{});
  CoreWays ways;
  Figures figures;
  Ops ops;
  const Ends ends = [&](const GeneratedProgram& program) {
    return ways.Verifies(program, nullptr);
  };
  const Way reference = [&](const GeneratedProgram& program, Outcome& outcome) {
    return ways.Interpret(program, outcome);
  };
  for (uint64_t number = 0; number < count; ++number) {
    const GeneratedProgram program = generator.Next().program;
    ++figures.programs;
    Count(program, figures, ops);
    std::string why;
    const bool verifies = ways.Verifies(program, verbose ? &why : nullptr);
    if (!verifies) {
      ++figures.unverified;
      if (verbose) {
        std::fprintf(stderr, "program %llu: %s\n",
                     static_cast<unsigned long long>(number), why.c_str());
      }
    }
    Outcome expected = {};
    const bool ran = ways.Interpret(program, expected);
    figures.mismatches += ran ? 0 : 1;
    for (size_t i = 0; ran && i < ways.all().size(); ++i) {
      // Blinding in a share of the programs.
      const auto& [name, way] = ways.all()[i];
      const bool is_verified = i == 0 || i % 2 == 0;
      if ((i >= 3 && number % 4 != 0) || (is_verified && !verifies)) {
        continue;
      }
      Outcome outcome = {};
      if (!way(program, outcome) || !Equal(outcome, expected)) {
        ++figures.mismatches;
        Tell(ends, number, "interpreter", reference, name, way, program);
      }
    }
  }
  figures.ops = ops.size();
  return figures;
}

Figures Compare(HostBpf& host, uint64_t seed, uint64_t count, bool verbose) {
  ProgramGenerator generator(seed, host.set());
  CoreWays ways;
  Figures figures;
  Ops ops;
  const Way in_kernel = [&](const GeneratedProgram& program, Outcome& outcome) {
    return host.Run(program, outcome);
  };
  const Ends ends = [&](const GeneratedProgram& program) {
    return ways.Verifies(program, nullptr);
  };
  const Way reference = [&](const GeneratedProgram& program, Outcome& outcome) {
    return ways.Interpret(program, outcome);
  };
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
    Count(program, figures, ops);
    Outcome on_core = {};
    const bool ran = ways.Interpret(program, on_core);
    // The compiler, with facts where there are some.
    const bool verifies = ways.Verifies(program, nullptr);
    figures.unverified += verifies ? 0 : 1;
    const size_t index = verifies ? 2 : 1;
    if (ran && index < ways.all().size()) {
      const auto& [name, way] = ways.all()[index];
      Outcome outcome = {};
      if (!way(program, outcome) || !Equal(outcome, on_core)) {
        ++figures.mismatches;
        Tell(ends, number, "interpreter", reference, name, way, program);
        continue;
      }
    }
    if (ran && Equal(on_host, on_core)) {
      continue;
    }
    if (IsLapse(host, ways, pair.detoured, on_core)) {
      ++figures.lapses;
      continue;
    }
    ++figures.mismatches;
    Tell(ends, number, "kernel", in_kernel, "interpreter", reference, program);
  }
  figures.ops = ops.size();
  return figures;
}

}  // namespace ebpf::differential
