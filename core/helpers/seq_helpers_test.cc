// SPDX-License-Identifier: MIT
#include <cerrno>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/seq_buffer.h"
#include "core/helpers/trace_log.h"

namespace ebpf {
namespace {

class SeqHelpersTest : public HelperTest {
 protected:
  SeqHelpersTest() : buffer_(Span<char>(memory_, 16)) {
    memory_[16] = 'z';
    EXPECT_EQ(InitTraceLog(PortAllocator()), Status::kOk);
  }
  ~SeqHelpersTest() override {
    EXPECT_EQ(memory_[16], 'z');
    ExitTraceLog();
  }

  std::string text() const {
    return {buffer_.text().data(), buffer_.text().size()};
  }
  uint64_t Print(const char* format, uint64_t arg) {
    return Call(BPF_FUNC_seq_printf, buffer_.argument(), Address(format),
                std::string(format).size() + 1, Address(&arg), sizeof(arg));
  }
  uint64_t Write(const std::string& bytes) {
    return Call(BPF_FUNC_seq_write, buffer_.argument(), Address(bytes.data()),
                bytes.size());
  }

  char memory_[17] = "zzzzzzzzzzzzzzzz";
  SeqBuffer buffer_;
};

TEST_F(SeqHelpersTest, TextFollowsText) {
  EXPECT_EQ(Print("a=%d\n", 5), 0u);
  EXPECT_EQ(Write(std::string("b\0c", 3)), 0u);
  EXPECT_EQ(Print("%s", Address("!")), 0u);
  EXPECT_EQ(text(), std::string("a=5\nb\0c!", 8));
  EXPECT_FALSE(buffer_.overflowed());
}

TEST_F(SeqHelpersTest, WhatDoesNotFitIsLeftOutAndSaid) {
  EXPECT_EQ(Write("0123456789"), 0u);
  EXPECT_EQ(Print("1234%d", 56), Negative(EOVERFLOW));
  EXPECT_TRUE(buffer_.overflowed());
  EXPECT_EQ(text(), "0123456789");
  EXPECT_EQ(Write("x"), Negative(EOVERFLOW)) << "nothing follows a hole";
  buffer_.Truncate(4);
  EXPECT_EQ(text(), "0123");
  EXPECT_EQ(Write("x"), 0u);
  EXPECT_EQ(Write("0123456789"), 0u);
  EXPECT_EQ(Write("x"), Negative(EOVERFLOW)) << "the last byte stays free";
}

TEST_F(SeqHelpersTest, AWrongFormatWritesNothing) {
  EXPECT_EQ(Print("%q", 5), Negative(EINVAL));
  EXPECT_EQ(Print("%d %d", 5), Negative(EINVAL));
  EXPECT_EQ(Call(BPF_FUNC_seq_printf, buffer_.argument(), Address("%d"), 3,
                 Address("1234567"), 7),
            Negative(EINVAL));
  EXPECT_EQ(text(), "");
}

}  // namespace
}  // namespace ebpf
