// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <string>

#include "core/helpers/helper_test_util.h"
#include "core/helpers/kernel_btf.h"
#include "core/helpers/seq_buffer.h"
#include "core/helpers/trace_log.h"
#include "core/helpers/value_test_util.h"

namespace ebpf {
namespace {

class ValueHelpersTest : public HelperTest {
 protected:
  ValueHelpersTest() {
    EXPECT_EQ(InitTraceLog(PortAllocator()), Status::kOk);
    SetKernelBtf(&types_.btf());
  }
  ~ValueHelpersTest() override {
    SetKernelBtf(nullptr);
    ExitTraceLog();
  }

  uint64_t Show(uint32_t type, const void* value, uint64_t flags = 0,
                uint64_t room = 64) {
    btf_ptr typed = {const_cast<void*>(value), type, 0};
    std::memset(text_, 'z', sizeof(text_));
    return Call(BPF_FUNC_snprintf_btf, Address(text_), room, Address(&typed),
                sizeof(typed), flags);
  }
  uint64_t Write(SeqBuffer& buffer, uint32_t type, const void* value,
                 uint64_t flags = 0) {
    btf_ptr typed = {const_cast<void*>(value), type, 0};
    return Call(BPF_FUNC_seq_printf_btf, buffer.argument(), Address(&typed),
                sizeof(typed), flags);
  }

  ValueTypes types_;
  const int32_t pair_[2] = {1, -2};
  char text_[65];
};

TEST_F(ValueHelpersTest, TheTextIsThereWithItsLength) {
  EXPECT_EQ(Show(types_.pair, pair_, BTF_F_COMPACT), 40u);
  EXPECT_STREQ(text_, "(struct pair){.a = (int)1,.b = (int)-2,}");
}

TEST_F(ValueHelpersTest, WhatDoesNotFitIsCutAndCounted) {
  EXPECT_EQ(Show(types_.integer, pair_, 0, 4), 7u);
  EXPECT_STREQ(text_, "(in");
  EXPECT_EQ(text_[4], 'z');
  EXPECT_EQ(Show(types_.integer, pair_, 0, 1), 7u);
  EXPECT_STREQ(text_, "");
  EXPECT_EQ(Show(types_.integer, pair_, 0, 8), 7u);
  EXPECT_STREQ(text_, "(int)1\n");
}

TEST_F(ValueHelpersTest, WrongArgumentsAreRefusedAndNothingIsWritten) {
  EXPECT_EQ(Show(types_.integer, pair_, 16), Negative(EINVAL));
  EXPECT_EQ(Show(0, pair_), Negative(EINVAL));
  EXPECT_EQ(Show(types_.btf().type_count(), pair_), Negative(ENOENT));
  EXPECT_EQ(text_[0], 'z');
  btf_ptr typed = {nullptr, types_.integer, 0};
  EXPECT_EQ(Call(BPF_FUNC_snprintf_btf, Address(text_), 64, Address(&typed),
                 sizeof(typed) - 1, 0),
            Negative(EINVAL));
  SetKernelBtf(nullptr);
  EXPECT_EQ(Show(types_.integer, pair_), Negative(EINVAL));
}

TEST_F(ValueHelpersTest, AddressesThatAreNoneAreAFault) {
  EXPECT_EQ(Show(types_.integer, nullptr), Negative(EFAULT));
  EXPECT_STREQ(text_, "");
}

TEST_F(ValueHelpersTest, IteratorsGetTheTextBehindWhatTheyHave) {
  char memory[32];
  SeqBuffer buffer(Span<char>(memory, sizeof(memory)));
  EXPECT_EQ(Write(buffer, types_.integer, pair_, BTF_F_COMPACT), 0u);
  EXPECT_EQ(Write(buffer, types_.color, pair_ + 1, BTF_F_NONAME), 0u);
  EXPECT_EQ(std::string(buffer.text().data(), buffer.text().size()),
            "(int)14294967294\n");
  EXPECT_EQ(Write(buffer, types_.integer, pair_, 16), Negative(EINVAL));
  EXPECT_FALSE(buffer.overflowed());
}

TEST_F(ValueHelpersTest, AnIteratorWithoutRoomIsToldByItsFileAlone) {
  char memory[16];
  SeqBuffer buffer(Span<char>(memory, sizeof(memory)));
  EXPECT_EQ(Write(buffer, types_.pair, pair_), 0u);
  EXPECT_TRUE(buffer.overflowed());
  EXPECT_EQ(buffer.text().size(), 0u);
}

}  // namespace
}  // namespace ebpf
