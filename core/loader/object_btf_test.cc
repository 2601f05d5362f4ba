// SPDX-License-Identifier: MIT
#include "core/loader/object_btf.h"

#include "core/btf/validate.h"
#include "core/loader/test_kernel.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::loader {
namespace {

class ObjectBtfTest : public ClientObjectTest {
 protected:
  ObjectBtfTest() : blob_(PortAllocator()) {}

  void SetUp() override {
    ClientObjectTest::SetUp();
    ASSERT_EQ(MakeKernelBtf(file_, blob_, PortAllocator(), log_), Status::kOk)
        << log();
    Result<Ref<btf::BtfObject>> made = btf::BtfObject::Create(
        ConstBytes(blob_.begin(), blob_.size()), PortAllocator());
    ASSERT_TRUE(made.ok());
    made_ = Move(*made);
  }

  btf::Type Find(btf::Kind kind, const char* name) const {
    const btf::TypeId id = made_->btf().Find(kind, name).ValueOr(0);
    EXPECT_NE(id, 0u) << name;
    return *made_->btf().TypeAt(id);
  }
  std::string NameOf(btf::TypeId id) const {
    return ToString(*made_->btf().Name(made_->btf().TypeAt(id)->name));
  }

  Vector<uint8_t> blob_;
  Ref<btf::BtfObject> made_;
};

TEST_F(ObjectBtfTest, AKernelTakesItAndNotTheCompilers) {
  char text[4096];
  TextWriter log(text, sizeof(text));

  EXPECT_EQ(btf::Validate(ConstBytes(blob_.begin(), blob_.size()),
                          PortAllocator(), &log),
            Status::kOk)
      << ToString(log.text());
  EXPECT_NE(btf::Validate(file_.btf_bytes(), PortAllocator(), nullptr),
            Status::kOk);
}

TEST_F(ObjectBtfTest, IdsStay) {
  for (btf::TypeId id = 1; id < file_.btf()->type_count(); ++id) {
    EXPECT_EQ(made_->btf().TypeAt(id)->kind, file_.btf()->TypeAt(id)->kind);
  }
}

TEST_F(ObjectBtfTest, SectionsGetTheirSizeAndVariablesTheirPlacesInOrder) {
  const btf::Type section = Find(btf::Kind::kDataSection, ".data.order");

  EXPECT_EQ(section.size_or_type, 8u);
  ASSERT_EQ(section.member_count, 2u);
  const btf::SectionVariable one = btf::Btf::VariableAt(section, 0);
  const btf::SectionVariable two = btf::Btf::VariableAt(section, 1);
  EXPECT_EQ(one.offset, 0u);
  EXPECT_EQ(NameOf(one.type), Symbol("first_variable").value == 0
                                  ? "first_variable"
                                  : "second_variable");
  EXPECT_EQ(two.offset, 4u);
}

TEST_F(ObjectBtfTest, WhatOthersCannotSeeIsStatic) {
  EXPECT_EQ(btf::Btf::LinkageOf(Find(btf::Kind::kFunction, "hidden")),
            btf::Linkage::kStatic);
  EXPECT_EQ(btf::Btf::LinkageOf(Find(btf::Kind::kFunction, "seen")),
            btf::Linkage::kGlobal);
}

TEST_F(ObjectBtfTest, ExternsAreDefined) {
  EXPECT_EQ(
      btf::Btf::LinkageOf(Find(btf::Kind::kFunction, "function_of_kernel")),
      btf::Linkage::kGlobal);
  EXPECT_EQ(
      btf::Btf::LinkageOf(Find(btf::Kind::kVariable, "variable_of_kernel")),
      btf::Linkage::kGlobal);
  const btf::Type symbols = Find(btf::Kind::kDataSection, ".ksyms");
  EXPECT_EQ(symbols.size_or_type, 4 * symbols.member_count);
  for (uint32_t i = 0; i < symbols.member_count; ++i) {
    const btf::SectionVariable entry = btf::Btf::VariableAt(symbols, i);
    EXPECT_EQ(made_->btf().TypeAt(entry.type)->kind, btf::Kind::kVariable);
  }
}

TEST_F(ObjectBtfTest, OptionsStandWhereTheMapHasThem) {
  const btf::Type options = Find(btf::Kind::kDataSection, ".kconfig");

  ASSERT_EQ(options.member_count, 2u);
  EXPECT_EQ(btf::Btf::VariableAt(options, 1).offset, 4u);
  EXPECT_EQ(btf::Btf::VariableAt(options, 1).size, 1u);
}

TEST_F(ObjectBtfTest, EachAllocationMayFail) {
  ForEachFailingAllocation("kernel's BTF", [&](FailingAllocator& allocator) {
    Vector<uint8_t> blob(allocator);
    EXPECT_EQ(MakeKernelBtf(file_, blob, allocator, log_),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf::loader
