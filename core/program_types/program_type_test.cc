// SPDX-License-Identifier: MIT
#include "core/program_types/program_type.h"

#include <cstddef>
#include <linux/bpf.h>
#include <set>
#include <string>

#include "core/program_types/type_sets.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint32_t kTypeCount = 32;  // Linux 6.12

// Numbers of Linux's enum bpf_prog_type, names of libbpf.
TEST(ProgramTypeTest, EachRowIsFoundUnderItsNumber) {
  std::set<std::string> names;
  for (uint32_t number = 1; number <= kTypeCount; ++number) {
    const ProgramType* type = FindProgramType(number);
    ASSERT_NE(type, nullptr) << number;
    EXPECT_EQ(static_cast<uint32_t>(type->id), number);
    EXPECT_TRUE(names.insert(type->name).second) << type->name;
    EXPECT_NE(type->access, nullptr);
    EXPECT_NE(type->returns, nullptr);
  }
  EXPECT_STREQ(FindProgramType(BPF_PROG_TYPE_KPROBE)->name, "kprobe");
  EXPECT_STREQ(FindProgramType(BPF_PROG_TYPE_SK_LOOKUP)->name, "sk_lookup");
  EXPECT_EQ(ProgramTypeId::kLwtSeg6local,
            ProgramTypeId{BPF_PROG_TYPE_LWT_SEG6LOCAL});
  EXPECT_EQ(ProgramTypeId::kSyscall, ProgramTypeId{BPF_PROG_TYPE_SYSCALL});
}

TEST(ProgramTypeTest, UnknownNumbersAreNull) {
  for (const uint32_t number : {0u, 33u, 64u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_EQ(FindProgramType(number), nullptr) << number;
  }
}

TEST(ProgramTypeTest, AttachTypesHaveTheNumbersOfTheHostsHeader) {
  EXPECT_EQ(AttachType::kCgroupInetIngress, AttachType{0});
  EXPECT_EQ(AttachType::kTraceRawTp, AttachType{BPF_TRACE_RAW_TP});
  EXPECT_EQ(AttachType::kCgroupSetsockopt, AttachType{BPF_CGROUP_SETSOCKOPT});
  EXPECT_EQ(AttachType::kXdpCpumap, AttachType{BPF_XDP_CPUMAP});
  EXPECT_EQ(AttachType::kSkLookup, AttachType{BPF_SK_LOOKUP});
  EXPECT_EQ(AttachType::kLsmCgroup, AttachType{BPF_LSM_CGROUP});
  EXPECT_EQ(AttachType::kTraceKprobeSession, AttachType{56});
}

TEST(ProgramTypeTest, AQueryThatIsNoAccessIsRefusedByEachType) {
  for (uint32_t number = 1; number <= kTypeCount; ++number) {
    const ProgramType& type = *FindProgramType(number);
    for (const uint32_t offset : {0xffffffffu, 0xfffffff8u, 0x80000000u}) {
      for (const uint32_t size : {1u, 2u, 4u, 8u}) {
        for (const bool write : {false, true}) {
          ContextQuery query = {offset, size, write};
          query.context_size = 168;
          EXPECT_EQ(type.access(query).value, ContextValue::kRefused)
              << type.name << " " << offset << " " << size;
        }
      }
    }
  }
}

TEST(ProgramTypeTest, AnAnswersFieldHoldsTheBytesAskedFor) {
  for (uint32_t number = 1; number <= kTypeCount; ++number) {
    const ProgramType& type = *FindProgramType(number);
    for (uint32_t attach = 0; attach < 57; ++attach) {
      for (uint32_t offset = 0; offset < 300; ++offset) {
        for (const uint32_t size : {1u, 2u, 4u, 8u}) {
          ContextQuery query = {offset, size, offset % 2 == 0, attach};
          query.context_size = 168;
          const ContextAnswer answer = type.access(query);
          if (answer.value != ContextValue::kRefused) {
            EXPECT_LE(answer.field_offset, offset) << type.name;
            EXPECT_GE(answer.field_offset + answer.field_size, offset + size)
                << type.name << " " << offset << " " << size;
          }
        }
      }
    }
  }
}

TEST(ProgramTypeTest, TypesYoungerThanTheAttachTypeHaveADefault) {
  EXPECT_EQ(EffectiveAttachType(ProgramTypeId::kCgroupSock, 0),
            BPF_CGROUP_INET_SOCK_CREATE);
  EXPECT_EQ(EffectiveAttachType(ProgramTypeId::kSkReuseport, 0),
            BPF_SK_REUSEPORT_SELECT);
  EXPECT_EQ(EffectiveAttachType(ProgramTypeId::kCgroupSock,
                                BPF_CGROUP_INET4_POST_BIND),
            BPF_CGROUP_INET4_POST_BIND);
  EXPECT_EQ(EffectiveAttachType(ProgramTypeId::kCgroupSkb, 0), 0u);
}

TEST(ProgramTypeTest, AttachTypesAreCheckedWhereLinuxDoes) {
  const ProgramType& lookup = *FindProgramType(BPF_PROG_TYPE_SK_LOOKUP);
  EXPECT_TRUE(AcceptsAttachType(lookup, BPF_SK_LOOKUP));
  EXPECT_FALSE(AcceptsAttachType(lookup, 0));
  EXPECT_FALSE(AcceptsAttachType(lookup, 64 + BPF_SK_LOOKUP));
  const ProgramType& kprobe = *FindProgramType(BPF_PROG_TYPE_KPROBE);
  EXPECT_TRUE(AcceptsAttachType(kprobe, 0xffffffffu));
}

TEST(ProgramTypeTest, PacketsAreForTheTypesThatHaveOne) {
  for (uint32_t number = 1; number <= kTypeCount; ++number) {
    const ProgramType& type = *FindProgramType(number);
    const std::set<uint32_t> loads = {BPF_PROG_TYPE_SOCKET_FILTER,
                                      BPF_PROG_TYPE_SCHED_CLS,
                                      BPF_PROG_TYPE_SCHED_ACT};
    EXPECT_EQ(type.has_packet, loads.count(number) == 1) << type.name;
    if (type.may_access_packet != nullptr) {
      EXPECT_TRUE(type.may_access_packet(false, 0));
    }
  }
  EXPECT_TRUE(FindProgramType(BPF_PROG_TYPE_XDP)->may_access_packet(true, 0));
  EXPECT_FALSE(
      FindProgramType(BPF_PROG_TYPE_CGROUP_SKB)->may_access_packet(true, 0));
  EXPECT_EQ(FindProgramType(BPF_PROG_TYPE_KPROBE)->may_access_packet, nullptr);
}

TEST(ProgramTypeTest, OnlyTracingAndSyscallsSleep) {
  for (uint32_t number = 1; number <= kTypeCount; ++number) {
    const auto type = static_cast<ProgramTypeId>(number);
    const bool may =
        Contains(type_words::Tracing | type_words::Lsm | type_words::Kprobe |
                     type_words::StructOps | type_words::Syscall,
                 number);
    EXPECT_EQ(MaySleep(type, BPF_TRACE_FENTRY), may) << number;
  }
  EXPECT_FALSE(MaySleep(ProgramTypeId::kTracing, BPF_TRACE_RAW_TP));
}

TEST(ProgramTypeTest, ReturnRowsAreRangesAndTheFirstCounts) {
  int rows = 0;
#define EBPF_RETURN_RANGE(types, attach, least, most) \
  ++rows;                                             \
  EXPECT_LE(least, most);
#include "core/program_types/return_ranges.def"
#undef EBPF_RETURN_RANGE
  EXPECT_GT(rows, 10);
  const ReturnRange egress = FindProgramType(BPF_PROG_TYPE_CGROUP_SKB)
                                 ->returns(BPF_CGROUP_INET_EGRESS);
  EXPECT_TRUE(egress.checked);
  EXPECT_EQ(egress.min, 0);
  EXPECT_EQ(egress.max, 3);
  EXPECT_EQ(FindProgramType(BPF_PROG_TYPE_CGROUP_SKB)->returns(0).max, 1);
  EXPECT_FALSE(FindProgramType(BPF_PROG_TYPE_XDP)->returns(0).checked);
}

}  // namespace
}  // namespace ebpf
