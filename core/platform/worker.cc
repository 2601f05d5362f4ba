// SPDX-License-Identifier: MIT
//
// core/platform/worker.h's implementation.
#include "core/platform/worker.h"

#include "core/platform/defer.h"
#include "core/platform/log.h"
#include "core/platform/task_log.h"
#include "core/platform/work_queue.h"

namespace ebpf {
namespace {

constinit WorkQueue work;
constinit TaskLog<128> lines;

void Wake() {
  if (worker_kernel.wake != nullptr) {
    worker_kernel.wake();
  }
}

}  // namespace

void OpenWorker() { work.Open(); }

void RunWork() {
  work.Run();
  lines.Print(worker_kernel.print);
}

}  // namespace ebpf

extern "C" {

bool ebpf_port_defer(ebpf_deferred* deferred) {
  if (!ebpf::work.Push(deferred)) {
    return false;
  }
  ebpf::Wake();
  return true;
}

void ebpf_port_log(const char* text, size_t size) {
  ebpf::lines.Put(text, size);
  if (ebpf::worker_kernel.may_print()) {
    ebpf::lines.Print(ebpf::worker_kernel.print);
  } else if (ebpf::work.is_open()) {
    ebpf::Wake();
  }
}

}  // extern "C"
