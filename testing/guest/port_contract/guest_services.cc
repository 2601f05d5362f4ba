// SPDX-License-Identifier: MIT
#include "testing/guest/port_contract/guest_services.h"

#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/thread.h"

extern "C" const char guest_text_begin[];

namespace guest {
namespace {

constexpr size_t kMaxThreads = 8;

constinit Thread* threads[kMaxThreads] = {};
constinit size_t thread_count = 0;
constinit uintptr_t hole = 0;

}  // namespace

bool StartTask(uint32_t cpu, void (*body)(void* argument), void* argument) {
  if (cpu >= OnlineCpus() || thread_count == kMaxThreads) {
    return false;
  }
  threads[thread_count] = Spawn("contract", cpu, body, argument);
  if (threads[thread_count] == nullptr) {
    return false;
  }
  ++thread_count;
  return true;
}

void JoinTasks() {
  while (thread_count != 0) {
    Join(threads[--thread_count]);
  }
}

uintptr_t UnmappedPage() {
  if (hole != 0) {
    return hole;
  }
  void* const pages = AllocatePages(2);
  if (pages != nullptr) {
    hole = reinterpret_cast<uintptr_t>(pages) + kPageSize;
    machine::Unmap(hole, kPageSize);
  }
  return hole;
}

bool MayWriteWhatRuns() {
  machine::Mapping mapping = {};
  return machine::Query(reinterpret_cast<uintptr_t>(guest_text_begin),
                        &mapping) &&
         (mapping.protection & machine::kWrite) != 0;
}

}  // namespace guest
