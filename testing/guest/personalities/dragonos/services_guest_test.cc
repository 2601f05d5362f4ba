// SPDX-License-Identifier: MIT
//
// The services of ports/dragonos that need no trap, on any CPU. Part of the
// images of port_guest_test and port_riscv64_guest_test.
#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/platform/defer.h"
#include "core/platform/log.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/platform/user.h"
#include "ports/dragonos/kernel.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/user_space.h"

namespace guest {
namespace {

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
