// SPDX-License-Identifier: MIT
//
// The services of ports/dragonos that need no trap, and its hook of faults.
// Part of port_guest_test's image.
#include "arch/x86_64/pt_regs.h"
#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/capi/ebpf.h"
#include "core/platform/defer.h"
#include "core/platform/log.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/platform/user.h"
#include "ports/dragonos/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/user_space.h"

namespace guest {
namespace {

constinit int faults_seen = 0;
constinit bool masked_in_fault = false;

GUEST_TEST(DragonOsPort, TheHookOfFaultsMasksInterruptsWhateverTheGate) {
  dragonos_trap_frame frame = {};
  frame.rip = reinterpret_cast<uintptr_t>(&ebpf_port_time_ns);
  frame.cs = 0x08;
  faults_seen = 0;
  masked_in_fault = false;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  GUEST_EXPECT_EQ(faults_seen, 1);
  GUEST_EXPECT(masked_in_fault);
  GUEST_EXPECT(machine::IrqsEnabled());
  // User space's are none of it.
  frame.cs = 0x33;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  GUEST_EXPECT_EQ(faults_seen, 1);
}

using ebpf::x86_64::PtRegs;

/// Where a register is in the kernel's frame, and in ours.
struct Place {
  uint64_t dragonos_trap_frame::* in_frame;
  uint64_t PtRegs::* in_regs;
};
constexpr Place kPlaces[] = {
    {&dragonos_trap_frame::r15, &PtRegs::r15},
    {&dragonos_trap_frame::r14, &PtRegs::r14},
    {&dragonos_trap_frame::r13, &PtRegs::r13},
    {&dragonos_trap_frame::r12, &PtRegs::r12},
    {&dragonos_trap_frame::r11, &PtRegs::r11},
    {&dragonos_trap_frame::r10, &PtRegs::r10},
    {&dragonos_trap_frame::r9, &PtRegs::r9},
    {&dragonos_trap_frame::r8, &PtRegs::r8},
    {&dragonos_trap_frame::rbx, &PtRegs::rbx},
    {&dragonos_trap_frame::rcx, &PtRegs::rcx},
    {&dragonos_trap_frame::rdx, &PtRegs::rdx},
    {&dragonos_trap_frame::rsi, &PtRegs::rsi},
    {&dragonos_trap_frame::rdi, &PtRegs::rdi},
    {&dragonos_trap_frame::rbp, &PtRegs::rbp},
    {&dragonos_trap_frame::rax, &PtRegs::rax},
    {&dragonos_trap_frame::rip, &PtRegs::rip},
    {&dragonos_trap_frame::rflags, &PtRegs::rflags},
    {&dragonos_trap_frame::rsp, &PtRegs::rsp},
    {&dragonos_trap_frame::ss, &PtRegs::ss},
};

uint64_t Before(uint64_t i) { return 0x1111'0000'0000'0000 + 0x100 * i; }
uint64_t After(uint64_t i) { return 0x2222'0000'0000'0000 + 0x700 * i; }

constinit PtRegs fault_regs = {};
constinit bool change_registers = false;

void SeeAndChange(PtRegs& regs) {
  fault_regs = regs;
  uint64_t i = 0;
  for (const Place& place : kPlaces) {
    regs.*place.in_regs = After(i++);
  }
}

GUEST_TEST(DragonOsPort, TheHookOfFaultsSeesAndChangesEveryRegister) {
  dragonos_trap_frame frame = {};
  uint64_t i = 0;
  for (const Place& place : kPlaces) {
    frame.*place.in_frame = Before(i++);
  }
  frame.ds = 1;
  frame.es = 2;
  frame.func = 3;
  frame.errcode = 4;
  frame.cs = 0x08;
  change_registers = true;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  change_registers = false;
  i = 0;
  for (const Place& place : kPlaces) {
    GUEST_EXPECT_EQ(fault_regs.*place.in_regs, Before(i));
    GUEST_EXPECT_EQ(frame.*place.in_frame, After(i));
    ++i;
  }
  GUEST_EXPECT_EQ(frame.ds, 1);
  GUEST_EXPECT_EQ(frame.es, 2);
  GUEST_EXPECT_EQ(frame.func, 3);
  GUEST_EXPECT_EQ(frame.errcode, 4);
}

GUEST_TEST(DragonOsPort, TimeRunsAsTheKernelsClock) {
  // The port's readings between two of the kernel's, for a busy host may stop
  // this CPU between any two.
  const uint64_t kernel_0 = dragonos_monotonic_ns();
  const uint64_t begin = ebpf_port_time_ns();
  const uint64_t kernel_1 = dragonos_monotonic_ns();
  SleepTicks(50);
  const uint64_t kernel_2 = dragonos_monotonic_ns();
  const uint64_t end = ebpf_port_time_ns();
  const uint64_t kernel_3 = dragonos_monotonic_ns();
  const uint64_t measured = end - begin;
  GUEST_EXPECT(measured > (kernel_2 - kernel_1) / 10 * 9);
  GUEST_EXPECT(measured < (kernel_3 - kernel_0) / 10 * 11);
}

GUEST_TEST(DragonOsPort, LogsWhereTheLogsLockMayBeTaken) {
  constexpr ebpf::StringView kLine = "a line of a trap\n";
  const uintptr_t irq = machine::IrqSave();
  ebpf_port_log(kLine.data(), kLine.size());
  machine::IrqRestore(irq);
}

struct Deferred {
  ebpf_deferred work;
  ebpf::Atomic<bool> has_run{false};
};

void NoteRun(ebpf_deferred* self) {
  reinterpret_cast<Deferred*>(self)->has_run.Store(true, ebpf::kRelaxed);
}

GUEST_TEST(DragonOsPort, WakesItsWorkerBehindTheTrap) {
  static constinit Deferred deferred = {.work = {nullptr, NoteRun}};
  const uintptr_t irq = machine::IrqSave();
  GUEST_EXPECT(ebpf_port_defer(&deferred.work));
  machine::IrqRestore(irq);
  for (int i = 0; i < 100 && !deferred.has_run.Load(ebpf::kRelaxed); ++i) {
    SleepTicks(1);
  }
  GUEST_EXPECT(deferred.has_run.Load(ebpf::kRelaxed));
}

struct TaskSeen {
  uint32_t pid;
  uint32_t tgid;
  char comm[16];
};

void LookAtTask(void* argument) {
  auto* task = static_cast<TaskSeen*>(argument);
  ebpf_port_task_ids(&task->pid, &task->tgid);
  (void)ebpf_port_task_comm(task->comm, sizeof task->comm);
}

GUEST_TEST(DragonOsPort, SaysWhichTaskRuns) {
  TaskSeen task = {};
  Thread* thread =
      Spawn("/bin/a_rather_long_name", OnlineCpus() - 1, LookAtTask, &task, 7);
  GUEST_ASSERT(thread != nullptr);
  const uint32_t id = thread->id;
  Join(thread);
  GUEST_EXPECT_EQ(task.pid, id);
  GUEST_EXPECT_EQ(task.tgid, 7);
  GUEST_EXPECT(ebpf::StringView(task.comm) == "a_rather_long_n");
}

GUEST_TEST(DragonOsPort, HasNoNameForATaskWhoseNameIsLocked) {
  char comm[16] = {};
  GUEST_EXPECT(ebpf_port_task_comm(comm, sizeof comm));
  dragonos::name_is_locked = true;
  GUEST_EXPECT(!ebpf_port_task_comm(comm, sizeof comm));
  dragonos::name_is_locked = false;
}

GUEST_TEST(DragonOsPort, CopiesFromAndToAProcess) {
  auto* user = reinterpret_cast<uint8_t*>(dragonos::kUserBegin);
  for (int i = 0; i < 64; ++i) {
    user[i] = static_cast<uint8_t>(i);
  }
  uint8_t bytes[64] = {};
  GUEST_EXPECT(ebpf_port_copy_from_user(bytes, dragonos::kUserBegin, 64));
  GUEST_EXPECT_EQ(bytes[63], 63);
  bytes[5] = 99;
  GUEST_EXPECT(ebpf_port_copy_to_user(dragonos::kUserBegin, bytes, 64));
  GUEST_EXPECT_EQ(user[5], 99);
  // Across the end: nothing there to copy.
  GUEST_EXPECT(!ebpf_port_copy_from_user(bytes, dragonos::kUserEnd - 32, 64));
  GUEST_EXPECT(!ebpf_port_copy_to_user(dragonos::kUserEnd - 32, bytes, 64));
}

}  // namespace
}  // namespace guest

extern "C" [[gnu::section(".ebpf.noprobe")]] bool ebpf_on_fault(
    ebpf_pt_regs* regs) {
  if (guest::change_registers) {
    guest::SeeAndChange(*reinterpret_cast<ebpf::x86_64::PtRegs*>(regs));
  }
  ++guest::faults_seen;
  guest::masked_in_fault = !guest::machine::IrqsEnabled();
  return false;
}

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }
