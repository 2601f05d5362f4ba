// SPDX-License-Identifier: MIT
//
// The checker by small tables, and the tables beside the host's header.
#include "core/program_types/context_table.h"

#include <cstddef>
#include <linux/bpf.h>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr ContextField kFields[] = {
    {0, 4, FieldAccess::kWhole, FieldAccess::kNone, ContextValue::kPacket,
     attach_words::Any},
    {4, 4, FieldAccess::kPart, FieldAccess::kWhole, ContextValue::kScalar,
     attach_words::Any},
    {8, 4, FieldAccess::kPartOrWide, FieldAccess::kWholeOrWide,
     ContextValue::kScalar, attach_words::Any},
    {12, 4, FieldAccess::kHalf, FieldAccess::kNone, ContextValue::kScalar,
     attach_words::Any},
    {16, 8, FieldAccess::kStart, FieldAccess::kNone, ContextValue::kScalar,
     attach_words::Any},
    {24, 4, FieldAccess::kWhole, FieldAccess::kNone, ContextValue::kScalar,
     attach_words::XdpDevmap},
    {28, 4, FieldAccess::kWhole, FieldAccess::kNone, ContextValue::kScalar,
     attach_words::Any, true}};

bool Allowed(uint32_t offset, uint32_t size, bool write = false,
             uint32_t attach = 0) {
  return AccessFields(Span<const ContextField>(kFields, 7),
                      {offset, size, write, attach})
             .value != ContextValue::kRefused;
}

TEST(ContextTableTest, WholeFieldsAreTakenAtOnce) {
  EXPECT_TRUE(Allowed(0, 4));
  for (const uint32_t size : {1u, 2u, 8u}) {
    EXPECT_FALSE(Allowed(0, size)) << size;
  }
  EXPECT_FALSE(Allowed(1, 4));
  EXPECT_FALSE(Allowed(2, 2));
  EXPECT_FALSE(Allowed(0, 4, true));
}

TEST(ContextTableTest, PartsAreAlignedAndInsideTheirField) {
  for (uint32_t offset = 4; offset < 8; ++offset) {
    EXPECT_TRUE(Allowed(offset, 1));
    EXPECT_EQ(Allowed(offset, 2), offset % 2 == 0);
    EXPECT_EQ(Allowed(offset, 4), offset == 4);
    EXPECT_FALSE(Allowed(offset, 8));
    EXPECT_EQ(Allowed(offset, 4, true), offset == 4);
    EXPECT_FALSE(Allowed(offset, 1, true));
  }
}

TEST(ContextTableTest, WideAccessesTakeTheNextFieldWithThem) {
  EXPECT_TRUE(Allowed(8, 8));
  EXPECT_TRUE(Allowed(8, 8, true));
  EXPECT_TRUE(Allowed(8, 4, true));
  EXPECT_FALSE(Allowed(8, 2, true));
  EXPECT_FALSE(Allowed(9, 8));
  EXPECT_EQ(AccessFields(Span<const ContextField>(kFields, 7), {8, 8, false})
                .field_size,
            8u);
}

TEST(ContextTableTest, HalvesAndStartsAreWhatTheirNamesSay) {
  EXPECT_FALSE(Allowed(12, 1));
  EXPECT_TRUE(Allowed(12, 2));
  EXPECT_TRUE(Allowed(14, 2));
  EXPECT_TRUE(Allowed(12, 4));
  for (const uint32_t size : {1u, 2u, 4u, 8u}) {
    EXPECT_TRUE(Allowed(16, size));
    EXPECT_FALSE(Allowed(20, size));
  }
}

TEST(ContextTableTest, SomeFieldsAreForSomeAttachTypesAndSomeLoaders) {
  EXPECT_FALSE(Allowed(24, 4));
  EXPECT_TRUE(Allowed(24, 4, false, BPF_XDP_DEVMAP));
  EXPECT_FALSE(Allowed(24, 4, false, 64 + BPF_XDP_DEVMAP));
  ContextQuery query = {28, 4, false};
  EXPECT_EQ(AccessFields(Span<const ContextField>(kFields, 7), query).value,
            ContextValue::kScalar);
  query.capable = false;
  EXPECT_EQ(AccessFields(Span<const ContextField>(kFields, 7), query).value,
            ContextValue::kRefused);
}

TEST(ContextTableTest, WordsAreAlignedScalarsInsideTheirBounds) {
  const auto allowed = [](uint32_t offset, uint32_t size) {
    return AccessWords({offset, size, false}, 8, 20).value ==
           ContextValue::kScalar;
  };
  EXPECT_FALSE(allowed(4, 4));
  EXPECT_TRUE(allowed(8, 8));
  EXPECT_FALSE(allowed(12, 8));
  EXPECT_FALSE(allowed(16, 8));
  EXPECT_TRUE(allowed(16, 4));
  EXPECT_FALSE(allowed(20, 1));
  EXPECT_FALSE(allowed(0xfffffff8u, 8));
}

// The tables have the offsets and sizes of the host's header. A row may be
// longer than its field where Linux shows what is behind it.
#define EBPF_EXPECT_FIELD(type, field, at, length)                  \
  EXPECT_EQ(offsetof(type, field), size_t{at}) << #type " " #field; \
  EXPECT_GE(size_t{length}, sizeof(static_cast<type*>(nullptr)->field));

#define EBPF_SKB_FIELD(field, offset, size, gives, filter, cgroup, lwt, sched, \
                       sk_skb, dissector)                                      \
  EBPF_EXPECT_FIELD(__sk_buff, field, offset, size)
TEST(ContextFieldsTest, SkBuffIsTheHosts) {
#include "core/program_types/fields/sk_buff.def"
}

#define EBPF_SOCK_FIELD(field, offset, size, reads, level, writes, attach) \
  EBPF_EXPECT_FIELD(bpf_sock, field, offset, size)
TEST(ContextFieldsTest, SockIsTheHosts) {
#include "core/program_types/fields/sock.def"
}

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(xdp_md, field, offset, size)
TEST(ContextFieldsTest, XdpIsTheHosts) {
#include "core/program_types/fields/xdp_md.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_sock_addr, field, offset, size)
TEST(ContextFieldsTest, SockAddrIsTheHosts) {
#include "core/program_types/fields/sock_addr.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_sock_ops, field, offset, size)
#define EBPF_WITHOUT_YOUNG_FIELDS
TEST(ContextFieldsTest, SockOpsIsTheHosts) {
#include "core/program_types/fields/sock_ops.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(sk_msg_md, field, offset, size)
TEST(ContextFieldsTest, SkMsgIsTheHosts) {
#include "core/program_types/fields/sk_msg_md.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(sk_reuseport_md, field, offset, size)
TEST(ContextFieldsTest, SkReuseportIsTheHosts) {
#include "core/program_types/fields/sk_reuseport_md.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_sk_lookup, field, offset, size)
TEST(ContextFieldsTest, SkLookupIsTheHosts) {
#include "core/program_types/fields/sk_lookup.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_cgroup_dev_ctx, field, offset, size)
TEST(ContextFieldsTest, CgroupDeviceIsTheHosts) {
#include "core/program_types/fields/cgroup_dev_ctx.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_sysctl, field, offset, size)
TEST(ContextFieldsTest, SysctlIsTheHosts) {
#include "core/program_types/fields/sysctl.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_sockopt, field, offset, size)
TEST(ContextFieldsTest, SockoptIsTheHosts) {
#include "core/program_types/fields/sockopt.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_tcp_sock, field, offset, size)
TEST(ContextFieldsTest, TcpSockIsTheHosts) {
#include "core/program_types/fields/tcp_sock.def"
}
#undef EBPF_FIELD

#define EBPF_FIELD(field, offset, size, ...) \
  EBPF_EXPECT_FIELD(bpf_xdp_sock, field, offset, size)
TEST(ContextFieldsTest, XdpSockIsTheHosts) {
#include "core/program_types/fields/xdp_sock.def"
}
#undef EBPF_FIELD

}  // namespace
}  // namespace ebpf
