// SPDX-License-Identifier: MIT
//
// core/base/assert.h's Panic, and the call of a pure virtual function.
#include "core/base/assert.h"
#include "core/platform/log.h"

namespace ebpf {

void Panic(const char* what) { ebpf_port_panic(what); }

}  // namespace ebpf

// Every vtable of an abstract class names it. Weak: where a C++ runtime is
// linked (host tests), its own wins; hidden: a kernel never sees it.
extern "C" [[noreturn]] __attribute__((weak, visibility("hidden"))) void
__cxa_pure_virtual();
extern "C" void __cxa_pure_virtual() {
  ebpf::Panic("call of a pure virtual function");
}
