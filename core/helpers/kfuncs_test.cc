// SPDX-License-Identifier: MIT
#include "core/helpers/kfuncs.h"

#include <bit>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(KfuncsTest, NamesAndIdsStandInOneRowEach) {
  std::set<std::string> names;
  std::multiset<KfuncId> ids;
  for (uint32_t i = 0; i < kLinuxKfuncs.count; ++i) {
    const KfuncInfo& row = kLinuxKfuncs.rows[i];
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(FindKfunc(row.name), &row);
    ids.insert(row.id);
  }
#define EBPF_KFUNC_ID(name) EXPECT_EQ(ids.count(KfuncId::k##name), 1u) << #name;
#include "core/helpers/kfunc_ids.def"
#undef EBPF_KFUNC_ID
}

TEST(KfuncsTest, FlagsOfARowAgree) {
  for (uint32_t i = 0; i < kLinuxKfuncs.count; ++i) {
    const KfuncInfo& row = kLinuxKfuncs.rows[i];
    const std::string name = row.name;
    const uint32_t iterator =
        row.flags & (kKfuncIterNew | kKfuncIterNext | kKfuncIterDestroy);
    EXPECT_LE(std::popcount(iterator), 1) << name;
    // Linux names the three after their iterator, and next may find nothing.
    EXPECT_EQ(name.starts_with("bpf_iter_"), iterator != 0) << name;
    const auto ends = [&](const char* with) {
      return iterator != 0 && name.ends_with(with);
    };
    EXPECT_EQ(ends("_new"), iterator == kKfuncIterNew) << name;
    EXPECT_EQ(ends("_destroy"), iterator == kKfuncIterDestroy) << name;
    EXPECT_EQ(ends("_next"), iterator == kKfuncIterNext) << name;
    if (iterator == kKfuncIterNext) {
      EXPECT_NE(row.flags & kKfuncRetNull, 0u) << name;
    }
    if ((row.flags & kKfuncRcuProtected) != 0) {
      EXPECT_EQ(iterator, uint32_t{kKfuncIterNew}) << name;
    }
    EXPECT_NE(row.types, 0u) << name;
  }
}

TEST(KfuncsTest, EachIteratorHasItsThreeFunctions) {
  for (uint32_t i = 0; i < kLinuxKfuncs.count; ++i) {
    const KfuncInfo& row = kLinuxKfuncs.rows[i];
    if ((row.flags & kKfuncIterNew) == 0) {
      continue;
    }
    const std::string stem(row.name, std::string(row.name).size() - 3);
    const KfuncInfo* next = FindKfunc((stem + "next").c_str());
    const KfuncInfo* destroy = FindKfunc((stem + "destroy").c_str());
    ASSERT_NE(next, nullptr) << stem;
    ASSERT_NE(destroy, nullptr) << stem;
    EXPECT_NE(next->flags & kKfuncIterNext, 0u);
    EXPECT_NE(destroy->flags & kKfuncIterDestroy, 0u);
    EXPECT_EQ(row.types, next->types);
    EXPECT_EQ(row.types, destroy->types);
  }
}

TEST(KfuncsTest, TypesMayCallWhatLinuxRegistersForThem) {
  const auto allowed = [](const char* name, uint32_t type) {
    return KfuncAllowed(*FindKfunc(name), static_cast<ProgramTypeId>(type));
  };
  EXPECT_TRUE(allowed("bpf_rcu_read_lock", 1));
  EXPECT_TRUE(allowed("bpf_rcu_read_lock", 32));
  EXPECT_TRUE(allowed("bpf_obj_new_impl", 26));
  EXPECT_FALSE(allowed("bpf_obj_new_impl", 2));
  EXPECT_TRUE(allowed("bpf_dynptr_from_skb", 32));
  EXPECT_FALSE(allowed("bpf_dynptr_from_skb", 6));
  EXPECT_FALSE(allowed("bpf_dynptr_from_skb", 200));
}

TEST(KfuncsTest, UnknownNamesAreNull) {
  for (const char* name : {"", "bpf", "bpf_task_acquir", "bpf_task_acquire_"}) {
    EXPECT_EQ(FindKfunc(name), nullptr) << name;
  }
}

TEST(KfuncsTest, APortsTableComesBeforeLinuxs) {
  const KfuncInfo rows[] = {
      {"port_yield", KfuncId::kNone, kKfuncSleepable, 1u << 2},
      {"bpf_task_from_pid", KfuncId::kNone, 0, 1u << 2}};
  const KfuncTable port = {rows, 2, &kLinuxKfuncs};
  EXPECT_EQ(FindKfunc("port_yield"), nullptr);
  EXPECT_EQ(FindKfunc("port_yield", port), &rows[0]);
  EXPECT_EQ(FindKfunc("bpf_task_from_pid", port), &rows[1]);
  EXPECT_EQ(FindKfunc("bpf_throw", port), FindKfunc("bpf_throw"));
}

}  // namespace
}  // namespace ebpf
