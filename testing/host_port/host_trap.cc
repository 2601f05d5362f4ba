// SPDX-License-Identifier: MIT
//
// Signals as traps: the conversion of ucontext to pt_regs and back, and the
// interrupt flag, which a process does not have.
#include "testing/host_port/host_trap.h"

#include <atomic>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/machine_ops.h"
#include "core/base/assert.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "core/probes/kprobe.h"
#include "testing/host_port/host_context.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_nofault.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

using host::FromContext;
using host::t_thread;
using x86_64::kFlagInterrupt;
using x86_64::PtRegs;

using Hook = bool (*)(PtRegs&);

std::atomic<uint64_t> g_breakpoint_count{0};
std::atomic<Hook> g_step_hook{nullptr};
std::atomic<Hook> g_fault_hook{nullptr};
constexpr HostTrapMistake kNoMistake;
std::atomic<const HostTrapMistake*> g_mistake{&kNoMistake};

EBPF_NOPROBE_INLINE void ToContext(const PtRegs& regs, ucontext_t& context) {
  greg_t* to = context.uc_mcontext.gregs;
  for (const host::RegisterPair& pair : host::kRegisterPairs) {
    to[pair.from] = static_cast<greg_t>(regs.*pair.to);
  }
  to[REG_EFL] = static_cast<greg_t>(regs.rflags | kFlagInterrupt);
}

[[noreturn]] void DieOfBreakpoint() {
  Panic("a breakpoint that nobody claims");
}

/// Runs one handler as a trap: interrupts masked, locks of what was interrupted
/// aside; then gives the thread the interrupt state of `regs`.
template <typename Handler>
EBPF_NOPROBE_INLINE void AsTrap(ucontext_t& context, bool is_fault,
                                Handler handler) {
  host::Thread& self = t_thread;
  const HostTrapMistake& mistake = *g_mistake;
  const bool wrong = mistake.in_faults == is_fault;
  const uint32_t irq_depth = self.irq_depth;
  const uint32_t rank_base = self.rank_base;
  self.rank_base = self.held_lock_count;
  self.trap_depth = self.trap_depth + 1;
  PtRegs regs;
  FromContext(context, irq_depth == 0, regs);
  const uint64_t flag = regs.rflags & kFlagInterrupt;
  const PtRegs interrupted = regs;
  if (!wrong || !mistake.lets_interrupts_in) {
    self.irq_depth = irq_depth + 1;
  }
  if (wrong && mistake.before != nullptr) {
    mistake.before(regs);
  }
  handler(regs);
  if (wrong && mistake.after != nullptr) {
    mistake.after(interrupted, regs);
  }
  ToContext(regs, context);
  self.trap_depth = self.trap_depth - 1;
  self.rank_base = rank_base;
  const uint64_t new_flag = regs.rflags & kFlagInterrupt;
  if (new_flag == flag) {
    self.irq_depth = irq_depth;
  } else {
    self.irq_depth = new_flag != 0 ? 0 : 1;
  }
  if (self.irq_depth == 0) {
    host::TakePendingIpi(regs.rip);
  }
}

constexpr uint64_t kFlagTrap = 1 << 8;

/// A detour masks interrupts, which a process cannot do: its CLI faults. Here
/// the thread masks its own; and steps over what is behind the POPF by which
/// they would be back, so that they are.
EBPF_NOPROBE_INLINE bool BeginDetour(PtRegs& regs) {
  constexpr uint8_t kPushFlags = 0x9c;
  constexpr uint8_t kCli = 0xfa;
  if (OriginalPc(regs.rip) == regs.rip) {
    return false;  // not in a slot: there may be nothing to be read
  }
  const auto* text = reinterpret_cast<const uint8_t*>(regs.rip);
  if (text[0] != kCli || text[-1] != kPushFlags) {
    return false;
  }
  uint64_t& flags = *reinterpret_cast<uint64_t*>(regs.rsp);
  if ((regs.rflags & kFlagInterrupt) != 0) {
    flags |= kFlagTrap;
    t_thread.in_detour = 1;
  } else {
    flags &= ~kFlagInterrupt;
  }
  regs.rflags &= ~kFlagInterrupt;
  ++regs.rip;
  return true;
}

EBPF_NOPROBE_INLINE bool EndDetour(PtRegs& regs) {
  if (t_thread.in_detour == 0 || (regs.rflags & kFlagTrap) == 0) {
    return false;
  }
  t_thread.in_detour = 0;
  regs.rflags = (regs.rflags & ~kFlagTrap) | kFlagInterrupt;
  return true;
}

constexpr int kFaultSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

/// TSan's sigaction(2) masks all signals while a handler runs, whatever was
/// asked for, and a fault that is masked ends the process: what a probe reads
/// may fault. The handler's end brings the mask of before back.
EBPF_NOPROBE_INLINE void LetFaultsNest() {
#if __has_feature(thread_sanitizer)
  uint64_t mask = uint64_t{1} << (SIGTRAP - 1);
  for (const int signal : kFaultSignals) {
    mask |= uint64_t{1} << (signal - 1);
  }
  syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, nullptr, sizeof(mask));
#endif
}

EBPF_NOPROBE void OnSigtrap(int /*signal*/, siginfo_t* info, void* opaque) {
  const int saved_errno = errno;
  auto& context = *static_cast<ucontext_t*>(opaque);
  const bool breakpoint = info->si_code == SI_KERNEL;
  LetFaultsNest();
  AsTrap(context, false, [&](PtRegs& regs) __attribute__((always_inline)) {
    if (breakpoint) {
      ++g_breakpoint_count;
      if (!OnBreakpoint(x86_64::Opaque(regs))) {
        DieOfBreakpoint();
      }
      return;
    }
    if (EndDetour(regs)) {
      return;
    }
    const Hook hook = g_step_hook;
    if (hook == nullptr || !hook(regs)) {
      DieOfBreakpoint();
    }
  });
  errno = saved_errno;
}

constexpr size_t kFaultSignalCount =
    sizeof(kFaultSignals) / sizeof(kFaultSignals[0]);

struct sigaction g_old_trap;
struct sigaction g_old_faults[kFaultSignalCount];

/// Lets whoever handled these faults before have them: a sanitizer, say, which
/// tells more, or nobody, which ends the process.
void GiveBack(int signal) {
  for (size_t i = 0; i < kFaultSignalCount; ++i) {
    if (kFaultSignals[i] == signal) {
      sigaction(signal, &g_old_faults[i], nullptr);
    }
  }
}

/// Goes on behind the instruction: a store of a register's byte, two bytes.
EBPF_NOPROBE_INLINE bool TakenByMistake(PtRegs& regs) {
  if (!g_mistake.load()->takes_all_faults) {
    return false;
  }
  regs.rip += 2;
  return true;
}

EBPF_NOPROBE void OnFaultSignal(int signal, siginfo_t* /*info*/, void* opaque) {
  const int saved_errno = errno;
  auto& context = *static_cast<ucontext_t*>(opaque);
  LetFaultsNest();
  AsTrap(context, true, [&](PtRegs& regs) __attribute__((always_inline)) {
    if (BeginDetour(regs)) {
      return;
    }
    EndDetour(regs);
    // First put back to its own place, then handled as of there.
    OnFault(x86_64::Opaque(regs));
    const Hook hook = g_fault_hook;
    if (!x86_64::NofaultFixup(regs.rip) &&
        !ebpf_fix_fault(reinterpret_cast<ebpf_pt_regs*>(&regs)) &&
        !TakenByMistake(regs) && (hook == nullptr || !hook(regs))) {
      GiveBack(signal);  // it faults again
    }
  });
  errno = saved_errno;
}

}  // namespace

const machine::MachineOps& HostMachineOps() { return x86_64::kMachineOps; }

HostTraps::HostTraps() {
  struct sigaction action = {};
  // On the alternate stack of a thread that has one: a test may play with rsp.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | SA_ONSTACK;
  host::BlockIpi(&action.sa_mask);
  action.sa_sigaction = OnSigtrap;
  sigaction(SIGTRAP, &action, &g_old_trap);
  action.sa_sigaction = OnFaultSignal;
  for (size_t i = 0; i < kFaultSignalCount; ++i) {
    sigaction(kFaultSignals[i], &action, &g_old_faults[i]);
  }
  SetHostNofaultCopy(ebpf_copy_nofault);
}

HostTraps::~HostTraps() {
  SetHostNofaultCopy(nullptr);
  sigaction(SIGTRAP, &g_old_trap, nullptr);
  for (size_t i = 0; i < kFaultSignalCount; ++i) {
    sigaction(kFaultSignals[i], &g_old_faults[i], nullptr);
  }
}

void KeepASlotPage() {
  struct Nobody final : KprobeConsumer {
    void Hit(machine::PtRegs& /*regs*/) override {}
  } nobody;
  constexpr uint8_t kStepped[] = {0x48, 0x0f, 0xaf, 0xfe, 0xc3};  // imul; ret
  HostText text("keep_a_slot_page", kStepped);
  const Result<Ref<Kprobe>> probe =
      AttachKprobe("keep_a_slot_page", 0, 0, nobody);
  if (probe.ok()) {
    (*probe)->Detach();
  }
}

uint64_t HostBreakpointCount() { return g_breakpoint_count; }

void SetHostTrapMistake(const HostTrapMistake* mistake) {
  g_mistake = mistake != nullptr ? mistake : &kNoMistake;
}

void SetHostStepHook(Hook hook) { g_step_hook = hook; }
void SetHostFaultHook(Hook hook) { g_fault_hook = hook; }

}  // namespace ebpf
