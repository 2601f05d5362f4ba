// SPDX-License-Identifier: MIT
//
// core/platform/log.h on Alien.
#include "core/platform/log.h"

#include "core/base/string_view.h"
#include "core/platform/version.h"
#include "ports/alien/kernel.h"

EBPF_PORT_WRITTEN_FOR(1);

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  alien_console_write(text, size);
}

void ebpf_port_panic(const char* what) {
  const ebpf::StringView text(what);
  alien_panic(text.data(), text.size());
}

}  // extern "C"
