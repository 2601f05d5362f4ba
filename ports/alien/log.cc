// SPDX-License-Identifier: MIT
//
// core/platform/log.h on Alien.
#include "core/platform/log.h"

#include "core/platform/version.h"
#include "ports/alien/kernel.h"

EBPF_PORT_WRITTEN_FOR(1);

extern "C" {

void ebpf_port_log(const char* text, size_t size) {
  alien_console_write(text, size);
}

void ebpf_port_panic(const char* what) {
  size_t size = 0;
  while (what[size] != '\0') {
    ++size;
  }
  alien_panic(what, size);
}

}  // extern "C"
