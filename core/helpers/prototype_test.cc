// SPDX-License-Identifier: MIT
//
// The table of helpers, beside the host's own header.
#include "core/helpers/prototype.h"

#include <cstring>
#include <linux/bpf.h>
#include <set>
#include <string>

#include "core/maps/map_spec.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint32_t kLast = 211;  // Linux 6.12's last helper

TEST(PrototypeTest, NamesAndNumbersAreThoseOfTheHostsHeader) {
  const char* const names[] = {
#define EBPF_NAME(name) #name
      __BPF_FUNC_MAPPER(EBPF_NAME)
#undef EBPF_NAME
  };
  constexpr uint32_t kHostCount = sizeof(names) / sizeof(names[0]);
  ASSERT_GE(kHostCount, 200u);
  for (uint32_t id = 1; id < kHostCount && id <= kLast; ++id) {
    const HelperPrototype* helper = FindHelper(id);
    ASSERT_NE(helper, nullptr) << id;
    EXPECT_EQ(helper->id, id);
    EXPECT_STREQ(helper->name, names[id]);
  }
}

TEST(PrototypeTest, NumbersThatLinuxDoesNotHaveAreUnknown) {
  for (uint32_t id : {0u, kLast + 1, 1000u, 0xbad2310u, UINT32_MAX}) {
    EXPECT_EQ(FindHelper(id), nullptr) << id;
  }
  EXPECT_NE(FindHelper(kLast), nullptr);
}

TEST(PrototypeTest, WhatIsNotImplementedIsAllowedNowhereAndTakesNoMap) {
  int known = 0;
  for (uint32_t id = 1; id <= kLast; ++id) {
    const HelperPrototype* helper = FindHelper(id);
    if (helper->function != nullptr) {
      EXPECT_TRUE(HelperAllowed(*helper, ProgramTypeId::kKprobe)) << id;
      continue;
    }
    ++known;
    EXPECT_FALSE(HelperAllowed(*helper, ProgramTypeId::kKprobe)) << id;
    EXPECT_FALSE(HelperAllowed(*helper, ProgramTypeId::kSocketFilter)) << id;
    for (uint32_t type = 0; type < 40; ++type) {
      EXPECT_FALSE(HelperTakesMap(*helper, type));
    }
  }
  EXPECT_EQ(FindHelper(BPF_FUNC_probe_read_user)->function, nullptr);
  EXPECT_EQ(known, 188);
}

TEST(PrototypeTest, OnlyTracingProgramsReadTheTasksNameAndTheOldReads) {
  for (uint32_t id : {BPF_FUNC_probe_read, BPF_FUNC_probe_read_str,
                      BPF_FUNC_get_current_comm}) {
    EXPECT_TRUE(HelperAllowed(*FindHelper(id), ProgramTypeId::kKprobe));
    EXPECT_FALSE(HelperAllowed(*FindHelper(id), ProgramTypeId::kSocketFilter));
  }
  for (uint32_t id : {BPF_FUNC_map_lookup_elem, BPF_FUNC_ktime_get_ns,
                      BPF_FUNC_trace_printk, BPF_FUNC_probe_read_kernel,
                      BPF_FUNC_ringbuf_output, BPF_FUNC_get_current_pid_tgid}) {
    EXPECT_TRUE(HelperAllowed(*FindHelper(id), ProgramTypeId::kSocketFilter));
  }
}

TEST(PrototypeTest, TheGplOnlyHelpersAreLinuxs) {
  const std::set<uint32_t> gpl = {
      BPF_FUNC_probe_read, BPF_FUNC_trace_printk, BPF_FUNC_probe_read_str,
      BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read_kernel_str};
  for (uint32_t id = 1; id <= kLast; ++id) {
    if (FindHelper(id)->function != nullptr) {
      EXPECT_EQ(FindHelper(id)->gpl_only, gpl.count(id) == 1) << id;
    }
  }
}

TEST(PrototypeTest, OnlyReserveAcquiresAndSubmitAndDiscardRelease) {
  for (uint32_t id = 1; id <= kLast; ++id) {
    EXPECT_EQ(FindHelper(id)->acquires, id == BPF_FUNC_ringbuf_reserve);
    EXPECT_EQ(FindHelper(id)->releases,
              id == BPF_FUNC_ringbuf_submit || id == BPF_FUNC_ringbuf_discard);
  }
}

TEST(PrototypeTest, EachKindOfMapHasItsHelpers) {
  const std::set<uint32_t> keyed = {
      BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem,
      BPF_FUNC_map_delete_elem, BPF_FUNC_for_each_map_elem};
  const std::set<uint32_t> ring = {BPF_FUNC_ringbuf_output,
                                   BPF_FUNC_ringbuf_reserve,
                                   BPF_FUNC_ringbuf_query};
  for (uint32_t id = 1; id <= kLast; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    EXPECT_EQ(HelperTakesMap(helper, BPF_MAP_TYPE_HASH), keyed.count(id) == 1);
    EXPECT_EQ(HelperTakesMap(helper, BPF_MAP_TYPE_ARRAY), keyed.count(id) == 1);
    EXPECT_EQ(HelperTakesMap(helper, BPF_MAP_TYPE_PERCPU_ARRAY),
              keyed.count(id) == 1);
    EXPECT_EQ(HelperTakesMap(helper, BPF_MAP_TYPE_RINGBUF),
              ring.count(id) == 1);
    EXPECT_EQ(HelperTakesMap(helper, BPF_MAP_TYPE_PROG_ARRAY),
              id == BPF_FUNC_tail_call);
    for (uint32_t type : {64u, 91u, UINT32_MAX}) {
      EXPECT_FALSE(HelperTakesMap(helper, type));
    }
  }
}

TEST(PrototypeTest, ArgumentsAreWellFormed) {
  for (uint32_t id = 1; id <= kLast; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    bool ended = false;
    int maps = 0;
    int callbacks = 0;
    for (int i = 0; i < 5; ++i) {
      const ArgKind kind = helper.args[i];
      // Nothing after the last argument, and a size after each memory.
      EXPECT_FALSE(ended && kind != ArgKind::kNone) << id;
      ended = kind == ArgKind::kNone;
      if (kind == ArgKind::kMem || kind == ArgKind::kMemOrNull ||
          kind == ArgKind::kUninitMem) {
        ASSERT_LT(i, 4);
        EXPECT_TRUE(helper.args[i + 1] == ArgKind::kSize ||
                    helper.args[i + 1] == ArgKind::kSizeOrZero)
            << id;
      }
      if (kind == ArgKind::kCallback) {
        ++callbacks;
        ASSERT_LT(i, 4);
        EXPECT_EQ(helper.args[i + 1], ArgKind::kStackOrNull) << id;
      }
      maps += kind == ArgKind::kMap ? 1 : 0;
    }
    EXPECT_EQ(maps, helper.map_types != 0 ? 1 : 0) << id;
    EXPECT_LE(callbacks, 1) << id;
  }
}

}  // namespace
}  // namespace ebpf
