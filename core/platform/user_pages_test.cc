// SPDX-License-Identifier: MIT
//
// Without the host port: a process of three pages, which lie elsewhere and in
// another order.
#include "core/platform/user_pages.h"

#include <stdlib.h>
#include <string.h>
#include <vector>

#include "core/platform/log.h"
#include "core/platform/user.h"
#include "gtest/gtest.h"

namespace {

constexpr size_t kPage = 4096;
constexpr uint64_t kBegin = 0x10000;
constexpr uint64_t kEnd = 0x20000;

alignas(kPage) uint8_t frames[3 * kPage];
bool may_write[3] = {true, true, true};
std::vector<uintptr_t> asked;

uintptr_t Find(uintptr_t user, bool write) {
  asked.push_back(user);
  const size_t page = (user - kBegin) / kPage;
  if (user < kBegin || page >= 3 || (write && !may_write[page])) {
    return 0;
  }
  return reinterpret_cast<uintptr_t>(frames) + (2 - page) * kPage +
         user % kPage;
}

}  // namespace

constinit const ebpf::UserPages ebpf::user_pages = {.end = kEnd, .find = &Find};

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

TEST(UserPagesTest, CopiesPageByPage) {
  std::vector<uint8_t> written(2 * kPage);
  for (size_t i = 0; i < written.size(); ++i) {
    written[i] = static_cast<uint8_t>(i * 7 + i / 256);
  }
  const uint64_t at = kBegin + 100;
  asked.clear();
  EXPECT_TRUE(ebpf_port_copy_to_user(at, written.data(), written.size()));
  EXPECT_EQ(asked,
            (std::vector<uintptr_t>{at, kBegin + kPage, kBegin + 2 * kPage}));
  EXPECT_EQ(memcmp(frames + 2 * kPage + 100, written.data(), kPage - 100), 0);
  EXPECT_EQ(memcmp(frames + kPage, written.data() + kPage - 100, kPage), 0);
  std::vector<uint8_t> read(written.size());
  EXPECT_TRUE(ebpf_port_copy_from_user(read.data(), at, read.size()));
  EXPECT_EQ(read, written);
}

TEST(UserPagesTest, EndsAtThePageThatIsNotTheProcesss) {
  uint8_t bytes[200] = {};
  EXPECT_FALSE(
      ebpf_port_copy_from_user(bytes, kBegin + 3 * kPage - 100, sizeof bytes));
  EXPECT_FALSE(ebpf_port_copy_from_user(bytes, kBegin - 100, sizeof bytes));
  may_write[1] = false;
  EXPECT_FALSE(ebpf_port_copy_to_user(kBegin + kPage, bytes, 1));
  EXPECT_TRUE(ebpf_port_copy_from_user(bytes, kBegin + kPage, 1));
  may_write[1] = true;
}

TEST(UserPagesTest, NeverAsksBeyondUserSpace) {
  uint8_t bytes[16] = {};
  asked.clear();
  EXPECT_FALSE(ebpf_port_copy_from_user(bytes, kEnd - 8, sizeof bytes));
  EXPECT_FALSE(ebpf_port_copy_to_user(UINT64_MAX - 7, bytes, sizeof bytes));
  EXPECT_FALSE(ebpf_port_copy_from_user(bytes, 0, SIZE_MAX));
  EXPECT_TRUE(asked.empty());
  EXPECT_TRUE(ebpf_port_copy_from_user(nullptr, kBegin, 0));
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace ebpf
