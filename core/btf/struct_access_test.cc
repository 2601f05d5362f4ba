// SPDX-License-Identifier: MIT
#include "core/btf/struct_access.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/btf/btf_object.h"
#include "core/btf/test_builder.h"
#include "gtest/gtest.h"

namespace ebpf::btf {
namespace {

/// A kernel's struct with something of each sort:
///
///   struct outer {            // 128 bytes
///     int number;             //   0
///     char text[12];          //   4
///     struct task *parent;    //  16, tagged "rcu"
///     struct inner in;        //  24: { int x; int y; }
///     struct inner three[3];  //  32
///     union { struct task *t; int i; };  // 56
///     void *opaque;           //  64
///     unsigned a : 3, b : 5;  //  72
///     char *user;             //  80, tagged "user"
///     union { struct task *one; };       // 88
///     int table[2][4];        //  96
///   };
class StructAccessTest : public testing::Test {
 protected:
  StructAccessTest() {
    Builder& b = builder_;
    number_ = b.Add(Kind::kInt, b.Name("int"), 4, {1 << 24 | 32});
    const TypeId character = b.Add(Kind::kInt, b.Name("char"), 1, {8});
    const TypeId text = b.Add(Kind::kArray, 0, 0, {character, number_, 12});
    task_ =
        b.Add(Kind::kStruct, b.Name("task"), 4, {b.Name("pid"), number_, 0}, 1);
    inner_ = b.Add(Kind::kStruct, b.Name("inner"), 8,
                   {b.Name("x"), number_, 0, b.Name("y"), number_, 32}, 2);
    const TypeId three = b.Add(Kind::kArray, 0, 0, {inner_, number_, 3});
    const TypeId constant = b.Add(Kind::kConst, 0, task_);
    const TypeId rcu = b.Add(Kind::kTypeTag, b.Name("rcu"), constant);
    const TypeId parent = b.Add(Kind::kPointer, 0, rcu);
    const TypeId plain = b.Add(Kind::kPointer, 0, task_);
    const TypeId opaque = b.Add(Kind::kPointer, 0, 0);
    union_ = b.Add(Kind::kUnion, 0, 8,
                   {b.Name("t"), plain, 0, b.Name("i"), number_, 0}, 2);
    const TypeId single =
        b.Add(Kind::kUnion, 0, 8, {b.Name("one"), plain, 0}, 1);
    const TypeId user_tag = b.Add(Kind::kTypeTag, b.Name("user"), task_);
    const TypeId user = b.Add(Kind::kPointer, 0, user_tag);
    const TypeId row = b.Add(Kind::kArray, 0, 0, {number_, number_, 4});
    const TypeId table = b.Add(Kind::kArray, 0, 0, {row, number_, 2});
    const auto member = [&](const char* name, TypeId type, uint32_t byte,
                            uint32_t bits = 0, uint32_t bit = 0) {
      members_.push_back(*name == '\0' ? 0 : b.Name(name));
      members_.push_back(type);
      members_.push_back(bits << 24 | (byte * 8 + bit));
    };
    member("number", number_, 0);
    member("text", text, 4);
    member("parent", parent, 16);
    member("in", inner_, 24);
    member("three", three, 32);
    member("", union_, 56);
    member("opaque", opaque, 64);
    member("a", number_, 72, 3);
    member("b", number_, 72, 5, 3);
    member("user", user, 80);
    member("", single, 88);
    member("table", table, 96);
    outer_ = b.AddFlagged(Kind::kStruct, b.Name("outer"), 128, members_, 12);
    const TypeId alias = b.Add(Kind::kTypedef, b.Name("outer_t"), outer_);
    alias_ = b.Add(Kind::kConst, 0, alias);
    const TypeId none = b.Add(Kind::kArray, 0, 0, {inner_, number_, 0});
    flexible_ = b.Add(Kind::kStruct, b.Name("flexible"), 4,
                      {b.Name("n"), number_, 0, b.Name("items"), none, 32}, 2);
    const TypeId no_ints = b.Add(Kind::kArray, 0, 0, {number_, number_, 0});
    flexible_ints_ =
        b.Add(Kind::kStruct, b.Name("ints"), 4,
              {b.Name("n"), number_, 0, b.Name("items"), no_ints, 32}, 2);
    const std::vector<uint8_t> blob = b.Blob();
    object_ = *BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                                 PortAllocator());
  }

  const Btf& btf() const { return object_->btf(); }

  Result<Access> At(TypeId type, uint32_t offset, uint32_t size) {
    log_.Clear();
    return AccessStruct(btf(), type, offset, size, false, &log_);
  }
  std::string Log() const {
    return std::string(log_.text().data(), log_.text().size());
  }
  /// Where an access is refused: the errno and Linux's words.
  void ExpectRefused(TypeId type, uint32_t offset, uint32_t size, Status status,
                     const std::string& words) {
    EXPECT_EQ(At(type, offset, size).status(), status);
    EXPECT_EQ(Log(), words);
  }

  Builder builder_;
  std::vector<uint32_t> members_;
  TypeId number_ = 0, task_ = 0, inner_ = 0, union_ = 0, outer_ = 0;
  TypeId alias_ = 0, flexible_ = 0, flexible_ints_ = 0;
  Ref<BtfObject> object_;
  char buffer_[1024];
  TextWriter log_{buffer_, sizeof(buffer_)};
};

TEST_F(StructAccessTest, NumbersAreNumbersAlsoInPieces) {
  for (const uint32_t offset : {0u, 1u, 4u, 15u, 24u, 28u, 36u, 96u, 127u}) {
    const Result<Access> access = At(outer_, offset, 1);
    ASSERT_TRUE(access.ok()) << offset;
    EXPECT_EQ(access->kind, AccessKind::kScalar) << offset;
  }
}

TEST_F(StructAccessTest, ArraysOfNumbersAreReadAcrossTheirElements) {
  EXPECT_EQ(At(outer_, 6, 8)->kind, AccessKind::kScalar);
  EXPECT_EQ(At(outer_, 96, 8)->kind, AccessKind::kScalar);
  EXPECT_EQ(At(outer_, 108, 8)->kind, AccessKind::kScalar);
}

TEST_F(StructAccessTest, APointerHasItsTargetAndItsTags) {
  const Access parent = *At(outer_, 16, 8);
  EXPECT_EQ(parent.kind, AccessKind::kPointer);
  EXPECT_EQ(parent.type, task_);
  EXPECT_TRUE(parent.tags.rcu);
  EXPECT_FALSE(parent.tags.user || parent.tags.per_cpu);
  EXPECT_FALSE(parent.through_union);
  EXPECT_TRUE(*btf().Name(parent.member) == "parent");

  EXPECT_TRUE(At(outer_, 80, 8)->tags.user);
  EXPECT_EQ(At(outer_, 64, 8)->kind, AccessKind::kOpaquePointer);
}

TEST_F(StructAccessTest, APointerIsReadWholeOrNotAtAll) {
  ExpectRefused(outer_, 16, 4, Status::kAccess,
                "cannot access ptr member parent with moff 16 in struct outer "
                "with off 16 size 4\n");
  ExpectRefused(outer_, 20, 4, Status::kAccess,
                "cannot access ptr member parent with moff 16 in struct outer "
                "with off 20 size 4\n");
}

TEST_F(StructAccessTest, PointersOfUnionsAreNotToBeTrusted) {
  EXPECT_TRUE(At(outer_, 56, 8)->through_union);
  EXPECT_EQ(At(outer_, 56, 8)->type, task_);
  // A union of one member is that member.
  EXPECT_FALSE(At(outer_, 88, 8)->through_union);
}

TEST_F(StructAccessTest, AccessesBeyondMembersAndStructsAreRefused) {
  ExpectRefused(outer_, 0, 8, Status::kAccess,
                "access beyond the end of member number (mend:4) in struct "
                "outer with off 0 size 8\n");
  ExpectRefused(outer_, 124, 8, Status::kAccess,
                "access beyond struct outer at off 124 size 8\n");
  ExpectRefused(outer_, 0xffffffff, 8, Status::kAccess,
                "access beyond struct outer at off 4294967295 size 8\n");
  ExpectRefused(outer_, 76, 4, Status::kInvalid,
                "struct outer doesn't have field at offset 76\n");
  ExpectRefused(number_, 0, 4, Status::kInvalid,
                "Type 'int' is not a struct\n");
}

TEST_F(StructAccessTest, BitFieldsAreReadWithAllOfTheirBytes) {
  EXPECT_EQ(At(outer_, 72, 1)->kind, AccessKind::kScalar);
  EXPECT_EQ(At(outer_, 72, 4)->kind, AccessKind::kScalar);
}

TEST_F(StructAccessTest, AStepEndsWhereAnInnerStructBegins) {
  const auto step = [&](uint32_t offset) {
    return *WalkStruct(btf(), outer_, offset, 4, false, nullptr);
  };
  EXPECT_EQ(step(24).kind, AccessKind::kStruct);
  EXPECT_EQ(step(24).type, inner_);
  EXPECT_EQ(step(40).kind, AccessKind::kStruct);  // three[1]
  EXPECT_EQ(step(44).kind, AccessKind::kScalar);  // three[1].y
  EXPECT_EQ(At(outer_, 40, 4)->kind, AccessKind::kScalar);
}

TEST_F(StructAccessTest, ElementsOfFlexibleArraysLieBehindTheStruct) {
  EXPECT_EQ(At(flexible_, 4 + 8 * 1000 + 4, 4)->kind, AccessKind::kScalar);
  EXPECT_EQ(At(flexible_ints_, 4000, 4)->kind, AccessKind::kScalar);
  ExpectRefused(flexible_, 0, 8, Status::kAccess,
                "access beyond struct flexible at off 0 size 8\n");
}

TEST_F(StructAccessTest, ModifiersAreNoMatter) {
  EXPECT_EQ(At(alias_, 16, 8)->kind, AccessKind::kPointer);
}

TEST_F(StructAccessTest, KnowsWhichStructsBeginWhere) {
  EXPECT_TRUE(HasStructAt(btf(), outer_, 0, btf(), outer_, true));
  EXPECT_TRUE(HasStructAt(btf(), outer_, 24, btf(), inner_, false));
  EXPECT_TRUE(HasStructAt(btf(), outer_, 48, btf(), inner_, false));
  EXPECT_FALSE(HasStructAt(btf(), outer_, 24, btf(), inner_, true));
  EXPECT_FALSE(HasStructAt(btf(), outer_, 28, btf(), inner_, false));
  EXPECT_FALSE(HasStructAt(btf(), outer_, 0, btf(), inner_, false));
}

TEST_F(StructAccessTest, FindsMembersByNameAlsoInAnonymousOnes) {
  EXPECT_EQ(FindMember(btf(), outer_, "parent")->bit_offset, 16u * 8);
  EXPECT_EQ(FindMember(btf(), alias_, "one")->bit_offset, 88u * 8);
  EXPECT_EQ(FindMember(btf(), outer_, "b")->bit_size, 5u);
  EXPECT_EQ(FindMember(btf(), outer_, "x").status(), Status::kNotFound);
  EXPECT_EQ(FindMember(btf(), number_, "x").status(), Status::kNotFound);
}

TEST_F(StructAccessTest, ArraysOfArraysAreOneRowOfElements) {
  const Elements table =
      *ElementsOf(btf(), FindMember(btf(), outer_, "table")->type);
  EXPECT_TRUE(table.is_array);
  EXPECT_EQ(table.element, number_);
  EXPECT_EQ(table.size, 4u);
  EXPECT_EQ(table.total, 32u);
  EXPECT_FALSE(ElementsOf(btf(), outer_)->is_array);
  EXPECT_EQ(ElementsOf(btf(), 0).status(), Status::kInvalid);
}

TEST_F(StructAccessTest, ReadsPartsOfEveryKind) {
  Builder b;
  const TypeId proto = b.Add(Kind::kFunctionProto, 0, 0, {7, 0, 9, 0}, 2);
  const TypeId function = b.Add(Kind::kFunction, 0, proto, {}, 2);
  const TypeId integer = b.Add(Kind::kInt, 0, 4, {1 << 24 | 3 << 16 | 7});
  const TypeId low = b.Add(Kind::kEnum, 0, 4, {0, 0xffffffff}, 1);
  const TypeId minus = b.AddFlagged(Kind::kEnum, 0, 4, {0, 0xffffffff}, 1);
  const TypeId variable = b.Add(Kind::kVariable, 0, integer, {1});
  b.Name("some text for the names");
  const std::vector<uint8_t> blob = b.Blob();
  const Ref<BtfObject> object =
      *BtfObject::Create(ConstBytes(blob.data(), blob.size()), PortAllocator());
  const Btf& btf = object->btf();

  EXPECT_EQ(Btf::ParamAt(*btf.TypeAt(proto), 1).name, 9u);
  EXPECT_EQ(Btf::LinkageOf(*btf.TypeAt(function)), Linkage::kExtern);
  EXPECT_EQ(Btf::LinkageOf(*btf.TypeAt(variable)), Linkage::kGlobal);
  const Integer number = Btf::IntegerOf(*btf.TypeAt(integer));
  EXPECT_EQ(number.encoding, Integer::kSigned);
  EXPECT_EQ(number.bit_offset, 3);
  EXPECT_EQ(number.bits, 7);
  EXPECT_EQ(Btf::EnumValueAt(*btf.TypeAt(low), 0).value, 0xffffffffu);
  EXPECT_EQ(Btf::EnumValueAt(*btf.TypeAt(minus), 0).value, UINT64_MAX);
  EXPECT_TRUE(btf.IsScalar(integer));
  EXPECT_TRUE(btf.IsScalar(low));
  EXPECT_FALSE(btf.IsScalar(proto));
  EXPECT_FALSE(btf.IsScalar(0));
}

}  // namespace
}  // namespace ebpf::btf
