// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/platform/nofault.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(HostNofaultTest, CopiesWhatIsThere) {
  const char from[] = "text";
  char to[sizeof(from)];
  EXPECT_TRUE(ebpf_port_read_nofault(to, reinterpret_cast<uintptr_t>(from),
                                     sizeof(from)));
  EXPECT_STREQ(to, "text");
}

TEST(HostNofaultTest, CopiesUpToTheFirstByteThatCannotBeRead) {
  auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  memset(pages, 'x', 8192);
  ASSERT_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  char to[8] = {};
  EXPECT_FALSE(ebpf_port_read_nofault(
      to, reinterpret_cast<uintptr_t>(pages + 4092), sizeof(to)));
  munmap(pages, 8192);
}

TEST(HostNofaultTest, SurvivesAnyAddress) {
  char to[8];
  for (uintptr_t from :
       {uintptr_t{0}, uintptr_t{1}, uintptr_t{4095}, ~uintptr_t{0},
        uintptr_t{1} << 63, (uintptr_t{1} << 47) - 4}) {
    EXPECT_FALSE(ebpf_port_read_nofault(to, from, sizeof(to))) << from;
  }
}

TEST(HostNofaultTest, WritesUpToTheFirstByteThatMayNotBeWritten) {
  auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + 4096, 4096, PROT_READ), 0);
  const auto at = reinterpret_cast<uintptr_t>(pages + 4092);
  EXPECT_EQ(ebpf_port_write_nofault(at, "four", 4), 0);
  EXPECT_EQ(memcmp(pages + 4092, "four", 4), 0);
  EXPECT_EQ(ebpf_port_write_nofault(at, "and more", 8), -EFAULT);
  EXPECT_EQ(ebpf_port_write_nofault(at + 4, "x", 1), -EFAULT);
  EXPECT_EQ(pages[4096], 0);
  EXPECT_EQ(ebpf_port_write_nofault(0, "x", 1), -EFAULT);
  EXPECT_EQ(ebpf_port_write_nofault(~uintptr_t{0}, "x", 1), -EFAULT);
  munmap(pages, 8192);
}

}  // namespace
}  // namespace ebpf
