// SPDX-License-Identifier: MIT
//
// struct bpf_sock as a context (cgroup_sock) and behind pointers, and the other
// structs that programs reach by pointers.
#include "core/program_types/sock_pointers.h"

#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

constexpr bool kFull = false;
constexpr bool kCommon = true;

#define EBPF_SOCK_FIELD(field, offset, size, reads, level, writes, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, Scalar, attach)
constexpr ContextField kCgroupFields[] = {
#include "core/program_types/fields/sock.def"
};
#undef EBPF_SOCK_FIELD

#define EBPF_SOCK_FIELD(field, offset, size, reads, level, writes, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, None, Scalar, Any)
constexpr ContextField kSockFields[] = {
#include "core/program_types/fields/sock.def"
};
#undef EBPF_SOCK_FIELD

constexpr bool kIsCommon[] = {
#define EBPF_SOCK_FIELD(field, offset, size, reads, level, writes, attach) \
  k##level,
#include "core/program_types/fields/sock.def"
#undef EBPF_SOCK_FIELD
};

#define EBPF_FIELD(field, offset, size, reads, writes, gives, attach) \
  EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach)
constexpr ContextField kTcpSockFields[] = {
#include "core/program_types/fields/tcp_sock.def"
};
constexpr ContextField kXdpSockFields[] = {
#include "core/program_types/fields/xdp_sock.def"
};
#undef EBPF_FIELD

constexpr uint32_t kFlowKeysSize = 56;  // struct bpf_flow_keys

}  // namespace

ContextAnswer CgroupSockAccess(const ContextQuery& query) {
  return AccessFields(kCgroupFields, query);
}

ContextAnswer SockAccess(const ContextQuery& query) {
  return AccessFields(kSockFields, query);
}

ContextAnswer SockCommonAccess(const ContextQuery& query) {
  for (size_t i = 0; i < sizeof(kIsCommon); ++i) {
    const ContextAnswer answer =
        kIsCommon[i]
            ? AccessFields(Span<const ContextField>(&kSockFields[i], 1), query)
            : ContextAnswer();
    if (answer.value != ContextValue::kRefused) {
      return answer;
    }
  }
  return {};
}

ContextAnswer TcpSockAccess(const ContextQuery& query) {
  return AccessFields(kTcpSockFields, query);
}

ContextAnswer XdpSockAccess(const ContextQuery& query) {
  return AccessFields(kXdpSockFields, query);
}

ContextAnswer FlowKeysAccess(const ContextQuery& query) {
  if (query.offset >= kFlowKeysSize ||
      query.size > kFlowKeysSize - query.offset) {
    return {};
  }
  return {ContextValue::kScalar, query.offset, query.size};
}

}  // namespace ebpf
