// SPDX-License-Identifier: MIT
#include "core/files/btf_file.h"

#include "core/btf/test_builder.h"
#include "core/files/judged_program_file.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

Ref<btf::BtfObject> Types() {
  btf::Builder b;
  b.Add(btf::Kind::kInt, b.Name("int"), 4, {32});
  const std::vector<uint8_t> blob = b.Blob();
  return *btf::BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                                 PortAllocator());
}

TEST(BtfFileTest, AFileKeepsTheTypes) {
  const uint64_t before = PortAllocatedBytes();
  {
    Ref<btf::BtfObject> types = Types();
    const btf::BtfObject* is = types.get();
    Ref<File> file = *BtfFile::Create(Move(types), PortAllocator());

    ASSERT_NE(file->AsBtf(), nullptr);
    EXPECT_EQ(file->AsBtf()->btf().get(), is);
    EXPECT_EQ(file->AsMap(), nullptr);
    EXPECT_EQ(file->AsProgram(), nullptr);
    EXPECT_STREQ(file->name(), "anon_inode:btf");
  }
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST(JudgedProgramFileTest, IsNoProgramThatRuns) {
  const uint64_t before = PortAllocatedBytes();
  {
    Ref<File> file = *JudgedProgramFile::Create(Types(), 1, PortAllocator());

    ASSERT_NE(file->AsJudgedProgram(), nullptr);
    EXPECT_EQ(file->AsJudgedProgram()->type(), 1u);
    EXPECT_EQ(file->AsProgram(), nullptr);
    EXPECT_STREQ(file->name(), "anon_inode:bpf-prog");
  }
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST(JudgedProgramFileTest, NeedsNoTypes) {
  Ref<File> file =
      *JudgedProgramFile::Create(Ref<btf::BtfObject>(), 0, PortAllocator());
  EXPECT_FALSE(file->AsJudgedProgram()->btf());
}

}  // namespace
}  // namespace ebpf
