// SPDX-License-Identifier: MIT
#include <cstddef>
#include <linux/bpf.h>

#include "core/program_types/context_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(XdpTypeTest, PointersIntoThePacketAreFourBytesInTheContext) {
  constexpr uint32_t kType = BPF_PROG_TYPE_XDP;
  EXPECT_EQ(Reads(kType, offsetof(xdp_md, data), 4), ContextValue::kPacket);
  EXPECT_EQ(Reads(kType, offsetof(xdp_md, data_end), 4),
            ContextValue::kPacketEnd);
  EXPECT_EQ(Reads(kType, offsetof(xdp_md, data_meta), 4),
            ContextValue::kPacketMeta);
  EXPECT_EQ(Reads(kType, 0, 8), ContextValue::kRefused);
  EXPECT_FALSE(Writes(kType, offsetof(xdp_md, rx_queue_index), 4));
}

TEST(XdpTypeTest, OnlyProgramsOfDeviceMapsKnowWhereThePacketGoes) {
  const uint32_t egress = offsetof(xdp_md, egress_ifindex);
  EXPECT_EQ(Reads(BPF_PROG_TYPE_XDP, egress, 4), ContextValue::kRefused);
  EXPECT_EQ(Reads(BPF_PROG_TYPE_XDP, egress, 4, BPF_XDP_DEVMAP),
            ContextValue::kScalar);
}

}  // namespace
}  // namespace ebpf
