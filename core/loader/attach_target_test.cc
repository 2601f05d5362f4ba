// SPDX-License-Identifier: MIT
#include "core/loader/attach_target.h"

#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

class AttachTargetTest : public ClientObjectTest {
 protected:
  Status Set(const char* program, const Kernel& kernel) {
    attr_ = {};
    return SetTarget(file_, Program(program), kernel, attr_, log_);
  }

  linux_abi::ProgLoadAttr attr_;
};

TEST_F(AttachTargetTest, EachKindHasItsNameInTheKernelsTypes) {
  const struct {
    const char* program;
    ProgramTypeId type;
    AttachType attach_type;
    btf::Kind kind;
    const char* name;
    uint32_t flags;
  } kCases[] = {
      {"on_entry", ProgramTypeId::kTracing, AttachType::kTraceFentry,
       btf::Kind::kFunction, "function_of_kernel", 0},
      {"on_tracepoint", ProgramTypeId::kTracing, AttachType::kTraceRawTp,
       btf::Kind::kTypedef, "btf_trace_begin", 0},
      {"on_open", ProgramTypeId::kLsm, AttachType::kLsmMac,
       btf::Kind::kFunction, "bpf_lsm_open", linux_abi::kProgSleepable},
      {"on_task", ProgramTypeId::kTracing, AttachType::kTraceIter,
       btf::Kind::kFunction, "bpf_iter_task", 0},
  };
  for (const auto& c : kCases) {
    ASSERT_EQ(Set(c.program, kernel_.kernel()), Status::kOk) << log();
    EXPECT_EQ(attr_.prog_type, static_cast<uint32_t>(c.type)) << c.program;
    EXPECT_EQ(attr_.expected_attach_type, static_cast<uint32_t>(c.attach_type))
        << c.program;
    EXPECT_EQ(attr_.attach_btf_id, kernel_.Id(c.kind, c.name)) << c.program;
    EXPECT_EQ(attr_.prog_flags, c.flags) << c.program;
  }
}

TEST_F(AttachTargetTest, WhatTheKernelDoesNotHaveIsNamed) {
  EXPECT_EQ(Set("on_exit", kernel_.kernel()), Status::kNotFound);
  EXPECT_EQ(log(),
            "program 'on_exit': the kernel's BTF has no 'no_such_function' to "
            "attach to\n");
  EXPECT_EQ(Set("on_entry", Kernel()), Status::kNotFound);
}

TEST_F(AttachTargetTest, OtherTypesNeedNoKernel) {
  ASSERT_EQ(Set("on_packet", Kernel()), Status::kOk);

  EXPECT_EQ(attr_.attach_btf_id, 0u);
  EXPECT_EQ(attr_.expected_attach_type,
            static_cast<uint32_t>(AttachType::kXdp));
  EXPECT_EQ(attr_.prog_flags, linux_abi::kProgXdpHasFrags);
}

TEST_F(AttachTargetTest, FlagsThatAreThereStay) {
  attr_ = {};
  attr_.prog_flags = linux_abi::kProgTestStateFrequency;

  ASSERT_EQ(SetTarget(file_, Program("on_open"), kernel_.kernel(), attr_, log_),
            Status::kOk);

  EXPECT_EQ(attr_.prog_flags,
            linux_abi::kProgTestStateFrequency | linux_abi::kProgSleepable);
}

TEST_F(AttachTargetTest, AnOperationIsAMemberOfTheKernelsTable) {
  ASSERT_EQ(Set("operation", kernel_.kernel()), Status::kOk) << log();

  EXPECT_EQ(attr_.attach_btf_id, kernel_.Id(btf::Kind::kStruct, "table_ops"));
  EXPECT_EQ(attr_.expected_attach_type, 1u);
}

}  // namespace
}  // namespace ebpf::loader
