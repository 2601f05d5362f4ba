// SPDX-License-Identifier: MIT
//
// The trap path of ports/hermit on x86-64, inside the real kernel: what is
// handed over, what is put back, and what goes on to the kernel.
#include "arch/x86_64/machine/taken_frame.h"
#include "core/platform/cpu.h"
#include "core/platform/exec.h"
#include "core/platform/may_probe.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/cpu.h"
#include "testing/hermit/port/x86_64/trap_probe.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

uint64_t Before(size_t index) { return 0x1111000000000000 + index; }
uint64_t After(size_t index) { return 0x2222000000000000 + index * 3; }

// What the last hook was given.
constinit TakenFrame seen = {};

uint64_t* WordsOf(TakenFrame& regs) { return &regs.r15; }

bool ChangeEverything(TakenFrame& regs) {
  seen = regs;
  for (size_t i = 0; i < kRegisterCount; ++i) {
    WordsOf(regs)[i] = After(i);
  }
  return true;
}

void ExpectEverythingChanged(BreakpointHook change) {
  uint64_t in[kRegisterCount];
  uint64_t out[kRegisterCount] = {};
  for (size_t i = 0; i < kRegisterCount; ++i) {
    in[i] = Before(i);
  }
  {
    ScopedHook hook(change);
    HermitTestRegisters(&in, &out);
  }
  for (size_t i = 0; i < kRegisterCount; ++i) {
    GUEST_EXPECT_EQ(WordsOf(seen)[i], Before(i));
    GUEST_EXPECT_EQ(out[i], After(i));
  }
  GUEST_EXPECT_EQ(seen.pc,
                  reinterpret_cast<uint64_t>(HermitTestBreakpoint) + 1);
}

GUEST_TEST(Trap, HandsOverAndTakesBackEveryRegister) {
  GUEST_ASSERT(PortIsUp());
  ExpectEverythingChanged(&ChangeEverything);
}

// A breakpoint inside the handler, and nothing else is lost by it.
bool HitAnother(TakenFrame& regs) {
  if (regs.pc != reinterpret_cast<uint64_t>(HermitTestBreakpoint) + 1) {
    return true;
  }
  HitBreakpoint();
  return ChangeEverything(regs);
}

GUEST_TEST(Trap, NestsInsideItsOwnHandler) {
  GUEST_ASSERT(PortIsUp());
  const uint64_t before = BreakpointCount();
  ExpectEverythingChanged(&HitAnother);
  GUEST_EXPECT_EQ(BreakpointCount() - before, 2);
}

bool Push(TakenFrame& regs) {
  regs.sp -= 8;
  *reinterpret_cast<uint64_t*>(regs.sp) = 0xfeed;
  return true;
}

GUEST_TEST(Trap, TakesBackAPush) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&Push);
  uint64_t top = 0;
  GUEST_EXPECT_EQ(HermitTestStackPointer(&top), -8);
  GUEST_EXPECT_EQ(top, 0xfeed);
}

/// What `stand_in` sees while this lives, the kernel does not.
class ScopedKernel {
 public:
  ScopedKernel(uintptr_t& handler, void (*stand_in)())
      : handler_(handler), original_(handler) {
    handler_ = reinterpret_cast<uintptr_t>(stand_in);
  }
  ~ScopedKernel() { handler_ = original_; }
  ScopedKernel(const ScopedKernel&) = delete;
  ScopedKernel& operator=(const ScopedKernel&) = delete;

 private:
  uintptr_t& handler_;
  const uintptr_t original_;
};

bool Refuse(TakenFrame& /*regs*/) { return false; }

GUEST_TEST(Trap, GivesTheKernelABreakpointThatIsNotOursUntouched) {
  GUEST_ASSERT(PortIsUp());
  uint64_t in[kRegisterCount];
  uint64_t out[kRegisterCount] = {};
  for (size_t i = 0; i < kRegisterCount; ++i) {
    in[i] = Before(i);
  }
  {
    const ScopedKernel kernel(ebpf_kernels_breakpoint,
                              &HermitTestKernelBreakpoint);
    ScopedHook hook(&Refuse);
    HermitTestRegisters(&in, &out);
  }
  for (size_t i = 0; i < kRegisterCount; ++i) {
    GUEST_EXPECT_EQ(out[i], Before(i));
  }
  const KernelView& saw = hermit_test_kernel_saw;
  GUEST_EXPECT_EQ(saw.pc, reinterpret_cast<uint64_t>(HermitTestBreakpoint) + 1);
  // On the stack of the kernel's own gate, not on the interrupted one.
  GUEST_EXPECT_EQ(saw.handler_sp % 16, 8);
  GUEST_EXPECT(saw.handler_sp - saw.sp > 4096 &&
               saw.sp - saw.handler_sp > 4096);
}

GUEST_TEST(Trap, GivesTheKernelItsOwnPageFaults) {
  GUEST_ASSERT(PortIsUp());
  constexpr uint64_t kNowhere = (uint64_t{1} << 35) + 8;
  {
    const ScopedKernel kernel(ebpf_kernels_page_fault,
                              &HermitTestKernelPageFault);
    (void)HermitTestLoad(reinterpret_cast<const uint64_t*>(kNowhere));
  }
  const KernelView& saw = hermit_test_kernel_saw;
  GUEST_EXPECT_EQ(saw.pc, reinterpret_cast<uint64_t>(&HermitTestLoad));
  GUEST_EXPECT_EQ(saw.fault_address, kNowhere);
  GUEST_EXPECT_EQ(saw.error_code, 0);  // a read of what is not present
}

constinit TakenFrame faulted = {};
constinit uint64_t own_place = 0;

bool MoveToItsOwnPlace(TakenFrame& regs) {
  faulted = regs;
  regs.pc = own_place;
  return true;
}

GUEST_TEST(Trap, TellsOfAFaultInASlotBeforeTheKernelSeesIt) {
  GUEST_ASSERT(PortIsUp());
  // A bad load, as in a slot and at its own place.
  constexpr uint8_t kCode[] = {0x48, 0x8b, 0x07, 0xc3,  // mov (%rdi), %rax; ret
                               0x48, 0x8b, 0x07, 0xc3};
  void* const code = ebpf_port_exec_alloc(
      sizeof kCode, reinterpret_cast<uintptr_t>(&sys_getpid), 128 << 20);
  GUEST_ASSERT(code != nullptr);
  GUEST_ASSERT(ebpf_port_exec_write(code, kCode, sizeof kCode) == 0);
  const auto slot = reinterpret_cast<uint64_t>(code);
  own_place = slot + sizeof kCode / 2;
  constexpr uint64_t kNowhere = uint64_t{1} << 35;
  {
    const ScopedKernel kernel(ebpf_kernels_page_fault,
                              &HermitTestKernelPageFault);
    ScopedFaultHook hook(&MoveToItsOwnPlace);
    (void)reinterpret_cast<uint64_t (*)(uint64_t address)>(code)(kNowhere);
  }
  ebpf_port_exec_free(code, sizeof kCode);
  const KernelView& saw = hermit_test_kernel_saw;
  GUEST_EXPECT_EQ(faulted.pc, slot);
  GUEST_EXPECT_EQ(WordsOf(faulted)[kRegisterCount - 1], kNowhere);
  GUEST_EXPECT_EQ(saw.pc, own_place);
  GUEST_EXPECT_EQ(saw.fault_address, kNowhere);
  GUEST_EXPECT_EQ(saw.error_code, 0);
}

GUEST_TEST(Trap, LetsTheKernelsInterruptsThrough) {
  GUEST_ASSERT(PortIsUp());
  // Longer than 10 ms: the kernel blocks the task and sets its timer.
  sys_usleep(15'000);
  sys_usleep(15'000);
}

template <typename F>
uintptr_t AddressOf(F* function) {
  return reinterpret_cast<uintptr_t>(function);
}

GUEST_TEST(Text, MayBeProbedButForThePortsTrapCode) {
  GUEST_ASSERT(PortIsUp());
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&sys_getpid), 1));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_cpu_id), 1));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_irq_save), 1));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_breakpoint_entry), 1));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(ebpf_hermit_symbols), 1));
  GUEST_EXPECT(!ebpf::MayProbe(0, 1));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&sys_getpid), 0));
}

}  // namespace
}  // namespace hermit
