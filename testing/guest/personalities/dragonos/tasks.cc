// SPDX-License-Identifier: MIT
//
// What DragonOS's Rust glue exports, on the guest kernel: tasks, the worker
// with its softirq, symbols and text.
#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "ports/dragonos/kernel.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/injectable.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/odd_place.h"
#include "testing/guest/personalities/dragonos/softirq.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_entry_begin[];
extern const char guest_entry_end[];
extern const char guest_symbols_begin[];
extern const char guest_symbols_end[];
}

namespace guest {
namespace dragonos {
namespace {

struct Softirq {
  ebpf::Atomic<bool> raised{false};
  bool running = false;  // this CPU's only
};
constinit Softirq softirqs[kMaxCpus] = {};

constinit Event worker_event;

struct WorkerStart {
  int (*body)(void* argument);
  void* argument;
};

void RunWorker(void* argument) {
  auto* start = static_cast<WorkerStart*>(argument);
  (void)start->body(start->argument);
}

dragonos_range Range(const char* begin, const char* end) {
  return {reinterpret_cast<uintptr_t>(begin), reinterpret_cast<uintptr_t>(end)};
}

}  // namespace

constinit bool name_is_locked = false;

void RunSoftirq() {
  Softirq& softirq = softirqs[machine::CpuId()];
  if (softirq.running) {
    return;
  }
  softirq.running = true;
  // Raised again meanwhile: another round.
  while (softirq.raised.Exchange(false, ebpf::kAcquire)) {
    ebpf_dragonos_softirq();
  }
  softirq.running = false;
}

}  // namespace dragonos

using namespace dragonos;

extern "C" {

bool dragonos_kthread(const char* name, int (*body)(void* argument),
                      void* argument) {
  // The port has one thread for good: no memory to give back.
  static constinit WorkerStart start = {};
  if (start.body != nullptr) {
    return false;
  }
  start = {body, argument};
  return Spawn(name, 0, RunWorker, &start) != nullptr;
}

void dragonos_raise_softirq() {
  const uintptr_t state = machine::IrqSave();
  softirqs[machine::CpuId()].raised.Store(true, ebpf::kRelease);
  machine::IrqRestore(state);
}

void dragonos_worker_sleep() { worker_event.Wait(); }

void dragonos_worker_wake() {
  if (!machine::IrqsEnabled() && !softirqs[machine::CpuId()].running) {
    Panic("the scheduler was entered in a trap");
  }
  worker_event.Set();
}

void dragonos_symbols(const void** data, size_t* size) {
  *data = guest_symbols_begin;
  *size = static_cast<size_t>(guest_symbols_end - guest_symbols_begin);
}

dragonos_range dragonos_text() {
  return Range(guest_text_begin, guest_text_end);
}

dragonos_range dragonos_no_probe(size_t index) {
  if (index == 0) {
    return Range(guest_entry_begin, guest_entry_end);
  }
  return {0, 0};
}

dragonos_range dragonos_odd_place(size_t index) {
  return index == 0 ? odd_place : dragonos_range{0, 0};
}

bool ebpf_port_may_override(uintptr_t function) {
  return IsErrorInjectable(function);
}

uint32_t ebpf_port_task_pid() { return Current()->id; }

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = Current()->id;
  *tgid = Current()->group;
}

bool ebpf_port_task_comm(char* name, size_t size) {
  // The real one's name is a whole path.
  const ebpf::StringView path(Current()->name);
  size_t begin = path.size();
  while (begin != 0 && path[begin - 1] != '/') {
    --begin;
  }
  if (size == 0 || name_is_locked) {
    return false;
  }
  const ebpf::StringView last = path.Substring(begin);
  const size_t length = ebpf::Min(last.size(), size - 1);
  ebpf::CopyBytes(name, last.data(), length);
  name[length] = '\0';
  return true;
}

}  // extern "C"
}  // namespace guest
