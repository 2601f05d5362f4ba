// SPDX-License-Identifier: MIT
//
// Numbers and structures of bpf(2), from its documented interface (bpf(2),
// uapi/linux/bpf.h as a reference of the ABI). Layouts are pinned below.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::linux_abi {

inline constexpr size_t kObjectNameSize = 16;  // BPF_OBJ_NAME_LEN

/// Commands that this tree implements; all others get EINVAL.
enum BpfCommand : uint32_t {
  kMapCreate = 0,
  kMapLookupElem = 1,
  kMapUpdateElem = 2,
  kMapDeleteElem = 3,
  kMapGetNextKey = 4,
  kProgLoad = 5,
  kObjPin = 6,
  kObjGet = 7,
  kProgAttach = 8,
  kProgDetach = 9,
  kProgTestRun = 10,
  kProgGetNextId = 11,
  kMapGetNextId = 12,
  kProgGetFdById = 13,
  kMapGetFdById = 14,
  kObjGetInfoByFd = 15,
  kProgQuery = 16,
  kRawTracepointOpen = 17,
  kBtfLoad = 18,
  kBtfGetFdById = 19,
  kTaskFdQuery = 20,
  kMapLookupAndDeleteElem = 21,
  kMapFreeze = 22,
  kBtfGetNextId = 23,
  kMapLookupBatch = 24,
  kMapLookupAndDeleteBatch = 25,
  kMapUpdateBatch = 26,
  kMapDeleteBatch = 27,
  kLinkCreate = 28,
  kLinkUpdate = 29,
  kLinkGetFdById = 30,
  kLinkGetNextId = 31,
  kEnableStats = 32,
  kIterCreate = 33,
  kLinkDetach = 34,
  kProgBindMap = 35,
};

/// enum bpf_map_type.
enum MapTypeNumber : uint32_t {
  kMapTypeHash = 1,
  kMapTypeArray = 2,
  kMapTypeProgArray = 3,
  kMapTypePerfEventArray = 4,
  kMapTypePerCpuHash = 5,
  kMapTypePerCpuArray = 6,
  kMapTypeStackTrace = 7,
  kMapTypeCgroupArray = 8,
  kMapTypeRingBuffer = 27,
};

/// map_flags of BPF_MAP_CREATE (BPF_F_*).
enum MapFlags : uint32_t {
  kMapNoPrealloc = 1u << 0,
  kMapNoCommonLru = 1u << 1,
  kMapNumaNode = 1u << 2,
  kMapReadOnly = 1u << 3,   // BPF_F_RDONLY: for the syscall side
  kMapWriteOnly = 1u << 4,  // BPF_F_WRONLY
  kMapStackBuildId = 1u << 5,
  kMapZeroSeed = 1u << 6,
  kMapReadOnlyProg = 1u << 7,   // BPF_F_RDONLY_PROG: for programs
  kMapWriteOnlyProg = 1u << 8,  // BPF_F_WRONLY_PROG
  kMapClone = 1u << 9,
  kMapMmapable = 1u << 10,
  kMapPreserveElems = 1u << 11,
  kMapInnerMap = 1u << 12,
  kMapLink = 1u << 13,
  kMapPathFd = 1u << 14,
  kMapValueTypeFd = 1u << 15,  // BPF_F_VTYPE_BTF_OBJ_FD
  kMapTokenFd = 1u << 16,
  kMapSegvOnFault = 1u << 17,
  kMapNoUserConversion = 1u << 18,  // BPF_F_NO_USER_CONV
};

/// numa_node: any.
inline constexpr uint32_t kNoNumaNode = UINT32_MAX;

/// flags of an update; also UpdateMode's numbers.
enum UpdateFlags : uint64_t {
  kUpdateAny = 0,
  kUpdateNoExist = 1,
  kUpdateExist = 2,
  kUpdateLock = 4,  // BPF_F_LOCK
};

/// The index among the flags of helpers on perf events, and its value for the
/// running CPU's entry.
inline constexpr uint64_t kIndexMask = 0xffffffff;   // BPF_F_INDEX_MASK
inline constexpr uint64_t kCurrentCpu = kIndexMask;  // BPF_F_CURRENT_CPU

/// flags of the helpers on stacks.
inline constexpr uint64_t kStackSkipMask = 0xff;  // BPF_F_SKIP_FIELD_MASK
inline constexpr uint64_t kStackUser = 1 << 8;    // BPF_F_USER_STACK
inline constexpr uint64_t kStackCompareHashes = 1 << 9;  // _FAST_STACK_CMP
inline constexpr uint64_t kStackReuseId = 1 << 10;       // BPF_F_REUSE_STACKID

/// flags of the ring buffer helpers, and of bpf_ringbuf_query.
enum RingFlags : uint64_t {
  kRingNoWakeup = 1,
  kRingForceWakeup = 2,
};
enum RingQuery : uint64_t {
  kRingAvailableData = 0,
  kRingSize = 1,
  kRingConsumerPosition = 2,
  kRingProducerPosition = 3,
};

/// The header before each record in a ring's data.
struct RingRecordHeader {
  uint32_t length;  // of the payload, with the two bits below
  uint32_t page_offset;
};
inline constexpr uint32_t kRingBusyBit = 1u << 31;
inline constexpr uint32_t kRingDiscardBit = 1u << 30;
inline constexpr uint32_t kRingHeaderSize = 8;
static_assert(sizeof(RingRecordHeader) == kRingHeaderSize);

/// prog_flags of BPF_PROG_LOAD.
enum ProgramFlags : uint32_t {
  kProgStrictAlignment = 1u << 0,
  kProgAnyAlignment = 1u << 1,
  kProgTestRandomHigh32 = 1u << 2,
  kProgTestStateFrequency = 1u << 3,
  kProgSleepable = 1u << 4,
  kProgXdpHasFrags = 1u << 5,
  kProgXdpDeviceBound = 1u << 6,
  kProgTestRegInvariants = 1u << 7,
  kProgTokenFd = 1u << 16,
};

struct MapCreateAttr {
  uint32_t map_type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t map_flags;
  uint32_t inner_map_fd;
  uint32_t numa_node;
  char map_name[kObjectNameSize];
  uint32_t map_ifindex;
  uint32_t btf_fd;
  uint32_t btf_key_type_id;
  uint32_t btf_value_type_id;
  uint32_t btf_vmlinux_value_type_id;
  uint64_t map_extra;
  int32_t value_type_btf_obj_fd;
  int32_t map_token_fd;
};
static_assert(offsetof(MapCreateAttr, map_name) == 28);
static_assert(offsetof(MapCreateAttr, map_extra) == 64);
static_assert(sizeof(MapCreateAttr) == 80);

/// BPF_MAP_*_ELEM and BPF_MAP_GET_NEXT_KEY (`value` is then next_key).
struct MapElemAttr {
  uint32_t map_fd;
  uint32_t padding;
  uint64_t key;
  uint64_t value;
  uint64_t flags;
};
static_assert(sizeof(MapElemAttr) == 32);

/// BPF_MAP_*_BATCH.
struct MapBatchAttr {
  uint64_t in_batch;
  uint64_t out_batch;
  uint64_t keys;
  uint64_t values;
  uint32_t count;
  uint32_t map_fd;
  uint64_t elem_flags;
  uint64_t flags;
};
static_assert(offsetof(MapBatchAttr, count) == 32);
static_assert(sizeof(MapBatchAttr) == 56);

struct ProgLoadAttr {
  uint32_t prog_type;
  uint32_t insn_cnt;
  uint64_t insns;
  uint64_t license;
  uint32_t log_level;
  uint32_t log_size;
  uint64_t log_buf;
  uint32_t kern_version;
  uint32_t prog_flags;
  char prog_name[kObjectNameSize];
  uint32_t prog_ifindex;
  uint32_t expected_attach_type;
  uint32_t prog_btf_fd;
  uint32_t func_info_rec_size;
  uint64_t func_info;
  uint32_t func_info_cnt;
  uint32_t line_info_rec_size;
  uint64_t line_info;
  uint32_t line_info_cnt;
  uint32_t attach_btf_id;
  uint32_t attach_prog_fd;
  uint32_t core_relo_cnt;
  uint64_t fd_array;
  uint64_t core_relos;
  uint32_t core_relo_rec_size;
  uint32_t log_true_size;
  int32_t prog_token_fd;
  uint32_t fd_array_cnt;
};
static_assert(offsetof(ProgLoadAttr, prog_name) == 48);
static_assert(offsetof(ProgLoadAttr, fd_array) == 120);
static_assert(offsetof(ProgLoadAttr, log_true_size) == 140);
static_assert(sizeof(ProgLoadAttr) == 152);

struct BtfLoadAttr {
  uint64_t btf;
  uint64_t btf_log_buf;
  uint32_t btf_size;
  uint32_t btf_log_size;
  uint32_t btf_log_level;
  uint32_t btf_log_true_size;
  uint32_t btf_flags;
  int32_t btf_token_fd;
};
static_assert(offsetof(BtfLoadAttr, btf_log_true_size) == 28);
static_assert(sizeof(BtfLoadAttr) == 40);

/// BPF_PROG_TEST_RUN.
struct ProgTestRunAttr {
  uint32_t prog_fd;
  uint32_t retval;  // written
  uint32_t data_size_in;
  uint32_t data_size_out;  // written
  uint64_t data_in;
  uint64_t data_out;
  uint32_t repeat;
  uint32_t duration;  // written: nanoseconds of one run
  uint32_t ctx_size_in;
  uint32_t ctx_size_out;  // written
  uint64_t ctx_in;
  uint64_t ctx_out;
  uint32_t flags;
  uint32_t cpu;
  uint32_t batch_size;
  uint32_t padding;  // zero
};
static_assert(offsetof(ProgTestRunAttr, ctx_size_out) == 44);
static_assert(offsetof(ProgTestRunAttr, flags) == 64);

/// BPF_PROG_TEST_RUN's flags.
enum TestRunFlags : uint32_t {
  kTestRunOnCpu = 1u << 0,
  kTestRunLiveFrames = 1u << 1,        // BPF_F_TEST_XDP_LIVE_FRAMES
  kTestRunChecksumComplete = 1u << 2,  // BPF_F_TEST_SKB_CHECKSUM_COMPLETE
};

/// bpf_timer_init's clocks (linux/time.h) and bpf_timer_start's flags.
inline constexpr uint64_t kClockRealtime = 0;
inline constexpr uint64_t kClockMonotonic = 1;
inline constexpr uint64_t kClockBoottime = 7;
inline constexpr uint64_t kTimerAbsolute = 1u << 0;
inline constexpr uint64_t kTimerPinCpu = 1u << 1;

struct MapFreezeAttr {
  uint32_t map_fd;
};

/// The size of the largest attribute: what is behind it must be zero.
inline constexpr uint32_t kBpfAttrSize = sizeof(ProgLoadAttr);

/// Capabilities that bpf(2) and perf_event_open(2) ask for (capabilities(7)).
enum Capability : int {
  kCapDacOverride = 1,
  kCapNetAdmin = 12,
  kCapIpcLock = 14,
  kCapSysAdmin = 21,
  kCapSyslog = 34,
  kCapPerfmon = 38,
  kCapBpf = 39,
};

}  // namespace ebpf::linux_abi
