// SPDX-License-Identifier: MIT
//
// What a port has that does not define a service: each default stands beside
// the service's declaration. Weak, so that a port's own definition wins.
#include "core/platform/cgroup.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/features.h"
#include "core/platform/files.h"
#include "core/platform/log.h"
#include "core/platform/mappable.h"
#include "core/platform/memory.h"
#include "core/platform/nofault.h"
#include "core/platform/stack.h"
#include "core/platform/symbols.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/platform/timer.h"
#include "core/platform/user.h"
#include "core/platform/variables.h"
#include "core/platform/wake.h"

#define EBPF_ABSENT __attribute__((weak))

namespace {
constexpr size_t kPageSize = 4096;
}  // namespace

extern "C" {

EBPF_ABSENT int ebpf_port_call_on_cpu(uint32_t /*cpu*/,
                                      void (* /*function*/)(void*),
                                      void* /*argument*/) {
  return ebpf::kMinusNotSupported;
}

EBPF_ABSENT bool ebpf_port_copy_from_user(void* /*to*/, uint64_t /*from*/,
                                          size_t /*size*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_copy_to_user(uint64_t /*to*/, const void* /*from*/,
                                        size_t /*size*/) {
  return false;
}
EBPF_ABSENT size_t ebpf_port_stack_walk(const void* /*regs*/, bool /*user*/,
                                        uint64_t* /*addresses*/,
                                        size_t /*capacity*/) {
  return 0;
}
EBPF_ABSENT bool ebpf_port_stack_bounds(uintptr_t /*sp*/, uintptr_t* /*begin*/,
                                        uintptr_t* /*end*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_variable(const char* /*name*/, size_t /*name_size*/,
                                    uintptr_t* /*address*/) {
  return false;
}
EBPF_ABSENT uintptr_t ebpf_port_per_cpu_address(uintptr_t /*address*/,
                                                uint32_t /*cpu*/) {
  return 0;
}
EBPF_ABSENT void* ebpf_port_cgroup_get(int /*fd*/) { return nullptr; }
EBPF_ABSENT void ebpf_port_cgroup_put(void* /*cgroup*/) {}
EBPF_ABSENT bool ebpf_port_task_under_cgroup(const void* /*cgroup*/) {
  return false;
}
EBPF_ABSENT void* ebpf_port_cgroup_parent(const void* /*cgroup*/) {
  return nullptr;
}
EBPF_ABSENT uint64_t ebpf_port_cgroup_id(const void* /*cgroup*/) { return 0; }
EBPF_ABSENT bool ebpf_port_capable(int /*capability*/) { return false; }

EBPF_ABSENT int ebpf_port_stop_machine(int (* /*function*/)(void*),
                                       void* /*argument*/, int* /*result*/) {
  return ebpf::kMinusNotSupported;
}
EBPF_ABSENT int ebpf_port_text_write(uintptr_t /*to*/, const void* /*bytes*/,
                                     size_t /*size*/) {
  return ebpf::kMinusNotSupported;
}
EBPF_ABSENT void* ebpf_port_exec_alloc(size_t /*size*/, uintptr_t /*near*/,
                                       uint64_t /*reach*/) {
  return nullptr;
}
EBPF_ABSENT void ebpf_port_exec_free(void* /*memory*/, size_t /*size*/) {}
EBPF_ABSENT int ebpf_port_exec_write(void* /*to*/, const void* /*bytes*/,
                                     size_t /*size*/) {
  return ebpf::kMinusNotSupported;
}
EBPF_ABSENT bool ebpf_port_may_probe(uintptr_t /*address*/, size_t /*size*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_may_follow(uintptr_t /*function*/) { return true; }
EBPF_ABSENT bool ebpf_port_may_override(uintptr_t /*function*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return false;
}
EBPF_ABSENT enum ebpf_preemption ebpf_port_preemption(void) {
  return EBPF_PREEMPTION_UNKNOWN;
}
EBPF_ABSENT int ebpf_port_saved_pcs(void (* /*see*/)(void* argument,
                                                     uintptr_t pc),
                                    void* /*argument*/) {
  return ebpf::kMinusNotSupported;
}
EBPF_ABSENT uint32_t ebpf_port_trap_stub(void) { return 0; }
EBPF_ABSENT void ebpf_port_breakpoint_entry(void) {
  ebpf_port_panic("ebpf: somebody else's breakpoint, and no entry for it");
}

EBPF_ABSENT size_t ebpf_port_nofault_ranges(
    struct ebpf_address_range (* /*ranges*/)[EBPF_MAX_NOFAULT_RANGES]) {
  return 0;
}

EBPF_ABSENT bool ebpf_port_defer(struct ebpf_deferred* /*work*/) {
  return false;
}

EBPF_ABSENT bool ebpf_port_symbol_by_name(const char* /*name*/,
                                          size_t /*name_size*/,
                                          struct ebpf_symbol* /*symbol*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_symbol_by_address(uintptr_t /*address*/,
                                             struct ebpf_symbol* /*symbol*/) {
  return false;
}

EBPF_ABSENT bool ebpf_port_symbol_next(uint64_t* /*position*/,
                                       struct ebpf_symbol* /*symbol*/) {
  return false;
}
EBPF_ABSENT size_t ebpf_port_symbol_name(const struct ebpf_symbol* /*symbol*/,
                                         char* /*to*/, size_t /*size*/) {
  return 0;
}

EBPF_ABSENT int ebpf_port_fd_install(ebpf_file* /*file*/) {
  return ebpf::kMinusNotSupported;
}
EBPF_ABSENT ebpf_file* ebpf_port_fd_get(int /*fd*/) { return nullptr; }

EBPF_ABSENT void* ebpf_port_mappable_alloc(size_t size) {
  return ebpf_port_alloc(size, kPageSize);
}
EBPF_ABSENT void ebpf_port_mappable_free(void* memory, size_t size) {
  ebpf_port_free(memory, size, kPageSize);
}

EBPF_ABSENT void ebpf_port_wake(void* /*file*/) {}

EBPF_ABSENT void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = 0;
  *tgid = 0;
}
EBPF_ABSENT bool ebpf_port_task_comm(char* /*name*/, size_t /*size*/) {
  return false;
}

EBPF_ABSENT void ebpf_port_task_user(uint32_t* uid, uint32_t* gid) {
  *uid = 0;
  *gid = 0;
}
EBPF_ABSENT uint64_t ebpf_port_task_view(void) { return 0; }
EBPF_ABSENT uint32_t ebpf_port_task_pid() {
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  return pid;
}
EBPF_ABSENT bool ebpf_port_task_ids_in(uint64_t /*device*/, uint64_t /*inode*/,
                                       uint32_t* /*pid*/, uint32_t* /*tgid*/) {
  return false;
}
EBPF_ABSENT uint64_t ebpf_port_task_cgroup_id(int32_t /*level*/) { return 0; }
EBPF_ABSENT bool ebpf_port_task_pause(void) { return false; }
EBPF_ABSENT void* ebpf_port_task_client_get(uint32_t /*pid*/) {
  return nullptr;
}
EBPF_ABSENT void ebpf_port_task_client_put(void* /*client*/) {}
EBPF_ABSENT int ebpf_port_send_signal(int /*signal*/, bool /*whole_process*/) {
  return ebpf::kMinusNotPermitted;
}

EBPF_ABSENT uint32_t ebpf_port_features(void) { return 0; }
EBPF_ABSENT bool ebpf_port_read_user_nofault(void* /*to*/, uint64_t /*from*/,
                                             size_t /*size*/) {
  return false;
}
EBPF_ABSENT bool ebpf_port_write_user_nofault(uint64_t /*to*/,
                                              const void* /*from*/,
                                              size_t /*size*/) {
  return false;
}
EBPF_ABSENT uint64_t ebpf_port_time_tai_ns(void) { return 0; }
EBPF_ABSENT bool ebpf_port_timer_start(struct ebpf_timer* /*timer*/,
                                       uint64_t /*deadline_ns*/,
                                       uint32_t /*flags*/) {
  return false;
}
EBPF_ABSENT int ebpf_port_timer_stop(struct ebpf_timer* /*timer*/) { return 0; }

EBPF_ABSENT const void* ebpf_port_interrupted_regs(bool* in_user) {
  *in_user = false;
  return nullptr;
}

}  // extern "C"
