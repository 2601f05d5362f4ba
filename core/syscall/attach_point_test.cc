// SPDX-License-Identifier: MIT
#include "core/syscall/attach_point.h"

#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using linux_abi::ProgLoadAttr;

/// A kernel with types, which only judges.
class AttachPointTest : public testing::Test {
 protected:
  AttachPointTest() {
    const std::vector<uint8_t> blob = ProgramTypes();
    types_ = *btf::BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                                     PortAllocator());
    KernelView view;
    view.profile = verifier::Profile::kLinux;
    view.btf = &types_->btf();
    EXPECT_EQ(InitSystem(HostMachineOps(), {}, view), Status::kOk);
    caller_.emplace(Origin::kKernel);
  }
  ~AttachPointTest() override {
    caller_.reset();
    ExitSystem();
  }

  Result<AttachPoint> Find(ProgramTypeId type, const ProgLoadAttr& attr) {
    const Call call = {*RunningSystem(), caller_->client(),
                       caller_->client().Pointer(0), 0};
    return FindAttachPoint(call, attr,
                           *FindProgramType(static_cast<uint32_t>(type)));
  }

  HostTraps traps_;
  Ref<btf::BtfObject> types_;
  std::optional<TestCaller> caller_;
};

TEST_F(AttachPointTest, ATypeOfTheKernelIsATarget) {
  ProgLoadAttr attr{};
  attr.attach_btf_id = kFunctionType;
  attr.expected_attach_type = static_cast<uint32_t>(AttachType::kTraceFentry);

  const Result<AttachPoint> point = Find(ProgramTypeId::kTracing, attr);

  ASSERT_TRUE(point.ok());
  EXPECT_EQ(point->target.btf, &types_->btf());
  EXPECT_EQ(point->target.type_id, kFunctionType);
  EXPECT_EQ(point->type, static_cast<uint32_t>(AttachType::kTraceFentry));
}

TEST_F(AttachPointTest, OtherTypesOfProgramTakeNoTarget) {
  ProgLoadAttr attr{};
  attr.attach_btf_id = kFunctionType;
  EXPECT_EQ(Find(ProgramTypeId::kXdp, attr).status(), Status::kInvalid);
}

TEST_F(AttachPointTest, AnotherProgramMayBeTheTarget) {
  ProgLoadAttr loaded = caller_->Program(kSocketFilter, Returning(0));
  loaded.prog_btf_fd = static_cast<uint32_t>(LoadBtf(*caller_, ProgramTypes()));
  loaded.func_info_cnt = 1;
  loaded.func_info_rec_size = 8;
  const uint32_t record[] = {0, kFunctionType};
  loaded.func_info = caller_->Put(record);
  const int64_t fd = caller_->Call(linux_abi::kProgLoad, loaded);
  ASSERT_GE(fd, 0);
  ProgLoadAttr attr{};
  attr.attach_prog_fd = static_cast<uint32_t>(fd);
  attr.attach_btf_id = kFunctionType;

  const Result<AttachPoint> point = Find(ProgramTypeId::kExt, attr);

  ASSERT_TRUE(point.ok());
  ASSERT_NE(point->target.btf, nullptr);
  EXPECT_NE(point->target.btf, &types_->btf());
  EXPECT_TRUE(point->owner);
  EXPECT_EQ(Find(ProgramTypeId::kLsm, attr).status(), Status::kInvalid);
}

TEST_F(AttachPointTest, DescriptorsOfOtherThingsAreRefused) {
  ProgLoadAttr attr{};
  attr.attach_btf_id = kFunctionType;
  attr.attach_prog_fd = 300;
  EXPECT_EQ(Find(ProgramTypeId::kTracing, attr).status(), Status::kInvalid);
  attr.attach_prog_fd = static_cast<uint32_t>(
      caller_->CreateMap(linux_abi::kMapTypeArray, 4, 4, 1));
  EXPECT_EQ(Find(ProgramTypeId::kTracing, attr).status(), Status::kInvalid);
  attr.attach_prog_fd =
      static_cast<uint32_t>(LoadBtf(*caller_, ProgramTypes()));
  EXPECT_EQ(Find(ProgramTypeId::kTracing, attr).status(),
            Status::kNotSupported);
}

TEST_F(AttachPointTest, AttachTypesAreTheTypesOwn) {
  ProgLoadAttr attr{};
  attr.expected_attach_type =
      static_cast<uint32_t>(AttachType::kCgroupInet4Connect);
  EXPECT_TRUE(Find(ProgramTypeId::kCgroupSockAddr, attr).ok());
  attr.expected_attach_type = static_cast<uint32_t>(AttachType::kXdp);
  EXPECT_EQ(Find(ProgramTypeId::kCgroupSockAddr, attr).status(),
            Status::kInvalid);
}

TEST_F(AttachPointTest, WhatIsJudgedNeverRuns) {
  const int64_t fd = caller_->Load(kSocketFilter, Returning(0));
  ASSERT_GE(fd, 0);
  const Ref<File> file = *caller_->client().fds().Get(fd);

  EXPECT_EQ(file->AsProgram(), nullptr);
  EXPECT_NE(file->AsJudgedProgram(), nullptr);
}

}  // namespace
}  // namespace ebpf
