// SPDX-License-Identifier: MIT
//
// Our numbers and layouts against the host's own uapi headers.
#include <cstddef>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "gtest/gtest.h"

namespace ebpf::linux_abi {
namespace {

TEST(LinuxAbiTest, CommandsHaveLinuxNumbers) {
  EXPECT_EQ(kMapCreate, uint32_t{BPF_MAP_CREATE});
  EXPECT_EQ(kMapLookupElem, uint32_t{BPF_MAP_LOOKUP_ELEM});
  EXPECT_EQ(kMapUpdateElem, uint32_t{BPF_MAP_UPDATE_ELEM});
  EXPECT_EQ(kMapDeleteElem, uint32_t{BPF_MAP_DELETE_ELEM});
  EXPECT_EQ(kMapGetNextKey, uint32_t{BPF_MAP_GET_NEXT_KEY});
  EXPECT_EQ(kProgLoad, uint32_t{BPF_PROG_LOAD});
}

TEST(LinuxAbiTest, MapAttributesLieWhereLinuxHasThem) {
  EXPECT_EQ(offsetof(MapCreateAttr, map_name), offsetof(bpf_attr, map_name));
  EXPECT_EQ(offsetof(MapCreateAttr, btf_fd), offsetof(bpf_attr, btf_fd));
  EXPECT_EQ(offsetof(MapCreateAttr, map_extra), offsetof(bpf_attr, map_extra));
  EXPECT_EQ(offsetof(MapElemAttr, key), offsetof(bpf_attr, key));
  EXPECT_EQ(offsetof(MapElemAttr, value), offsetof(bpf_attr, value));
  EXPECT_EQ(offsetof(MapElemAttr, flags), offsetof(bpf_attr, flags));
}

TEST(LinuxAbiTest, ProgramAttributesLieWhereLinuxHasThem) {
  EXPECT_EQ(offsetof(ProgLoadAttr, insns), offsetof(bpf_attr, insns));
  EXPECT_EQ(offsetof(ProgLoadAttr, log_buf), offsetof(bpf_attr, log_buf));
  EXPECT_EQ(offsetof(ProgLoadAttr, prog_name), offsetof(bpf_attr, prog_name));
  EXPECT_EQ(offsetof(ProgLoadAttr, line_info), offsetof(bpf_attr, line_info));
  EXPECT_EQ(offsetof(ProgLoadAttr, fd_array), offsetof(bpf_attr, fd_array));
  EXPECT_EQ(offsetof(ProgLoadAttr, core_relo_rec_size),
            offsetof(bpf_attr, core_relo_rec_size));
}

TEST(LinuxAbiTest, FlagsHaveLinuxNumbers) {
  EXPECT_EQ(kMapNoPrealloc, uint32_t{BPF_F_NO_PREALLOC});
  EXPECT_EQ(kMapReadOnlyProg, uint32_t{BPF_F_RDONLY_PROG});
  EXPECT_EQ(kMapWriteOnlyProg, uint32_t{BPF_F_WRONLY_PROG});
  EXPECT_EQ(kMapMmapable, uint32_t{BPF_F_MMAPABLE});
  EXPECT_EQ(kMapInnerMap, uint32_t{BPF_F_INNER_MAP});
  EXPECT_EQ(kUpdateLock, uint64_t{BPF_F_LOCK});
  EXPECT_EQ(kRingBusyBit, uint32_t{BPF_RINGBUF_BUSY_BIT});
  EXPECT_EQ(kRingDiscardBit, uint32_t{BPF_RINGBUF_DISCARD_BIT});
  EXPECT_EQ(kRingHeaderSize, uint32_t{BPF_RINGBUF_HDR_SZ});
  EXPECT_EQ(kRingForceWakeup, uint64_t{BPF_RB_FORCE_WAKEUP});
  EXPECT_EQ(kProtRead, uint32_t{PROT_READ});
  EXPECT_EQ(kProtWrite, uint32_t{PROT_WRITE});
}

TEST(LinuxAbiTest, PerfEventIsLaidOutAsInLinux) {
  EXPECT_EQ(kPerfTypeKprobe, uint32_t{PERF_TYPE_MAX});
  EXPECT_EQ(offsetof(PerfEventAttr, config1),
            offsetof(perf_event_attr, config1));
  EXPECT_EQ(offsetof(PerfEventAttr, config2),
            offsetof(perf_event_attr, config2));
  EXPECT_EQ(offsetof(PerfEventAttr, clockid),
            offsetof(perf_event_attr, clockid));
  EXPECT_EQ(offsetof(PerfEventAttr, sample_max_stack),
            offsetof(perf_event_attr, sample_max_stack));
  EXPECT_EQ(kPerfIocEnable, uint32_t{PERF_EVENT_IOC_ENABLE});
  EXPECT_EQ(kPerfIocDisable, uint32_t{PERF_EVENT_IOC_DISABLE});
  EXPECT_EQ(kPerfIocReset, uint32_t{PERF_EVENT_IOC_RESET});
  EXPECT_EQ(kPerfIocSetBpf, uint32_t{PERF_EVENT_IOC_SET_BPF});
  EXPECT_EQ(kPerfFlagFdCloexec, uint64_t{PERF_FLAG_FD_CLOEXEC});
}

}  // namespace
}  // namespace ebpf::linux_abi
