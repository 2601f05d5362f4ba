// SPDX-License-Identifier: MIT
//
// A compiled program that loads memory which is not there gets 0, and goes on:
// every load, every register, on each CPU and in a probe's trap.
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/syscall/system.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

using ebpf::Program;
using ebpf::Ref;
using ebpf::Result;
using jit::Code;

constexpr unsigned kRegisters = 10;  // r0..r9
constexpr uint64_t kResult = 4711;

/// An address that is not mapped, right behind a page that is.
uintptr_t Hole() {
  static constinit uintptr_t hole = 0;
  if (hole == 0) {
    hole = reinterpret_cast<uintptr_t>(AllocatePages(2)) + kPageSize;
    machine::Unmap(hole, kPageSize);
  }
  return hole;
}

/// What a program gets, and where it leaves its registers.
struct Context {
  uint64_t address;
  uint64_t registers[kRegisters];
};

constexpr uint64_t InitialValue(unsigned reg) {
  return 0x5555'0000 + 0x111 * reg;
}

/// The one that keeps the context's address, which nothing else touches.
unsigned Keeper(unsigned dst, unsigned base) {
  unsigned keeper = 9;
  while (keeper == dst || keeper == base) {
    --keeper;
  }
  return keeper;
}

/// Loads `dst` from [base] by `opcode`, with all other registers known.
const Code& LoadInto(unsigned opcode, unsigned dst, unsigned base) {
  const unsigned keeper = Keeper(dst, base);
  Code& code = jit::NewCode();
  code << jit::Mov(keeper, 1);
  for (unsigned reg = 0; reg < kRegisters; ++reg) {
    if (reg != keeper) {
      code << jit::MovImm(reg, static_cast<int32_t>(InitialValue(reg)));
    }
  }
  code << jit::Load64(base, keeper, 0);
  code.Probed() << jit::Make(opcode, dst, base, 0);
  for (unsigned reg = 0; reg < kRegisters; ++reg) {
    code << jit::Store64(keeper, static_cast<int>(8 + 8 * reg), reg);
  }
  return code << jit::MovImm(0, kResult) << jit::Exit();
}

struct Kind {
  unsigned opcode;
  unsigned bytes;
  bool is_signed;
};
constexpr Kind kLoads[] = {
    {0x71, 1, false}, {0x69, 2, false}, {0x61, 4, false}, {0x79, 8, false},
    {0x91, 1, true},  {0x89, 2, true},  {0x81, 4, true},
};

/// A run of a program with an address, and what has to come of it.
struct Run {
  const Program* program;
  unsigned dst;
  unsigned base;
  uint64_t address;
  uint64_t expected;
  uint32_t wrong;
};

void DoRun(void* argument) {
  auto& run = *static_cast<Run*>(argument);
  Context context = {run.address, {}};
  run.wrong += run.program->Run(&context) == kResult ? 0 : 1;
  const unsigned keeper = Keeper(run.dst, run.base);
  for (unsigned reg = 0; reg < kRegisters; ++reg) {
    const uint64_t expected = reg == run.dst    ? run.expected
                              : reg == run.base ? run.address
                              : reg == keeper
                                  ? reinterpret_cast<uintptr_t>(&context)
                                  : InitialValue(reg);
    run.wrong += context.registers[reg] == expected ? 0 : 1;
  }
}

constexpr uint64_t kThere = 0xfedc'ba98'8765'8081;
constinit uint64_t there = kThere;

uint64_t ValueOf(const Kind& kind) {
  const unsigned shift = 64 - 8 * kind.bytes;
  const uint64_t value = kThere << shift;
  return kind.is_signed
             ? static_cast<uint64_t>(static_cast<int64_t>(value) >> shift)
             : value >> shift;
}

/// Addresses that are none, or nobody's.
uint64_t BadAddress(unsigned index) {
  const uint64_t addresses[] = {
      Hole(),     Hole() + 1,           Hole() - 0 + kPageSize - 8,
      0,          uint64_t{1} << 62,    ~uint64_t{7},
      Hole() + 5, uint64_t{0x77} << 40,
  };
  constexpr unsigned kCount = sizeof addresses / sizeof addresses[0];
  return index < kCount ? addresses[index] : 0;
}
constexpr unsigned kBadAddresses = 8;

uint32_t RunAll(const Program& program, const Kind& kind, unsigned dst,
                unsigned base) {
  Run run = {&program,      dst, base, reinterpret_cast<uintptr_t>(&there),
             ValueOf(kind), 0};
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    run.address = reinterpret_cast<uintptr_t>(&there);
    run.expected = ValueOf(kind);
    jit::RunOn(cpu, DoRun, &run);
  }
  for (unsigned i = 0; i < kBadAddresses; ++i) {
    run.address = BadAddress(i);
    run.expected = 0;
    jit::RunOn(i % OnlineCpus(), DoRun, &run);
  }
  return run.wrong;
}

void EveryLoadIntoEveryRegister() {
  const Ref<Program> keeper =
      ebpf::Move(*jit::Load(jit::NewCode() << jit::Exit()));
  uint32_t loads = 0;
  for (const Kind& kind : kLoads) {
    for (unsigned dst = 0; dst < kRegisters; ++dst) {
      const unsigned bases[] = {dst, (dst + 3) % kRegisters};
      for (unsigned base : bases) {
        Result<Ref<Program>> program =
            jit::Load(LoadInto(kind.opcode, dst, base));
        GUEST_ASSERT(program.ok());
        GUEST_EXPECT_EQ(RunAll(**program, kind, dst, base), 0);
        ++loads;
      }
    }
  }
  Line() << "  " << loads << " loads, each from " << kBadAddresses
         << " addresses that are none, by " << keeper->engine().name();
}

GUEST_TEST(Fault, ACompiledLoadGivesZeroAndGoesOn) {
  GUEST_ASSERT(jit::Start());
  GUEST_EXPECT(ebpf::StringView(ebpf::RunningSystem()->engine().name()) ==
               "jit");
  EveryLoadIntoEveryRegister();
}

GUEST_TEST(Fault, SoDoesAnInterpretedOne) {
  GUEST_ASSERT(jit::Start());
  GUEST_ASSERT(IsOk(ebpf::SelectEngine(false, false)));
  EveryLoadIntoEveryRegister();
  GUEST_EXPECT(IsOk(ebpf::SelectEngine(true, false)));
}

/// A load without the fact is the kernel's fault to handle: the guest's own
/// fix-up for tests still works beside ours.
GUEST_TEST(Fault, TheKernelsOwnFixUpsWorkAsBefore) {
  GUEST_ASSERT(jit::Start());
  uint8_t value = 0;
  GUEST_EXPECT(!machine::TryLoad8(Hole(), &value));
  GUEST_EXPECT(machine::TryLoad8(Hole() - 1, &value));
}

[[gnu::noinline, gnu::used]] uint64_t ProbedForFaults(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value + 1;
}

class Faulting final : public ebpf::KprobeConsumer {
 public:
  explicit Faulting(const Program& program) : program_(program) {}
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    Run run = {&program_, 3, 6, BadAddress(hits_ % kBadAddresses), 0, 0};
    DoRun(&run);
    wrong_ += run.wrong;
    ++hits_;
  }
  uint32_t hits() const { return hits_; }
  uint32_t wrong() const { return wrong_; }

 private:
  const Program& program_;
  uint32_t hits_ = 0;
  uint32_t wrong_ = 0;
};

GUEST_TEST(Fault, AProgramOnAProbeMayFault) {
  GUEST_ASSERT(jit::Start());
  Result<Ref<Program>> program = jit::Load(LoadInto(0x79, 3, 6));
  GUEST_ASSERT(program.ok());
  Faulting consumer(**program);
  auto probe = ebpf::AttachKprobe(
      {}, reinterpret_cast<uintptr_t>(&ProbedForFaults), 0, consumer);
  GUEST_ASSERT(probe.ok());
  GUEST_ASSERT(IsOk((*probe)->Enable()));
  for (uint64_t i = 0; i < 40; ++i) {
    GUEST_EXPECT_EQ(ProbedForFaults(i), i + 1);
  }
  (*probe)->Detach();
  GUEST_EXPECT_EQ(consumer.hits(), 40);
  GUEST_EXPECT_EQ(consumer.wrong(), 0);
}

}  // namespace
}  // namespace guest
