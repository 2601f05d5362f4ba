// SPDX-License-Identifier: MIT
//
// The rest of what Alien's Rust glue exports: heap, console, clock, tasks.
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/stack.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/injectable.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/alien/ksync.h"

namespace guest::alien {
namespace {

/// A task, or null on a boot stack, where current_task() is None.
const Thread* CurrentTask() {
  const Thread* thread = CurrentThread();
  return thread != nullptr && thread->stack != nullptr ? thread : nullptr;
}

void RunKernelThread(void* function) {
  reinterpret_cast<void (*)(void)>(function)();
  Panic("the function of a kernel thread returned");
}

}  // namespace

extern "C" {

void* alien_alloc(size_t size, size_t align) {
  MutexGuard guard(heap_lock);
  void* memory = Allocate(size, align);
  if (memory == nullptr) {
    Panic("memory allocation failed");
  }
  ebpf::FillBytes(memory, 0xa5, size);  // never zeroed
  return memory;
}

void alien_dealloc(void* memory, size_t size, size_t align) {
  MutexGuard guard(heap_lock);
  Free(memory, size, align);
}

uint32_t ebpf_port_cpu_count(void) { return 1; }

uint64_t alien_timer_frequency(void) { return 10'000'000; }

void ebpf_port_log(const char* text, size_t size) {
  const ebpf::StringView line(text, size);
  if (size != 0 && text[size - 1] == '\n' && line.Find('\n') == size - 1) {
    PrintLine(line.First(size - 1));
  } else {
    PrintText(line);
  }
}

void ebpf_port_panic(const char* what) {
  PrintLine(ebpf::StringView(what));
  Panic("panic!");
}

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  const Thread* task = CurrentTask();
  *pid = task == nullptr ? 0 : task->id;
  *tgid = task == nullptr ? 0 : task->group;
}

uint32_t ebpf_port_task_pid(void) {
  const Thread* task = CurrentTask();
  return task == nullptr ? 0 : task->id;
}

bool ebpf_port_task_comm(char* name, size_t size) {
  const Thread* task = CurrentTask();
  if (task == nullptr || task_lock.locked() || size == 0) {
    return false;
  }
  const ebpf::StringView text(task->name);
  const size_t used = ebpf::Min(size - 1, text.size());
  ebpf::CopyBytes(name, text.data(), used);
  name[used] = '\0';
  return text.size() != 0;
}

bool ebpf_port_stack_bounds(uintptr_t sp, uintptr_t* begin, uintptr_t* end) {
  const Thread* task = CurrentTask();
  if (task == nullptr) {
    return false;
  }
  *begin = reinterpret_cast<uintptr_t>(task->stack);
  *end = *begin + personality::kStackSize;
  return sp >= *begin && sp < *end;
}

bool alien_kthread_create(void (*function)(void), const char* name) {
  MutexGuard guard(task_lock);
  return Spawn(name, 0, RunKernelThread, reinterpret_cast<void*>(function)) !=
         nullptr;
}

void alien_do_suspend(void) { Yield(); }

bool ebpf_port_may_override(uintptr_t function) {
  return IsErrorInjectable(function);
}

}  // extern "C"

}  // namespace guest::alien
