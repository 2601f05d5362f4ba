// SPDX-License-Identifier: MIT
#include "core/btf/validate.h"
#include "core/files/btf_file.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::BtfLoadAttr;

class BtfLoadTest : public SyscallTest {
 protected:
  BtfLoadAttr Attr(const std::vector<uint8_t>& blob) {
    BtfLoadAttr attr{};
    attr.btf = caller_.Put(blob.data(), blob.size());
    attr.btf_size = static_cast<uint32_t>(blob.size());
    return attr;
  }
  BtfLoadAttr Logged(const std::vector<uint8_t>& blob, uint32_t level,
                     uint32_t size) {
    BtfLoadAttr attr = Attr(blob);
    attr.btf_log_level = level;
    attr.btf_log_size = size;
    attr.btf_log_buf = caller_.Put(nullptr, size);
    return attr;
  }
  int64_t Load(const BtfLoadAttr& attr) {
    return caller_.Call(linux_abi::kBtfLoad, attr);
  }
};

INSTANTIATE_TEST_SUITE_P(, BtfLoadTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(BtfLoadTest, ADescriptorHoldsACopy) {
  const std::vector<uint8_t> blob = ProgramTypes();
  const BtfLoadAttr attr = Attr(blob);
  const int64_t fd = Load(attr);
  ASSERT_EQ(fd, 3);
  memset(caller_.At(attr.btf), 0xff, blob.size());

  const Ref<File> file = *caller_.client().fds().Get(fd);
  ASSERT_NE(file->AsBtf(), nullptr);
  EXPECT_STREQ(file->name(), "anon_inode:btf");
  const btf::BtfObject& btf = *file->AsBtf()->btf();
  EXPECT_TRUE(EqualBytes(btf.bytes(), ConstBytes(blob.data(), blob.size())));
  EXPECT_EQ(btf.btf().type_count(), 11u);
}

TEST_P(BtfLoadTest, WhatIsMalformedIsInvalidAndSaysWhy) {
  std::vector<uint8_t> blob = ProgramTypes();
  blob[0] ^= 1;
  BtfLoadAttr attr = Logged(blob, 1, 256);
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  EXPECT_NE(strlen(static_cast<const char*>(caller_.At(attr.btf_log_buf))), 0u);
  EXPECT_EQ(Load(Attr(blob)), Minus(Status::kInvalid));
}

TEST_P(BtfLoadTest, ALogThatDoesNotFitWinsOverTheVerdict) {
  const BtfLoadAttr attr = Logged(ProgramTypes(), 1, 16);
  const uint64_t at = caller_.Put(attr);

  EXPECT_EQ(caller_.BpfAt(linux_abi::kBtfLoad, at, sizeof(attr)),
            Minus(Status::kNoSpace));

  const uint32_t true_size = caller_.Get<BtfLoadAttr>(at).btf_log_true_size;
  EXPECT_GT(true_size, 16u);
  EXPECT_GE(Load(Logged(ProgramTypes(), 1, true_size)), 0);
}

TEST_P(BtfLoadTest, ALogIsThereOrNot) {
  BtfLoadAttr attr = Attr(ProgramTypes());
  attr.btf_log_size = 100;
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  attr = Logged(ProgramTypes(), 0, 100);
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
}

TEST_P(BtfLoadTest, SizesFlagsAndPointersAreChecked) {
  BtfLoadAttr attr = Attr(ProgramTypes());
  attr.btf_size = static_cast<uint32_t>(btf::kMaxBlobSize) + 1;
  EXPECT_EQ(Load(attr), Minus(Status::kTooBig));
  attr = Attr(ProgramTypes());
  attr.btf_flags = 1;
  EXPECT_EQ(Load(attr), Minus(Status::kInvalid));
  attr = Attr(ProgramTypes());
  attr.btf = 0;
  EXPECT_EQ(Load(attr), Minus(Status::kFault));
}

TEST(BtfLoadRightsTest, AProcessNeedsCapBpf) {
  TestSystem system;
  TestCaller caller(Origin::kUser);

  SetHostCapabilities(0);
  EXPECT_EQ(LoadBtf(caller, ProgramTypes()), Minus(Status::kNotPermitted));
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapBpf);
  EXPECT_GE(LoadBtf(caller, ProgramTypes()), 0);
}

TEST(BtfLoadRightsTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  const std::vector<uint8_t> blob = ProgramTypes();

  FailEachAllocation(
      "BTF_LOAD", caller, [&] { return LoadBtf(caller, blob); },
      [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
}

}  // namespace
}  // namespace ebpf
