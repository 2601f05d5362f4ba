// SPDX-License-Identifier: MIT
#include "core/loader/section_names.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf::loader {
namespace {

std::string ToString(StringView text) { return {text.data(), text.size()}; }

TEST(SectionNamesTest, AKprobeMayLeaveItsFunctionToTheAttach) {
  Result<ProgramSection> section = ParseProgramSection("kprobe");

  ASSERT_TRUE(section.ok());
  EXPECT_EQ(section->type, ProgramTypeId::kKprobe);
  EXPECT_TRUE(section->function.empty());
}

TEST(SectionNamesTest, AKprobeNamesFunctionAndOffset) {
  Result<ProgramSection> plain = ParseProgramSection("kprobe/vfs_read");
  Result<ProgramSection> decimal = ParseProgramSection("kprobe/vfs_read+16");
  Result<ProgramSection> hex = ParseProgramSection("kprobe/vfs_read+0x1f");

  EXPECT_EQ(ToString(plain->function), "vfs_read");
  EXPECT_EQ(plain->offset, 0u);
  EXPECT_EQ(ToString(decimal->function), "vfs_read");
  EXPECT_EQ(decimal->offset, 16u);
  EXPECT_EQ(hex->offset, 0x1fu);
}

TEST(SectionNamesTest, OffsetsAreInTheBasesThatLibbpfTakes) {
  const struct {
    const char* name;
    uint64_t offset;
  } kCases[] = {{"kprobe/f+0", 0},     {"kprobe/f+010", 8},
                {"kprobe/f+10", 10},   {"kprobe/f+0x10", 16},
                {"kprobe/f+0X1F", 31}, {"kretprobe/f+0x10", 16}};
  for (const auto& c : kCases) {
    const Result<ProgramSection> section = ParseProgramSection(c.name);
    ASSERT_TRUE(section.ok()) << c.name;
    EXPECT_EQ(section->offset, c.offset) << c.name;
    EXPECT_EQ(ToString(section->function), "f");
  }
}

TEST(SectionNamesTest, AKretprobeNamesItsFunctionAsAKprobe) {
  Result<ProgramSection> section = ParseProgramSection("kretprobe/vfs_read+4");
  ASSERT_TRUE(section.ok());
  EXPECT_EQ(section->type, ProgramTypeId::kKprobe);
  EXPECT_EQ(section->target, SectionTarget::kKretprobe);
  EXPECT_EQ(ToString(section->function), "vfs_read");
  EXPECT_EQ(section->offset, 4u);
  EXPECT_TRUE(ParseProgramSection("kretprobe")->function.empty());
}

TEST(SectionNamesTest, MalformedOffsetsAndMissingTargetsAreRefused) {
  for (const char* name :
       {"kprobe/", "kprobe/f+", "kprobe/f+x", "kprobe/f+0x", "kprobe/f+1g",
        "kprobe/f+08", "kprobe/f+-4", "kprobe/f+99999999999999999999",
        "kprobe/+4", "fentry/", "iter/"}) {
    EXPECT_EQ(ParseProgramSection(name).status(), Status::kInvalid) << name;
  }
}

TEST(SectionNamesTest, UnknownNamesAreToldFromThoseThatBeginLikeKnownOnes) {
  for (const char* name :
       {"", "?", "kprobes/f", "socket/x", "socketx", "xdp/unknown",
        "cgroup/unknown", "tc/sideways", "Fentry/f"}) {
    EXPECT_EQ(ParseProgramSection(name).status(), Status::kNotFound) << name;
  }
}

TEST(SectionNamesTest, ASocketFilterHasNoTarget) {
  EXPECT_EQ(ParseProgramSection("socket")->type, ProgramTypeId::kSocketFilter);
  EXPECT_EQ(ParseProgramSection("socket")->target, SectionTarget::kNothing);
}

TEST(SectionNamesTest, NamesStandForTypesAttachTypesAndFlags) {
  const struct {
    const char* name;
    ProgramTypeId type;
    uint32_t attach_type;
    bool sleepable;
    bool has_frags;
  } kCases[] = {
      {"xdp", ProgramTypeId::kXdp, 37, false, false},
      {"xdp.frags/devmap", ProgramTypeId::kXdp, 33, false, true},
      {"tc", ProgramTypeId::kSchedCls, 0, false, false},
      {"tcx/egress", ProgramTypeId::kSchedCls, 47, false, false},
      {"cgroup/connect6", ProgramTypeId::kCgroupSockAddr, 11, false, false},
      {"cgroup/sendmsg_unix", ProgramTypeId::kCgroupSockAddr, 50, false, false},
      {"sk_skb/stream_verdict", ProgramTypeId::kSkSkb, 5, false, false},
      {"sk_reuseport", ProgramTypeId::kSkReuseport, 39, false, false},
      {"fentry.s/f", ProgramTypeId::kTracing, 24, true, false},
      {"fmod_ret/f", ProgramTypeId::kTracing, 26, false, false},
      {"tp_btf/event", ProgramTypeId::kTracing, 23, false, false},
      {"iter.s/task", ProgramTypeId::kTracing, 28, true, false},
      {"lsm.s/hook", ProgramTypeId::kLsm, 27, true, false},
      {"lsm_cgroup/hook", ProgramTypeId::kLsm, 43, false, false},
      {"raw_tp.w", ProgramTypeId::kRawTracepointWritable, 0, false, false},
      {"tracepoint/a/b", ProgramTypeId::kTracepoint, 0, false, false},
      {"uprobe.multi.s//lib:f", ProgramTypeId::kKprobe, 48, true, false},
      {"kprobe.session/f*", ProgramTypeId::kKprobe, 56, false, false},
      {"usdt", ProgramTypeId::kKprobe, 0, false, false},
      {"syscall", ProgramTypeId::kSyscall, 0, true, false},
      {"struct_ops.s/init", ProgramTypeId::kStructOps, 0, true, false},
      {"freplace/f", ProgramTypeId::kExt, 0, false, false},
      {"netfilter", ProgramTypeId::kNetfilter, 45, false, false},
      {"lwt_seg6local", ProgramTypeId::kLwtSeg6local, 0, false, false},
      {"flow_dissector", ProgramTypeId::kFlowDissector, 17, false, false},
  };
  for (const auto& c : kCases) {
    const Result<ProgramSection> section = ParseProgramSection(c.name);
    ASSERT_TRUE(section.ok()) << c.name;
    EXPECT_EQ(section->type, c.type) << c.name;
    EXPECT_EQ(section->attach_type, c.attach_type) << c.name;
    EXPECT_EQ(section->sleepable, c.sleepable) << c.name;
    EXPECT_EQ(section->has_frags, c.has_frags) << c.name;
    EXPECT_FALSE(section->only_on_demand) << c.name;
  }
}

TEST(SectionNamesTest, TracepointsMayBeNamedByTheSection) {
  const struct {
    const char* name;
    SectionTarget target;
    const char* tracepoint;
  } kCases[] = {
      {"tp/sched/sched_switch", SectionTarget::kTracepoint,
       "sched/sched_switch"},
      {"tracepoint", SectionTarget::kTracepoint, ""},
      {"raw_tp/sched_switch", SectionTarget::kRawTracepoint, "sched_switch"},
      {"raw_tracepoint", SectionTarget::kRawTracepoint, ""},
      {"raw_tracepoint.w/x", SectionTarget::kRawTracepoint, "x"},
      {"tp_btf/sched_switch", SectionTarget::kTypedef, "sched_switch"},
  };
  for (const auto& c : kCases) {
    const Result<ProgramSection> section = ParseProgramSection(c.name);
    ASSERT_TRUE(section.ok()) << c.name;
    EXPECT_EQ(section->target, c.target) << c.name;
    EXPECT_EQ(ToString(section->function), c.tracepoint) << c.name;
  }
}

TEST(SectionNamesTest, ManyFunctionsAreGivenByAPattern) {
  const struct {
    const char* name;
    uint32_t attach_type;
    bool at_return;
  } kCases[] = {
      {"kprobe.multi/vfs_*", 42, false},
      {"kretprobe.multi/vfs_*", 42, true},
      {"kprobe.session/vfs_*", 56, false},
  };
  for (const auto& c : kCases) {
    const Result<ProgramSection> section = ParseProgramSection(c.name);
    ASSERT_TRUE(section.ok()) << c.name;
    EXPECT_EQ(section->type, ProgramTypeId::kKprobe);
    EXPECT_EQ(section->target, SectionTarget::kKprobes);
    EXPECT_EQ(section->attach_type, c.attach_type) << c.name;
    EXPECT_EQ(section->at_return, c.at_return) << c.name;
    EXPECT_EQ(ToString(section->function), "vfs_*");
  }
  EXPECT_EQ(ToString(ParseProgramSection("kprobe.multi")->function), "");
  EXPECT_EQ(ParseProgramSection("kprobe.multi/").status(), Status::kInvalid);
}

TEST(SectionNamesTest, AQuestionMarkMeansOnlyOnDemand) {
  const Result<ProgramSection> section = ParseProgramSection("?fentry/f");

  ASSERT_TRUE(section.ok());
  EXPECT_TRUE(section->only_on_demand);
  EXPECT_EQ(ToString(section->function), "f");
}

}  // namespace
}  // namespace ebpf::loader
