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

TEST(PrototypeTest, EachHelperIsForSomeTypesButNoneForExtensions) {
  for (uint32_t id = 1; id <= kLast; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    EXPECT_NE(helper.types, 0u) << helper.name;
    EXPECT_FALSE(HelperAllowed(helper, ProgramTypeId::kExt)) << helper.name;
  }
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

TEST(PrototypeTest, SomeHelpersAreForGplProgramsOnly) {
  for (uint32_t id :
       {BPF_FUNC_probe_read, BPF_FUNC_trace_printk, BPF_FUNC_probe_read_kernel,
        BPF_FUNC_fib_lookup, BPF_FUNC_timer_init, BPF_FUNC_perf_event_output}) {
    EXPECT_TRUE(FindHelper(id)->gpl_only) << id;
  }
  for (uint32_t id : {BPF_FUNC_map_lookup_elem, BPF_FUNC_ktime_get_ns,
                      BPF_FUNC_redirect, BPF_FUNC_snprintf_btf}) {
    EXPECT_FALSE(FindHelper(id)->gpl_only) << id;
  }
}

TEST(PrototypeTest, ReferencesBeginAndEndWhereLinuxSaysSo) {
  const std::set<uint32_t> acquire = {
      BPF_FUNC_sk_lookup_tcp, BPF_FUNC_sk_lookup_udp, BPF_FUNC_skc_lookup_tcp,
      BPF_FUNC_ringbuf_reserve, BPF_FUNC_kptr_xchg};
  const std::set<uint32_t> release = {BPF_FUNC_sk_release,
                                      BPF_FUNC_ringbuf_submit,
                                      BPF_FUNC_ringbuf_discard,
                                      BPF_FUNC_ringbuf_submit_dynptr,
                                      BPF_FUNC_ringbuf_discard_dynptr,
                                      BPF_FUNC_kptr_xchg};
  for (uint32_t id = 1; id <= kLast; ++id) {
    const HelperPrototype& helper = *FindHelper(id);
    EXPECT_EQ(helper.acquires, acquire.count(id) == 1) << id;
    EXPECT_EQ(helper.releases, release.count(id) == 1) << id;
    const int released = id == BPF_FUNC_kptr_xchg ? 2 : helper.releases ? 1 : 0;
    EXPECT_EQ(helper.released_argument, released) << id;
  }
}

TEST(PrototypeTest, EachKindOfMapHasItsHelpers) {
  const auto takes = [](uint32_t id, uint32_t kind) {
    return HelperTakesMap(*FindHelper(id), kind);
  };
  EXPECT_TRUE(takes(BPF_FUNC_map_lookup_elem, BPF_MAP_TYPE_LPM_TRIE));
  EXPECT_TRUE(takes(BPF_FUNC_map_lookup_elem, BPF_MAP_TYPE_HASH_OF_MAPS));
  EXPECT_FALSE(takes(BPF_FUNC_map_update_elem, BPF_MAP_TYPE_HASH_OF_MAPS));
  EXPECT_FALSE(takes(BPF_FUNC_map_lookup_elem, BPF_MAP_TYPE_RINGBUF));
  EXPECT_FALSE(takes(BPF_FUNC_for_each_map_elem, BPF_MAP_TYPE_LPM_TRIE));
  EXPECT_TRUE(takes(BPF_FUNC_tail_call, BPF_MAP_TYPE_PROG_ARRAY));
  EXPECT_TRUE(takes(BPF_FUNC_map_peek_elem, BPF_MAP_TYPE_BLOOM_FILTER));
  EXPECT_FALSE(takes(BPF_FUNC_map_pop_elem, BPF_MAP_TYPE_BLOOM_FILTER));
  for (uint32_t id = 1; id <= kLast; ++id) {
    EXPECT_EQ(takes(id, BPF_MAP_TYPE_STACK_TRACE), id == BPF_FUNC_get_stackid);
    for (uint32_t kind : {64u, 91u, UINT32_MAX}) {
      EXPECT_FALSE(takes(id, kind));
    }
  }
}

TEST(PrototypeTest, MapsOfSocketsAreChangedByFewTypes) {
  const HelperPrototype& update = *FindHelper(BPF_FUNC_map_update_elem);
  const HelperPrototype& remove = *FindHelper(BPF_FUNC_map_delete_elem);
  const auto takes = [](const HelperPrototype& helper, ProgramTypeId type,
                        uint32_t attach = 0) {
    return HelperTakesMap(helper, BPF_MAP_TYPE_SOCKMAP, type, attach);
  };
  EXPECT_TRUE(takes(update, ProgramTypeId::kXdp));
  EXPECT_FALSE(takes(update, ProgramTypeId::kKprobe));
  EXPECT_FALSE(takes(remove, ProgramTypeId::kKprobe));
  EXPECT_FALSE(takes(update, ProgramTypeId::kSockOps));
  EXPECT_TRUE(takes(remove, ProgramTypeId::kSockOps));
  EXPECT_FALSE(takes(update, ProgramTypeId::kTracing));
  EXPECT_TRUE(takes(update, ProgramTypeId::kTracing, BPF_TRACE_ITER));
  EXPECT_TRUE(
      HelperTakesMap(update, BPF_MAP_TYPE_HASH, ProgramTypeId::kKprobe, 0));
}

TEST(PrototypeTest, SomeTypesCallAHelperWithOtherArguments) {
  const HelperPrototype& row = *FindHelper(BPF_FUNC_sk_storage_get);
  const HelperPrototype& cgroup =
      *FindHelperFor(BPF_FUNC_sk_storage_get, ProgramTypeId::kCgroupSock);
  const HelperPrototype& traced =
      *FindHelperFor(BPF_FUNC_sk_storage_get, ProgramTypeId::kLsm);
  EXPECT_EQ(row.args[1], ArgKind::kTypedSockCommon);
  EXPECT_EQ(row.arg_types[1], nullptr);
  EXPECT_EQ(cgroup.args[1], ArgKind::kContext);
  EXPECT_EQ(traced.args[1], ArgKind::kTypedOrNull);
  EXPECT_STREQ(traced.arg_types[1], "sock_common");
  EXPECT_TRUE(HelperAllowed(row, ProgramTypeId::kCgroupSock));
  EXPECT_EQ(FindHelperFor(BPF_FUNC_sk_storage_get, ProgramTypeId::kSchedCls),
            &row);
  EXPECT_EQ(FindHelperFor(0, ProgramTypeId::kLsm), nullptr);
}

TEST(PrototypeTest, WhatIsWrittenIsSaidByKindOrBesides) {
  EXPECT_TRUE(WritesArgument(*FindHelper(BPF_FUNC_probe_read_user), 0));
  EXPECT_TRUE(WritesArgument(*FindHelper(BPF_FUNC_snprintf), 0));
  EXPECT_FALSE(WritesArgument(*FindHelper(BPF_FUNC_snprintf), 2));
  EXPECT_FALSE(WritesArgument(*FindHelper(BPF_FUNC_trace_printk), 0));
  EXPECT_TRUE(WritesArgument(*FindHelper(BPF_FUNC_d_path), 1));
}

TEST(PrototypeTest, SomeTypesNeedNoLicenseForAHelper) {
  const uint32_t id = BPF_FUNC_get_stackid;
  EXPECT_TRUE(FindHelperFor(id, ProgramTypeId::kKprobe)->gpl_only);
  EXPECT_FALSE(FindHelperFor(id, ProgramTypeId::kPerfEvent)->gpl_only);
}

TEST(PrototypeTest, SomeHelpersAreForSomeAttachTypes) {
  const HelperPrototype& bind = *FindHelper(BPF_FUNC_bind);
  const auto type = ProgramTypeId::kCgroupSockAddr;
  EXPECT_TRUE(HelperAllowed(bind, type, BPF_CGROUP_INET4_CONNECT));
  EXPECT_FALSE(HelperAllowed(bind, type, BPF_CGROUP_INET4_BIND));
  EXPECT_FALSE(HelperAllowed(bind, ProgramTypeId::kXdp, 10));
  const HelperPrototype& seq = *FindHelper(BPF_FUNC_seq_write);
  EXPECT_TRUE(HelperAllowed(seq, ProgramTypeId::kTracing, BPF_TRACE_ITER));
  EXPECT_FALSE(HelperAllowed(seq, ProgramTypeId::kTracing, BPF_TRACE_FENTRY));
}

bool IsSized(ArgKind kind) {
  return kind == ArgKind::kMem || kind == ArgKind::kMemOrNull ||
         kind == ArgKind::kUninitMem || kind == ArgKind::kWriteMem;
}
bool IsFixed(ArgKind kind) {
  return kind == ArgKind::kFixedMem || kind == ArgKind::kFixedWriteMem ||
         kind == ArgKind::kFixedUninitMem;
}
bool IsSize(ArgKind kind) {
  return kind == ArgKind::kSize || kind == ArgKind::kSizeOrZero;
}

void ExpectWellFormed(const HelperPrototype& helper) {
  bool ended = false;
  int maps = 0;
  int callbacks = 0;
  int sized = 0;
  int sizes = 0;
  for (int i = 0; i < 5; ++i) {
    const ArgKind kind = helper.args[i];
    // Nothing after the last argument, and a size after each memory.
    EXPECT_FALSE(ended && kind != ArgKind::kNone) << helper.name;
    ended = kind == ArgKind::kNone;
    if (IsSized(kind) && helper.id != BPF_FUNC_strncmp) {
      ASSERT_LT(i, 4);
      EXPECT_TRUE(IsSize(helper.args[i + 1])) << helper.name;
    }
    if (kind == ArgKind::kMemOrNull) {
      EXPECT_EQ(helper.args[i + 1], ArgKind::kSizeOrZero) << helper.name;
    }
    sized += IsSized(kind) ? 1 : 0;
    sizes += IsSize(kind) ? 1 : 0;
    EXPECT_EQ(IsFixed(kind), helper.fixed_sizes[i] != 0) << helper.name;
    if (kind == ArgKind::kTyped) {
      EXPECT_NE(helper.arg_types[i], nullptr) << helper.name;
    }
    if (kind == ArgKind::kCallback &&
        helper.id != BPF_FUNC_timer_set_callback) {
      ++callbacks;
      ASSERT_LT(i, 4);
      EXPECT_EQ(helper.args[i + 1], ArgKind::kStackOrNull) << helper.name;
    }
    maps += kind == ArgKind::kMap ? 1 : 0;
  }
  EXPECT_EQ(sized, sizes) << helper.name;
  EXPECT_EQ(maps, helper.map_types != 0 ? 1 : 0) << helper.name;
  EXPECT_LE(callbacks, 1) << helper.name;
  const bool typed = helper.result == ReturnKind::kTypedOrNull ||
                     helper.result == ReturnKind::kTrustedTyped ||
                     helper.result == ReturnKind::kTrustedTypedOrNull;
  EXPECT_EQ(typed,
            helper.result_type != nullptr || helper.id == BPF_FUNC_kptr_xchg)
      << helper.name;
}

TEST(PrototypeTest, RowsAreWellFormedForEachType) {
  for (uint32_t id = 1; id <= kLast; ++id) {
    for (uint32_t type = 1; type <= 32; ++type) {
      ExpectWellFormed(*FindHelperFor(id, static_cast<ProgramTypeId>(type)));
    }
  }
}

}  // namespace
}  // namespace ebpf
