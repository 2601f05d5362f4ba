// SPDX-License-Identifier: MIT
//
// Structures of the commands of bpf(2) that attach programs without links, and
// ask what is attached. As Linux 6.12 has them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::linux_abi {

/// BPF_PROG_ATTACH and BPF_PROG_DETACH.
struct ProgAttachAttr {
  uint32_t target_fd;  // or a device's number
  uint32_t attach_bpf_fd;
  uint32_t attach_type;
  uint32_t attach_flags;
  uint32_t replace_bpf_fd;
  uint32_t relative_fd;
  uint64_t expected_revision;
};
static_assert(sizeof(ProgAttachAttr) == 32);

/// attach_flags; also what a query tells.
enum AttachFlags : uint32_t {
  kAttachAllowOverride = 1u << 0,
  kAttachAllowMulti = 1u << 1,
  kAttachReplace = 1u << 2,
  kAttachBefore = 1u << 3,
  kAttachAfter = 1u << 4,
  kAttachId = 1u << 5,
};

/// BPF_PROG_QUERY.
struct ProgQueryAttr {
  uint32_t target_fd;  // or a device's number
  uint32_t attach_type;
  uint32_t query_flags;
  uint32_t attach_flags;  // out
  uint64_t prog_ids;
  uint32_t prog_cnt;  // in: the room; out: how many there are
  uint32_t padding;
  uint64_t prog_attach_flags;
  uint64_t link_ids;
  uint64_t link_attach_flags;
  uint64_t revision;
};
static_assert(offsetof(ProgQueryAttr, prog_cnt) == 24);
static_assert(offsetof(ProgQueryAttr, revision) == 56);
static_assert(sizeof(ProgQueryAttr) == 64);
inline constexpr uint32_t kQueryEffective = 1u << 0;  // BPF_F_QUERY_EFFECTIVE

/// BPF_TASK_FD_QUERY.
struct TaskFdQueryAttr {
  uint32_t pid;
  uint32_t fd;
  uint32_t flags;
  uint32_t buf_len;  // in: the room; out: the name's length
  uint64_t buf;
  uint32_t prog_id;  // from here on: out
  uint32_t fd_type;
  uint64_t probe_offset;
  uint64_t probe_addr;
};
static_assert(offsetof(TaskFdQueryAttr, prog_id) == 24);
static_assert(sizeof(TaskFdQueryAttr) == 48);

/// enum bpf_task_fd_type.
enum TaskFdType : uint32_t {
  kFdRawTracepoint = 0,
  kFdTracepoint = 1,
  kFdKprobe = 2,
  kFdKretprobe = 3,
  kFdUprobe = 4,
  kFdUretprobe = 5,
};

/// struct bpf_cgroup_dev_ctx: what programs of type CGROUP_DEVICE are asked.
struct CgroupDeviceContext {
  uint32_t access_type;  // access << 16 | kind of device
  uint32_t major;
  uint32_t minor;
};
static_assert(sizeof(CgroupDeviceContext) == 12);

}  // namespace ebpf::linux_abi
