// SPDX-License-Identifier: MIT
#include "core/maps/map_fields.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/btf/test_builder.h"
#include "core/linux_abi/bpf.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

using btf::Kind;

class MapFieldsTest : public ::testing::Test {
 protected:
  MapFieldsTest() {
    word_ = Integer(types_, 8);
    half_ = Integer(types_, 4);
    lock_ = Struct("bpf_spin_lock", 4, {{"val", half_, 0}});
    timer_ = Struct("bpf_timer", 16, {{"a", word_, 0}, {"b", word_, 8}});
    head_ = Struct("bpf_list_head", 16, {{"a", word_, 0}, {"b", word_, 8}});
    node_ = Struct("bpf_list_node", 24, {{"a", word_, 0}});
    root_ = Struct("bpf_rb_root", 16, {{"a", word_, 0}});
    tree_node_ = Struct("bpf_rb_node", 32, {{"a", word_, 0}});
    count_ = Struct("bpf_refcount", 4, {{"a", half_, 0}});
    item_ = Struct("item", 64, {{"node", node_, 8}, {"key", word_, 32}});
    task_ = Struct("task_struct", 8, {{"pid", word_, 0}});
  }

  static uint32_t Integer(btf::Builder& to, uint32_t bytes) {
    return to.Add(Kind::kInt, to.Name("u" + std::to_string(bytes * 8)), bytes,
                  {1u << 24 | bytes * 8});
  }
  uint32_t Struct(const char* name, uint32_t size,
                  const std::vector<btf::Builder::Member>& members) {
    return types_.AddStruct(name, size, members);
  }
  uint32_t Array(uint32_t of, uint32_t count) {
    return types_.Add(Kind::kArray, 0, 0, {of, half_, count});
  }
  uint32_t Kptr(const char* tag, uint32_t to) {
    return types_.Add(Kind::kPointer, 0,
                      types_.Add(Kind::kTypeTag, types_.Name(tag), to));
  }
  void Contains(const char* what, uint32_t type, uint32_t member) {
    types_.Add(Kind::kDeclTag, types_.Name(std::string("contains:") + what),
               type, {member});
  }

  /// What is found in the type, of this size.
  Status Find(uint32_t type, uint32_t size, FieldKinds kinds = kValueKinds) {
    blob_ = types_.Blob();
    const ConstBytes bytes(blob_.data(), blob_.size());
    index_.resize(*btf::Btf::CountTypes(bytes));
    const Result<btf::Btf> opened =
        btf::Btf::Open(bytes, Span<uint32_t>(index_.data(), index_.size()));
    EXPECT_TRUE(opened.ok());
    btf_.emplace_back(*opened);
    const Result<uint32_t> count = FindFields(
        FieldQuery{&btf_.back(), type, kinds, size, kernel_}, fields_);
    found_ = count.ok() ? *count : 0;
    return count.status();
  }

  /// Types of a kernel that has these structs.
  void SetKernel(const std::vector<const char*>& names) {
    btf::Builder kernel;
    const uint32_t word = Integer(kernel, 8);
    for (const char* name : names) {
      kernel.Add(Kind::kStruct, kernel.Name(name), 8,
                 {kernel.Name("x"), word, 0}, 1);
    }
    kernel_blob_ = kernel.Blob();
    const ConstBytes bytes(kernel_blob_.data(), kernel_blob_.size());
    kernel_index_.resize(*btf::Btf::CountTypes(bytes));
    kernel_btf_.emplace_back(*btf::Btf::Open(
        bytes, Span<uint32_t>(kernel_index_.data(), kernel_index_.size())));
    kernel_ = &kernel_btf_.back();
  }

  btf::Builder types_;
  uint32_t word_, half_, lock_, timer_, head_, node_, root_, tree_node_;
  uint32_t count_, item_, task_;
  MapField fields_[kMaxFields];
  uint32_t found_ = 0;
  const btf::Btf* kernel_ = nullptr;

 private:
  std::vector<uint8_t> blob_;
  std::vector<uint8_t> kernel_blob_;
  std::vector<uint32_t> index_;
  std::vector<uint32_t> kernel_index_;
  std::vector<btf::Btf> btf_;
  std::vector<btf::Btf> kernel_btf_;
};

TEST_F(MapFieldsTest, AreFoundByTheNamesOfTheirTypes) {
  const uint32_t value = Struct("value", 32,
                                {{"number", half_, 0},
                                 {"lock", lock_, 4},
                                 {"timer", timer_, 8},
                                 {"more", word_, 24}});
  EXPECT_EQ(Find(value, 32), Status::kOk);
  ASSERT_EQ(found_, 2u);
  EXPECT_EQ(fields_[0].kind, MapFieldKind::kSpinLock);
  EXPECT_EQ(fields_[0].offset, 4u);
  EXPECT_EQ(fields_[0].size, 4u);
  EXPECT_EQ(fields_[1].kind, MapFieldKind::kTimer);
  EXPECT_EQ(fields_[1].offset, 8u);
}

TEST_F(MapFieldsTest, AreNoneInPlainValues) {
  EXPECT_EQ(Find(Struct("value", 8, {{"x", word_, 0}}), 8), Status::kOk);
  EXPECT_EQ(found_, 0u);
  EXPECT_EQ(Find(word_, 8), Status::kInvalid);  // no struct
}

TEST_F(MapFieldsTest, AreFoundInStructsInside) {
  const uint32_t inner =
      Struct("inner", 24, {{"x", word_, 0}, {"timer", timer_, 8}});
  const uint32_t value = Struct("value", 40, {{"a", inner, 16}});
  EXPECT_EQ(Find(value, 40), Status::kOk);
  ASSERT_EQ(found_, 1u);
  EXPECT_EQ(fields_[0].offset, 24u);
}

TEST_F(MapFieldsTest, ThereIsOneLockAndOneTimer) {
  EXPECT_EQ(Find(Struct("value", 8, {{"a", lock_, 0}, {"b", lock_, 4}}), 8),
            Status::kTooBig);
  EXPECT_EQ(
      Find(Struct("value", 32, {{"a", timer_, 0}, {"b", timer_, 16}}), 32),
      Status::kTooBig);
  EXPECT_EQ(Find(Struct("value", 32, {{"a", Array(timer_, 2), 0}}), 32),
            Status::kInvalid);
}

TEST_F(MapFieldsTest, PointersAreFoundByTheirTags) {
  const uint32_t value = Struct("value", 24,
                                {{"a", Kptr("kptr_untrusted", task_), 0},
                                 {"b", Kptr("kptr", task_), 8},
                                 {"c", Kptr("percpu_kptr", item_), 16}});
  EXPECT_EQ(Find(value, 24), Status::kOk);
  ASSERT_EQ(found_, 3u);
  EXPECT_EQ(fields_[0].kind, MapFieldKind::kUntrustedKptr);
  EXPECT_EQ(fields_[1].kind, MapFieldKind::kKptr);
  EXPECT_EQ(fields_[2].kind, MapFieldKind::kPerCpuKptr);
  EXPECT_EQ(fields_[1].type_id, task_);
}

TEST_F(MapFieldsTest, PointersLeadToTheKernelsTypesWhereItHasThem) {
  SetKernel({"other", "task_struct"});
  const uint32_t value =
      Struct("value", 16,
             {{"a", Kptr("kptr", task_), 0}, {"b", Kptr("kptr", item_), 8}});
  EXPECT_EQ(Find(value, 16), Status::kOk);
  ASSERT_EQ(found_, 2u);
  EXPECT_EQ(fields_[0].btf, kernel_);
  EXPECT_EQ(fields_[0].type_id, 3u);
  EXPECT_NE(fields_[1].btf, kernel_);
  EXPECT_EQ(fields_[1].type_id, item_);
}

TEST_F(MapFieldsTest, WhatIsReferencedCanBeDestroyed) {
  SetKernel({"task_struct", "item"});
  EXPECT_EQ(Find(Struct("value", 8, {{"a", Kptr("kptr", item_), 0}}), 8),
            Status::kNotFound);
  EXPECT_EQ(
      Find(Struct("value", 8, {{"a", Kptr("kptr_untrusted", item_), 0}}), 8),
      Status::kOk);
  EXPECT_EQ(Find(Struct("value", 8, {{"a", Kptr("percpu_kptr", item_), 0}}), 8),
            Status::kInvalid);
}

TEST_F(MapFieldsTest, OtherTagsAreRefused) {
  EXPECT_EQ(Find(Struct("value", 8, {{"a", Kptr("user", task_), 0}}), 8),
            Status::kInvalid);
  const uint32_t twice =
      Kptr("kptr", types_.Add(Kind::kTypeTag, types_.Name("rcu"), task_));
  EXPECT_EQ(Find(Struct("value", 8, {{"a", twice, 0}}), 8), Status::kInvalid);
  EXPECT_EQ(Find(Struct("value", 8, {{"a", Kptr("kptr", word_), 0}}), 8),
            Status::kInvalid);
}

TEST_F(MapFieldsTest, ArraysHaveAFieldForEachElement) {
  const uint32_t inner =
      Struct("inner", 16, {{"x", word_, 0}, {"p", Kptr("kptr", task_), 8}});
  const uint32_t value = Struct("value", 48, {{"a", Array(inner, 2), 16}});
  EXPECT_EQ(Find(value, 48), Status::kOk);
  ASSERT_EQ(found_, 2u);
  EXPECT_EQ(fields_[0].offset, 24u);
  EXPECT_EQ(fields_[1].offset, 40u);
  // At most eleven.
  const uint32_t many =
      Struct("value", 96, {{"a", Array(Kptr("kptr", task_), 12), 0}});
  EXPECT_EQ(Find(many, 96), Status::kTooBig);
}

TEST_F(MapFieldsTest, ListsSayWhatTheyHold) {
  const uint32_t value =
      Struct("value", 24, {{"lock", lock_, 0}, {"head", head_, 8}});
  Contains("item:node", value, 1);
  EXPECT_EQ(Find(value, 24), Status::kOk);
  ASSERT_EQ(found_, 2u);
  EXPECT_EQ(fields_[1].kind, MapFieldKind::kListHead);
  EXPECT_EQ(fields_[1].type_id, item_);
  EXPECT_EQ(fields_[1].node_offset, 8u);
}

TEST_F(MapFieldsTest, ListsNeedTheirTagAndALock) {
  const uint32_t no_tag =
      Struct("value", 24, {{"lock", lock_, 0}, {"head", head_, 8}});
  EXPECT_EQ(Find(no_tag, 24), Status::kInvalid);
  const uint32_t no_lock = Struct("value", 24, {{"head", head_, 8}});
  Contains("item:node", no_lock, 0);
  EXPECT_EQ(Find(no_lock, 24), Status::kInvalid);
  const uint32_t no_node =
      Struct("value", 24, {{"lock", lock_, 0}, {"head", head_, 8}});
  Contains("item:key", no_node, 1);
  EXPECT_EQ(Find(no_node, 24), Status::kInvalid);
  const uint32_t no_type =
      Struct("value", 24, {{"lock", lock_, 0}, {"head", head_, 8}});
  Contains("nothing:node", no_type, 1);
  EXPECT_EQ(Find(no_type, 24), Status::kNotFound);
  // A tree holds other nodes than a list does.
  const uint32_t tree =
      Struct("value", 24, {{"lock", lock_, 0}, {"root", root_, 8}});
  Contains("item:node", tree, 1);
  EXPECT_EQ(Find(tree, 24), Status::kInvalid);
}

TEST_F(MapFieldsTest, WhatIsInTwoOfThemCountsItsHolders) {
  const uint32_t both =
      Struct("both", 56, {{"a", node_, 0}, {"b", tree_node_, 24}});
  EXPECT_EQ(Find(both, 56, kObjectKinds), Status::kInvalid);
  const uint32_t counted =
      Struct("counted", 64,
             {{"a", node_, 0}, {"b", tree_node_, 24}, {"count", count_, 56}});
  EXPECT_EQ(Find(counted, 64, kObjectKinds), Status::kOk);
  EXPECT_EQ(found_, 3u);
  // In values of maps, nodes are nothing.
  EXPECT_EQ(Find(both, 56), Status::kOk);
  EXPECT_EQ(found_, 0u);
}

TEST_F(MapFieldsTest, MisplacedOnesAreNone) {
  EXPECT_EQ(Find(Struct("value", 8, {{"lock", lock_, 2}}), 8), Status::kOk);
  EXPECT_EQ(found_, 0u);
  // One of another size is none, either.
  const uint32_t other = Struct("bpf_timer", 8, {{"x", word_, 0}});
  EXPECT_EQ(Find(Struct("value", 8, {{"t", other, 0}}), 8), Status::kOk);
  EXPECT_EQ(found_, 0u);
}

TEST_F(MapFieldsTest, OverlapsAreRefused) {
  EXPECT_EQ(Find(Struct("value", 24, {{"a", timer_, 0}, {"b", lock_, 12}}), 24),
            Status::kExists);
  EXPECT_EQ(Find(Struct("value", 24, {{"a", timer_, 8}}), 16), Status::kFault);
}

TEST_F(MapFieldsTest, StructsInStructsInStructsAreNotLookedAtForever) {
  uint32_t type = Struct("s0", 8, {{"x", word_, 0}});
  uint32_t size = 8;
  for (int i = 0; i < 24; ++i) {
    type = Struct("s", size * 2, {{"a", type, 0}, {"b", type, size}});
    size *= 2;
  }
  EXPECT_EQ(Find(type, size), Status::kTooBig);
}

TEST_F(MapFieldsTest, VariablesOfASectionAreMembers) {
  const uint32_t variable =
      types_.Add(Kind::kVariable, types_.Name("lock"), lock_, {1});
  const uint32_t section = types_.Add(
      Kind::kDataSection, types_.Name(".data.A"), 8, {variable, 4, 4}, 1);
  EXPECT_EQ(Find(section, 8), Status::kOk);
  ASSERT_EQ(found_, 1u);
  EXPECT_EQ(fields_[0].offset, 4u);
}

TEST(MapFieldRulesTest, KindsOfMapsHaveKindsOfFields) {
  MapField lock{};
  lock.kind = MapFieldKind::kSpinLock;
  lock.size = 4;
  const MapFields fields(&lock, 1);
  EXPECT_EQ(CheckFields(1, 0, fields), Status::kOk);  // hash
  EXPECT_EQ(CheckFields(6, 0, fields), Status::kNotSupportedLinux);
  EXPECT_EQ(CheckFields(1, linux_abi::kMapReadOnlyProg, fields),
            Status::kAccess);
  EXPECT_EQ(CheckFields(27, linux_abi::kMapReadOnlyProg, MapFields()),
            Status::kOk);
}

}  // namespace
}  // namespace ebpf
