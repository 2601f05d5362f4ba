// SPDX-License-Identifier: MIT
//
// core/platform/work_queue.h's implementation.
#include "core/platform/work_queue.h"

namespace ebpf {

bool WorkQueue::Push(ebpf_deferred* work) {
  if (!is_open_.Load(kRelaxed)) {
    return false;
  }
  ebpf_deferred* newest = newest_.Load(kRelaxed);
  do {
    work->next = newest;
    // Pairs with the acquire in TakeAll.
  } while (!newest_.CompareExchange(newest, work, kRelease));
  return true;
}

void WorkQueue::Run() {
  for (ebpf_deferred* work = TakeAll(); work != nullptr;) {
    ebpf_deferred* const next = work->next;  // run() may push `work` again
    work->run(work);
    work = next;
  }
}

/// What was pushed, the first one first.
ebpf_deferred* WorkQueue::TakeAll() {
  // Pairs with the release in Push.
  ebpf_deferred* newest = newest_.Exchange(nullptr, kAcquire);
  ebpf_deferred* first = nullptr;
  while (newest != nullptr) {
    ebpf_deferred* const older = newest->next;
    newest->next = first;
    first = newest;
    newest = older;
  }
  return first;
}

}  // namespace ebpf
