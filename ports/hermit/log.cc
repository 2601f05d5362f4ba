// SPDX-License-Identifier: MIT
//
// core/platform/log.h on Hermit. The console is behind locks, so a line is put
// into a ring first. A task with interrupts on writes the ring out at once (the
// kernel's locks mask interrupts: it holds none); any other context leaves
// that to the worker.
#include "ports/hermit/log.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/version.h"
#include "machine/interrupts.h"
#include "ports/hermit/kernel.h"

EBPF_PORT_WRITTEN_FOR(1);

namespace ebpf::hermit {
namespace {

constexpr int32_t kConsole = 1;
constexpr size_t kRingSize = 16 << 10;

/// Used with interrupts masked on Hermit's one CPU. Counters run on; a byte's
/// place is its number modulo the ring's size.
struct LogRing {
  uint8_t bytes[kRingSize];
  size_t written;
  size_t read;
  size_t lost;
};
constinit LogRing ring = {};

/// One task at a time writes the console, or pieces would change places.
constinit Atomic<bool> draining{false};

void Append(const char* text, size_t size) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const size_t room = kRingSize - (ring.written - ring.read);
  if (size <= room) {
    for (size_t i = 0; i < size; ++i) {
      ring.bytes[ring.written++ % kRingSize] = static_cast<uint8_t>(text[i]);
    }
  } else {
    ring.lost += size;  // a whole line or none of it
  }
  ebpf_port_irq_restore(interrupts);
}

/// Moves up to `size` bytes out of the ring; how many.
size_t Take(uint8_t* to, size_t size) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  size_t taken = 0;
  while (taken < size && ring.read != ring.written) {
    to[taken++] = ring.bytes[ring.read++ % kRingSize];
  }
  ebpf_port_irq_restore(interrupts);
  return taken;
}

bool TakeLost() {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const bool lost = ring.lost != 0;
  ring.lost = 0;
  ebpf_port_irq_restore(interrupts);
  return lost;
}

void WriteConsole(const uint8_t* bytes, size_t size) {
  while (size > 0) {
    const hermit_iovec part = {bytes, size};
    const ptrdiff_t written = sys_writev(kConsole, &part, 1);
    if (written <= 0) {
      return;  // there is no console
    }
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

}  // namespace

void DrainLog() {
  if (draining.Exchange(true, kAcquire)) {
    return;  // who drains will see what is new, or the worker will
  }
  uint8_t piece[256];
  while (const size_t size = Take(piece, sizeof(piece))) {
    WriteConsole(piece, size);
  }
  if (TakeLost()) {
    constexpr uint8_t kLost[] = "ebpf: log lines were lost\n";
    WriteConsole(kLost, sizeof(kLost) - 1);
  }
  draining.Store(false, kRelease);  // pairs with the exchange above
}

}  // namespace ebpf::hermit

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  ebpf::hermit::Append(text, size);
  if (!ebpf::machine::InterruptsMasked()) {
    ebpf::hermit::DrainLog();
  }
}

void ebpf_port_panic(const char* what) {
  size_t size = 0;
  while (what[size] != '\0') {
    ++size;
  }
  ebpf_hermit_panic(reinterpret_cast<const uint8_t*>(what), size);
}

}  // extern "C"
