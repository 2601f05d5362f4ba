// SPDX-License-Identifier: MIT
#include "core/helpers/kernel_string.h"

#include <cstring>
#include <string>
#include <sys/mman.h>

#include "gtest/gtest.h"
#include "testing/host_port/host_user.h"

namespace ebpf {
namespace {

class KernelStringTest : public ::testing::Test {
 protected:
  KernelStringTest()
      : pages_(static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    memset(pages_, 'x', 8192);
    mprotect(pages_ + 4096, 4096, PROT_NONE);
  }
  ~KernelStringTest() override { munmap(pages_, 8192); }

  /// Two pages, of which the second cannot be read.
  char* pages_;
};

uint64_t Address(const char* of) { return reinterpret_cast<uint64_t>(of); }

TEST_F(KernelStringTest, ReadsStringsOfEachLengthAtEachAlignment) {
  for (size_t shift = 0; shift < 70; ++shift) {
    for (size_t length = 0; length < 140; ++length) {
      memset(pages_, 'y', 4096);
      pages_[shift + length] = '\0';
      char to[256];
      memset(to, 'z', sizeof(to));
      const Result<size_t> copied =
          ReadKernelString(to, Address(pages_ + shift));
      ASSERT_TRUE(copied.ok());
      ASSERT_EQ(*copied, length + 1);
      ASSERT_EQ(std::string(to), std::string(length, 'y'));
      // What comes behind it is neither the string's nor the kernel's.
      ASSERT_EQ(std::string(to + length + 1, to + sizeof(to)),
                std::string(sizeof(to) - length - 1, 'z'));
    }
  }
}

TEST_F(KernelStringTest, CutsWhatIsTooLong) {
  for (size_t room : {1, 2, 63, 64, 65, 100}) {
    char to[256];
    memset(to, 'z', sizeof(to));
    const Result<size_t> copied =
        ReadKernelString(Span<char>(to, room), Address(pages_));
    ASSERT_TRUE(copied.ok());
    EXPECT_EQ(*copied, room);
    EXPECT_EQ(std::string(to), std::string(room - 1, 'x'));
    EXPECT_EQ(to[room], 'z');
  }
  EXPECT_EQ(*ReadKernelString(Span<char>(), Address(pages_)), 0u);
}

TEST_F(KernelStringTest, AStringThatEndsWhereThePageEndsIsRead) {
  strcpy(pages_ + 4096 - 6, "hello");
  char to[64];
  EXPECT_EQ(*ReadKernelString(to, Address(pages_ + 4096 - 6)), 6u);
  EXPECT_STREQ(to, "hello");
}

TEST_F(KernelStringTest, AStringThatGoesOnIntoNothingIsAFault) {
  char to[64];
  EXPECT_EQ(ReadKernelString(to, Address(pages_ + 4090)).status(),
            Status::kFault);
  EXPECT_EQ(ReadKernelString(to, Address(pages_ + 4096)).status(),
            Status::kFault);
  for (uint64_t address : {uint64_t{0}, uint64_t{1}, ~uint64_t{0},
                           ~uint64_t{0} - 100, uint64_t{1} << 63}) {
    EXPECT_EQ(ReadKernelString(to, address).status(), Status::kFault);
  }
}

TEST_F(KernelStringTest, UserStringsEndAtTheirZeroOrWhereMemoryEnds) {
  HostUserMemory memory(128);
  const uint64_t at = memory.Put("text", 5);
  char to[64];
  EXPECT_EQ(*ReadUserString(to, at), 5u);
  EXPECT_STREQ(to, "text");
  EXPECT_EQ(*ReadUserString(Span<char>(to).First(3), at), 3u);
  EXPECT_STREQ(to, "te");
  memset(memory.data(), 'x', memory.size());
  EXPECT_EQ(ReadUserString(to, HostUserMemory::kBase + 100).status(),
            Status::kFault);
  EXPECT_EQ(*ReadUserString(to, HostUserMemory::kBase + 64), 64u);
}

}  // namespace
}  // namespace ebpf
