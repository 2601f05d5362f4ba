// SPDX-License-Identifier: MIT
//
// core/platform/log.h on DragonOS, whose log takes locks that a probe may have
// interrupted: text goes through a queue without a lock. A task prints it, the
// one that logs or the port's worker.
#include "core/platform/log.h"

#include "core/base/atomic.h"
#include "core/base/line_queue.h"
#include "core/base/types.h"
#include "core/platform/defer.h"
#include "core/platform/version.h"
#include "ports/dragonos/kernel.h"

EBPF_PORT_WRITTEN_FOR(1);

namespace {

constexpr size_t kMaxPiece = 240;

constinit ebpf::LineQueue<64, kMaxPiece> queue;
constinit ebpf::Atomic<bool> deferred{false};

/// Context: task.
void PrintAll() {
  queue.Drain(
      [](ebpf::StringView text) { dragonos_log(text.data(), text.size()); });
  if (queue.TakeLost() != 0) {
    constexpr char kComplaint[] = "ebpf: log lines were lost\n";
    dragonos_log(kComplaint, sizeof kComplaint - 1);
  }
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
  while (size != 0) {
    const size_t piece = ebpf::Min(size, kMaxPiece);
    queue.Put(ebpf::StringView(text, piece));
    text += piece;
    size -= piece;
  }
  if (dragonos_may_rendezvous()) {
    PrintAll();  // a task that holds no spin lock
  } else if (!deferred.Exchange(true, ebpf::kAcqRel) &&
             !ebpf_port_defer(&print_work)) {
    deferred.Store(false, ebpf::kRelease);  // no worker yet: with the next
  }
}

void ebpf_port_panic(const char* what) { dragonos_panic(what); }

}  // extern "C"
