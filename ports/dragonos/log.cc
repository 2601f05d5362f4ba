// SPDX-License-Identifier: MIT
//
// core/platform/log.h on DragonOS, whose log takes locks that a probe may have
// interrupted: text goes through a queue without a lock. A task prints it, the
// one that logs or the port's worker.
#include "core/platform/log.h"

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/platform/defer.h"
#include "core/platform/task_log.h"
#include "core/platform/version.h"
#include "ports/dragonos/kernel.h"

EBPF_PORT_WRITTEN_FOR(2);

namespace {

constinit ebpf::TaskLog<64> lines;
constinit ebpf::Atomic<bool> deferred{false};

/// Context: task.
void PrintAll() {
  lines.Print(
      [](ebpf::StringView text) { dragonos_log(text.data(), text.size()); });
}

void PrintDeferred(ebpf_deferred* /*work*/) {
  // From here on the work may be handed over again.
  deferred.Store(false, ebpf::kRelease);
  PrintAll();
}

constinit ebpf_deferred print_work = {nullptr, PrintDeferred};

}  // namespace

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  lines.Put(text, size);
  if (dragonos_may_rendezvous()) {
    PrintAll();  // a task that holds no spin lock
  } else if (!deferred.Exchange(true, ebpf::kAcqRel) &&
             !ebpf_port_defer(&print_work)) {
    deferred.Store(false, ebpf::kRelease);  // no worker yet: with the next
  }
}

void ebpf_port_panic(const char* what) { dragonos_panic(what); }

}  // extern "C"
