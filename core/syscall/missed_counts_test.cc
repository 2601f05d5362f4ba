// SPDX-License-Identifier: MIT
//
// What bpf(2) tells of hits that did not run a program: a link's `missed` are
// those under the CPU's guard, a program's recursion_misses those inside of
// another program.
#include <string>

#include "testing/caller/insns.h"
#include "testing/caller/object_info.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

constexpr uint32_t kPerfEventAttach = 41;  // BPF_PERF_EVENT
constexpr uint32_t kSocketFilter = 1;
constexpr int32_t kKtimeGetNs = 5;
// The function of that helper's, and of nothing else here.
constexpr char kClock[] = "ebpf_port_time_ns";

class MissedCountsTest : public ObjectInfoTest {
 protected:
  MissedCountsTest() : text_("missed_counts_add", kAdd) {}
  ~MissedCountsTest() override { caller_.client().fds().CloseAll(); }

  struct Attached {
    int64_t program;
    int64_t event;
    int64_t link;
  };
  Attached Attach(const char* function, const std::vector<isa::Insn>& insns) {
    Attached attached{};
    attached.program = caller_.Load(kKprobe, insns);
    attached.event = caller_.OpenEvent(caller_.Kprobe(function));
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(attached.program);
    attr.target_fd = static_cast<uint32_t>(attached.event);
    attr.attach_type = kPerfEventAttach;
    attached.link = caller_.Call(linux_abi::kLinkCreate, attr);
    EXPECT_GE(attached.link, 0);
    EXPECT_EQ(caller_.IoctlFd(attached.event, linux_abi::kPerfIocEnable), 0);
    return attached;
  }
  uint64_t Missed(const Attached& attached) {
    linux_abi::LinkInfo info{};
    EXPECT_EQ(Get(attached.link, info), 0);
    EXPECT_EQ(info.type, linux_abi::kLinkPerfEvent);
    return info.probe.missed;
  }
  uint64_t RecursionMisses(int64_t program) {
    linux_abi::ProgramInfo info{};
    EXPECT_EQ(Get(program, info), 0);
    return info.recursion_misses;
  }
  std::string FdInfo(int64_t fd) {
    char text[1024];
    const int64_t size =
        DescribeFd(caller_.client(), static_cast<int32_t>(fd), text);
    return std::string(text, static_cast<size_t>(size));
  }
  static std::vector<isa::Insn> AsksTheTime() {
    return {CallHelper(kKtimeGetNs), MovImm(0, 0), Exit()};
  }

  HostText text_;
};

INSTANTIATE_TEST_SUITE_P(, MissedCountsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(MissedCountsTest, ALinkTellsOfHitsInsideOfAnotherHit) {
  const Attached outer = Attach("missed_counts_add", AsksTheTime());
  const Attached inner = Attach(kClock, {MovImm(0, 0), Exit()});
  const uint64_t before = Missed(inner);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ((text_.As<uint64_t(uint64_t, uint64_t)>()(1, 2)), 3u);
  }

  EXPECT_EQ(Missed(inner), before + 10);
  EXPECT_EQ(Missed(outer), 0u);
  EXPECT_NE(FdInfo(inner.link).find("missed:\t" + std::to_string(before + 10)),
            std::string::npos);
  // It did not come as far as the program.
  EXPECT_EQ(RecursionMisses(inner.program), 0u);
}

TEST_P(MissedCountsTest, AProgramTellsOfHitsInsideOfAnotherProgram) {
  const Attached inner = Attach(kClock, {MovImm(0, 0), Exit()});
  const int64_t outer = caller_.Load(kSocketFilter, AsksTheTime());
  ASSERT_GE(outer, 0);
  const uint64_t before = RecursionMisses(inner.program);

  linux_abi::ProgTestRunAttr attr{};
  attr.prog_fd = static_cast<uint32_t>(outer);
  attr.data_in = caller_.Put(nullptr, 64);
  attr.data_size_in = 64;
  attr.repeat = 10;
  ASSERT_EQ(caller_.Call(linux_abi::kProgTestRun, attr), 0);

  EXPECT_EQ(RecursionMisses(inner.program), before + 10);
  EXPECT_EQ(RecursionMisses(outer), 0u);
  EXPECT_NE(FdInfo(inner.program)
                .find("recursion_misses:\t" + std::to_string(before + 10)),
            std::string::npos);
  // They were hits.
  EXPECT_EQ(Missed(inner), 0u);
}

}  // namespace
}  // namespace ebpf
