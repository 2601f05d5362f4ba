// SPDX-License-Identifier: MIT
//
// What the tests in Rust ask of the host port and of core, in C.
#include <stddef.h>
#include <stdint.h>

#include "core/memory/allocator.h"
#include "core/tracepoints/static_key.h"
#include "core/tracepoints/tracepoint.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace ebpf {

extern "C" {

HostTraps* ebpf_test_traps_create() { return new HostTraps; }
void ebpf_test_traps_delete(HostTraps* traps) { delete traps; }

HostTrap* ebpf_test_trap_create() { return new HostTrap; }
void ebpf_test_trap_delete(HostTrap* trap) { delete trap; }

uint64_t ebpf_test_run_deferred() { return RunHostDeferred(); }

uint64_t ebpf_test_allocated_bytes() {
  return PortAllocatedBytes() + HostExecBytes();
}

HostText* ebpf_test_text_create(const char* name, const uint8_t* code,
                                size_t size) {
  return new HostText(name, ConstBytes(code, size));
}
uint64_t ebpf_test_text_address(const HostText* text) {
  return text->address();
}
void ebpf_test_text_delete(HostText* text) { delete text; }

HostUserMemory* ebpf_test_user_create(size_t size) {
  return new HostUserMemory(size);
}
uint64_t ebpf_test_user_put(HostUserMemory* memory, const void* from,
                            size_t size) {
  return memory->Put(from, size);
}
void ebpf_test_user_delete(HostUserMemory* memory) { delete memory; }

/// What the log has since the last call, as far as there is room in `text`.
size_t ebpf_test_take_log(char* text, size_t size) {
  const size_t found = HostLog().copy(text, size);
  ClearHostLog();
  return found;
}

size_t ebpf_test_count_sites(const Tracepoint* tracepoint) {
  return CountStaticSites(tracepoint->key);
}

}  // extern "C"

}  // namespace ebpf
