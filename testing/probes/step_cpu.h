// SPDX-License-Identifier: MIT
//
// What cross_step_equality_test.cc needs of the CPU it runs on: its registers
// in a signal's context, instructions of all its classes, and the probing of
// one. Defined in step_cpu_aarch64.cc and step_cpu_riscv64.cc.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <ucontext.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/probe_plan.h"

namespace ebpf::step {

/// Registers of all kinds; what of them is used is the CPU's own.
struct State {
  alignas(16) uint8_t general[288];  // arch's PtRegs
  alignas(16) uint8_t vectors[32 * 16 + 16];
};

struct Insn {
  uint8_t bytes[4];
  unsigned size;
};

/// Where registers may point to.
struct Places {
  uint64_t data, data_end;  // readable and writable; nothing beside them
  uint64_t stack;           // its middle
  uint64_t landings;        // code where jumps may end
};

/// The instruction set's classes, each with a share of the samples.
unsigned ClassCount();
std::string ClassName(unsigned number);

/// A random instruction of a class; false where it was one that differs each
/// time (a clock), or jumps to itself.
bool RandomInsn(unsigned number, std::mt19937_64& random, Insn& insn);

/// Instructions begin at its multiples.
extern const unsigned kInsnAlignment;

/// The memory around the instruction: wherever one gets, it traps. What a
/// literal reads is different everywhere.
void FillWithTraps(Span<uint8_t> code);
void RandomState(std::mt19937_64& random, const Places& places, State& state);

/// The registers in a signal's context, and back, flags too.
void Load(const ucontext_t& context, State& state);
void Store(const State& state, ucontext_t& context);

uint64_t Pc(const State& state);
void SetPc(uint64_t pc, State& state);

Result<machine::ProbePlan> Plan(ConstBytes code, uint64_t address,
                                uint32_t trap_stub);
bool Relocate(machine::ProbePlan& plan, uint64_t slot);
void Emulate(const machine::ProbePlan& plan, State& state);
void BeginStep(const machine::ProbePlan& plan, uint64_t slot,
               machine::StepState& saved, State& state);
void EndStep(const machine::ProbePlan& plan, uint64_t slot,
             const machine::StepState& saved, State& state);
void AbortStep(const machine::ProbePlan& plan, const machine::StepState& saved,
               State& state);

/// Traps; kTrapSize is how far it is from there to what follows.
void Trap();
extern const unsigned kTrapSize;

/// Makes `handler` the signals' one. It is called with the process's own global
/// registers, whatever the interrupted code had made of them.
using Handler = void (*)(int signal, ucontext_t& context);
void InstallHandler(Handler handler);

}  // namespace ebpf::step
