// SPDX-License-Identifier: MIT
//
// What core/capi/rust writes down once more, in Rust: whoever changes one of
// these layouts learns here that there are two.
#include <stddef.h>
#include <stdint.h>

#include "core/capi/ebpf.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/defer.h"
#include "core/platform/features.h"
#include "core/platform/nofault.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "core/platform/this_cpu.h"
#include "core/platform/timer.h"
#include "core/platform/version.h"
#include "core/tracepoints/static_key.h"
#include "core/tracepoints/tracepoint.h"

namespace ebpf {
namespace {

// core/capi/rust/src/sys.rs
static_assert(sizeof(ebpf_options) == 16);
static_assert(offsetof(ebpf_options, interpret) == 8);
static_assert(offsetof(ebpf_options, blind_constants) == 9);
static_assert(EBPF_ORIGIN_USER == 0 && EBPF_ORIGIN_KERNEL == 1);
static_assert(sizeof(ebpf_pin_entry) == 257);
static_assert(offsetof(ebpf_pin_entry, is_directory) == 256);
static_assert(sizeof(ebpf_text_entry) == 264);
static_assert(offsetof(ebpf_text_entry, is_directory) == 256);
static_assert(offsetof(ebpf_text_entry, mode) == 260);
static_assert(sizeof(ebpf_pages) == 32);
static_assert(offsetof(ebpf_pages, size) == 8);
static_assert(offsetof(ebpf_pages, mirrored_size) == 16);
static_assert(offsetof(ebpf_pages, sealed) == 24);
static_assert(EBPF_TRACE_LINE_MAX == 1152);
static_assert(sizeof(ebpf_deferred) == 16);
static_assert(offsetof(ebpf_deferred, run) == 8);
static_assert(sizeof(ebpf_symbol) == 24);
static_assert(offsetof(ebpf_symbol, size) == 8);
static_assert(offsetof(ebpf_symbol, entry) == 16);
static_assert(sizeof(ebpf_address_range) == 16);
static_assert(offsetof(ebpf_address_range, last) == 8);
static_assert(EBPF_MAX_NOFAULT_RANGES == 2);
static_assert(sizeof(ebpf_this_cpu) == 16);
static_assert(offsetof(ebpf_this_cpu, counter_offset) == 4);
static_assert(offsetof(ebpf_this_cpu, stack_size) == 8);
static_assert(sizeof(ebpf_context) == 24);
static_assert(offsetof(ebpf_context, stride) == 4);
static_assert(offsetof(ebpf_context, interrupts) == 8);
static_assert(offsetof(ebpf_context, resched) == 16);
static_assert(EBPF_CONTEXT_INTERRUPT_MASK == 1 &&
              EBPF_CONTEXT_PREEMPT_DEPTH == 2 && EBPF_CONTEXT_INTERRUPTS == 4 &&
              EBPF_CONTEXT_RESCHED == 8);
static_assert(EBPF_THIS_CPU_REGISTER == 1 && EBPF_THIS_CPU_NO_PREEMPTION == 2 &&
              EBPF_THIS_CPU_COUNTER_BY_STACK == 4 &&
              EBPF_THIS_CPU_COUNTER_BY_REGISTER == 8);
static_assert(sizeof(ebpf_timer) == 56);
static_assert(offsetof(ebpf_timer, port) == 8);

// core/capi/rust/src/platform/mod.rs
static_assert(EBPF_PORT_API == 3);

// core/capi/rust/src/events.rs
static_assert(sizeof(ebpf_trace_task) == 24);
static_assert(offsetof(ebpf_trace_task, comm) == 8);
static_assert(offsetof(ebpf_trace_task, pid) == 16);
static_assert(offsetof(ebpf_trace_task, prio) == 20);
static_assert(EBPF_SYSCALLS_X86_64 == 0 && EBPF_SYSCALLS_GENERIC == 1);

// core/capi/rust/src/platform
static_assert(EBPF_PREEMPTION_NONE == 0 && EBPF_PREEMPTION_LISTED == 1 &&
              EBPF_PREEMPTION_UNKNOWN == 2 && sizeof(ebpf_preemption) == 4);
static_assert(EBPF_TRAP_STUB_SETS_SP == 1 && EBPF_TRAP_STUB_LEAVES_GAP == 2);
static_assert(EBPF_TIMER_THIS_CPU == 1);
static_assert(EBPF_PORT_USER_NOFAULT == 1 && EBPF_PORT_SIGNALS == 2 &&
              EBPF_PORT_TIMERS == 4 && EBPF_PORT_TAI_CLOCK == 8 &&
              EBPF_PORT_TASK_VIEW == 16 && EBPF_PORT_STACKS == 32 &&
              EBPF_PORT_CGROUP_DEVICES == 64 && EBPF_PORT_VARIABLES == 128 &&
              EBPF_PORT_OVERRIDE == 256);

// core/capi/rust/src/tracepoint
static_assert(sizeof(StringView) == 16);
static_assert(sizeof(EventField) == 40);
static_assert(offsetof(EventField, offset) == 32);
static_assert(offsetof(EventField, size) == 34);
static_assert(offsetof(EventField, is_signed) == 36);
static_assert(offsetof(EventField, kind) == 37);
static_assert(static_cast<int>(FieldKind::kInteger) == 0 &&
              static_cast<int>(FieldKind::kText) == 1 &&
              static_cast<int>(FieldKind::kDynamicText) == 2 &&
              static_cast<int>(FieldKind::kBytes) == 3);
static_assert(sizeof(EventHeader) == 8);
static_assert(offsetof(EventHeader, pid) == 4);
static_assert(sizeof(TracepointInfo) == 96);
static_assert(offsetof(TracepointInfo, fields) == 48);
static_assert(offsetof(TracepointInfo, text_size) == 64);
static_assert(offsetof(TracepointInfo, fill) == 72);
static_assert(offsetof(TracepointInfo, record_size) == 80);
static_assert(offsetof(TracepointInfo, argument_count) == 84);
static_assert(offsetof(TracepointInfo, writable_size) == 88);
static_assert(sizeof(Tracepoint) == 48);
static_assert(offsetof(Tracepoint, key) == 0);
static_assert(offsetof(Tracepoint, info) == 8);
static_assert(offsetof(Tracepoint, id) == 36);
static_assert(sizeof(StaticKey) == 8);
static_assert(sizeof(StaticSite) == 16);
static_assert(kMaxTracepointArguments == 12 && kMaxEventRecord == 2048);

}  // namespace
}  // namespace ebpf
