// SPDX-License-Identifier: MIT
//
// Structures of the commands of bpf(2) on objects: ids, information, links,
// pins, iterators, statistics. As Linux 6.12 has them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/linux_abi/bpf.h"

namespace ebpf::linux_abi {

/// struct bpf_func_info: the function that begins at an instruction, by BTF.
struct FunctionInfo {
  uint32_t insn_offset;
  uint32_t type_id;
};
static_assert(sizeof(FunctionInfo) == 8);

/// struct bpf_line_info: the source line that begins at an instruction.
struct LineInfo {
  uint32_t insn_offset;
  uint32_t file_name_offset;
  uint32_t line_offset;
  uint32_t line_column;  // line << 10 | column
};
static_assert(sizeof(LineInfo) == 16);

/// BPF_*_GET_NEXT_ID. The last field of other commands is checked by each.
struct NextIdAttr {
  uint32_t start_id;
  uint32_t next_id;  // out
};

/// BPF_*_GET_FD_BY_ID.
struct FdByIdAttr {
  uint32_t id;
  uint32_t next_id;
  uint32_t open_flags;
};
static_assert(sizeof(FdByIdAttr) == 12);

/// BPF_OBJ_GET_INFO_BY_FD.
struct ObjectInfoAttr {
  uint32_t fd;
  uint32_t info_size;  // in and out
  uint64_t info;
};
static_assert(sizeof(ObjectInfoAttr) == 16);

/// struct bpf_prog_info. Sizes and counts beside a pointer are in and out: what
/// there is room for, and what there is.
struct ProgramInfo {
  uint32_t type;
  uint32_t id;
  uint8_t tag[8];
  uint32_t jited_size;
  uint32_t xlated_size;
  uint64_t jited_insns;
  uint64_t xlated_insns;
  uint64_t load_time;  // ns since the kernel started
  uint32_t created_by_uid;
  uint32_t map_count;
  uint64_t map_ids;
  char name[kObjectNameSize];
  uint32_t ifindex;
  uint32_t gpl_compatible;  // bit 0
  uint64_t netns_dev;
  uint64_t netns_ino;
  uint32_t jited_symbol_count;
  uint32_t jited_length_count;
  uint64_t jited_symbols;
  uint64_t jited_lengths;
  uint32_t btf_id;
  uint32_t function_info_size;
  uint64_t function_info;
  uint32_t function_info_count;
  uint32_t line_info_count;
  uint64_t line_info;
  uint64_t jited_line_info;
  uint32_t jited_line_info_count;
  uint32_t line_info_size;
  uint32_t jited_line_info_size;
  uint32_t tag_count;
  uint64_t tags;
  uint64_t run_time_ns;
  uint64_t run_count;
  uint64_t recursion_misses;
  uint32_t verified_insns;
  uint32_t attach_btf_obj_id;
  uint32_t attach_btf_id;
  uint32_t padding;
};
static_assert(offsetof(ProgramInfo, map_ids) == 56);
static_assert(offsetof(ProgramInfo, jited_symbols) == 112);
static_assert(offsetof(ProgramInfo, line_info) == 152);
static_assert(offsetof(ProgramInfo, tags) == 184);
static_assert(offsetof(ProgramInfo, attach_btf_id) == 224);
static_assert(sizeof(ProgramInfo) == 232);

/// struct bpf_map_info.
struct MapInfo {
  uint32_t type;
  uint32_t id;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t map_flags;
  char name[kObjectNameSize];
  uint32_t ifindex;
  uint32_t btf_vmlinux_value_type_id;
  uint64_t netns_dev;
  uint64_t netns_ino;
  uint32_t btf_id;
  uint32_t btf_key_type_id;
  uint32_t btf_value_type_id;
  uint32_t btf_vmlinux_id;
  uint64_t map_extra;
};
static_assert(offsetof(MapInfo, btf_id) == 64);
static_assert(sizeof(MapInfo) == 88);

/// struct bpf_btf_info.
struct BtfInfo {
  uint64_t btf;
  uint32_t btf_size;
  uint32_t id;
  uint64_t name;
  uint32_t name_size;
  uint32_t kernel_btf;
};
static_assert(sizeof(BtfInfo) == 32);

/// enum bpf_link_type.
enum LinkType : uint32_t {
  kLinkRawTracepoint = 1,
  kLinkCgroup = 3,
  kLinkIterator = 4,
  kLinkPerfEvent = 7,
  kLinkKprobeMulti = 8,
};

/// enum bpf_perf_event_type.
enum PerfEventKind : uint32_t {
  kPerfEventKprobe = 3,
  kPerfEventKretprobe = 4,
  kPerfEventTracepoint = 5,
  kPerfEventOther = 6,
};

/// struct bpf_link_info, with what its union has for the links that exist here.
struct LinkInfo {
  struct Probe {
    uint64_t name;
    uint32_t name_size;  // in: the room; out: with the zero at its end
    uint32_t offset;
    uint64_t address;
    uint64_t missed;
    uint64_t cookie;
  };
  struct Tracepoint {
    uint64_t name;
    uint32_t name_size;  // as Probe's
    uint32_t padding;
    uint64_t cookie;
  };
  struct Event {
    uint64_t config;
    uint32_t type;
    uint32_t padding;
    uint64_t cookie;
  };
  struct Iterator {
    uint64_t target_name;
    uint32_t target_name_size;  // as Probe's
    uint32_t map_id;
  };
  struct Cgroup {
    uint64_t cgroup_id;
    uint32_t attach_type;
  };
  struct Kprobes {
    uint64_t addresses;  // in: where they go; null: nowhere
    uint32_t count;      // in: the room for each table; out: how many there are
    uint32_t flags;
    uint64_t missed;
    uint64_t cookies;  // in: where they go; null: nowhere
  };
  uint32_t type;
  uint32_t id;
  uint32_t prog_id;
  uint32_t padding;
  union {
    struct {
      uint32_t perf_event_type;
      uint32_t padding_2;
      union {
        Probe probe;
        Tracepoint tracepoint;
        Event event;
      };
    };
    Tracepoint raw_tracepoint;
    Iterator iterator;
    Cgroup cgroup;
    Kprobes kprobes;
  };
};
static_assert(offsetof(LinkInfo, perf_event_type) == 16);
static_assert(offsetof(LinkInfo, raw_tracepoint.cookie) == 32);
static_assert(offsetof(LinkInfo, iterator.map_id) == 28);
static_assert(offsetof(LinkInfo, kprobes.cookies) == 40);
static_assert(sizeof(LinkInfo) == 64);

/// BPF_LINK_CREATE. What is behind the first fields depends on attach_type.
struct LinkCreateAttr {
  uint32_t prog_fd;
  uint32_t target_fd;
  uint32_t attach_type;
  uint32_t flags;
  /// [0]: bpf_cookie of a perf event; an IteratorLinkInfo's address, and then
  /// its size. [1]: the cookie of a tracing program.
  uint64_t details[5];
  uint32_t last_detail;
  uint32_t padding;  // zero
};
static_assert(offsetof(LinkCreateAttr, last_detail) == 56);
static_assert(sizeof(LinkCreateAttr) == 64);

/// What LinkCreateAttr's details are for BPF_TRACE_KPROBE_MULTI and _SESSION.
struct KprobesToLink {
  uint32_t flags;
  uint32_t count;
  uint64_t symbols;    // pointers to names, or
  uint64_t addresses;  // of functions
  uint64_t cookies;    // one for each, or null
};
static_assert(sizeof(KprobesToLink) == 32);
inline constexpr uint32_t kKprobesReturn = 1;  // BPF_F_KPROBE_MULTI_RETURN

/// union bpf_iter_link_info, as far as there are such targets.
struct IteratorLinkInfo {
  uint32_t map_fd;
  uint32_t others[3];
};
static_assert(sizeof(IteratorLinkInfo) == 16);

/// BPF_ITER_CREATE.
struct IterCreateAttr {
  uint32_t link_fd;
  uint32_t flags;
};
static_assert(sizeof(IterCreateAttr) == 8);

/// BPF_LINK_UPDATE.
struct LinkUpdateAttr {
  uint32_t link_fd;
  uint32_t new_prog_fd;
  uint32_t flags;
  uint32_t old_prog_fd;
};
inline constexpr uint32_t kLinkReplace = 1u << 2;  // BPF_F_REPLACE

/// BPF_LINK_DETACH.
struct LinkDetachAttr {
  uint32_t link_fd;
};

/// BPF_RAW_TRACEPOINT_OPEN.
struct RawTracepointAttr {
  uint64_t name;
  uint32_t prog_fd;
  uint32_t padding;
  uint64_t cookie;
};
static_assert(sizeof(RawTracepointAttr) == 24);

/// BPF_OBJ_PIN and BPF_OBJ_GET.
struct ObjectPathAttr {
  uint64_t path;
  uint32_t fd;
  uint32_t file_flags;
  int32_t path_fd;
  uint32_t padding;  // zero
};
static_assert(sizeof(ObjectPathAttr) == 24);

/// BPF_PROG_BIND_MAP.
struct BindMapAttr {
  uint32_t prog_fd;
  uint32_t map_fd;
  uint32_t flags;
};

/// BPF_ENABLE_STATS.
struct EnableStatsAttr {
  uint32_t type;
};
inline constexpr uint32_t kStatsRunTime = 0;  // BPF_STATS_RUN_TIME

}  // namespace ebpf::linux_abi
