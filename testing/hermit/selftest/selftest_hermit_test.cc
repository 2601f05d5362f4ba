// SPDX-License-Identifier: MIT
//
// ebpf_port_selftest in the real Hermit, as an application would call it.
#include "core/platform/cpu.h"
#include "core/selftest/selftest.h"
#include "ports/hermit/init.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

namespace hermit {
namespace {

struct Task {
  void (*body)(void* argument) = nullptr;
  void* argument = nullptr;
  int32_t id = 0;
};

constexpr size_t kMaxTasks = 8;
constinit Task tasks[kMaxTasks] = {};
constinit size_t task_count = 0;

void RunTask(uintptr_t task) {
  LetInterruptsIn();
  const auto& self = *reinterpret_cast<const Task*>(task);
  self.body(self.argument);
}

bool StartTask(uint32_t cpu, void (*body)(void* argument), void* argument) {
  if (cpu >= ebpf_port_cpu_count() || task_count == kMaxTasks) {
    return false;
  }
  Task& task = tasks[task_count];
  task = {body, argument, 0};
  task.id = SpawnOn(cpu, &RunTask, reinterpret_cast<uintptr_t>(&task));
  if (task.id < 0) {
    return false;
  }
  ++task_count;
  return true;
}

void JoinTasks() {
  while (task_count != 0) {
    sys_join(tasks[--task_count].id);
  }
}

// This task's stack lives as long as the image.
uintptr_t UnmappedPage() {
  static constinit uintptr_t page = 0;
  page = page != 0 ? page : HoleBehindTheStack();
  return page;
}

constexpr ebpf_selftest_kernel kKernel = {
    .start_task = StartTask,
    .join_tasks = JoinTasks,
    .yield = [] { sys_usleep(10'000); },
    .unmapped_page = UnmappedPage,
    .try_write = nullptr,  // it helps out none of its own
    .allocated_bytes = [] { return guest::Balance().bytes; },
    .interrupts_masked = nullptr,
    .before_call = nullptr,
    .patches = 200,
    .tiers = 0,
    .timers_wait_for_yield = false,
    // Its loader maps the image to be read, written and executed.
    .writes_what_runs = true,
    // No processes: each client has numbers of its own.
    .close_fd = nullptr,
    .duplicate_fd = nullptr,
    .open_own = nullptr,
};

GUEST_TEST(Selftest, EveryTierIsRight) {
  GUEST_ASSERT(ebpf_hermit_init() == 0);
  GUEST_EXPECT_EQ(ebpf_port_selftest(&kKernel), 0);
  GUEST_EXPECT_EQ(ebpf_port_selftest(&kKernel), 0);
}

}  // namespace
}  // namespace hermit
