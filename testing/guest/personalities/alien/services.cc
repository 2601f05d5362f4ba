// SPDX-License-Identifier: MIT
//
// The rest of ports/alien/kernel.h: heap, console, clock, tasks.
#include "core/base/memory.h"
#include "core/base/string_view.h"
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

size_t alien_cpu_num(void) { return 1; }

uint64_t alien_read_timer(void) {
  uint64_t ticks;
  asm volatile("rdtime %0" : "=r"(ticks));
  return ticks;
}

uint64_t alien_timer_frequency(void) { return 10'000'000; }

void alien_console_write(const char* text, size_t size) {
  const ebpf::StringView line(text, size);
  if (size != 0 && text[size - 1] == '\n' && line.Find('\n') == size - 1) {
    PrintLine(line.First(size - 1));
  } else {
    PrintText(line);
  }
}

void alien_panic(const char* text, size_t size) {
  PrintLine(ebpf::StringView(text, size));
  Panic("panic!");
}

bool alien_current_task(uint32_t* tid, uint32_t* pid) {
  const Thread* task = CurrentTask();
  if (task == nullptr) {
    return false;
  }
  *tid = task->id;
  *pid = task->group;
  return true;
}

size_t alien_current_task_name(char* name, size_t size) {
  const Thread* task = CurrentTask();
  if (task == nullptr || task_lock.locked()) {
    return 0;
  }
  const ebpf::StringView text(task->name);
  const size_t used = ebpf::Min(size, text.size());
  ebpf::CopyBytes(name, text.data(), used);
  return used;
}

uintptr_t alien_current_stack_top(void) {
  const Thread* task = CurrentTask();
  return task == nullptr ? 0
                         : reinterpret_cast<uintptr_t>(task->stack) +
                               personality::kStackSize;
}

bool alien_kthread_create(void (*function)(void), const char* name) {
  MutexGuard guard(task_lock);
  return Spawn(name, 0, RunKernelThread, reinterpret_cast<void*>(function)) !=
         nullptr;
}

void alien_do_suspend(void) { Yield(); }

bool alien_error_injectable(uintptr_t function) {
  return IsErrorInjectable(function);
}

}  // extern "C"

}  // namespace guest::alien
