// SPDX-License-Identifier: MIT
//
// testing/probes/step_cpu.h for RISC-V. Encodings: [riscv/unpriv].
#include <cstring>
#include <signal.h>

#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/riscv64/pt_regs.h"
#include "testing/probes/step_cpu.h"

namespace {

ebpf::step::Handler g_handler = nullptr;

}  // namespace

extern "C" {

// gp and tp of the process, for OnSignal.
uint64_t ebpf_step_globals[2];

void ebpf_step_on_signal(int signal, siginfo_t* /*info*/, void* context) {
  g_handler(signal, *static_cast<ucontext_t*>(context));
}

void ebpf_step_signal_entry(int signal, siginfo_t* info, void* context);

}  // extern "C"

// The interrupted code may have changed gp and tp, on which compiled code
// relies.
asm(R"(
        .pushsection .text
        .option push
        .option norelax
        .globl  ebpf_step_signal_entry
        .type   ebpf_step_signal_entry, @function
ebpf_step_signal_entry:
        lla     t0, ebpf_step_globals
        ld      gp, 0(t0)
        ld      tp, 8(t0)
        tail    ebpf_step_on_signal
        .size   ebpf_step_signal_entry, . - ebpf_step_signal_entry
        .option pop
        .popsection
)");

namespace ebpf::step {
namespace {

using riscv64::ProbedInsn;
using riscv64::PtRegs;

static_assert(sizeof(PtRegs) <= sizeof(State::general));

PtRegs& Regs(State& state) { return *reinterpret_cast<PtRegs*>(state.general); }
const PtRegs& Regs(const State& state) {
  return *reinterpret_cast<const PtRegs*>(state.general);
}

struct Class {
  const char* name;
  uint32_t mask, value;
};
constexpr uint32_t kBaseSp = 2 << 15;
constexpr Class kClasses[] = {
    {"compressed, quadrant 0", 3, 0},
    {"compressed, quadrant 1", 3, 1},
    {"compressed, quadrant 2", 3, 2},
    {"loads", 0x7f, 0x03},
    {"loads from the stack", 0xff07f, 0x03003 | kBaseSp},
    {"loads of floating point", 0x7f, 0x07},
    {"fences", 0xf000707f, 0x0f},
    {"operations with constants", 0x7f, 0x13},
    {"additions of constants", 0x707f, 0x13},
    {"shifts by constants", 0xf800307f, 0x1013},
    {"auipc", 0x7f, 0x17},
    {"operations of 32 bits with constants", 0xbe00207f, 0x1b},
    {"stores", 0x7f, 0x23},
    {"stores to the stack", 0xff07f, 0x03023 | kBaseSp},
    {"stores of floating point", 0x7f, 0x27},
    {"atomic operations", 0x1800607f, 0x202f},
    {"operations", 0xbe00007f, 0x33},
    {"multiplications and divisions", 0xfe00007f, 0x02000033},
    {"lui", 0x7f, 0x37},
    {"operations of 32 bits", 0xbe00007f, 0x3b},
    {"multiplications of 32 bits", 0xfe00007f, 0x0200003b},
    {"fused multiplications", 0x0400007f, 0x43},
    {"fused, negated", 0x0400007f, 0x4f},
    {"floating point", 0x0400007f, 0x53},
    {"branches", 0x7f, 0x63},
    {"jalr", 0x707f, 0x67},
    {"jal", 0x7f, 0x6f},
    {"chance", 3, 3},
};

/// Branches into themselves: to their begin for ever, or into a breakpoint's
/// other half.
bool JumpsIntoItself(uint32_t w, unsigned size) {
  const auto inside = [size](int64_t distance) {
    return distance >= 0 && distance < size;
  };
  if (size == 2) {
    const auto half = static_cast<uint16_t>(w);
    const unsigned opcode = riscv64::CompressedOpcode(half);
    if (opcode == riscv64::kCJ) {
      return inside(riscv64::CImmJ(half));
    }
    return (opcode == riscv64::kCBeqz || opcode == riscv64::kCBnez) &&
           inside(riscv64::CImmB(half));
  }
  return (riscv64::Opcode(w) == riscv64::kOpJal && inside(riscv64::ImmJ(w))) ||
         (riscv64::Opcode(w) == riscv64::kOpBranch && inside(riscv64::ImmB(w)));
}

}  // namespace

const unsigned kTrapSize = 4;
const unsigned kInsnAlignment = 2;

unsigned ClassCount() { return sizeof(kClasses) / sizeof(kClasses[0]); }
std::string ClassName(unsigned number) { return kClasses[number].name; }

bool RandomInsn(unsigned number, std::mt19937_64& random, Insn& insn) {
  const Class& c = kClasses[number];
  const uint32_t word = (static_cast<uint32_t>(random()) & ~c.mask) | c.value;
  memcpy(insn.bytes, &word, 4);
  insn.size = riscv64::InsnSize(static_cast<uint16_t>(word));
  return insn.size != 0 && !JumpsIntoItself(word, insn.size);
}

void FillWithTraps(Span<uint8_t> code) {
  // All that has a meaning here is a trap in each of its halves.
  for (size_t at = 0; at + 2 <= code.size(); at += 2) {
    code[at] = 0x02;
    code[at + 1] = 0x90;  // c.ebreak
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
        reg = places.landings + (dice >> 32) % 512 * 2;
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
  riscv64::Reg(regs, riscv64::kSp) = places.stack + random() % 64 * 16;
  for (size_t i = 0; i < 32 * 8; i += 8) {
    const uint64_t dice = random();
    const double number = static_cast<double>(dice >> 40);
    const uint64_t boxed = dice | uint64_t{0xffffffff} << 32;
    memcpy(state.vectors + i, dice % 3 == 0 ? &dice : &boxed, 8);
    if (dice % 3 == 1) {
      memcpy(state.vectors + i, &number, 8);
    }
  }
  memset(state.vectors + 256, 0, sizeof(state.vectors) - 256);  // fcsr
}

void Load(const ucontext_t& context, State& state) {
  state = {};
  PtRegs& regs = Regs(state);
  regs.epc = context.uc_mcontext.__gregs[0];
  memcpy(regs.x, context.uc_mcontext.__gregs + 1, sizeof(regs.x));
  const auto& floats = context.uc_mcontext.__fpregs.__d;
  memcpy(state.vectors, floats.__f, 256);
  memcpy(state.vectors + 256, &floats.__fcsr, 4);
}

void Store(const State& state, ucontext_t& context) {
  const PtRegs& regs = Regs(state);
  context.uc_mcontext.__gregs[0] = regs.epc;
  memcpy(context.uc_mcontext.__gregs + 1, regs.x, sizeof(regs.x));
  auto& floats = context.uc_mcontext.__fpregs.__d;
  memcpy(floats.__f, state.vectors, 256);
  memcpy(&floats.__fcsr, state.vectors + 256, 4);
}

uint64_t Pc(const State& state) { return Regs(state).epc; }
void SetPc(uint64_t pc, State& state) { Regs(state).epc = pc; }

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

void Trap() {
  asm volatile(".option push\n.option norvc\nebreak\n.option pop" ::: "memory");
}

void InstallHandler(Handler handler) {
  g_handler = handler;
  asm volatile("mv %0, gp; mv %1, tp"
               : "=r"(ebpf_step_globals[0]), "=r"(ebpf_step_globals[1]));
  struct sigaction action = {};
  action.sa_sigaction = ebpf_step_signal_entry;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int signal : {SIGTRAP, SIGSEGV, SIGILL, SIGBUS}) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace ebpf::step
