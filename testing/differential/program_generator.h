// SPDX-License-Identifier: MIT
//
// Random programs that Linux's verifier accepts and that show what they
// computed: every instruction but calls of helpers, on registers, stack and a
// map's value, with loops, functions of their own and callbacks.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/isa/decode.h"

namespace ebpf::differential {

/// The value of the one map, and what a program leaves in it.
struct MapValue {
  static constexpr int kWords = 8;

  uint64_t scratch[kWords];  // before: input, after: as the program left it
  uint64_t regs[9];          // r0..r8 at the end
  uint64_t stack[kWords];    // the main function's stack at the end
  uint64_t detour;           // of no interest, see ProgramPair
};

/// What programs may use.
struct InsnSet {
  bool v4 = true;       // what -mcpu=v4 adds (Linux 6.6)
  bool acquire = true;  // load-acquire and store-release (Linux 6.15)
  /// bpf_loop. Linux takes functions that are called back from programs with
  /// BTF only, which these are not.
  bool callbacks = true;
};

struct GeneratedProgram {
  std::vector<isa::Insn> insns;
  /// Where LD_IMM64 wants the address of the value: the first slots' indices.
  std::vector<size_t> value_loads;
  bool has_loop = false;
  bool has_call = false;  // of a function of its own
  bool has_callback = false;
  /// The main function's own part, without what sets up and shows its state.
  size_t body_begin;
  size_t body_end;
  MapValue input;
};

/// A program, and one that computes the same, but sends what each atomic
/// operation fetches through `detour` at once, so that Linux's verifier knows
/// nothing of it. README.md tells why.
struct ProgramPair {
  GeneratedProgram program;
  GeneratedProgram detoured;
};

/// Makes the same sequence of programs for the same seed and choice.
class ProgramGenerator {
 public:
  ProgramGenerator(uint64_t seed, InsnSet set) : random_(seed), set_(set) {}

  ProgramPair Next();

 private:
  /// Instructions that jumps do not go into.
  struct Unit {
    std::vector<isa::DecodedInsn> insns;
    /// Of the last one: how many units further it jumps, or calls the
    /// function; 0: neither.
    size_t skip = 0;
    size_t back = 0;    // likewise, how many it jumps back
    size_t callee = 0;  // the function that the last one calls, or none
    /// The function whose address the first one loads, or none.
    size_t callback = 0;
    bool loads_value = false;
  };
  using Units = std::vector<Unit>;

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  bool Percent(uint64_t n) { return Below(100) < n; }
  uint8_t Scalar() { return static_cast<uint8_t>(Below(9)); }  // r0..r8
  uint64_t Constant();
  int32_t Immediate() { return static_cast<int32_t>(Constant()); }

  void AppendPrologue(Units& units, bool is_main);
  void AppendBody(Units& units, size_t count, size_t callees);
  void AppendLoop(Units& units, size_t callees);
  void AppendCall(Units& units, size_t callee);
  void AppendCallback(Units& units);
  void AppendRegisters(Units& units, int first, int last);
  void AppendEpilogue(Units& units);
  void AppendFunction(std::vector<Units>& functions, bool is_callback);
  Unit RandomUnit();
  isa::DecodedInsn RandomAlu(isa::Op op);
  isa::DecodedInsn RandomMemoryAccess(isa::Op op);
  Unit RandomJump(isa::Op op);
  Unit RandomIdiom();

  /// Encodes `functions` one behind the other, jumps and calls resolved.
  static GeneratedProgram Layout(const std::vector<Units>& functions);

  std::mt19937_64 random_;
  InsnSet set_;
  unsigned jumps_left_ = 0;
  int loops_ = 0;        // in the function that is being made
  size_t callback_ = 0;  // the function for callbacks, or none
};

/// Whether programs of a generator have `op`.
bool Generates(isa::Op op, InsnSet set);

}  // namespace ebpf::differential
