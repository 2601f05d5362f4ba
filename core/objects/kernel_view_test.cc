// SPDX-License-Identifier: MIT
#include "core/objects/kernel_view.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <linux/bpf.h>
#include <string>
#include <vector>

#include "core/helpers/seq_buffer.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/memory/allocator.h"
#include "core/objects/iterator.h"
#include "core/objects/kernel_types.h"
#include "gtest/gtest.h"

namespace ebpf {

/// Where a SeqBuffer has what programs know as a struct seq_file.
struct SeqFileLayout {
  static constexpr size_t kMemory = offsetof(SeqBuffer, memory_);
  static constexpr size_t kCount = offsetof(SeqBuffer, size_);
};

namespace kernel_view {
namespace {

using btf::Kind;

/// The types that core hands out.
class KernelViewTest : public ::testing::Test {
 protected:
  KernelViewTest()
      : types_(*btf::BtfObject::Create(KernelTypes(), PortAllocator())) {}

  struct Field {
    const char* name;
    size_t offset;
    size_t size;
  };

  /// The struct has these fields, at these places, and no others.
  void ExpectLayout(const char* name, size_t size,
                    const std::vector<Field>& fields) {
    const btf::Btf& btf = types_->btf();
    const Result<btf::TypeId> id = btf.Find(Kind::kStruct, name);
    ASSERT_TRUE(id.ok()) << name;
    const btf::Type type = *btf.TypeAt(*id);
    EXPECT_EQ(type.size_or_type, size) << name;
    ASSERT_EQ(type.member_count, fields.size()) << name;
    for (uint32_t i = 0; i < fields.size(); ++i) {
      const btf::Member member = btf::Btf::MemberAt(type, i);
      EXPECT_EQ(*btf.Name(member.name), StringView(fields[i].name));
      EXPECT_EQ(member.bit_offset, 8 * fields[i].offset) << fields[i].name;
      EXPECT_EQ(*btf.SizeOf(member.type), fields[i].size) << fields[i].name;
    }
  }

  const Ref<btf::BtfObject> types_;
};

#define FIELD(View, name) \
  Field { #name, offsetof(View, name), sizeof(View::name) }

TEST_F(KernelViewTest, MapsAreLaidOutAsTheirTypesSay) {
  ExpectLayout(
      "bpf_map", sizeof(MapView),
      {FIELD(MapView, map_type), FIELD(MapView, key_size),
       FIELD(MapView, value_size), FIELD(MapView, max_entries),
       FIELD(MapView, map_extra), FIELD(MapView, map_flags), FIELD(MapView, id),
       FIELD(MapView, btf_key_type_id), FIELD(MapView, btf_value_type_id),
       FIELD(MapView, name), FIELD(MapView, refcnt), FIELD(MapView, usercnt),
       FIELD(MapView, frozen)});
}

TEST_F(KernelViewTest, ProgramsAreLaidOutAsTheirTypesSay) {
  ExpectLayout(
      "bpf_prog", sizeof(ProgramView),
      {FIELD(ProgramView, type), FIELD(ProgramView, expected_attach_type),
       FIELD(ProgramView, len), FIELD(ProgramView, jited_len),
       FIELD(ProgramView, tag), FIELD(ProgramView, aux)});
  ExpectLayout(
      "bpf_prog_aux", sizeof(ProgramAuxView),
      {FIELD(ProgramAuxView, refcnt), FIELD(ProgramAuxView, used_map_cnt),
       FIELD(ProgramAuxView, func_cnt), FIELD(ProgramAuxView, id),
       FIELD(ProgramAuxView, attach_btf_id),
       FIELD(ProgramAuxView, func_info_cnt),
       FIELD(ProgramAuxView, verified_insns),
       FIELD(ProgramAuxView, attach_func_name), FIELD(ProgramAuxView, dst_prog),
       FIELD(ProgramAuxView, btf), FIELD(ProgramAuxView, func_info),
       FIELD(ProgramAuxView, load_time), FIELD(ProgramAuxView, name)});
}

TEST_F(KernelViewTest, LinksAreLaidOutAsTheirTypesSay) {
  ExpectLayout("bpf_link", sizeof(LinkView),
               {FIELD(LinkView, refcnt), FIELD(LinkView, id),
                FIELD(LinkView, type), FIELD(LinkView, prog)});
}

TEST_F(KernelViewTest, WhatIteratorsGetIsLaidOutAsItsTypesSay) {
  ExpectLayout("bpf_iter_meta", sizeof(IteratorMeta),
               {FIELD(IteratorMeta, seq), FIELD(IteratorMeta, session_id),
                FIELD(IteratorMeta, seq_num)});
  ExpectLayout("seq_file", 24,
               {{"buf", SeqFileLayout::kMemory, 8},
                {"size", SeqFileLayout::kMemory + 8, 8},
                {"count", SeqFileLayout::kCount, 8}});
  // The arguments of a function, one word each, in its order.
  for (const char* target :
       {"bpf_map", "bpf_map_elem", "bpf_prog", "bpf_link"}) {
    const btf::Btf& btf = types_->btf();
    const std::string function = std::string("bpf_iter_") + target;
    const std::string context = std::string("bpf_iter__") + target;
    const btf::Type prototype = *btf.TypeAt(
        btf.TypeAt(*btf.Find(Kind::kFunction, function.c_str()))->size_or_type);
    std::vector<std::string> names;
    std::vector<Field> fields;
    for (uint32_t i = 0; i < prototype.member_count; ++i) {
      names.emplace_back(
          btf.Name(btf::Btf::ParamAt(prototype, i).name)->data());
    }
    for (size_t i = 0; i < names.size(); ++i) {
      fields.push_back({names[i].c_str(), 8 * i, 8});
    }
    EXPECT_LE(names.size(), 1 + IteratorArguments::kMax);
    ExpectLayout(context.c_str(), 8 * names.size(), fields);
  }
}

TEST_F(KernelViewTest, AMapIsSeenAsItWasMade) {
  MapSpec spec;
  spec.type = MapType::kHash;
  spec.key_size = 4;
  spec.value_size = 12;
  spec.max_entries = 7;
  spec.flags = linux_abi::kMapReadOnly | linux_abi::kMapNoPrealloc;
  std::memcpy(spec.name, "a_map", 6);
  const Ref<Map> map = *CreateMap(spec, PortAllocator());
  map->Freeze();
  map->AcquireUser();
  MapView view;

  Fill(*map, view);

  EXPECT_EQ(view.map_type, 1u);
  EXPECT_EQ(view.key_size, 4u);
  EXPECT_EQ(view.value_size, 12u);
  EXPECT_EQ(view.max_entries, 7u);
  EXPECT_EQ(view.map_flags, uint32_t{linux_abi::kMapNoPrealloc});
  EXPECT_STREQ(view.name, "a_map");
  EXPECT_EQ(view.refcnt, 1);
  EXPECT_EQ(view.usercnt, 1);
  EXPECT_TRUE(view.frozen);
  map->ReleaseUser(nullptr);
}

TEST_F(KernelViewTest, ContextsAreThoseOfTheUserAbi) {
  const auto expect = [&](const char* type, const char* field, size_t offset) {
    const btf::Btf& btf = types_->btf();
    const btf::Type found = *btf.TypeAt(*btf.Find(Kind::kStruct, type));
    for (uint32_t i = 0; i < found.member_count; ++i) {
      const btf::Member member = btf::Btf::MemberAt(found, i);
      if (*btf.Name(member.name) == StringView(field)) {
        EXPECT_EQ(member.bit_offset, 8 * offset) << field;
        return;
      }
    }
    ADD_FAILURE() << field;
  };
#define EXPECT_FIELD(type, field) \
  expect(#type, #field, offsetof(struct type, field))
  EXPECT_FIELD(__sk_buff, len);
  EXPECT_FIELD(__sk_buff, cb);
  EXPECT_FIELD(__sk_buff, data_end);
  EXPECT_FIELD(__sk_buff, local_ip6);
  EXPECT_FIELD(__sk_buff, flow_keys);
  EXPECT_FIELD(__sk_buff, tstamp);
  EXPECT_FIELD(__sk_buff, sk);
  EXPECT_FIELD(__sk_buff, gso_size);
  EXPECT_FIELD(xdp_md, data_meta);
  EXPECT_FIELD(xdp_md, egress_ifindex);
#undef EXPECT_FIELD
  for (const auto& [name, size] :
       {std::pair<const char*, size_t>{"__sk_buff", sizeof(__sk_buff)},
        {"xdp_md", sizeof(xdp_md)},
        {"bpf_dynptr", sizeof(bpf_dynptr)},
        {"bpf_iter_num", 8},
        {"bpf_iter_bits", 16}}) {
    const btf::Btf& btf = types_->btf();
    EXPECT_EQ(*btf.SizeOf(*btf.Find(Kind::kStruct, name)), size) << name;
  }
}

TEST_F(KernelViewTest, ProgramsFindEachFunctionThatRunsHere) {
  for (const char* name : {
#define EBPF_KFUNC_FUNCTION(name, function) #name,
#include "core/helpers/kfunc_functions.def"
#undef EBPF_KFUNC_FUNCTION
       }) {
    EXPECT_TRUE(types_->btf().Find(Kind::kFunction, name).ok()) << name;
  }
}

TEST_F(KernelViewTest, EveryNameOfATargetHasItsFunctionAndContext) {
  const btf::Btf& btf = types_->btf();
  for (const char* name : {"bpf_iter_bpf_map", "bpf_iter_bpf_map_elem",
                           "bpf_iter_bpf_prog", "bpf_iter_bpf_link"}) {
    const Result<btf::TypeId> id = btf.Find(Kind::kFunction, name);
    ASSERT_TRUE(id.ok()) << name;
    EXPECT_EQ(btf.TypeAt(*id)->member_count, 0) << "of no linkage";
  }
  EXPECT_FALSE(btf.Find(Kind::kVariable, "types_without_a_function").ok());
  EXPECT_FALSE(btf.Find(Kind::kForward, "seq_file").ok());
}

TEST_F(KernelViewTest, HasEachKindOfMapThatIsHere) {
  static constexpr uint32_t kKinds[] = {
#define EBPF_MAP_TYPE(number, name, create) number,
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
  };
  const btf::Btf& btf = types_->btf();
  const btf::Type type = *btf.TypeAt(*btf.Find(Kind::kEnum, "bpf_map_type"));
  std::vector<uint64_t> known;
  for (uint32_t i = 0; i < type.member_count; ++i) {
    known.push_back(btf::Btf::EnumValueAt(type, i).value);
  }
  for (const uint32_t kind : kKinds) {
    EXPECT_EQ(std::count(known.begin(), known.end(), kind), 1) << kind;
  }
}

}  // namespace
}  // namespace kernel_view
}  // namespace ebpf
