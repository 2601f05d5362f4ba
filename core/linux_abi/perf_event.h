// SPDX-License-Identifier: MIT
//
// Numbers and structures of perf_event_open(2), from its documented interface.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::linux_abi {

/// type of the events of the kernel itself, and their config.
inline constexpr uint32_t kPerfTypeSoftware = 1;
/// type of those whose config is a trace event's id.
inline constexpr uint32_t kPerfTypeTracepoint = 2;
enum PerfSoftwareEvent : uint64_t {
  kPerfCpuClock = 0,
  kPerfTaskClock = 1,
  kPerfDummy = 9,
  kPerfBpfOutput = 10,
};

/// The number of the kprobe PMU, which clients read from
/// /sys/bus/event_source/devices/kprobe/type: the first after the fixed types.
inline constexpr uint32_t kPerfTypeKprobe = 6;

/// config of the kprobe PMU: "config:0" asks for the function's return.
inline constexpr uint64_t kPerfKprobeReturn = 1;

/// Bits of perf_event_attr.flags, its bit fields from `disabled` to `sigtrap`.
inline constexpr uint64_t kPerfDisabled = 1;
inline constexpr uint64_t kPerfInherit = 1 << 1;
inline constexpr uint64_t kPerfExcludeUser = 1 << 4;
inline constexpr uint64_t kPerfExcludeKernel = 1 << 5;
inline constexpr uint64_t kPerfExcludeIdle = 1 << 7;
inline constexpr uint64_t kPerfFrequency = 1 << 10;
inline constexpr uint64_t kPerfEnableOnExec = 1 << 12;
inline constexpr uint64_t kPerfWatermark = 1 << 14;
inline constexpr uint64_t kPerfSampleIdAll = 1 << 18;
inline constexpr uint64_t kPerfExcludeCallchainKernel = 1 << 21;
inline constexpr uint64_t kPerfExcludeCallchainUser = 1 << 22;
inline constexpr uint64_t kPerfUseClockId = 1 << 25;
inline constexpr uint64_t kPerfWriteBackward = 1 << 27;
inline constexpr uint64_t kPerfInheritThread = uint64_t{1} << 35;
inline constexpr uint64_t kPerfRemoveOnExec = uint64_t{1} << 36;
inline constexpr uint64_t kPerfSigtrap = uint64_t{1} << 37;
inline constexpr uint64_t kPerfKnownFlags = (uint64_t{1} << 38) - 1;

/// PERF_SAMPLE_*, what a sample holds.
enum PerfSampleType : uint64_t {
  kPerfSampleIp = 1 << 0,
  kPerfSampleTid = 1 << 1,
  kPerfSampleTime = 1 << 2,
  kPerfSampleAddress = 1 << 3,
  kPerfSampleRead = 1 << 4,
  kPerfSampleCallchain = 1 << 5,
  kPerfSampleId = 1 << 6,
  kPerfSampleCpu = 1 << 7,
  kPerfSamplePeriod = 1 << 8,
  kPerfSampleStreamId = 1 << 9,
  kPerfSampleRaw = 1 << 10,
  kPerfSampleBranchStack = 1 << 11,
  kPerfSampleUserStack = 1 << 13,
  kPerfSampleWeight = 1 << 14,
  kPerfSampleIdentifier = 1 << 16,
  kPerfSampleWeightStruct = 1 << 24,
};
/// ... up to the last one known.
inline constexpr uint64_t kPerfKnownSampleTypes = (uint64_t{1} << 25) - 1;

/// PERF_FORMAT_*, what read(2) gives besides the count.
enum PerfReadFormat : uint64_t {
  kPerfFormatEnabled = 1 << 0,
  kPerfFormatRunning = 1 << 1,
  kPerfFormatId = 1 << 2,
  kPerfFormatGroup = 1 << 3,
  kPerfFormatLost = 1 << 4,
};
inline constexpr uint64_t kPerfKnownFormats = (1 << 5) - 1;

/// What stands in a call chain before addresses of the kernel, or of a process.
inline constexpr uint64_t kPerfContextKernel = -uint64_t{128};
inline constexpr uint64_t kPerfContextUser = -uint64_t{512};

/// kernel.perf_event_max_stack and kernel.perf_event_max_sample_rate, as Linux
/// has them at first.
inline constexpr uint16_t kPerfMaxStack = 127;
inline constexpr uint64_t kPerfMaxSampleRate = 100000;
/// What buffers may take of each CPU beyond RLIMIT_MEMLOCK:
/// perf_event_mlock_kb.
inline constexpr uint64_t kPerfFreeMemory = 516 * 1024;

/// flags of perf_event_open(2).
enum PerfFlags : uint64_t {
  kPerfFlagFdNoGroup = 1,
  kPerfFlagFdOutput = 2,
  kPerfFlagPidCgroup = 4,
  kPerfFlagFdCloexec = 8,
  kPerfFlagAll = 15,
};

/// ioctl(2) on a perf event.
enum PerfIoctl : uint32_t {
  kPerfIocEnable = 0x2400,
  kPerfIocDisable = 0x2401,
  kPerfIocRefresh = 0x2402,
  kPerfIocReset = 0x2403,
  kPerfIocPeriod = 0x40082404,
  kPerfIocSetOutput = 0x2405,
  kPerfIocSetFilter = 0x40082406,
  kPerfIocId = 0x80082407,
  kPerfIocSetBpf = 0x40042408,
  kPerfIocPauseOutput = 0x40042409,
  kPerfIocQueryBpf = 0xc008240a,
};

/// Programs on one tracepoint, and ids that QUERY_BPF can be asked for.
inline constexpr uint32_t kMaxTracePrograms = 64;

/// What PERF_EVENT_IOC_QUERY_BPF is given; the ids follow.
struct PerfQueryBpf {
  uint32_t ids_len;
  uint32_t prog_cnt;
};

struct PerfEventAttr {
  uint32_t type;
  uint32_t size;
  uint64_t config;
  uint64_t sample_period;
  uint64_t sample_type;
  uint64_t read_format;
  uint64_t flags;
  uint32_t wakeup_events;
  uint32_t bp_type;
  uint64_t config1;  // kprobe_func
  uint64_t config2;  // probe_offset, or kprobe_addr without a function
  uint64_t branch_sample_type;
  uint64_t sample_regs_user;
  uint32_t sample_stack_user;
  int32_t clockid;
  uint64_t sample_regs_intr;
  uint32_t aux_watermark;
  uint16_t sample_max_stack;
  uint16_t reserved_2;
  uint32_t aux_sample_size;
  uint32_t aux_action;
  uint64_t sig_data;
  uint64_t config3;
};
static_assert(offsetof(PerfEventAttr, config1) == 56);
static_assert(offsetof(PerfEventAttr, sample_regs_intr) == 96);
static_assert(sizeof(PerfEventAttr) == 136);  // PERF_ATTR_SIZE_VER8

inline constexpr uint32_t kPerfAttrSizeVer0 = 64;
inline constexpr uint32_t kMaxAttrSize = 4096;  // bpf(2)'s and perf's alike

/// poll(2)'s bits.
inline constexpr uint32_t kPollIn = 0x1;
inline constexpr uint32_t kPollOut = 0x4;
inline constexpr uint32_t kPollErr = 0x8;
inline constexpr uint32_t kPollHangUp = 0x10;
inline constexpr uint32_t kPollReadNormal = 0x40;
inline constexpr uint32_t kPollWriteNormal = 0x100;

/// mmap(2)'s protection bits.
inline constexpr uint32_t kProtRead = 1;
inline constexpr uint32_t kProtWrite = 2;
inline constexpr uint32_t kProtExecute = 4;

}  // namespace ebpf::linux_abi
