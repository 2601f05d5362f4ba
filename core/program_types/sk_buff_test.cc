// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(SkBuffTest, PacketPointersAreForTheTypesThatHavePackets) {
  const uint32_t data = offsetof(__sk_buff, data);
  const uint32_t meta = offsetof(__sk_buff, data_meta);
  for (const uint32_t type :
       {BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT,
        BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_LWT_XMIT, BPF_PROG_TYPE_SK_SKB,
        BPF_PROG_TYPE_FLOW_DISSECTOR}) {
    EXPECT_EQ(Reads(type, data, 4), ContextValue::kPacket) << type;
    EXPECT_EQ(Reads(type, offsetof(__sk_buff, data_end), 4),
              ContextValue::kPacketEnd)
        << type;
    EXPECT_EQ(Reads(type, data, 2), ContextValue::kRefused) << type;
    EXPECT_FALSE(Writes(type, data, 4)) << type;
  }
  EXPECT_EQ(Reads(BPF_PROG_TYPE_SOCKET_FILTER, data, 4),
            ContextValue::kRefused);
  EXPECT_EQ(Reads(BPF_PROG_TYPE_SCHED_CLS, meta, 4), ContextValue::kPacketMeta);
  EXPECT_EQ(Reads(BPF_PROG_TYPE_CGROUP_SKB, meta, 4), ContextValue::kRefused);
}

TEST(SkBuffTest, TheMarkIsReadInPartsAndWrittenAtOnce) {
  const uint32_t mark = offsetof(__sk_buff, mark);
  for (const uint32_t size : {1u, 2u, 4u}) {
    EXPECT_EQ(Reads(BPF_PROG_TYPE_SCHED_CLS, mark, size),
              ContextValue::kScalar);
    EXPECT_EQ(Writes(BPF_PROG_TYPE_SCHED_CLS, mark, size), size == 4);
    EXPECT_FALSE(Writes(BPF_PROG_TYPE_SOCKET_FILTER, mark, size));
  }
  const ContextAnswer part = Ask(BPF_PROG_TYPE_SCHED_CLS, mark + 2, 2);
  EXPECT_EQ(part.field_offset, mark);
  EXPECT_EQ(part.field_size, 4u);
}

TEST(SkBuffTest, TheControlBlockIsReadAndWrittenInAnyAlignedPiece) {
  const uint32_t cb = offsetof(__sk_buff, cb);
  for (uint32_t offset = 0; offset < 20; ++offset) {
    for (const uint32_t size : {1u, 2u, 4u, 8u}) {
      const bool fits = offset % size == 0 && offset + size <= 20;
      EXPECT_EQ(Writes(BPF_PROG_TYPE_SCHED_CLS, cb + offset, size), fits);
      EXPECT_EQ(Reads(BPF_PROG_TYPE_SK_SKB, cb + offset, size) ==
                    ContextValue::kScalar,
                fits);
      EXPECT_FALSE(Writes(BPF_PROG_TYPE_SK_SKB, cb + offset, size));
    }
  }
}

TEST(SkBuffTest, WithoutCapBpfControlGroupsSeeNoPacket) {
  ContextQuery query = {offsetof(__sk_buff, data), 4, false};
  query.capable = false;
  EXPECT_EQ(FindProgramType(BPF_PROG_TYPE_CGROUP_SKB)->access(query).value,
            ContextValue::kRefused);
  query.offset = offsetof(__sk_buff, len);
  EXPECT_EQ(FindProgramType(BPF_PROG_TYPE_CGROUP_SKB)->access(query).value,
            ContextValue::kScalar);
}

TEST(SkBuffTest, TheSocketMayBeMissingAndMayBeSmall) {
  EXPECT_EQ(Reads(BPF_PROG_TYPE_SCHED_CLS, offsetof(__sk_buff, sk), 8),
            ContextValue::kSockCommonOrNull);
  EXPECT_EQ(
      Reads(BPF_PROG_TYPE_FLOW_DISSECTOR, offsetof(__sk_buff, flow_keys), 8),
      ContextValue::kFlowKeys);
}

}  // namespace
}  // namespace ebpf
