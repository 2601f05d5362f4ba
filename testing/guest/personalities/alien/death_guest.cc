// SPDX-License-Identifier: MIT
//
// Ways for a careless port to die. testing/guest/death_test.sh boots the image
// once for each, by name, and wants the guest to end with the reason.
#include "arch/riscv64/pt_regs.h"
#include "core/base/string_view.h"
#include "core/capi/ebpf.h"
#include "core/platform/memory.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/alien/ksync.h"
#include "testing/guest/riscv64/boot_arguments.h"

extern "C" char guest_text_begin[];

namespace guest {
namespace {

constexpr uint32_t kReadWrite =
    ALIEN_MAP_VALID | ALIEN_MAP_READ | ALIEN_MAP_WRITE;

void StoreToText() { *reinterpret_cast<volatile char*>(guest_text_begin) = 0; }

void LoadFromNowhere() {
  (void)*reinterpret_cast<volatile char*>(machine::FreeRam().end + kPageSize);
}

void ExecuteData() {
  static constinit uint16_t code = 0x8082;  // ret
  reinterpret_cast<void (*)()>(&code)();
}

/// What a breakpoint's handler does, below.
constinit void (*in_a_probe)(ebpf_pt_regs* regs) = nullptr;

void Allocate(ebpf_pt_regs* /*regs*/) {
  ebpf_port_free(ebpf_port_alloc(8, 8), 8, 8);
}

void AllocateInAProbe() {
  in_a_probe = Allocate;
  machine::Breakpoint();
}

/// The frame has a place for sp, and nothing in it.
void UseTheFramesSp() {
  in_a_probe = [](ebpf_pt_regs* regs) {
    const uintptr_t end = ebpf::riscv64::Reg(
        *reinterpret_cast<ebpf::riscv64::PtRegs*>(regs), ebpf::riscv64::kSp);
    const auto* frame = reinterpret_cast<alien_ktrap_frame*>(end) - 1;
    (void)*reinterpret_cast<volatile uint64_t*>(frame->x[ebpf::riscv64::kSp]);
  };
  machine::Breakpoint();
}

/// A port's alias for text, mapped to one page after another: the kernel's
/// functions flush nothing.
void ForgetTheFlush() {
  const uintptr_t irqs = machine::IrqSave();
  const uintptr_t va = alien_alloc_kernel_free_region(kPageSize);
  const auto pages =
      reinterpret_cast<uintptr_t>(alien_alloc(2 * kPageSize, kPageSize));
  constexpr uint32_t kFlags = kReadWrite | ALIEN_MAP_ACCESSED | ALIEN_MAP_DIRTY;
  auto& word = *reinterpret_cast<volatile uint64_t*>(va);
  alien_map_region(va, pages, kPageSize, kFlags);
  word = 1;
  alien_unmap_region(va, kPageSize);
  alien_map_region(va, pages + kPageSize, kPageSize, kFlags);
  word = 2;
  if (*reinterpret_cast<volatile uint64_t*>(pages) == 2) {
    Panic("a store went to the page that was mapped before");
  }
  machine::IrqRestore(irqs);
}

void LockTwice() {
  alien::MutexGuard first(alien::heap_lock);
  alien_dealloc(alien_alloc(8, 8), 8, 8);
}

void AskForTooMuch() { (void)alien_alloc(size_t{1} << 30, 8); }

void MapWithoutAccessed() {
  const uintptr_t va = alien_alloc_kernel_free_region(kPageSize);
  alien_map_region(va, machine::FreeRam().end - kPageSize, kPageSize,
                   kReadWrite);
}

/// Uses 9 KiB of the stack and returns as if nothing had been.
[[gnu::noinline]] void UseStack() {
  volatile char bytes[9 * 1024];
  for (volatile char& byte : bytes) {
    byte = 0;
  }
}

void OverrunTheStack() {
  // The guest's memory below the stack is lost for good; nothing of it is used
  // before the next trap.
  const uintptr_t irqs = machine::IrqSave();
  UseStack();
  machine::IrqRestore(irqs);
  const uint64_t before = TickCount(0);
  while (TickCount(0) < before + 2) {
    machine::Relax();
  }
}

/// A trap inside push_off's own bookkeeping.
void TrapInPushOff() {
  (void)alien::mycpu();
  in_a_probe = Allocate;
  machine::Breakpoint();
}

void InterruptAnotherCpu() {
  machine::SendIpi(0);
  SleepTicks(2);
}

struct Death {
  const char* name;
  void (*die)();
};

constexpr Death kDeaths[] = {
    {"store_to_text", StoreToText},
    {"load_from_nowhere", LoadFromNowhere},
    {"execute_data", ExecuteData},
    {"allocate_in_a_probe", AllocateInAProbe},
    {"use_the_frames_sp", UseTheFramesSp},
    {"forget_the_flush", ForgetTheFlush},
    {"lock_twice", LockTwice},
    {"ask_for_too_much", AskForTooMuch},
    {"map_without_accessed", MapWithoutAccessed},
    {"overrun_the_stack", OverrunTheStack},
    {"trap_in_push_off", TrapInPushOff},
    {"interrupt_another_cpu", InterruptAnotherCpu},
};

}  // namespace

bool RunTests() {
  const ebpf::StringView wanted(riscv64::BootArguments());
  for (const Death& death : kDeaths) {
    if (wanted == ebpf::StringView(death.name)) {
      death.die();
      PrintLine("still alive");
      return true;
    }
  }
  PrintLine("no such death");
  return true;
}

}  // namespace guest

/// A careless core.
extern "C" bool ebpf_on_breakpoint(ebpf_pt_regs* regs) {
  if (guest::in_a_probe != nullptr) {
    guest::in_a_probe(regs);
  }
  return false;
}

extern "C" bool ebpf_on_fault(ebpf_pt_regs* /*regs*/) { return false; }

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }
