// SPDX-License-Identifier: MIT
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

}  // namespace
}  // namespace ebpf
