// SPDX-License-Identifier: MIT
//
// What ports/hermit knows of the real kernel's tasks: their names, stacks and
// ends, and where each goes on.
#include "core/base/atomic.h"
#include "core/platform/stack.h"
#include "core/platform/symbols.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "ports/hermit/init.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"

namespace hermit {
namespace {

template <typename F>
uintptr_t AddressOf(F* function) {
  return reinterpret_cast<uintptr_t>(function);
}

struct TaskIds {
  uint32_t pid;
  uint32_t tgid;
};

void NoteIds(uintptr_t argument) {
  auto* ids = reinterpret_cast<TaskIds*>(argument);
  ebpf_port_task_ids(&ids->pid, &ids->tgid);
}

GUEST_TEST(Task, IdsAreThoseThatHermitGives) {
  for (int i = 0; i < 3; ++i) {
    TaskIds ids = {};
    const int32_t task =
        Spawn(&NoteIds, reinterpret_cast<uintptr_t>(&ids), 65536);
    GUEST_ASSERT(task > 0);
    sys_join(task);
    GUEST_EXPECT_EQ(ids.pid, task);
    GUEST_EXPECT_EQ(ids.tgid, task);
  }
  char comm[16] = {};
  GUEST_EXPECT(!ebpf_port_task_comm(comm, sizeof(comm)));
}

struct Bounds {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  bool known = false;
};

void LookAtStack(uintptr_t argument) {
  auto* bounds = reinterpret_cast<Bounds*>(argument);
  bounds->known = ebpf_port_stack_bounds(AddressOf(__builtin_frame_address(0)),
                                         &bounds->begin, &bounds->end);
}

GUEST_TEST(Task, StacksHaveTheBoundsThatHermitGives) {
  constexpr size_t kSize = 128 << 10;
  Bounds bounds;
  const int32_t task = Spawn(&LookAtStack, AddressOf(&bounds), kSize);
  GUEST_ASSERT(task > 0);
  sys_join(task);
  GUEST_EXPECT(bounds.known);
  GUEST_EXPECT_EQ(bounds.end - bounds.begin, kSize);
  // Another task's stack, and no stack at all.
  GUEST_EXPECT(
      !ebpf_port_stack_bounds(bounds.begin, &bounds.begin, &bounds.end));
  GUEST_EXPECT(!ebpf_port_stack_bounds(AddressOf(&bounds) & 0xfff,
                                       &bounds.begin, &bounds.end));
  LookAtStack(AddressOf(&bounds));
  GUEST_EXPECT(bounds.known && bounds.begin < AddressOf(&bounds) &&
               AddressOf(&bounds) < bounds.end);
}

/// Where the stacks lay of the tasks that ended last.
struct Ended {
  ebpf::Atomic<uint64_t> begin{0};
  ebpf::Atomic<uint64_t> end{0};
};
constinit Ended ended[16] = {};
constinit ebpf::Atomic<uint32_t> ended_count{0};

void NoteEnd(uint64_t begin, uint64_t end) {
  Ended& entry = ended[ended_count.FetchAdd(1, ebpf::kRelaxed) % 16];
  entry.begin.Store(begin, ebpf::kRelaxed);
  entry.end.Store(end, ebpf::kRelaxed);
}

bool EndIsKnown(uint64_t stack) {
  for (const Ended& entry : ended) {
    if (entry.begin.Load(ebpf::kRelaxed) <= stack &&
        stack < entry.end.Load(ebpf::kRelaxed)) {
      return true;
    }
  }
  return false;
}

GUEST_TEST(Task, ItsEndIsToldWithItsStack) {
  GUEST_ASSERT(PortIsUp());
  sys_usleep(20'000);  // those before it are cleaned up
  ebpf_hermit_tell_stack_end(&NoteEnd);
  Bounds bounds;
  const int32_t task = Spawn(&LookAtStack, AddressOf(&bounds), 128 << 10);
  GUEST_ASSERT(task > 0);
  sys_join(task);
  for (int i = 0; i < 100 && !EndIsKnown(bounds.begin); ++i) {
    sys_usleep(10'000);
  }
  GUEST_EXPECT(bounds.known && EndIsKnown(bounds.begin));
  GUEST_EXPECT(!EndIsKnown(AddressOf(&bounds)));
}

/// Until *end: some instructions, and no calls.
extern "C" [[gnu::noinline]] void SpinUntil(const volatile bool* end) {
  while (!*end) {
  }
}
void YieldAndSpin(uintptr_t end) {
  LetInterruptsIn();
  SpinUntil(reinterpret_cast<const volatile bool*>(end));
}

bool IsInSpin(uintptr_t pc) {
  ebpf_symbol symbol = {};
  return ebpf_port_symbol_by_address(pc, &symbol) &&
         symbol.address == AddressOf(&SpinUntil);
}

struct Listed {
  int places = 0;
  int in_spin = 0;
  int status = 1;
};

int ListPlaces(void* argument) {
  auto* listed = static_cast<Listed*>(argument);
  listed->status = ebpf_port_saved_pcs(
      [](void* self, uintptr_t pc) {
        auto* to = static_cast<Listed*>(self);
        ++to->places;
        to->in_spin += IsInSpin(pc) ? 1 : 0;
      },
      argument);
  return 0;
}

Listed ListOnce() {
  Listed listed;
  int result = 0;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(&ListPlaces, &listed, &result), 0);
  return listed;
}

GUEST_TEST(SavedPcs, TellWhereEachTaskWillGoOn) {
  GUEST_ASSERT(PortIsUp());
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_LISTED);
  const Listed before = ListOnce();
  GUEST_EXPECT_EQ(before.status, 0);
  GUEST_EXPECT_EQ(before.in_spin, 0);
  volatile bool end = false;
  const int32_t task = Spawn(&YieldAndSpin, AddressOf(&end), 65536);
  GUEST_ASSERT(task > 0);
  for (int i = 0; i < 20; ++i) {
    // It runs meanwhile, until the timer's interrupt.
    sys_usleep(10'000);
    const Listed now = ListOnce();
    GUEST_EXPECT_EQ(now.status, 0);
    GUEST_EXPECT_EQ(now.in_spin, 1);
    GUEST_EXPECT(now.places >= now.in_spin);
  }
  end = true;
  sys_join(task);
  GUEST_EXPECT_EQ(ListOnce().in_spin, 0);
}

}  // namespace
}  // namespace hermit
