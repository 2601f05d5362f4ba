// SPDX-License-Identifier: MIT
//
// The trap path of ports/hermit, inside the real kernel: what is handed over,
// what is put back, and what goes on to the kernel.
#include "arch/aarch64/machine/taken_frame.h"
#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/aarch64/trap_probe.h"
#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

constexpr Stack kStacks[] = {Stack::kTask, Stack::kKernel};

constexpr uint64_t kFlagsBefore = uint64_t{0b1010} << 28;
constexpr uint64_t kFlagsAfter = uint64_t{0b0101} << 28;
constexpr uint64_t kFlagsMask = uint64_t{0b1111} << 28;

uint64_t Before(unsigned index) { return 0x1111000000000000 + index; }
uint64_t After(unsigned index) { return 0x2222000000000000 + index * 3; }

Registers Pattern() {
  Registers registers = {};
  for (unsigned i = 0; i < 31; ++i) {
    registers.x[i] = Before(i);
  }
  registers.flags = kFlagsBefore;
  return registers;
}

// What the last hook was given.
constinit TakenFrame seen = {};

bool ChangeEverything(TakenFrame& regs) {
  seen = regs;
  for (unsigned i = 0; i < 31; ++i) {
    regs.x[i] = After(i);
  }
  regs.pstate = (regs.pstate & ~kFlagsMask) | kFlagsAfter;
  regs.pc += 4;
  return true;
}

GUEST_TEST(Trap, HandsOverAndTakesBackEveryRegister) {
  GUEST_ASSERT(PortIsUp());
  for (Stack stack : kStacks) {
    const Registers in = Pattern();
    Registers out = {};
    {
      ScopedHook hook(&ChangeEverything);
      HermitTestRegisters(&in, &out, stack);
    }
    for (unsigned i = 0; i < 31; ++i) {
      GUEST_EXPECT_EQ(seen.x[i], Before(i));
      GUEST_EXPECT_EQ(out.x[i], After(i));
    }
    GUEST_EXPECT_EQ(seen.pc, reinterpret_cast<uint64_t>(HermitTestBreakpoint));
    GUEST_EXPECT_EQ(seen.pstate & kFlagsMask, kFlagsBefore);
    GUEST_EXPECT_EQ(seen.pstate & 1, static_cast<uint64_t>(stack));
    GUEST_EXPECT_EQ(out.flags, kFlagsAfter);
    GUEST_EXPECT_EQ(out.sp, seen.sp);
  }
}

// By how much SP is moved by the handler, and whether that pushed something.
constinit int64_t stack_move = 0;

bool MoveStackPointer(TakenFrame& regs) {
  regs.sp += static_cast<uint64_t>(stack_move);
  if (stack_move < 0) {
    auto* top = reinterpret_cast<uint64_t*>(regs.sp);
    top[0] = 0xfeed;
    top[1] = 0xf00d;
  }
  regs.pc += 4;
  return true;
}

GUEST_TEST(Trap, TakesBackAPushOfAnySizeUpToTheGap) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&MoveStackPointer);
  for (Stack stack : kStacks) {
    for (stack_move = -16; stack_move >= -512; stack_move -= 16) {
      uint64_t top[2] = {};
      GUEST_EXPECT_EQ(HermitTestStackPointer(top, stack), stack_move);
      GUEST_EXPECT_EQ(top[0], 0xfeed);
      GUEST_EXPECT_EQ(top[1], 0xf00d);
    }
  }
}

GUEST_TEST(Trap, TakesBackAPop) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&MoveStackPointer);
  for (stack_move = 0; stack_move <= 64; stack_move += 16) {
    uint64_t top[2] = {};
    GUEST_EXPECT_EQ(HermitTestStackPointer(top, Stack::kTask), stack_move);
  }
}

// A breakpoint inside the handler, and nothing else is lost by it.
bool HitAnother(TakenFrame& regs) {
  if (regs.pc != reinterpret_cast<uint64_t>(HermitTestBreakpoint)) {
    regs.pc += 4;
    return true;
  }
  asm volatile("brk #3");
  return ChangeEverything(regs);
}

GUEST_TEST(Trap, NestsInsideItsOwnHandler) {
  GUEST_ASSERT(PortIsUp());
  for (Stack stack : kStacks) {
    const Registers in = Pattern();
    Registers out = {};
    const uint64_t before = BreakpointCount();
    {
      ScopedHook hook(&HitAnother);
      HermitTestRegisters(&in, &out, stack);
    }
    GUEST_EXPECT_EQ(BreakpointCount() - before, 2);
    for (unsigned i = 0; i < 31; ++i) {
      GUEST_EXPECT_EQ(seen.x[i], Before(i));
      GUEST_EXPECT_EQ(out.x[i], After(i));
    }
  }
}

// Where the last word of one of our vectors leads: the way to the kernel.
uint32_t* WayToKernel(unsigned vector) {
  uintptr_t base;
  asm volatile("mrs %0, vbar_el1" : "=r"(base));
  return reinterpret_cast<uint32_t*>(base + vector * 128 + 124);
}

uintptr_t BranchTarget(const uint32_t* branch) {
  const int32_t offset = static_cast<int32_t>(*branch << 6) >> 4;
  return reinterpret_cast<uintptr_t>(branch) +
         static_cast<uintptr_t>(static_cast<intptr_t>(offset));
}

GUEST_TEST(Trap, LeadsEachOtherExceptionToTheKernelsOwnVector) {
  GUEST_ASSERT(PortIsUp());
  for (unsigned i = 0; i < 16; ++i) {
    GUEST_EXPECT_EQ(*WayToKernel(i) >> 26, 5);
    GUEST_EXPECT_EQ(BranchTarget(WayToKernel(i)),
                    reinterpret_cast<uintptr_t>(vector_table) + i * 128);
  }
}

struct Patch {
  uint32_t* at;
  uint32_t word;
};

int WritePatch(void* argument) {
  const auto* patch = static_cast<const Patch*>(argument);
  return ebpf_port_text_write(reinterpret_cast<uintptr_t>(patch->at),
                              &patch->word, sizeof(patch->word));
}

bool Write(uint32_t* at, uint32_t word) {
  Patch patch = {at, word};
  int result = -1;
  return ebpf_port_stop_machine(&WritePatch, &patch, &result) == 0 &&
         result == 0;
}

bool TouchAndRefuse(TakenFrame& /*regs*/) {
  // A trap of ours within, which overwrites ELR_EL1, SPSR_EL1 and ESR_EL1.
  static constinit bool inside = false;
  if (!inside) {
    inside = true;
    ScopedHook hook([](TakenFrame& regs) {
      regs.pc += 4;
      return true;
    });
    asm volatile("brk #4");
    inside = false;
  }
  return false;
}

GUEST_TEST(Trap, GivesTheKernelABreakpointThatIsNotOursUntouched) {
  GUEST_ASSERT(PortIsUp());
  for (Stack stack : kStacks) {
    uint32_t* way = WayToKernel(stack == Stack::kTask ? 0 : 4);
    const uint32_t original = *way;
    const uint64_t distance =
        reinterpret_cast<uint64_t>(HermitTestKernelHandler) -
        reinterpret_cast<uint64_t>(way);
    GUEST_ASSERT(Write(way, 0x14000000 | (distance >> 2 & 0x03ffffff)));
    const Registers in = Pattern();
    Registers out = {};
    {
      ScopedHook hook(&TouchAndRefuse);
      HermitTestRegisters(&in, &out, stack);
    }
    GUEST_ASSERT(Write(way, original));

    const KernelView& saw = hermit_test_kernel_saw;
    for (unsigned i = 0; i < 31; ++i) {
      GUEST_EXPECT_EQ(saw.registers.x[i], Before(i));
      GUEST_EXPECT_EQ(out.x[i], Before(i));
    }
    GUEST_EXPECT_EQ(saw.pc, reinterpret_cast<uint64_t>(HermitTestBreakpoint));
    GUEST_EXPECT_EQ(saw.pstate & kFlagsMask, kFlagsBefore);
    GUEST_EXPECT_EQ(saw.syndrome, BreakpointSyndrome(1));
    GUEST_EXPECT_EQ(out.flags, kFlagsBefore);
    if (stack == Stack::kKernel) {
      GUEST_EXPECT_EQ(saw.registers.sp, out.sp);
    }
  }
}

constinit TakenFrame faulted = {};
constinit uint64_t own_place = 0;

bool MoveToItsOwnPlace(TakenFrame& regs) {
  faulted = regs;
  regs.pc = own_place;
  regs.pstate = (regs.pstate & ~kFlagsMask) | kFlagsAfter;
  return true;
}

// A function in executable memory whose first instruction is a bad load, at
// its second and third word, as a slot and as the load's own place.
uint32_t* WriteBadLoad() {
  auto* code = static_cast<uint32_t*>(ebpf_port_exec_alloc(
      16, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20));
  constexpr uint32_t kLoad = 0xf9400021;  // ldr x1, [x1]
  constexpr uint32_t kReturn = 0xd65f03c0;
  return code != nullptr && Write(code, kLoad) && Write(code + 1, kReturn) &&
                 Write(code + 2, kLoad) && Write(code + 3, kReturn)
             ? code
             : nullptr;
}

// Calls `code` with x1; the flags that it leaves.
uint64_t CallWithX1(const uint32_t* code, uint64_t x1) {
  register uint64_t in asm("x1") = x1;
  uint64_t flags;
  asm volatile("blr %2\n\tmrs %1, nzcv"
               : "+r"(in), "=&r"(flags)
               : "r"(code)
               : "x30", "memory", "cc");
  return flags;
}

GUEST_TEST(Trap, TellsOfAFaultInASlotBeforeTheKernelSeesIt) {
  GUEST_ASSERT(PortIsUp());
  uint32_t* way = WayToKernel(0);
  const uint32_t original = *way;
  const uint64_t distance =
      reinterpret_cast<uint64_t>(HermitTestKernelHandler) -
      reinterpret_cast<uint64_t>(way);
  uint32_t* code = WriteBadLoad();
  GUEST_ASSERT(code != nullptr);
  own_place = reinterpret_cast<uint64_t>(code + 2);
  GUEST_ASSERT(Write(way, 0x14000000 | (distance >> 2 & 0x03ffffff)));
  uint64_t flags = 0;
  {
    ScopedFaultHook hook(&MoveToItsOwnPlace);
    flags = CallWithX1(code, 16);
  }
  const KernelView moved = hermit_test_kernel_saw;
  (void)CallWithX1(code, 24);
  const KernelView left = hermit_test_kernel_saw;
  GUEST_ASSERT(Write(way, original));
  const auto slot = reinterpret_cast<uint64_t>(code);
  ebpf_port_exec_free(code, 16);

  GUEST_EXPECT_EQ(faulted.pc, slot);
  GUEST_EXPECT_EQ(faulted.x[1], 16);
  GUEST_EXPECT_EQ(moved.pc, own_place);
  GUEST_EXPECT_EQ(moved.registers.x[1], 16);
  GUEST_EXPECT_EQ(moved.pstate & kFlagsMask, kFlagsAfter);
  GUEST_EXPECT_EQ(moved.syndrome >> 26, 0x25);
  GUEST_EXPECT_EQ(flags & kFlagsMask, kFlagsAfter);
  GUEST_EXPECT_EQ(left.pc, slot);
  GUEST_EXPECT_EQ(left.registers.x[1], 24);
  GUEST_EXPECT_EQ(left.syndrome >> 26, 0x25);
}

GUEST_TEST(Trap, LetsTheKernelsInterruptsThrough) {
  GUEST_ASSERT(PortIsUp());
  // Longer than 10 ms: the kernel blocks the task and sets its timer.
  sys_usleep(15'000);
  sys_usleep(15'000);
}

}  // namespace
}  // namespace hermit
