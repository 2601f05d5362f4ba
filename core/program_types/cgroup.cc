// SPDX-License-Identifier: MIT
//
// Types of control groups that are not about packets: devices, /proc/sys,
// socket options.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kCgroupDeviceFields[] = {
#include "core/program_types/fields/cgroup_dev_ctx.def"
};
constexpr ContextField kCgroupSysctlFields[] = {
#include "core/program_types/fields/sysctl.def"
};
constexpr ContextField kCgroupSockoptFields[] = {
#include "core/program_types/fields/sockopt.def"
};
#undef EBPF_FIELD

}  // namespace

ContextAnswer CgroupDeviceAccess(const ContextQuery& query) {
  return AccessFields(kCgroupDeviceFields, query);
}

ContextAnswer CgroupSysctlAccess(const ContextQuery& query) {
  return AccessFields(kCgroupSysctlFields, query);
}

ContextAnswer CgroupSockoptAccess(const ContextQuery& query) {
  return AccessFields(kCgroupSockoptFields, query);
}

}  // namespace ebpf
