// SPDX-License-Identifier: MIT
//
// testing/probes/step_cpu.h for AArch64. Encodings: [arm/arm: C4].
#include <asm/sigcontext.h>
#include <cstring>
#include <signal.h>

#include "arch/aarch64/probed_insn.h"
#include "arch/aarch64/pt_regs.h"
#include "testing/probes/step_cpu.h"

namespace ebpf::step {
namespace {

using aarch64::ProbedInsn;
using aarch64::PtRegs;

static_assert(sizeof(PtRegs) <= sizeof(State::general));

PtRegs& Regs(State& state) { return *reinterpret_cast<PtRegs*>(state.general); }
const PtRegs& Regs(const State& state) {
  return *reinterpret_cast<const PtRegs*>(state.general);
}

struct Class {
  const char* name;
  uint32_t mask, value;
};
constexpr uint32_t kBaseSp = 31 << 5;
constexpr Class kClasses[] = {
    {"pc-relative addresses", 0x1f000000, 0x10000000},
    {"additions of constants", 0x1f800000, 0x11000000},
    {"the same, of sp", 0xbf8003e0, 0x91000000 | kBaseSp},
    {"the same, to sp", 0xbfc0001f, 0x9100001f},
    {"logic with constants", 0x1f800000, 0x12000000},
    {"moves of constants", 0x1f800000, 0x12800000},
    {"bitfields", 0x1f800000, 0x13000000},
    {"extractions", 0x1f800000, 0x13800000},
    {"logic with registers", 0x1f000000, 0x0a000000},
    {"moves of registers", 0x7fe0ffe0, 0x2a0003e0},
    {"additions of registers", 0x1f000000, 0x0b000000},
    {"additions with carry", 0x1fe0fc00, 0x1a000000},
    {"comparisons on conditions", 0x1fe00000, 0x1a400000},
    {"choices on conditions", 0x1fe00800, 0x1a800000},
    {"one source", 0x5fffc000, 0x5ac00000},
    {"two sources", 0x5fe0c000, 0x1ac00000},
    {"three sources", 0x1fe00000, 0x1b000000},
    {"branches", 0x7c000000, 0x14000000},
    {"branches on comparisons", 0x7e000000, 0x34000000},
    {"branches on bits", 0x7e000000, 0x36000000},
    {"branches on conditions", 0xff000010, 0x54000000},
    {"branches to registers", 0xff9ffc1f, 0xd61f0000},
    {"hints", 0xfffff01f, 0xd503201f},
    {"barriers", 0xfffff01f, 0xd503301f},
    {"cache maintenance", 0xfff8f000, 0xd5087000 | 3 << 16},
    {"reads of flags and the like", 0xfffff000, 0xd53b4000},
    {"literals", 0x3b000000, 0x18000000},
    {"pairs", 0x3a000000, 0x28000000},
    {"pairs on the stack", 0xfe0003e0, 0xa8000000 | kBaseSp},
    {"loads and stores, unscaled and indexed", 0x3b200000, 0x38000000},
    {"loads and stores, by a register", 0x3b200c00, 0x38200800},
    {"loads and stores, scaled", 0x3b000000, 0x39000000},
    {"the same on the stack", 0xff0003e0, 0xf9000000 | kBaseSp},
    {"the same on the stack, indexed", 0xffa003e0, 0xf8000000 | kBaseSp},
    {"ordered loads and stores", 0x3fa07c00, 0x08807c00},
    {"compare and swap", 0x3fa07c00, 0x08a07c00},
    {"atomic operations", 0x3f200c00, 0x38200000},
    {"vectors, of several registers", 0xbe000000, 0x0c000000},
    {"vectors, arithmetic", 0x9e000000, 0x0e000000},
    {"floating point", 0x5e000000, 0x1e000000},
    {"chance", 0, 0},
};

constexpr uint32_t Field(uint32_t word, unsigned low, unsigned count) {
  return word >> low & ((1u << count) - 1);
}

/// Jumps that end where they begin, for ever.
bool JumpsToItself(uint32_t w) {
  const bool long_branch = (w & 0x7c000000) == 0x14000000;
  const bool branch =
      (w & 0x7e000000) == 0x34000000 || (w & 0xff000000) == 0x54000000;
  const bool bit = (w & 0x7e000000) == 0x36000000;
  return (long_branch && Field(w, 0, 26) == 0) ||
         (branch && Field(w, 5, 19) == 0) || (bit && Field(w, 5, 14) == 0);
}

/// MRS of clocks, counters and random numbers.
bool ReadsAClock(uint32_t w) {
  if ((w & 0xfff00000) != 0xd5300000) {
    return false;
  }
  const unsigned crn = Field(w, 12, 4);
  return crn == 14 || crn == 9 || (crn == 2 && Field(w, 8, 4) == 4);
}

fpsimd_context* Vectors(const ucontext_t& context) {
  auto* at = const_cast<uint8_t*>(
      reinterpret_cast<const uint8_t*>(context.uc_mcontext.__reserved));
  for (;;) {
    auto* head = reinterpret_cast<_aarch64_ctx*>(at);
    if (head->magic == FPSIMD_MAGIC || head->size == 0) {
      return reinterpret_cast<fpsimd_context*>(at);
    }
    at += head->size;
  }
}

constexpr uint64_t kFlags = uint64_t{0xf} << 28;

Handler g_handler = nullptr;
void OnSignal(int signal, siginfo_t* /*info*/, void* context) {
  g_handler(signal, *static_cast<ucontext_t*>(context));
}

}  // namespace

const unsigned kTrapSize = 4;
const unsigned kInsnAlignment = 4;

unsigned ClassCount() { return sizeof(kClasses) / sizeof(kClasses[0]); }
std::string ClassName(unsigned number) { return kClasses[number].name; }

bool RandomInsn(unsigned number, std::mt19937_64& random, Insn& insn) {
  const Class& c = kClasses[number];
  const uint32_t word = (static_cast<uint32_t>(random()) & ~c.mask) | c.value;
  memcpy(insn.bytes, &word, 4);
  insn.size = 4;
  return !JumpsToItself(word) && !ReadsAClock(word);
}

void FillWithTraps(Span<uint8_t> code) {
  uint32_t count = 0;
  for (size_t at = 0; at + 4 <= code.size(); at += 4) {
    const uint32_t brk = 0xd4200000 | (++count * 2654435761u >> 16) << 5;
    memcpy(code.data() + at, &brk, 4);
  }
}

void RandomState(std::mt19937_64& random, const Places& places, State& state) {
  PtRegs& regs = Regs(state);
  for (uint64_t& reg : regs.x) {
    const uint64_t dice = random();
    switch (dice % 8) {
      case 0:
        reg = random();
        break;
      case 1:
        reg = dice >> 58;
        break;
      case 2:
        reg = ~(dice >> 58);
        break;
      case 3:
        reg = places.landings + (dice >> 32) % 512 * 4;
        break;
      case 4:  // at an end of what can be reached
        reg = (dice & 256) != 0 ? places.data_end - (dice >> 58)
                                : places.data + (dice >> 58);
        break;
      default:
        reg = (places.data + places.data_end) / 2 + (dice >> 32) % 64 * 8;
        break;
    }
  }
  regs.sp = places.stack + random() % 64 * 16;
  regs.pstate = random() & kFlags;
  for (size_t i = 0; i < 32 * 16; i += 8) {
    const uint64_t dice = random();
    const double number = static_cast<double>(dice >> 40);
    memcpy(state.vectors + i, &dice, 8);
    if (dice % 2 == 0) {
      memcpy(state.vectors + i, &number, 8);
    }
  }
  memset(state.vectors + 512, 0, 16);  // fpsr, fpcr
}

void Load(const ucontext_t& context, State& state) {
  state = {};
  PtRegs& regs = Regs(state);
  memcpy(regs.x, context.uc_mcontext.regs, sizeof(regs.x));
  regs.sp = context.uc_mcontext.sp;
  // A branch drops the top byte, as an exception's return would; a signal's
  // does not.
  regs.pc = static_cast<uint64_t>(
      static_cast<int64_t>(context.uc_mcontext.pc << 8) >> 8);
  regs.pstate = context.uc_mcontext.pstate & kFlags;
  const fpsimd_context& vectors = *Vectors(context);
  memcpy(state.vectors, vectors.vregs, 512);
  memcpy(state.vectors + 512, &vectors.fpsr, 4);
  memcpy(state.vectors + 516, &vectors.fpcr, 4);
}

void Store(const State& state, ucontext_t& context) {
  const PtRegs& regs = Regs(state);
  memcpy(context.uc_mcontext.regs, regs.x, sizeof(regs.x));
  context.uc_mcontext.sp = regs.sp;
  context.uc_mcontext.pc = regs.pc;
  // Masks of interrupts are not a process's to set.
  context.uc_mcontext.pstate =
      (context.uc_mcontext.pstate & ~kFlags) | (regs.pstate & kFlags);
  fpsimd_context& vectors = *Vectors(context);
  memcpy(vectors.vregs, state.vectors, 512);
  memcpy(&vectors.fpsr, state.vectors + 512, 4);
  memcpy(&vectors.fpcr, state.vectors + 516, 4);
}

uint64_t Pc(const State& state) { return Regs(state).pc; }
void SetPc(uint64_t pc, State& state) { Regs(state).pc = pc; }

Result<machine::ProbePlan> Plan(ConstBytes code, uint64_t address,
                                uint32_t trap_stub) {
  return ProbedInsn::Plan(code, address, 0, trap_stub);
}
bool Relocate(machine::ProbePlan& plan, uint64_t slot) {
  return ProbedInsn::Relocate(plan, slot);
}
void Emulate(const machine::ProbePlan& plan, State& state) {
  ProbedInsn::Emulate(plan, Opaque(Regs(state)));
}
void BeginStep(const machine::ProbePlan& plan, uint64_t slot,
               machine::StepState& saved, State& state) {
  ProbedInsn::BeginStep(plan, slot, Opaque(Regs(state)), saved);
}
void EndStep(const machine::ProbePlan& plan, uint64_t slot,
             const machine::StepState& saved, State& state) {
  ProbedInsn::EndStep(plan, slot, saved, Opaque(Regs(state)));
}
void AbortStep(const machine::ProbePlan& plan, const machine::StepState& saved,
               State& state) {
  ProbedInsn::AbortStep(plan, saved, Opaque(Regs(state)));
}

void Trap() { asm volatile("brk #1" ::: "memory"); }

void InstallHandler(Handler handler) {
  g_handler = handler;
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : {SIGTRAP, SIGSEGV, SIGILL, SIGBUS}) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace ebpf::step
