// SPDX-License-Identifier: MIT
#include <cstring>
#include <errno.h>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/helper_test_util.h"

namespace ebpf {
namespace {

TEST(ProbeReadHelpersTest, CopyKernelMemory) {
  const uint64_t from = 0x1122334455667788;
  for (uint32_t id : {BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read}) {
    uint64_t to = 0;
    EXPECT_EQ(Call(id, Address(&to), sizeof(to), Address(&from)), 0u);
    EXPECT_EQ(to, from);
  }
}

TEST(ProbeReadHelpersTest, ABadAddressIsAFaultAndZeros) {
  for (uint32_t id :
       {BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read,
        BPF_FUNC_probe_read_kernel_str, BPF_FUNC_probe_read_str}) {
    for (uint64_t from : {uint64_t{0}, uint64_t{8}, ~uint64_t{0},
                          uint64_t{1} << 63, uint64_t{0xdead000000000000}}) {
      char to[9] = "zzzzzzzz";
      EXPECT_EQ(Call(id, Address(to), 8, from), Negative(EFAULT));
      EXPECT_EQ(std::string(to, 8), std::string(8, '\0'));
    }
  }
}

TEST(ProbeReadHelpersTest, NothingIsReadForASizeOfZero) {
  for (uint32_t id :
       {BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_kernel_str}) {
    EXPECT_EQ(Call(id, 0, 0, 0), 0u);
  }
}

TEST(ProbeReadHelpersTest, StringsTellTheirLengthWithTheZero) {
  const char* text = "vfs_read";
  for (uint32_t id :
       {BPF_FUNC_probe_read_kernel_str, BPF_FUNC_probe_read_str}) {
    char to[16];
    memset(to, 'z', sizeof(to));
    EXPECT_EQ(Call(id, Address(to), 16, Address(text)), 9u);
    EXPECT_STREQ(to, "vfs_read");
    EXPECT_EQ(Call(id, Address(to), 4, Address(text)), 4u);
    EXPECT_STREQ(to, "vfs");
    EXPECT_EQ(Call(id, Address(to), 9, Address(text)), 9u);
    EXPECT_EQ(Call(id, Address(to), 1, Address(text)), 1u);
    EXPECT_STREQ(to, "");
  }
}

TEST(ProbeReadHelpersTest, TheSizeIsAWordOf32Bits) {
  const uint32_t from = 7;
  uint32_t to = 0;
  EXPECT_EQ(Call(BPF_FUNC_probe_read_kernel, Address(&to),
                 uint64_t{5} << 32 | 4, Address(&from)),
            0u);
  EXPECT_EQ(to, 7u);
}

}  // namespace
}  // namespace ebpf
