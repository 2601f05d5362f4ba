// SPDX-License-Identifier: MIT
#include "core/loader/struct_ops.h"

#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

using StructOpsTest = ClientObjectTest;

TEST_F(StructOpsTest, FindsTheMemberThatPointsToTheProgram) {
  const Result<Operation> found =
      FindOperation(file_, Program("operation"), kernel_.kernel(), log_);

  ASSERT_TRUE(found.ok()) << log();
  EXPECT_EQ(found->table, kernel_.Id(btf::Kind::kStruct, "table_ops"));
  EXPECT_EQ(found->member, 1u);
}

TEST_F(StructOpsTest, AProgramThatNobodyPointsToIsNoOperation) {
  EXPECT_EQ(
      FindOperation(file_, Program("no_operation"), kernel_.kernel(), log_)
          .status(),
      Status::kNotFound);
  EXPECT_EQ(log(),
            "program 'no_operation': implements no operation that the kernel "
            "has\n");
}

TEST_F(StructOpsTest, WithoutTheKernelsTypesThereAreNone) {
  EXPECT_EQ(FindOperation(file_, Program("operation"), Kernel(), log_).status(),
            Status::kNotFound);
}

}  // namespace
}  // namespace ebpf::loader
