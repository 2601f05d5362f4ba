// SPDX-License-Identifier: MIT
//
// Without the host port: a kernel of three pages, the last of which may not be
// written, with a device on each side.
#include <stdlib.h>
#include <string.h>
#include <vector>

#include "core/platform/log.h"
#include "core/platform/nofault.h"
#include "core/platform/page_access.h"
#include "gtest/gtest.h"

namespace {

constexpr size_t kPage = 4096;

alignas(kPage) uint8_t pages[3 * kPage];
std::vector<uintptr_t> asked;

bool IsPage(uintptr_t address, size_t count) {
  asked.push_back(address - reinterpret_cast<uintptr_t>(pages));
  return address - reinterpret_cast<uintptr_t>(pages) < count * kPage;
}

}  // namespace

bool ebpf::MayReadPage(uintptr_t address) { return IsPage(address, 3); }
bool ebpf::MayWritePage(uintptr_t address) { return IsPage(address, 2); }

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

uintptr_t Begin() { return reinterpret_cast<uintptr_t>(pages); }

TEST(PagedNofaultTest, ReadsWhatEachPageAllows) {
  for (size_t i = 0; i < sizeof(pages); ++i) {
    pages[i] = static_cast<uint8_t>(i * 7 + i / 256);
  }
  std::vector<uint8_t> read(2 * kPage);
  asked.clear();
  EXPECT_TRUE(ebpf_port_read_nofault(read.data(), Begin() + 100, read.size()));
  EXPECT_EQ(asked, (std::vector<uintptr_t>{100, kPage, 2 * kPage}));
  EXPECT_EQ(memcmp(read.data(), pages + 100, read.size()), 0);
  EXPECT_TRUE(ebpf_port_read_nofault(nullptr, 8, 0));
}

TEST(PagedNofaultTest, NeverTouchesADevice) {
  uint8_t bytes[16] = {};
  EXPECT_FALSE(ebpf_port_read_nofault(bytes, Begin() - 8, sizeof bytes));
  EXPECT_FALSE(
      ebpf_port_read_nofault(bytes, Begin() + 3 * kPage - 8, sizeof bytes));
  EXPECT_FALSE(ebpf_port_read_nofault(bytes, UINTPTR_MAX - 7, sizeof bytes));
  EXPECT_EQ(ebpf_port_write_nofault(Begin() - 8, bytes, sizeof bytes), -14);
}

TEST(PagedNofaultTest, WritesWhatEachPageAllows) {
  const std::vector<uint8_t> bytes(kPage, 0x5a);
  EXPECT_EQ(ebpf_port_write_nofault(Begin() + 50, bytes.data(), kPage), 0);
  EXPECT_EQ(memcmp(pages + 50, bytes.data(), kPage), 0);
  pages[2 * kPage] = 1;
  EXPECT_EQ(ebpf_port_write_nofault(Begin() + 2 * kPage - 1, bytes.data(), 2),
            -14);
  EXPECT_EQ(pages[2 * kPage - 1], 0x5a);
  EXPECT_EQ(pages[2 * kPage], 1);
}

}  // namespace
}  // namespace ebpf
