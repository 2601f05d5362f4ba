// SPDX-License-Identifier: MIT
#include "core/capi/ebpf.h"

#include <cstdint>
#include <string>
#include <type_traits>

#include "core/capi/ebpf_test_c.h"
#include "core/helpers/trace_log.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cgroup.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"
#include "testing/host_port/host_wake.h"

namespace ebpf {
namespace {

static_assert(EBPF_TRACE_LINE_MAX == kMaxTraceLine);

// nop; ret
constexpr uint8_t kNothing[] = {0x90, 0xc3};

const ebpf_machine* Machine() {
  return reinterpret_cast<const ebpf_machine*>(&HostMachineOps());
}

class CApiTest : public testing::Test {
 protected:
  CApiTest() { EXPECT_EQ(ebpf_init(Machine(), nullptr), 0); }
  ~CApiTest() override {
    ebpf_exit();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
    EXPECT_EQ(HostExecBytes(), 0u);
  }

  HostTraps traps_;
};

TEST_F(CApiTest, StartsOnce) { EXPECT_EQ(ebpf_init(Machine(), nullptr), -17); }

TEST_F(CApiTest, AKernelInCMakesAMapAndMapsIt) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);

  const int64_t fd = c_kernel_map(client, 77);

  EXPECT_EQ(fd, 3);
  EXPECT_EQ(c_kernel_mapped_value(client, fd), 77);
  EXPECT_EQ(c_kernel_mapped_value(client, fd + 1), -9);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, AKernelShowsWhatDescriptorsAndNamesAre) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);
  const auto fd = static_cast<int32_t>(c_kernel_map(client, 77));
  const char* name = nullptr;
  EXPECT_EQ(ebpf_fd_name(client, fd, &name), 0);
  EXPECT_STREQ(name, "anon_inode:bpf-map");
  char text[400] = {};
  const int64_t size = ebpf_fd_info(client, fd, text, sizeof(text) - 1);
  EXPECT_GT(size, 0);
  EXPECT_NE(std::string(text).find("\nmap_id:\t"), std::string::npos);
  EXPECT_EQ(ebpf_fd_info(client, fd + 1, text, sizeof(text)), -9);

  const auto path = [](const char* p) { return reinterpret_cast<uint64_t>(p); };
  ebpf_pin_entry entry;
  EXPECT_EQ(ebpf_pin_mkdir(client, path("/sys/fs/bpf/dir")), 0);
  EXPECT_EQ(ebpf_pin_mkdir(client, path("/sys/fs/bpf/dir")), -17);
  EXPECT_EQ(ebpf_pin_read(client, path("/sys/fs/bpf"), 0, &entry), 0);
  EXPECT_STREQ(entry.name, "dir");
  EXPECT_TRUE(entry.is_directory);
  EXPECT_EQ(ebpf_pin_read(client, path("/sys/fs/bpf"), 1, &entry), -2);
  EXPECT_EQ(ebpf_pin_unlink(client, path("/sys/fs/bpf/dir")), -21);
  EXPECT_EQ(ebpf_pin_open(client, path("/sys/fs/bpf/dir")), -13);
  EXPECT_EQ(ebpf_pin_open(client, path("/sys/fs/bpf/none")), -2);
  EXPECT_EQ(ebpf_pin_rmdir(client, path("/sys/fs/bpf/dir")), 0);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, AKernelInCProbesAFunction) {
  HostText text("c_kernel_function", kNothing);
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);

  const int64_t event = c_kernel_probe(client, "c_kernel_function");

  EXPECT_EQ(event, 4);
  text.As<void()>()();
  text.As<void()>()();
  EXPECT_EQ(c_kernel_count(client, event), 2);
  EXPECT_EQ(c_kernel_probe(client, "no_such_function"), -2);
  ebpf_client_delete(client);  // closes what is open: no breakpoint is left
  EXPECT_EQ(text.bytes()[0], kNothing[0]);
}

TEST_F(CApiTest, AKernelAsksWhetherATaskMayUseADevice) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);
  constexpr uint32_t kCharacter = 2;
  constexpr uint32_t kRead = 2;
  constexpr uint32_t kWrite = 4;
  const void* const group = HostCgroup(12);
  EXPECT_EQ(ebpf_cgroup_device_allowed(group, kCharacter, kWrite, 1, 3), 0);
  EXPECT_EQ(c_kernel_forbid_writes(client, kHostCgroupFd + 1), 0);
  EXPECT_EQ(ebpf_cgroup_device_allowed(group, kCharacter, kWrite, 1, 3), -1);
  EXPECT_EQ(ebpf_cgroup_device_allowed(group, kCharacter, kRead, 1, 3), 0);
  EXPECT_EQ(ebpf_cgroup_device_allowed(HostCgroup(2), 1, kWrite, 8, 0), 0);
  ebpf_cgroup_removed(HostCgroup(1));
  EXPECT_EQ(ebpf_cgroup_device_allowed(group, kCharacter, kWrite, 1, 3), 0);
  EXPECT_EQ(HostCgroupsHeld(), 0);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, AProcessPassesItsOwnAddressesOnly) {
  HostUserMemory memory(4096);
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_USER);
  ASSERT_NE(client, nullptr);
  // The C kernel's attributes are the kernel's memory.
  EXPECT_EQ(c_kernel_map(client, 77), -14);
  const uint32_t create[] = {2, 4, 4, 1, 0};
  EXPECT_EQ(
      ebpf_bpf(client, 0, memory.Put(create, sizeof(create)), sizeof(create)),
      3);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, WithoutMemoryThereIsNoClient) {
  FailNthAllocation(1);
  EXPECT_EQ(ebpf_client_create(EBPF_ORIGIN_KERNEL), nullptr);
  FailNthAllocation(2);
  EXPECT_EQ(ebpf_client_create(EBPF_ORIGIN_KERNEL), nullptr);
  FailNthAllocation(0);
}

TEST_F(CApiTest, TextsAreListedOpenedAndRead) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);
  char text[64] = {};
  EXPECT_EQ(c_kernel_text(client, "/proc/kallsyms", text, 63), 63);
  EXPECT_EQ(std::string(text).substr(16, 3), " T ");
  EXPECT_EQ(c_kernel_text(client, "/sys/kernel/debug/kprobes/list", text, 63),
            0);
  EXPECT_EQ(c_kernel_text(client, "/proc/nonsense", text, 63), -2);
  uint32_t mode = 1;
  EXPECT_EQ(ebpf_text_path(UINT32_MAX, &mode), nullptr);
  EXPECT_EQ(mode, 0u);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, AReaderThatSleepsIsWoken) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  const char path[] = "/sys/kernel/tracing/trace_pipe";
  const auto fd = static_cast<int32_t>(
      ebpf_text_open(client, reinterpret_cast<uint64_t>(path), 0));
  ASSERT_GE(fd, 0);
  ClearHostWakes();
  int file;
  EXPECT_EQ(ebpf_fd_wake(client, fd, &file), 0);
  EXPECT_EQ(ebpf_fd_wake(client, fd, &file), -16);
  EXPECT_EQ(ebpf_fd_wake(client, 99, &file), -9);
  char name[256];
  const char marker[] = "/sys/kernel/tracing/trace_marker";
  EXPECT_EQ(c_kernel_write(client, marker, "x", name), 1);
  EXPECT_EQ(HostWakeCount(&file), 0u);  // never from where it happened
  RunHostDeferred();
  EXPECT_EQ(HostWakeCount(&file), 1u);
  EXPECT_EQ(ebpf_close(client, fd), 0);
  EXPECT_EQ(c_kernel_write(client, marker, "x", name), 1);
  RunHostDeferred();
  EXPECT_EQ(HostWakeCount(&file), 1u);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, TextsAreWrittenAndListed) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);
  char name[256];
  EXPECT_EQ(
      c_kernel_write(client, "/sys/kernel/tracing/trace_marker", "hello", name),
      5);
  EXPECT_EQ(std::string(name), "trace_marker");
  char line[64] = {};
  EXPECT_EQ(c_kernel_text(client, "/sys/kernel/debug/tracing/trace", line, 13),
            -2);  // no index
  EXPECT_EQ(c_kernel_text(client, "/sys/kernel/tracing/trace", line, 13), 13);
  EXPECT_EQ(std::string(line), "# tracer: nop");
  EXPECT_EQ(c_kernel_entries(client, "/sys/kernel/tracing/per_cpu/cpu0"), 5);
  EXPECT_EQ(c_kernel_entries(client, "/sys/kernel/tracing/trace"), -20);
  char text[EBPF_TRACE_LINE_MAX];
  const size_t size = ebpf_trace_read(text, sizeof(text));
  EXPECT_NE(std::string(text, size).find(": tracing_mark_write: hello\n"),
            std::string::npos);
  ebpf_client_delete(client);
}

TEST_F(CApiTest, TheTraceIsEmptyAtFirst) {
  char text[EBPF_TRACE_LINE_MAX];
  EXPECT_EQ(ebpf_trace_read(text, sizeof(text)), 0u);
}

TEST(CApiLayoutTest, StructuresAreWhatCAndRustSee) {
  EXPECT_EQ(sizeof(ebpf_pages), 32u);
  EXPECT_EQ(offsetof(ebpf_pages, size), 8u);
  EXPECT_EQ(offsetof(ebpf_pages, mirrored_size), 16u);
  EXPECT_EQ(offsetof(ebpf_pages, sealed), 24u);
  EXPECT_EQ(sizeof(ebpf_origin), 4u);
  EXPECT_EQ(sizeof(ebpf_text_entry), 264u);
  EXPECT_EQ(offsetof(ebpf_text_entry, is_directory), 256u);
  EXPECT_EQ(offsetof(ebpf_text_entry, mode), 260u);
}

TEST_F(CApiTest, AStackWithoutFollowedCallsMayEnd) {
  int here;
  const auto at = reinterpret_cast<uint64_t>(&here);
  ebpf_task_exit(at - 4096, at);
}

TEST_F(CApiTest, TheCompilerCanBeSwitched) {
  EXPECT_EQ(ebpf_set_jit(false, false), 0);
  EXPECT_EQ(ebpf_set_jit(true, true), 0);
  EXPECT_EQ(ebpf_set_jit(true, false), 0);
}

TEST_F(CApiTest, NobodysAddressHasNoProgram) {
  char name[48];
  uint64_t begin;
  uint64_t size;
  EXPECT_FALSE(ebpf_symbol_by_address(reinterpret_cast<uint64_t>(&ebpf_init),
                                      name, &begin, &size));
}

TEST(CApiWithoutInitTest, CallsAnswerThatThereIsNothing) {
  char name[48];
  uint64_t begin;
  uint64_t size;
  EXPECT_EQ(ebpf_set_jit(true, false), -38);
  EXPECT_FALSE(ebpf_symbol_by_address(0, name, &begin, &size));
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(c_kernel_map(client, 1), -38);
  EXPECT_EQ(c_kernel_probe(client, "f"), -38);
  EXPECT_EQ(ebpf_close(client, 3), -9);
  ebpf_client_delete(client);
}

}  // namespace
}  // namespace ebpf
