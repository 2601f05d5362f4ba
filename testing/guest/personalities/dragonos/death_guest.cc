// SPDX-License-Identifier: MIT
//
// Ways for a careless port to die. death_test.sh boots the image once for each,
// by name, and wants the guest to end with the reason.
#include "core/base/string_view.h"
#include "core/platform/memory.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/clock.h"
#include "testing/guest/personalities/dragonos/int3.h"
#include "testing/guest/x86_64/boot_arguments.h"

extern "C" char guest_text_begin[];

namespace guest {
namespace {

void StoreToText() { *reinterpret_cast<volatile char*>(guest_text_begin) = 0; }

void StoreToTextOnCpu1(void* /*argument*/) { StoreToText(); }

void StoreToTextOnTheOtherCpu() {
  Thread* thread = Spawn("store", 1, StoreToTextOnCpu1, nullptr);
  if (thread != nullptr) {
    Join(thread);
  }
}

void LoadFromNowhere() {
  (void)*reinterpret_cast<volatile char*>(machine::FreeRam().end + kPageSize);
}

void LoadFromNoAddress() {
  (void)*reinterpret_cast<volatile char*>(uintptr_t{1} << 62);
}

void FreeAnotherSize() { ebpf_port_free(ebpf_port_alloc(100, 8), 1000, 8); }

void FreeTwice() {
  void* memory = ebpf_port_alloc(100, 8);
  ebpf_port_free(memory, 100, 8);
  ebpf_port_free(memory, 100, 8);
}

void WritePastTheEnd() {
  auto* memory = static_cast<volatile char*>(ebpf_port_alloc(100, 8));
  memory[100] = 0;
  ebpf_port_free(const_cast<char*>(memory), 100, 8);
}

void GiveReadOnlyPagesBack() {
  void* page = dragonos_pages_alloc(1);
  (void)dragonos_pages_protect(page, 1, false, true);
  dragonos_pages_free(page, 1);
}

void SleepWithoutPreemption() {
  dragonos_preempt_disable();
  dragonos_worker_sleep();
}

void EnablePreemptionTooOften() { dragonos_preempt_enable(); }

/// A breakpoint's handler that reads the kernel's clock.
void ReadTheClockInAProbe() {
  dragonos::int3_observer = [](dragonos_trap_frame& /*frame*/) {
    (void)dragonos_monotonic_ns();
  };
  dragonos::breakpoint_in_clock = true;
  (void)dragonos_monotonic_ns();
}

/// A port that runs programs on a stack of its own.
void AskForTheTaskOnAPrivateStack() {
  alignas(16) static constinit uint8_t stack[256 * 1024] = {};
  // In the middle: what lies below at 32 KiB is the stack's own, zero.
  auto top = reinterpret_cast<uintptr_t>(stack + sizeof stack - 16);
  asm volatile(
      "movq %%rsp, %%rbx\n"
      "movq %0, %%rsp\n"
      "callq ebpf_port_task_pid\n"
      "movq %%rbx, %%rsp\n"
      :
      : "r"(top & ~uintptr_t{15})
      : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
        "memory");
}

struct Death {
  const char* name;
  void (*die)();
};

constexpr Death kDeaths[] = {
    {"store_to_text", StoreToText},
    {"store_to_text_on_the_other_cpu", StoreToTextOnTheOtherCpu},
    {"load_from_nowhere", LoadFromNowhere},
    {"load_from_no_address", LoadFromNoAddress},
    {"free_another_size", FreeAnotherSize},
    {"free_twice", FreeTwice},
    {"write_past_the_end", WritePastTheEnd},
    {"give_read_only_pages_back", GiveReadOnlyPagesBack},
    {"sleep_without_preemption", SleepWithoutPreemption},
    {"enable_preemption_too_often", EnablePreemptionTooOften},
    {"read_the_clock_in_a_probe", ReadTheClockInAProbe},
    {"ask_for_the_task_on_a_private_stack", AskForTheTaskOnAPrivateStack},
};

}  // namespace

bool RunTests() {
  const ebpf::StringView wanted(x86_64::BootArguments());
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

extern "C" {

bool ebpf_dragonos_fault(dragonos_trap_frame* /*frame*/) { return false; }
void ebpf_dragonos_ipi(dragonos_trap_frame* /*frame*/) {}
void ebpf_dragonos_tick(const dragonos_trap_frame* /*frame*/) {}
size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* /*frame*/) {
  return 0;
}
void ebpf_dragonos_resume(size_t /*interruption*/) {}
void ebpf_dragonos_softirq() {}

}  // extern "C"
