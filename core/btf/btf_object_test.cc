// SPDX-License-Identifier: MIT
#include "core/btf/btf_object.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/btf/struct_access.h"
#include "core/btf/test_builder.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::btf {
namespace {

ConstBytes View(const std::vector<uint8_t>& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}

Ref<BtfObject> Make(const Builder& builder,
                    Ref<BtfObject> base = Ref<BtfObject>()) {
  Result<Ref<BtfObject>> object =
      BtfObject::Create(View(builder.Blob()), PortAllocator(), Move(base));
  EXPECT_TRUE(object.ok()) << int(object.status());
  return object.ok() ? Move(*object) : Ref<BtfObject>();
}

std::string NameOf(const Btf& btf, TypeId id) {
  const StringView name = *btf.Name(btf.TypeAt(id)->name);
  return std::string(name.data(), name.size());
}

TEST(BtfObjectTest, OutlivesTheBytesThatItWasMadeFrom) {
  Builder builder;
  const uint32_t number = builder.Add(Kind::kInt, builder.Name("int"), 4, {32});
  std::vector<uint8_t> blob = builder.Blob();
  Ref<BtfObject> object = *BtfObject::Create(View(blob), PortAllocator());
  std::fill(blob.begin(), blob.end(), uint8_t{0xff});

  EXPECT_EQ(*object->btf().SizeOf(number), 4u);
  EXPECT_EQ(*object->btf().Find(Kind::kInt, "int"), number);
}

TEST(BtfObjectTest, RefusesAMalformedBlob) {
  const std::vector<uint8_t> blob(24, 0);

  EXPECT_EQ(BtfObject::Create(View(blob), PortAllocator()).status(),
            Status::kInvalid);
}

TEST(BtfObjectTest, SurvivesEachFailedAllocation) {
  Builder builder;
  builder.Add(Kind::kInt, builder.Name("int"), 4, {32});
  const uint64_t allocations = ForEachFailingAllocation(
      "BtfObject::Create", [&](FailingAllocator& allocator) {
        const Status status =
            BtfObject::Create(View(builder.Blob()), allocator).status();
        EXPECT_EQ(status, allocator.failed() ? Status::kNoMemory : Status::kOk);
      });
  EXPECT_GE(allocations, 5u);
}

TEST(BtfObjectTest, FindTellsKindsOfOneNameApart) {
  Builder builder;
  const uint32_t name = builder.Name("thing");
  const TypeId forward = builder.Add(Kind::kForward, name, 0);
  const TypeId record = builder.Add(Kind::kStruct, name, 0);
  builder.Add(Kind::kStruct, name, 0);
  const Ref<BtfObject> object = Make(builder);

  EXPECT_EQ(*object->btf().Find(Kind::kStruct, "thing"), record);
  EXPECT_EQ(*object->btf().Find(Kind::kForward, "thing"), forward);
  EXPECT_EQ(object->btf().Find(Kind::kUnion, "thing").status(),
            Status::kNotFound);
  EXPECT_EQ(object->btf().Find(Kind::kStruct, "thin").status(),
            Status::kNotFound);
  EXPECT_EQ(object->btf().Find(Kind::kStruct, "things").status(),
            Status::kNotFound);
}

TEST(BtfObjectTest, FindsWhatHasNoNameByItsKind) {
  Builder builder;
  const TypeId record = builder.Add(Kind::kStruct, 0, 0);

  EXPECT_EQ(*Make(builder)->btf().Find(Kind::kStruct, ""), record);
}

TEST(BtfObjectTest, NamesAreComparedWithoutTheirLastFlavor) {
  EXPECT_TRUE(EssentialName("task___old") == "task");
  EXPECT_TRUE(EssentialName("a___b___c") == "a___b");
  EXPECT_TRUE(EssentialName("task") == "task");
  EXPECT_TRUE(EssentialName("") == "");
  EXPECT_TRUE(EssentialName("___x") == "___x");
  EXPECT_TRUE(EssentialName("x___") == "x___");
  EXPECT_TRUE(EssentialName("x____y") == "x____y");
  EXPECT_TRUE(EssentialName("x___y") == "x");
}

TEST(BtfObjectTest, AllFlavorsOfANameComeOneAfterTheOther) {
  Builder builder;
  const TypeId plain = builder.Add(Kind::kStruct, builder.Name("task"), 0);
  builder.Add(Kind::kStruct, builder.Name("other"), 0);
  const TypeId old = builder.Add(Kind::kStruct, builder.Name("task___old"), 0);
  const Ref<BtfObject> object = Make(builder);
  const Btf& btf = object->btf();

  EXPECT_EQ(*btf.NextNamed("task"), plain);
  EXPECT_EQ(*btf.NextNamed("task", plain), old);
  EXPECT_EQ(btf.NextNamed("task", old).status(), Status::kNotFound);
}

TEST(BtfObjectTest, GivesTheDeclTagsOfOneType) {
  Builder builder;
  const TypeId number = builder.Add(Kind::kInt, builder.Name("int"), 4, {32});
  const TypeId a = builder.Add(Kind::kStruct, builder.Name("a"), 0);
  const TypeId b = builder.Add(Kind::kStruct, builder.Name("b"), 0);
  const uint32_t text = builder.Name("text");
  const TypeId first = builder.Add(Kind::kDeclTag, text, a, {0xffffffffu});
  const TypeId other = builder.Add(Kind::kDeclTag, text, b, {0xffffffffu});
  const TypeId second = builder.Add(Kind::kDeclTag, text, a, {3});
  const Ref<BtfObject> object = Make(builder);
  const Btf& btf = object->btf();

  EXPECT_EQ(*btf.NextTag(a), first);
  EXPECT_EQ(*btf.NextTag(a, first), second);
  EXPECT_EQ(btf.NextTag(a, second).status(), Status::kNotFound);
  EXPECT_EQ(*btf.NextTag(b), other);
  EXPECT_EQ(btf.NextTag(number).status(), Status::kNotFound);
  EXPECT_EQ(Btf::TagComponent(*btf.TypeAt(first)), kWholeType);
  EXPECT_EQ(Btf::TagComponent(*btf.TypeAt(second)), 3);
}

class SplitTest : public testing::Test {
 protected:
  SplitTest() {
    number_ = builder_.Add(Kind::kInt, builder_.Name("int"), 4, {32});
    base_record_ = builder_.Add(Kind::kStruct, builder_.Name("a"), 0);
    base_ = Make(builder_);
    // Ids and names go on where the base's end.
    split_.ContinueFrom(builder_);
    tag_ = split_.Add(Kind::kDeclTag, split_.Name("t"), base_record_,
                      {0xffffffffu});
    record_ = split_.Add(Kind::kStruct, split_.Name("a___mine"), 4,
                         {split_.Name("x"), number_, 0}, 1);
    object_ = Make(split_, base_);
  }
  const Btf& btf() const { return object_->btf(); }

  Builder builder_;
  Builder split_;
  TypeId number_ = 0;
  TypeId base_record_ = 0;
  TypeId tag_ = 0;
  TypeId record_ = 0;
  Ref<BtfObject> base_;
  Ref<BtfObject> object_;
};

TEST_F(SplitTest, ContinuesIdsAndNamesOfItsBase) {
  EXPECT_EQ(btf().first_id(), base_->btf().type_count());
  EXPECT_EQ(NameOf(btf(), number_), "int");
  EXPECT_EQ(NameOf(btf(), record_), "a___mine");
  const Member member = Btf::MemberAt(*btf().TypeAt(record_), 0);
  EXPECT_EQ(*btf().SizeOf(member.type), 4u);
  EXPECT_EQ(btf().TypeAt(btf().type_count()).status(), Status::kInvalid);
}

TEST_F(SplitTest, FindsWhatIsInEither) {
  EXPECT_EQ(*btf().Find(Kind::kInt, "int"), number_);
  EXPECT_EQ(*btf().Find(Kind::kStruct, "a___mine"), record_);
  EXPECT_EQ(*btf().NextNamed("a"), base_record_);
  EXPECT_EQ(*btf().NextNamed("a", base_record_), record_);
  EXPECT_EQ(btf().NextNamed("a", record_).status(), Status::kNotFound);
  EXPECT_EQ(*btf().NextTag(base_record_), tag_);
}

TEST_F(SplitTest, TypesOfTheBaseAreTheSameThroughEither) {
  EXPECT_TRUE(IsSameType(btf(), number_, base_->btf(), number_));
  EXPECT_FALSE(IsSameType(btf(), record_, base_->btf(), record_));
  EXPECT_TRUE(IsSameType(btf(), record_, btf(), record_));
  EXPECT_FALSE(IsSameType(btf(), record_, btf(), number_));
  const Ref<BtfObject> twin = Make(builder_);
  EXPECT_FALSE(IsSameType(twin->btf(), number_, base_->btf(), number_));
  EXPECT_TRUE(IsSameName(twin->btf(), twin->btf().TypeAt(number_)->name, btf(),
                         btf().TypeAt(number_)->name));
}

TEST_F(SplitTest, HasNoSplitOnTop) {
  Builder third;
  third.ContinueFrom(split_);
  third.Add(Kind::kStruct, third.Name("c"), 0);

  EXPECT_EQ(
      BtfObject::Create(View(third.Blob()), PortAllocator(), object_).status(),
      Status::kInvalid);
}

TEST_F(SplitTest, KeepsItsBase) {
  base_ = Ref<BtfObject>();

  EXPECT_EQ(NameOf(btf(), number_), "int");
}

/// The BTF of the kernel that the test runs on: > 100 000 types.
class KernelBtfTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)),
                                  std::istreambuf_iterator<char>());
    if (bytes.empty()) {
      GTEST_SKIP() << "this machine shows no /sys/kernel/btf/vmlinux";
    }
    object_ = *BtfObject::Create(
        ConstBytes(reinterpret_cast<const uint8_t*>(bytes.data()),
                   bytes.size()),
        PortAllocator());
  }
  Ref<BtfObject> object_;
};

TEST_F(KernelBtfTest, TablesFindWhatLookingAtEachTypeFinds) {
  const Btf& btf = object_->btf();
  // Each struct by its name: the first of that name and kind.
  std::set<std::string> seen;
  for (TypeId id = 1; id < btf.type_count(); ++id) {
    if (btf.TypeAt(id)->kind == Kind::kStruct) {
      const std::string name = NameOf(btf, id);
      if (!name.empty() && seen.insert(name).second) {
        ASSERT_EQ(*btf.Find(Kind::kStruct, name.c_str()), id) << name;
      }
    }
  }
  EXPECT_GT(seen.size(), 1000u);
}

TEST_F(KernelBtfTest, FindsMembersAndWhatTheyAre) {
  const Btf& btf = object_->btf();
  const TypeId task = *btf.Find(Kind::kStruct, "task_struct");
  const Member pid = *FindMember(btf, task, "pid");
  const Member parent = *FindMember(btf, task, "real_parent");

  const Access number =
      *AccessStruct(btf, task, pid.bit_offset / 8, 4, false, nullptr);
  const Access pointer =
      *AccessStruct(btf, task, parent.bit_offset / 8, 8, false, nullptr);

  EXPECT_EQ(number.kind, AccessKind::kScalar);
  EXPECT_EQ(pointer.kind, AccessKind::kPointer);
  EXPECT_EQ(pointer.type, task);
  EXPECT_EQ(FindMember(btf, task, "no_such_member").status(),
            Status::kNotFound);
}

}  // namespace
}  // namespace ebpf::btf
