// SPDX-License-Identifier: MIT
//
// The contract of core/platform/task.h.
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/task.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

struct Ids {
  uint32_t pid = 0;
  uint32_t tgid = 0;
  uint32_t pid_alone = 0;
};

void ReadIds(void* argument) {
  auto* ids = static_cast<Ids*>(argument);
  ebpf_port_task_ids(&ids->pid, &ids->tgid);
  ids->pid_alone = ebpf_port_task_pid();
}

void EachTaskHasItsOwnNumber(Environment& environment) {
  Ids mine;
  Ids again;
  Ids other;
  ReadIds(&mine);
  ReadIds(&again);
  if (mine.pid == 0) {
    environment.Skipped("no tasks");
    return;
  }
  PORT_EXPECT(environment, mine.pid == again.pid && mine.tgid == again.tgid);
  if (!environment.StartOn(0, ReadIds, &other)) {
    environment.Skipped("no other task");
    return;
  }
  environment.JoinTasks();
  PORT_EXPECT(environment, other.pid != 0);
  PORT_EXPECT(environment, other.pid != mine.pid);
  PORT_EXPECT(environment, mine.pid_alone == mine.pid);
  PORT_EXPECT(environment, other.pid_alone == other.pid);
}

void ATrapIsTheTaskThatItInterrupted(Environment& environment) {
  Ids mine;
  Ids inside;
  ReadIds(&mine);
  if (!environment.CallInTrap(ReadIds, &inside)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, mine.pid == inside.pid);
  PORT_EXPECT(environment, mine.tgid == inside.tgid);
}

void TheNameEndsInsideTheBuffer(Environment& environment) {
  char whole[16];
  FillBytes(whole, 'x', sizeof whole);
  if (!ebpf_port_task_comm(whole, sizeof whole)) {
    environment.Skipped("tasks have no names");
    return;
  }
  const StringView name = StringView::FromField(whole, sizeof whole);
  PORT_EXPECT(environment, name.size() < sizeof whole);
  for (size_t size = 1; size < sizeof whole; ++size) {
    char part[17];
    FillBytes(part, 'x', sizeof part);
    PORT_EXPECT(environment, ebpf_port_task_comm(part, size));
    const StringView cut = StringView::FromField(part, size);
    PORT_EXPECT(environment, cut == name.First(Min(name.size(), size - 1)));
    PORT_EXPECT(environment, part[size] == 'x');
  }
}

constexpr Case kCases[] = {
    {"Task.EachTaskHasItsOwnNumber", EachTaskHasItsOwnNumber},
    {"Task.ATrapIsTheTaskThatItInterrupted", ATrapIsTheTaskThatItInterrupted,
     kMayKill},
    {"Task.TheNameEndsInsideTheBuffer", TheNameEndsInsideTheBuffer},
};

}  // namespace

Span<const Case> TaskCases() { return kCases; }

}  // namespace ebpf::selftest
