// SPDX-License-Identifier: MIT
//
// The plain port's tiers T0 and T3, over the guest kernel itself.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "core/platform/stack.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/platform/version.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"

EBPF_PORT_WRITTEN_FOR(3);

namespace {

constinit ebpf::Atomic<uint64_t> random_state{0};

}  // namespace

extern "C" {

uint32_t ebpf_port_cpu_count(void) { return guest::machine::CpuCount(); }

// ebpf_port_preempt_disable keeps its default, interrupts off, but on AArch64.

void* ebpf_port_alloc(size_t size, size_t align) {
  return guest::Allocate(size, align);
}
void ebpf_port_free(void* memory, size_t size, size_t align) {
  guest::Free(memory, size, align);
}

uint64_t ebpf_port_time_ns(void) { return guest::machine::Nanoseconds(); }

// splitmix64 over a counter that every call's moment is mixed into.
uint64_t ebpf_port_random(void) {
  const uint64_t step =
      0x9e3779b97f4a7c15 + (guest::machine::Nanoseconds() << 1);
  uint64_t z = random_state.FetchAdd(step, ebpf::kRelaxed) + step;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

void ebpf_port_log(const char* text, size_t size) {
  if (size != 0 && text[size - 1] == '\n') {
    --size;
  }
  guest::PrintLine(ebpf::StringView(text, size));
}

void ebpf_port_panic(const char* what) { guest::Panic(what); }

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  const guest::Thread* thread = guest::CurrentThread();
  *pid = thread->id;
  *tgid = thread->group;
}

uint32_t ebpf_port_task_pid(void) { return guest::CurrentThread()->id; }

// All threads' stacks have the same size, and are aligned to it; those that
// CPUs boot on are the CPU's folder's business.
bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  const auto stack = reinterpret_cast<uintptr_t>(guest::CurrentThread()->stack);
  if (stack == 0 || sp - stack >= guest::personality::kStackSize) {
    return false;
  }
  *begin = stack;
  *end = stack + guest::personality::kStackSize;
  return true;
}

bool ebpf_port_task_comm(char* name, size_t size) {
  if (size == 0) {
    return false;
  }
  const ebpf::StringView text(guest::CurrentThread()->name);
  const size_t used = ebpf::Min(size - 1, text.size());
  ebpf::CopyBytes(name, text.data(), used);
  name[used] = '\0';
  return !text.empty();
}

}  // extern "C"
