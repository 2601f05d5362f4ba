// SPDX-License-Identifier: MIT
//
// Files of ours in a kernel's own table of descriptors: testing/host_port's.
#include <cstdint>
#include <cstring>
#include <string>

#include "core/capi/ebpf.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_files.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

class CallersTest : public testing::Test {
 protected:
  CallersTest() {
    EXPECT_EQ(
        ebpf_init(reinterpret_cast<const ebpf_machine*>(&HostMachineOps()),
                  nullptr),
        0);
    client_ = ebpf_client_create_for_callers();
    kernel_ = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  }
  ~CallersTest() override {
    ebpf_client_delete(client_);
    ebpf_client_delete(kernel_);
    ebpf_exit();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }

  int64_t CreateMap(uint32_t type, uint32_t key, uint32_t value,
                    uint32_t flags = 0) {
    const uint32_t create[] = {type, key, value, 1, flags};
    return ebpf_bpf(client_, 0, memory_.Put(create, sizeof(create)),
                    sizeof(create));
  }

  int64_t Update(int64_t map, uint64_t value) {
    const uint32_t key = 0;
    const uint64_t update[] = {static_cast<uint64_t>(map),
                               memory_.Put(&key, sizeof(key)),
                               memory_.Put(&value, sizeof(value)), 0};
    return ebpf_bpf(client_, 2, memory_.Put(update, sizeof(update)),
                    sizeof(update));
  }

  void Close(int64_t fd) { EXPECT_EQ(HostClose(static_cast<int>(fd)), 0); }

  static ebpf_file* At(int64_t fd) { return HostFileAt(static_cast<int>(fd)); }

  HostTraps traps_;
  HostUserMemory memory_{4096};
  ebpf_client* client_;
  ebpf_client* kernel_;
};

TEST_F(CallersTest, DescriptorsAreTheKernels) {
  const int64_t map = CreateMap(2, 4, 8);

  EXPECT_EQ(map, 5);
  EXPECT_STREQ(ebpf_file_name(At(5)), "anon_inode:bpf-map");
  EXPECT_EQ(Update(map, 7), 0);
  EXPECT_EQ(Update(map + 1, 7), -9);
  EXPECT_EQ(Update(-1, 7), -9);
  Close(map);
  EXPECT_EQ(Update(map, 7), -9);
}

TEST_F(CallersTest, ADescriptorOfAnotherNumberStandsForTheSame) {
  const int64_t map = CreateMap(2, 4, 8);
  const int copy = HostDuplicate(static_cast<int>(map));
  Close(map);

  EXPECT_EQ(Update(copy, 7), 0);
  Close(copy);
}

TEST_F(CallersTest, AFullTableLeavesNothingBehind) {
  SetHostFdLimit(0);
  EXPECT_EQ(CreateMap(2, 4, 8), -24);
  SetHostFdLimit(kMostHostFds);
}

TEST_F(CallersTest, OurOwnCallsCloseNothingOfTheKernels) {
  const int64_t map = CreateMap(2, 4, 8);

  EXPECT_EQ(ebpf_close(client_, static_cast<int32_t>(map)), -9);
  EXPECT_EQ(Update(map, 7), 0);
  Close(map);
}

TEST_F(CallersTest, AFileIsReadByTheKernelAndMappedForTheCaller) {
  constexpr uint32_t kMmapable = 1 << 10;
  const int64_t map = CreateMap(2, 4, 8, kMmapable);
  ASSERT_EQ(map, 5);
  ASSERT_EQ(Update(map, 7), 0);
  ebpf_file* const file = At(map);

  ebpf_pages pages = {};
  ASSERT_EQ(ebpf_file_mmap(client_, file, 0, 4096, 3, &pages), 0);
  EXPECT_EQ(*static_cast<uint64_t*>(pages.address), 7u);
  char text[8];
  EXPECT_EQ(ebpf_file_read(kernel_, file, reinterpret_cast<uint64_t>(text),
                           sizeof(text)),
            -22);
  EXPECT_EQ(ebpf_file_write(kernel_, file, reinterpret_cast<uint64_t>(text),
                            sizeof(text)),
            -22);
  EXPECT_EQ(ebpf_file_ioctl(client_, file, 1, 0), -25);
  EXPECT_EQ(ebpf_file_wake(file, nullptr), -95);
  EXPECT_NE(ebpf_file_poll(file), 0);
  char lines[400] = {};
  EXPECT_GT(ebpf_file_info(file, lines, sizeof(lines) - 1), 0);
  EXPECT_NE(std::string(lines).find("map_id:\t"), std::string::npos);
  Close(map);
}

TEST_F(CallersTest, AnEventTakesItsProgramFromTheCallersTable) {
  // r0 = 0; exit
  const uint64_t insns[] = {0xb7, 0x95};
  struct {
    uint32_t type = 5, count = 2;  // BPF_PROG_TYPE_TRACEPOINT
    uint64_t insns, license;
    uint32_t rest[28] = {};
  } load;
  load.insns = memory_.Put(insns, sizeof(insns));
  load.license = memory_.Put("GPL\0\0\0\0", 8);
  const int64_t program =
      ebpf_bpf(client_, 5, memory_.Put(&load, sizeof(load)), sizeof(load));
  ASSERT_EQ(program, 5);
  // A software event, which takes no such program; a wrong number is told
  // apart from that.
  const uint32_t attr[18] = {1, 72, 10};
  const int64_t event = ebpf_perf_event_open(
      client_, memory_.Put(attr, sizeof(attr)), 0, -1, -1, 0);
  ASSERT_EQ(event, 6);
  constexpr uint32_t kSetBpf = 0x40042408;
  EXPECT_EQ(ebpf_file_ioctl(client_, At(event), kSetBpf, 15), -9);
  EXPECT_EQ(ebpf_file_ioctl(client_, At(event), kSetBpf,
                            static_cast<uint64_t>(program)),
            -22);
  uint64_t count = 1;
  EXPECT_EQ(ebpf_file_read(kernel_, At(event),
                           reinterpret_cast<uint64_t>(&count), sizeof(count)),
            8);
  EXPECT_EQ(count, 0u);
  Close(event);
  Close(program);
}

TEST_F(CallersTest, ATableThatGoesUnderALockLeavesTheWorkToATask) {
  const int64_t map = CreateMap(2, 4, 8);
  const size_t open = PortAllocatedBytes();
  ebpf_file* const file = At(map);
  ebpf_file_keep(file);
  Close(map);
  ebpf_file_keep(file);
  ebpf_file_put_later(file);  // a call is still at work on it
  EXPECT_EQ(RunHostDeferred(), 0u);
  EXPECT_STREQ(ebpf_file_name(file), "anon_inode:bpf-map");
  const uintptr_t state = ebpf_port_irq_save();
  ebpf_file_put_later(file);
  ebpf_port_irq_restore(state);
  EXPECT_EQ(PortAllocatedBytes(), open);
  EXPECT_GT(RunHostDeferred(), 0u);
  EXPECT_LT(PortAllocatedBytes(), open);
}

TEST_F(CallersTest, WithoutMemoryThereIsNoClient) {
  for (uint64_t n = 1; n <= 2; ++n) {
    FailNthAllocation(n);
    EXPECT_EQ(ebpf_client_create_for_callers(), nullptr) << n;
  }
  FailNthAllocation(0);
}

}  // namespace
}  // namespace ebpf
