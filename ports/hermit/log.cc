// SPDX-License-Identifier: MIT
//
// core/platform/log.h on Hermit. The console is behind locks, so a line is put
// aside first. A task with interrupts on writes at once (the kernel's locks
// mask interrupts: it holds none); any other context leaves that to the worker.
#include "ports/hermit/log.h"

#include "core/base/string_view.h"
#include "core/platform/log.h"
#include "core/platform/task_log.h"
#include "core/platform/version.h"
#include "machine/interrupts.h"
#include "ports/hermit/kernel.h"

EBPF_PORT_WRITTEN_FOR(1);

namespace ebpf::hermit {
namespace {

constexpr int32_t kConsole = 1;

constinit TaskLog<128> lines;

void WriteConsole(StringView text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t size = text.size();
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

void DrainLog() { lines.Print(&WriteConsole); }

}  // namespace ebpf::hermit

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  ebpf::hermit::lines.Put(text, size);
  if (!ebpf::machine::InterruptsMasked()) {
    ebpf::hermit::DrainLog();
  }
}

void ebpf_port_panic(const char* what) {
  const ebpf::StringView text(what);
  ebpf_hermit_panic(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

}  // extern "C"
