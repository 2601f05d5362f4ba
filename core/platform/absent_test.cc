// SPDX-License-Identifier: MIT
//
// A port that has nothing but what it must: what core then sees. The binary has
// no other port.
#include <cstdio>
#include <cstdlib>

#include "core/base/assert.h"
#include "core/platform/cgroup.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/errors.h"
#include "core/platform/features.h"
#include "core/platform/files.h"
#include "core/platform/log.h"
#include "core/platform/mappable.h"
#include "core/platform/memory.h"
#include "core/platform/nofault.h"
#include "core/platform/stack.h"
#include "core/platform/symbols.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "core/platform/this_cpu.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "core/platform/user.h"
#include "core/platform/variables.h"
#include "core/platform/version.h"
#include "core/platform/wake.h"
#include "gtest/gtest.h"

namespace {

uintptr_t g_masked = 0;

alignas(4096) char g_memory[8192];
size_t g_size = 0;

}  // namespace

extern "C" {

// Of tier T0, what the defaults use.
uintptr_t ebpf_port_irq_save(void) { return g_masked++; }
void ebpf_port_irq_restore(uintptr_t state) { g_masked = state; }
void* ebpf_port_alloc(size_t size, size_t align) {
  EXPECT_EQ(align, 4096u);
  g_size = size;
  return g_memory;
}
void ebpf_port_free(void* memory, size_t size, size_t align) {
  EXPECT_EQ(memory, g_memory);
  EXPECT_EQ(align, 4096u);
  g_size -= size;
}
void ebpf_port_panic(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // extern "C"

namespace ebpf {
namespace {

TEST(AbsentTest, MemoryThatProcessesMapIsAnyMemory) {
  void* const memory = ebpf_port_mappable_alloc(8192);
  EXPECT_EQ(memory, g_memory);
  EXPECT_EQ(g_size, 8192u);
  ebpf_port_mappable_free(memory, 8192);
  EXPECT_EQ(g_size, 0u);
}

TEST(AbsentTest, PreemptionIsKeptOffByMaskingInterrupts) {
  const uintptr_t outer = ebpf_port_preempt_disable();
  const uintptr_t inner = ebpf_port_preempt_disable();
  EXPECT_EQ(g_masked, 2u);
  ebpf_port_preempt_enable(inner);
  EXPECT_EQ(g_masked, 1u);
  ebpf_port_preempt_enable(outer);
  EXPECT_EQ(g_masked, 0u);
}

TEST(AbsentTest, ThePortDoesNotSayWhatItWasWrittenFor) {
  EXPECT_EQ(ebpf_port_written_for, 0u);
}

TEST(AbsentTest, NothingIsKnownOfHowToDoWithoutCalls) {
  EXPECT_EQ(ebpf_port_this_cpu.facts, 0u);
  EXPECT_EQ(ebpf_port_context.facts, 0u);
}

TEST(AbsentTest, NobodyHasARightOrMemory) {
  int value = 7;
  EXPECT_FALSE(ebpf_port_copy_from_user(&value, 0x1000, sizeof(value)));
  EXPECT_FALSE(ebpf_port_copy_to_user(0x1000, &value, sizeof(value)));
  for (int capability = 0; capability < 64; ++capability) {
    EXPECT_FALSE(ebpf_port_capable(capability));
  }
}

TEST(AbsentTest, TextCannotBeTouched) {
  int result = 7;
  const auto run = [](void*) { return 1; };
  EXPECT_EQ(ebpf_port_stop_machine(run, nullptr, &result), kMinusNotSupported);
  EXPECT_EQ(result, 7);
  EXPECT_EQ(ebpf_port_text_write(0x1000, "x", 1), kMinusNotSupported);
  EXPECT_EQ(ebpf_port_exec_alloc(64, 0, 1 << 20), nullptr);
  ebpf_port_exec_free(nullptr, 64);
  EXPECT_FALSE(ebpf_port_may_probe(0x1000, 4));
  EXPECT_FALSE(ebpf_port_may_override(0x1000));
  EXPECT_TRUE(ebpf_port_may_follow(0x1000));
  EXPECT_FALSE(ebpf_port_may_detour(0x1000, 8));
  EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
  EXPECT_EQ(ebpf_port_saved_pcs([](void*, uintptr_t) {}, nullptr), -95);
  EXPECT_EQ(ebpf_port_trap_stub(), 0u);
}

TEST(AbsentDeathTest, SomebodyElsesBreakpointIsTheEnd) {
  EXPECT_DEATH(ebpf_port_breakpoint_entry(), "somebody else's breakpoint");
}

TEST(AbsentTest, NothingIsReadFoundOrDeferred) {
  uint8_t bytes[4] = {};
  EXPECT_FALSE(ebpf_port_read_nofault(bytes, reinterpret_cast<uintptr_t>(bytes),
                                      sizeof(bytes)));
  EXPECT_EQ(ebpf_port_write_nofault(reinterpret_cast<uintptr_t>(bytes), "abc",
                                    sizeof(bytes)),
            -14);
  EXPECT_EQ(bytes[0], 0);
  ebpf_address_range ranges[EBPF_MAX_NOFAULT_RANGES];
  EXPECT_EQ(ebpf_port_nofault_ranges(&ranges), 0u);
  ebpf_symbol symbol = {};
  EXPECT_FALSE(ebpf_port_symbol_by_name("main", 4, &symbol));
  EXPECT_FALSE(ebpf_port_symbol_by_address(0x1000, &symbol));
  uint64_t position = 0;
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol));
  EXPECT_EQ(ebpf_port_symbol_name(&symbol, nullptr, 0), 0u);
  ebpf_deferred work = {};
  EXPECT_FALSE(ebpf_port_defer(&work));
  ebpf_port_wake(nullptr);
  EXPECT_EQ(ebpf_port_fd_install(nullptr), kMinusNotSupported);
  EXPECT_EQ(ebpf_port_fd_get(3), nullptr);
}

TEST(AbsentTest, NoOtherCpuCanBeCalled) {
  bool ran = false;
  const auto run = [](void* argument) { *static_cast<bool*>(argument) = true; };
  EXPECT_EQ(ebpf_port_call_on_cpu(0, run, &ran), kMinusNotSupported);
  EXPECT_FALSE(ran);
}

TEST(AbsentTest, ThereAreNoGroupsAndNoOtherClients) {
  EXPECT_EQ(ebpf_port_cgroup_get(5), nullptr);
  int group = 0;
  EXPECT_EQ(ebpf_port_cgroup_parent(&group), nullptr);
  EXPECT_EQ(ebpf_port_cgroup_id(&group), 0u);
  ebpf_port_cgroup_put(&group);
  EXPECT_EQ(ebpf_port_task_client_get(1), nullptr);
  ebpf_port_task_client_put(nullptr);
  EXPECT_FALSE(ebpf_port_task_pause());
}

TEST(AbsentTest, StacksCannotBeLookedAt) {
  uint64_t address;
  EXPECT_EQ(ebpf_port_stack_walk(nullptr, false, &address, 1), 0u);
  uintptr_t begin;
  uintptr_t end;
  EXPECT_FALSE(ebpf_port_stack_bounds(reinterpret_cast<uintptr_t>(&address),
                                      &begin, &end));
}

TEST(AbsentTest, ThereAreNoTasks) {
  uint32_t pid = 7;
  uint32_t tgid = 7;
  char comm[16] = "unchanged";
  ebpf_port_task_ids(&pid, &tgid);
  EXPECT_EQ(pid, 0u);
  EXPECT_EQ(tgid, 0u);
  EXPECT_EQ(ebpf_port_task_pid(), 0u);
  EXPECT_FALSE(ebpf_port_task_comm(comm, sizeof(comm)));
  EXPECT_STREQ(comm, "unchanged");
}

TEST(AbsentTest, NoHelperOfAnOptionalServiceIsThere) {
  EXPECT_EQ(ebpf_port_features(), 0u);
  char byte = 7;
  EXPECT_FALSE(ebpf_port_read_user_nofault(&byte, 4096, 1));
  EXPECT_FALSE(ebpf_port_write_user_nofault(4096, &byte, 1));
  EXPECT_EQ(byte, 7);
  EXPECT_EQ(ebpf_port_time_tai_ns(), 0u);
  ebpf_timer timer = {};
  EXPECT_FALSE(ebpf_port_timer_start(&timer, 0, 0));
  EXPECT_EQ(ebpf_port_timer_stop(&timer), 0);
  bool in_user = true;
  EXPECT_EQ(ebpf_port_interrupted_regs(&in_user), nullptr);
  EXPECT_FALSE(in_user);
  EXPECT_EQ(ebpf_port_send_signal(9, true), -1);
}

TEST(AbsentTest, ThereAreNoVariables) {
  uintptr_t address = 7;
  EXPECT_FALSE(ebpf_port_variable("jiffies", 7, &address));
  EXPECT_EQ(address, 7u);
  EXPECT_EQ(ebpf_port_per_cpu_address(4096, 0), 0u);
}

TEST(AbsentTest, TasksWithoutUsersAreRoots) {
  uint32_t uid = 7;
  uint32_t gid = 7;
  ebpf_port_task_user(&uid, &gid);
  EXPECT_EQ(uid, 0u);
  EXPECT_EQ(gid, 0u);
  EXPECT_EQ(ebpf_port_task_view(), 0u);
  EXPECT_EQ(ebpf_port_task_cgroup_id(-1), 0u);
  uint32_t pid;
  uint32_t tgid;
  EXPECT_FALSE(ebpf_port_task_ids_in(1, 2, &pid, &tgid));
}

TEST(PanicDeathTest, AFailedAssertionTellsThePortWhatAndWhere) {
  EBPF_ASSERT(1 + 1 == 2);
  EXPECT_DEATH(EBPF_ASSERT(1 + 1 == 3),
               "absent_test.cc:[0-9]+: assertion failed: 1 \\+ 1 == 3");
  EXPECT_DEATH(Panic("the reason"), "the reason");
}

}  // namespace
}  // namespace ebpf
