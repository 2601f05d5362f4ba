// SPDX-License-Identifier: MIT
//
// Numbers and structures of perf_event_open(2), from its documented interface.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::linux_abi {

/// type of the events of the kernel itself, and their config.
inline constexpr uint32_t kPerfTypeSoftware = 1;
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
inline constexpr uint64_t kPerfFrequency = 1 << 10;
inline constexpr uint64_t kPerfWatermark = 1 << 14;
inline constexpr uint64_t kPerfKnownFlags = (uint64_t{1} << 38) - 1;

/// PERF_SAMPLE_*, what a sample holds.
enum PerfSampleType : uint64_t {
  kPerfSampleIp = 1 << 0,
  kPerfSampleTid = 1 << 1,
  kPerfSampleTime = 1 << 2,
  kPerfSampleAddress = 1 << 3,
  kPerfSampleId = 1 << 6,
  kPerfSampleCpu = 1 << 7,
  kPerfSamplePeriod = 1 << 8,
  kPerfSampleStreamId = 1 << 9,
  kPerfSampleRaw = 1 << 10,
  kPerfSampleIdentifier = 1 << 16,
};
/// ... up to the last one known.
inline constexpr uint64_t kPerfKnownSampleTypes = (uint64_t{1} << 25) - 1;

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
  kPerfIocReset = 0x2403,
  kPerfIocId = 0x80082407,
  kPerfIocSetBpf = 0x40042408,
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

}  // namespace ebpf::linux_abi
