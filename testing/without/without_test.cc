// SPDX-License-Identifier: MIT
//
// The subsystem with everything left out that can be: this test is linked with
// jit.cc, perf.cc and trace_files.cc.
#include <cstring>
#include <string>

#include "core/capi/ebpf.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/perf_event.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_log.h"

namespace ebpf {
namespace {

constexpr uint32_t kRawTracepoint = 17;
constexpr uint8_t kPseudoMapValue = 2;

struct Number {
  static constexpr char kSystem[] = "without_test";
  static constexpr char kName[] = "number";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};

[[gnu::noinline]] void Pass(uint64_t number) {
  EBPF_TRACE(Number, number);
  asm volatile("");  // no tail call
}

class WithoutTest : public SyscallTest {
 protected:
  ~WithoutTest() override { caller_.client().fds().CloseAll(); }
};
INSTANTIATE_TEST_SUITE_P(, WithoutTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(WithoutTest, ProgramsAreInterpreted) {
  EXPECT_NE(HostLog().find("ebpf: programs are interpreted: "
                           "there is no compiler\n"),
            std::string::npos);
  EXPECT_STREQ(RunningSystem()->engine().name(), "interpreter");
  EXPECT_EQ(ebpf_set_jit(true, false), -EOPNOTSUPP);
  EXPECT_EQ(ebpf_set_jit(false, true), 0);
  char name[48];
  uint64_t begin;
  uint64_t size;
  EXPECT_FALSE(ebpf_symbol_by_address(reinterpret_cast<uint64_t>(&Pass), name,
                                      &begin, &size));
}

TEST_P(WithoutTest, ProgramsRunAtTracepointsAndFillMaps) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  // *value = number
  const int64_t program =
      caller_.Load(kRawTracepoint,
                   {Insn(0x79, 6, 1, 0, 0),  // r6 = number
                    LoadLow(1, kPseudoMapValue, static_cast<int32_t>(map)),
                    LoadHigh(0), Insn(0x7b, 1, 6, 0, 0), MovImm(0, 0), Exit()});
  ASSERT_GE(program, 0);
  linux_abi::RawTracepointAttr attr{};
  attr.name = caller_.Put("number");
  attr.prog_fd = static_cast<uint32_t>(program);
  ASSERT_GE(caller_.Call(linux_abi::kRawTracepointOpen, attr), 0);
  Pass(4711);
  const uint64_t value = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), 4711u);
}

TEST_P(WithoutTest, ThereIsNoPerfEventOpen) {
  linux_abi::PerfEventAttr attr{};
  attr.size = sizeof(attr);
  attr.type = linux_abi::kPerfTypeSoftware;
  attr.config = linux_abi::kPerfCpuClock;
  EXPECT_EQ(caller_.OpenEvent(attr, -1, 0), -ENOSYS);
}

TEST_P(WithoutTest, ThereAreNoTexts) {
  uint32_t mode = 1;
  EXPECT_EQ(ebpf_text_path(0, &mode), nullptr);
  EXPECT_EQ(mode, 0u);
  auto* const client = reinterpret_cast<ebpf_client*>(&caller_.client());
  for (const char* path : {"/sys/kernel/tracing/trace_pipe", "/proc/kallsyms",
                           "/sys/kernel/tracing"}) {
    const uint64_t at = caller_.Put(path);
    EXPECT_EQ(ebpf_text_open(client, at, 0), -ENOENT) << path;
    ebpf_text_entry entry;
    EXPECT_EQ(ebpf_text_list(client, at, 0, &entry), -ENOENT) << path;
    EXPECT_EQ(ebpf_text_stat(client, at, &entry), -ENOENT) << path;
  }
}

}  // namespace

EBPF_TRACEPOINT(Number);

}  // namespace ebpf
