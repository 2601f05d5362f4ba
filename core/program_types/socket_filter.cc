// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_SOCKET_FILTER. There are no sockets to attach it to here; it
// is loadable because libbpf and others load one to learn what a kernel can
// do, and the simplest thing for bpf(2)'s tests to load. Its context cannot be
// looked into.
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

ContextAnswer Access(const ContextQuery& /*query*/) { return {}; }

}  // namespace

constinit const ProgramType kSocketFilterType = {ProgramTypeId::kSocketFilter,
                                                 "socket_filter", Access};

}  // namespace ebpf
