// SPDX-License-Identifier: MIT
//
// The trap path of ports/hermit on RISC-V, inside the real kernel: what is
// handed over, what is put back, and what goes on to the kernel.
#include "arch/riscv64/machine/taken_frame.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/cpu.h"
#include "testing/hermit/port/riscv64/trap_probe.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

constexpr uint64_t kBreakpoint = 3;  // [riscv/priv: scause]
constexpr uint64_t kLoadPageFault = 13;

uint64_t Before(unsigned index) { return 0x1111000000000000 + index; }
uint64_t After(unsigned index) { return 0x2222000000000000 + index * 3; }

Registers Pattern() {
  Registers registers = {};
  for (unsigned i = 0; i < 31; ++i) {
    registers.x[i] = Before(i);
  }
  return registers;
}

void ExpectAll(const uint64_t (&x)[31], uint64_t (*value)(unsigned index)) {
  for (unsigned i = 0; i < 31; ++i) {
    if (i != kSp) {
      GUEST_EXPECT_EQ(x[i], value(i));
    }
  }
}

// What the last hook was given.
constinit TakenFrame seen = {};

bool ChangeEverything(TakenFrame& regs) {
  seen = regs;
  for (unsigned i = 0; i < 31; ++i) {
    if (i != kSp) {
      regs.x[i] = After(i);
    }
  }
  regs.pc += 4;
  return true;
}

GUEST_TEST(Trap, HandsOverAndTakesBackEveryRegister) {
  GUEST_ASSERT(PortIsUp());
  const Registers in = Pattern();
  Registers out = {};
  {
    ScopedHook hook(&ChangeEverything);
    HermitTestRegisters(&in, &out);
  }
  ExpectAll(seen.x, Before);
  ExpectAll(out.x, After);
  GUEST_EXPECT_EQ(seen.pc, reinterpret_cast<uint64_t>(HermitTestBreakpoint));
  GUEST_EXPECT_EQ(seen.cause, kBreakpoint);
  GUEST_EXPECT_EQ(out.x[kSp], seen.x[kSp]);
}

// By how much sp is moved by the handler.
constinit int64_t stack_move = 0;

bool MoveStackPointer(TakenFrame& regs) {
  regs.x[kSp] += static_cast<uint64_t>(stack_move);
  if (stack_move < 0) {
    auto* top = reinterpret_cast<uint64_t*>(regs.x[kSp]);
    top[0] = 0xfeed;
    top[1] = 0xf00d;
  }
  regs.pc += 4;
  return true;
}

GUEST_TEST(Trap, TakesBackAPushOfAnySizeUpToTheGap) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&MoveStackPointer);
  for (stack_move = -16; stack_move >= -512; stack_move -= 16) {
    uint64_t top[2] = {};
    GUEST_EXPECT_EQ(HermitTestStackPointer(top), stack_move);
    GUEST_EXPECT_EQ(top[0], 0xfeed);
    GUEST_EXPECT_EQ(top[1], 0xf00d);
  }
}

GUEST_TEST(Trap, TakesBackAPop) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&MoveStackPointer);
  for (stack_move = 0; stack_move <= 64; stack_move += 16) {
    uint64_t top[2] = {};
    GUEST_EXPECT_EQ(HermitTestStackPointer(top), stack_move);
  }
}

// A breakpoint inside the handler, and nothing else is lost by it.
bool HitAnother(TakenFrame& regs) {
  if (regs.pc != reinterpret_cast<uint64_t>(HermitTestBreakpoint)) {
    regs.pc += 4;
    return true;
  }
  HitBreakpoint();
  return ChangeEverything(regs);
}

GUEST_TEST(Trap, NestsInsideItsOwnHandler) {
  GUEST_ASSERT(PortIsUp());
  const Registers in = Pattern();
  Registers out = {};
  const uint64_t before = BreakpointCount();
  {
    ScopedHook hook(&HitAnother);
    HermitTestRegisters(&in, &out);
  }
  GUEST_EXPECT_EQ(BreakpointCount() - before, 2);
  ExpectAll(seen.x, Before);
  ExpectAll(out.x, After);
}

GUEST_TEST(Trap, LeadsEachOtherTrapToTheKernelsOwnVector) {
  GUEST_ASSERT(PortIsUp());
  // Behind the exchange of sp and the branch.
  GUEST_EXPECT_EQ(ebpf_kernels_vector,
                  reinterpret_cast<uintptr_t>(&trap_entry) + 8);
}

struct Patch {
  const void* at;
  uint32_t word;
};

int WritePatch(void* argument) {
  const auto* patch = static_cast<const Patch*>(argument);
  return ebpf_port_text_write(reinterpret_cast<uintptr_t>(patch->at),
                              &patch->word, sizeof(patch->word));
}

bool Write(const void* at, uint32_t word) {
  Patch patch = {at, word};
  int result = -1;
  return ebpf_port_stop_machine(&WritePatch, &patch, &result) == 0 &&
         result == 0;
}

/// What HermitTestKernelHandler sees while this lives, the kernel does not:
/// with interrupts masked, for it goes on behind what it takes for an
/// instruction.
class ScopedKernel {
 public:
  ScopedKernel() : original_(ebpf_kernels_vector) {
    asm volatile("csrci sstatus, 2" : : : "memory");
    ebpf_kernels_vector = reinterpret_cast<uintptr_t>(HermitTestKernelHandler);
  }
  ~ScopedKernel() {
    ebpf_kernels_vector = original_;
    asm volatile("csrsi sstatus, 2" : : : "memory");
  }
  ScopedKernel(const ScopedKernel&) = delete;
  ScopedKernel& operator=(const ScopedKernel&) = delete;

 private:
  const uintptr_t original_;
};

bool TouchAndRefuse(TakenFrame& /*regs*/) {
  // A trap of ours within, which overwrites sepc, sstatus, scause and stval.
  static constinit bool inside = false;
  if (!inside) {
    inside = true;
    ScopedHook hook([](TakenFrame& regs) {
      regs.pc += 4;
      return true;
    });
    HitBreakpoint();
    inside = false;
  }
  return false;
}

GUEST_TEST(Trap, GivesTheKernelABreakpointThatIsNotOursUntouched) {
  GUEST_ASSERT(PortIsUp());
  const Registers in = Pattern();
  Registers out = {};
  {
    const ScopedKernel kernel;
    ScopedHook hook(&TouchAndRefuse);
    HermitTestRegisters(&in, &out);
  }
  const KernelView& saw = hermit_test_kernel_saw;
  ExpectAll(saw.registers.x, Before);
  ExpectAll(out.x, Before);
  GUEST_EXPECT_EQ(saw.pc, reinterpret_cast<uint64_t>(HermitTestBreakpoint));
  GUEST_EXPECT_EQ(saw.cause, kBreakpoint);
  GUEST_EXPECT_EQ(saw.registers.x[kSp], out.x[kSp]);
}

GUEST_TEST(Trap, GivesTheKernelItsOwnFaults) {
  GUEST_ASSERT(PortIsUp());
  constexpr uint64_t kNowhere = (uint64_t{1} << 35) + 8;
  {
    const ScopedKernel kernel;
    register uint64_t address asm("a0") = kNowhere;
    asm volatile(".option push; .option norvc; ld a1, 0(a0); .option pop"
                 :
                 : "r"(address)
                 : "a1", "memory");
  }
  const KernelView& saw = hermit_test_kernel_saw;
  GUEST_EXPECT_EQ(saw.cause, kLoadPageFault);
  GUEST_EXPECT_EQ(saw.fault_address, kNowhere);
  GUEST_EXPECT_EQ(saw.registers.x[kA0], kNowhere);
}

constinit TakenFrame faulted = {};
constinit uint64_t own_place = 0;

bool MoveToItsOwnPlace(TakenFrame& regs) {
  if (regs.pc != own_place - 8) {
    return false;
  }
  faulted = regs;
  regs.pc = own_place;
  return true;
}

/// Calls `code`, whose load is of what a0 points to.
void CallWithA0(const uint32_t* code, uint64_t a0) {
  register uint64_t in asm("a0") = a0;
  asm volatile("jalr %1" : "+r"(in) : "r"(code) : "ra", "a1", "memory");
}

GUEST_TEST(Trap, TellsOfAFaultInASlotBeforeTheKernelSeesIt) {
  GUEST_ASSERT(PortIsUp());
  // A bad load, as in a slot and at its own place.
  auto* code = static_cast<uint32_t*>(ebpf_port_exec_alloc(
      16, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20));
  constexpr uint32_t kLoad = 0x00053583;    // ld a1, 0(a0)
  constexpr uint32_t kReturn = 0x00008067;  // ret
  GUEST_ASSERT(code != nullptr && Write(code, kLoad) &&
               Write(code + 1, kReturn) && Write(code + 2, kLoad) &&
               Write(code + 3, kReturn));
  own_place = reinterpret_cast<uint64_t>(code + 2);
  constexpr uint64_t kNowhere = uint64_t{1} << 35;
  {
    const ScopedKernel kernel;
    ScopedFaultHook hook(&MoveToItsOwnPlace);
    CallWithA0(code, kNowhere);
  }
  const KernelView moved = hermit_test_kernel_saw;
  ebpf_port_exec_free(code, 16);
  GUEST_EXPECT_EQ(faulted.x[kA0], kNowhere);
  GUEST_EXPECT_EQ(moved.pc, own_place);
  GUEST_EXPECT_EQ(moved.registers.x[kA0], kNowhere);
  GUEST_EXPECT_EQ(moved.cause, kLoadPageFault);
}

GUEST_TEST(Trap, LetsTheKernelsInterruptsThrough) {
  GUEST_ASSERT(PortIsUp());
  // Longer than 10 ms: the kernel blocks the task and sets its timer.
  sys_usleep(15'000);
  sys_usleep(15'000);
}

}  // namespace
}  // namespace hermit
