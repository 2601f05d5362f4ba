// SPDX-License-Identifier: MIT
//
// Offsets as C++ sees them, for tests/host_port/layouts.rs.
#include <stddef.h>

#include "arch/aarch64/pt_regs.h"
#include "arch/riscv64/pt_regs.h"
#include "arch/x86_64/pt_regs.h"
#include "core/capi/ebpf.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/defer.h"
#include "core/platform/nofault.h"
#include "core/platform/symbols.h"
#include "core/platform/this_cpu.h"
#include "core/platform/timer.h"
#include "core/tracepoints/static_key.h"
#include "core/tracepoints/tracepoint.h"

namespace ebpf {
namespace {

struct Layout {
  const char* type;
  const char* field;  // "": all of it
  size_t value;
};

// What has private members is measured by its size, and by what else is there.
struct View {
  const void* data;
  size_t size;
};
static_assert(sizeof(View) == sizeof(StringView) &&
              sizeof(View) == sizeof(Span<const EventField>));

#define SIZE(type, name) {name, "", sizeof(type)}
#define FIELD(type, name, field) {name, #field, offsetof(type, field)}

constexpr Layout kLayouts[] = {
    SIZE(StringView, "StringView"),
    FIELD(View, "StringView", data),
    FIELD(View, "StringView", size),
    SIZE(Span<const EventField>, "Span"),
    FIELD(View, "Span", data),
    FIELD(View, "Span", size),
    SIZE(EventField, "EventField"),
    FIELD(EventField, "EventField", type),
    FIELD(EventField, "EventField", name),
    FIELD(EventField, "EventField", offset),
    FIELD(EventField, "EventField", size),
    FIELD(EventField, "EventField", is_signed),
    FIELD(EventField, "EventField", kind),
    SIZE(EventHeader, "EventHeader"),
    FIELD(EventHeader, "EventHeader", type),
    FIELD(EventHeader, "EventHeader", flags),
    FIELD(EventHeader, "EventHeader", preempt_count),
    FIELD(EventHeader, "EventHeader", pid),
    SIZE(TracepointInfo, "TracepointInfo"),
    FIELD(TracepointInfo, "TracepointInfo", system),
    FIELD(TracepointInfo, "TracepointInfo", name),
    FIELD(TracepointInfo, "TracepointInfo", print_format),
    FIELD(TracepointInfo, "TracepointInfo", fields),
    FIELD(TracepointInfo, "TracepointInfo", text_size),
    FIELD(TracepointInfo, "TracepointInfo", fill),
    FIELD(TracepointInfo, "TracepointInfo", record_size),
    FIELD(TracepointInfo, "TracepointInfo", argument_count),
    FIELD(TracepointInfo, "TracepointInfo", writable_size),
    FIELD(TracepointInfo, "TracepointInfo", reserved),
    SIZE(Tracepoint, "Tracepoint"),
    FIELD(Tracepoint, "Tracepoint", key),
    FIELD(Tracepoint, "Tracepoint", info),
    FIELD(Tracepoint, "Tracepoint", consumers),
    FIELD(Tracepoint, "Tracepoint", missed),
    FIELD(Tracepoint, "Tracepoint", users),
    FIELD(Tracepoint, "Tracepoint", id),
    FIELD(Tracepoint, "Tracepoint", reserved),
    FIELD(Tracepoint, "Tracepoint", fire),
    SIZE(StaticKey, "StaticKey"),
    SIZE(StaticSite, "StaticSite"),
    FIELD(StaticSite, "StaticSite", code_offset),
    FIELD(StaticSite, "StaticSite", target_offset),
    FIELD(StaticSite, "StaticSite", key_offset),
    SIZE(ebpf_options, "ebpf_options"),
    FIELD(ebpf_options, "ebpf_options", cpu_features),
    FIELD(ebpf_options, "ebpf_options", interpret),
    FIELD(ebpf_options, "ebpf_options", blind_constants),
    SIZE(ebpf_pin_entry, "ebpf_pin_entry"),
    FIELD(ebpf_pin_entry, "ebpf_pin_entry", is_directory),
    SIZE(ebpf_text_entry, "ebpf_text_entry"),
    FIELD(ebpf_text_entry, "ebpf_text_entry", is_directory),
    FIELD(ebpf_text_entry, "ebpf_text_entry", mode),
    SIZE(ebpf_pages, "ebpf_pages"),
    FIELD(ebpf_pages, "ebpf_pages", size),
    FIELD(ebpf_pages, "ebpf_pages", mirrored_size),
    FIELD(ebpf_pages, "ebpf_pages", sealed),
    SIZE(ebpf_trace_task, "Task"),
    FIELD(ebpf_trace_task, "Task", task),
    FIELD(ebpf_trace_task, "Task", comm),
    FIELD(ebpf_trace_task, "Task", pid),
    FIELD(ebpf_trace_task, "Task", prio),
    SIZE(ebpf_deferred, "ebpf_deferred"),
    FIELD(ebpf_deferred, "ebpf_deferred", run),
    SIZE(ebpf_symbol, "ebpf_symbol"),
    FIELD(ebpf_symbol, "ebpf_symbol", size),
    FIELD(ebpf_symbol, "ebpf_symbol", entry),
    SIZE(ebpf_address_range, "ebpf_address_range"),
    FIELD(ebpf_address_range, "ebpf_address_range", last),
    SIZE(ebpf_this_cpu, "ebpf_this_cpu"),
    FIELD(ebpf_this_cpu, "ebpf_this_cpu", counter_offset),
    FIELD(ebpf_this_cpu, "ebpf_this_cpu", stack_size),
    SIZE(ebpf_context, "ebpf_context"),
    FIELD(ebpf_context, "ebpf_context", stride),
    FIELD(ebpf_context, "ebpf_context", interrupts),
    FIELD(ebpf_context, "ebpf_context", resched),
    SIZE(ebpf_timer, "ebpf_timer"),
    FIELD(ebpf_timer, "ebpf_timer", port),
    SIZE(x86_64::PtRegs, "X86_64"),
    FIELD(x86_64::PtRegs, "X86_64", rbp),
    FIELD(x86_64::PtRegs, "X86_64", r11),
    FIELD(x86_64::PtRegs, "X86_64", rax),
    FIELD(x86_64::PtRegs, "X86_64", rdi),
    FIELD(x86_64::PtRegs, "X86_64", orig_rax),
    FIELD(x86_64::PtRegs, "X86_64", rip),
    FIELD(x86_64::PtRegs, "X86_64", rflags),
    FIELD(x86_64::PtRegs, "X86_64", rsp),
    FIELD(x86_64::PtRegs, "X86_64", ss),
    SIZE(aarch64::PtRegs, "Aarch64"),
    FIELD(aarch64::PtRegs, "Aarch64", sp),
    FIELD(aarch64::PtRegs, "Aarch64", pc),
    FIELD(aarch64::PtRegs, "Aarch64", pstate),
    SIZE(riscv64::PtRegs, "Riscv64"),
    FIELD(riscv64::PtRegs, "Riscv64", x),
    FIELD(riscv64::PtRegs, "Riscv64", status),
    FIELD(riscv64::PtRegs, "Riscv64", badaddr),
    FIELD(riscv64::PtRegs, "Riscv64", cause),
    FIELD(riscv64::PtRegs, "Riscv64", orig_a0),
};

}  // namespace

/// Entry `index`; false behind the last.
extern "C" bool ebpf_test_layout(size_t index, const char** type,
                                 const char** field, size_t* value) {
  if (index >= sizeof(kLayouts) / sizeof(kLayouts[0])) {
    return false;
  }
  *type = kLayouts[index].type;
  *field = kLayouts[index].field;
  *value = kLayouts[index].value;
  return true;
}

}  // namespace ebpf
