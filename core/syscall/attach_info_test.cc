// SPDX-License-Identifier: MIT
//
// What programs on kprobes are told of their attachment: bpf_get_func_ip and
// bpf_get_attach_cookie. A program that returns 0 keeps its hit from being
// counted, and so says no.
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/machine/function_entry.h"
#include "core/perf/perf_event.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

constexpr uint32_t kPerfEventAttach = 41;  // BPF_PERF_EVENT

// endbr64; lea rax, [rdi + rsi]; ret
constexpr uint8_t kMarked[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48,
                               0x8d, 0x04, 0x37, 0xc3};
// Four long no-operations; lea rax, [rdi + rsi]; ret
constexpr uint8_t kLong[] = {0x0f, 0x1f, 0x40, 0x00, 0x0f, 0x1f, 0x40,
                             0x00, 0x0f, 0x1f, 0x40, 0x00, 0x0f, 0x1f,
                             0x40, 0x00, 0x48, 0x8d, 0x04, 0x37, 0xc3};

class AttachInfoTest : public SyscallTest {
 protected:
  AttachInfoTest()
      : text_("add", kAdd),
        marked_("marked", kMarked),
        long_("long", kLong),
        add_(text_.As<Function>()) {}
  ~AttachInfoTest() override { caller_.client().fds().CloseAll(); }

  uint64_t CountOf(int64_t event) {
    const Result<Ref<File>> file =
        caller_.client().fds().Get(static_cast<int32_t>(event));
    return (*file)->AsPerfEvent()->event().count();
  }

  /// "return helper(context) == `wanted`".
  static std::vector<isa::Insn> Says(int32_t helper, uint64_t wanted) {
    return {CallHelper(helper),
            LoadLow(2, 0, static_cast<int32_t>(wanted)),
            LoadHigh(static_cast<int32_t>(wanted >> 32)),
            MovReg(1, 0),
            MovImm(0, 1),
            Insn(0x1d, 1, 2, 1, 0),  // if r1 == r2 goto +1
            MovImm(0, 0),
            Exit()};
  }

  /// Whether a program on `offset` in the function says yes.
  bool SaysYes(uint64_t offset, const std::vector<isa::Insn>& insns,
               uint64_t cookie = 0) {
    return SaysYes("add", add_, offset, insns, cookie);
  }
  bool SaysYes(const char* name, Function* function, uint64_t offset,
               const std::vector<isa::Insn>& insns, uint64_t cookie = 0) {
    const int64_t event = caller_.OpenEvent(caller_.Kprobe(name, offset));
    const int64_t program = caller_.Load(kKprobe, insns);
    EXPECT_GE(event, 0);
    EXPECT_GE(program, 0);
    const Result<Ref<File>> file =
        caller_.client().fds().Get(static_cast<int32_t>(event));
    PerfEvent& probe = (*file)->AsPerfEvent()->event();
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEventAttach;
    attr.details[0] = cookie;
    const int64_t link = caller_.Call(linux_abi::kLinkCreate, attr);
    EXPECT_GE(link, 0);
    EXPECT_EQ(Ioctl(caller_.client(), static_cast<int32_t>(event),
                    linux_abi::kPerfIocEnable, 0),
              0);
    EXPECT_EQ(function(1, 2), 3u);
    const bool yes = probe.count() == 1;
    EXPECT_EQ(caller_.CloseFd(link), 0);
    EXPECT_EQ(caller_.CloseFd(event), 0);
    EXPECT_EQ(caller_.CloseFd(program), 0);
    return yes;
  }

  HostText text_;
  HostText marked_;
  HostText long_;
  Function* add_;
};

INSTANTIATE_TEST_SUITE_P(, AttachInfoTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

constexpr int32_t kGetFuncIp = 173;
constexpr int32_t kGetAttachCookie = 174;

TEST_P(AttachInfoTest, ThePcIsBehindTheBreakpointAsOnLinux) {
  const auto address = reinterpret_cast<uint64_t>(add_);
  for (const uint64_t offset : {0, 1}) {
    const uint64_t wanted = address + offset + machine::kPcBehindProbe;
    EXPECT_TRUE(SaysYes(
        offset, {Insn(0x79, 0, 1, static_cast<int16_t>(machine::kPcOffset), 0),
                 LoadLow(2, 0, static_cast<int32_t>(wanted)),
                 LoadHigh(static_cast<int32_t>(wanted >> 32)), MovReg(1, 0),
                 MovImm(0, 1), Insn(0x1d, 1, 2, 1, 0), MovImm(0, 0), Exit()}));
  }
}

TEST_P(AttachInfoTest, AProgramAtAnEntryKnowsItsFunction) {
  const auto address = reinterpret_cast<uint64_t>(add_);
  EXPECT_TRUE(SaysYes(0, Says(kGetFuncIp, address)));
  EXPECT_FALSE(SaysYes(0, Says(kGetFuncIp, 0)));
}

TEST_P(AttachInfoTest, InsideOfAFunctionThereIsNone) {
  EXPECT_TRUE(SaysYes(4, Says(kGetFuncIp, 0)));
  EXPECT_TRUE(SaysYes("long", long_.As<Function>(), 0x10, Says(kGetFuncIp, 0)));
}

TEST_P(AttachInfoTest, BehindTheMarkOfAnEntryTheFunctionIsEnteredToo) {
  auto* function = marked_.As<Function>();
  const uint64_t address = marked_.address();
  EXPECT_TRUE(SaysYes("marked", function, 0, Says(kGetFuncIp, address)));
  EXPECT_TRUE(SaysYes("marked", function, 4, Says(kGetFuncIp, address)));
  EXPECT_TRUE(SaysYes("marked", function, 8, Says(kGetFuncIp, 0)));
}

TEST_P(AttachInfoTest, EachOfManyAtOneAddressHasItsCookieAndItsSay) {
  struct One {
    int64_t event;
    uint64_t cookie;
    bool yes;
  };
  std::vector<One> all;
  for (uint64_t cookie = 1; cookie <= 20; ++cookie) {
    // Every other one is right about its cookie.
    const bool yes = cookie % 2 == 0;
    const int64_t event = caller_.OpenEvent(caller_.Kprobe("add"));
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(
        caller_.Load(kKprobe, Says(kGetAttachCookie, yes ? cookie : 0)));
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEventAttach;
    attr.details[0] = cookie;
    ASSERT_GE(caller_.Call(linux_abi::kLinkCreate, attr), 0);
    ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocEnable), 0);
    all.push_back({event, cookie, yes});
  }
  for (uint64_t calls = 1; calls <= 10; ++calls) {
    EXPECT_EQ(add_(1, 2), 3u);
    for (const One& one : all) {
      EXPECT_EQ(CountOf(one.event), one.yes ? calls : 0) << one.cookie;
    }
  }
}

TEST_P(AttachInfoTest, WhereAFunctionReturnsItIsKnownToo) {
  const auto attach = [this](const std::vector<isa::Insn>& insns,
                             uint64_t cookie) {
    linux_abi::PerfEventAttr event_attr = caller_.Kprobe("add");
    event_attr.config = linux_abi::kPerfKprobeReturn;
    const int64_t event = caller_.OpenEvent(event_attr);
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(caller_.Load(kKprobe, insns));
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEventAttach;
    attr.details[0] = cookie;
    EXPECT_GE(caller_.Call(linux_abi::kLinkCreate, attr), 0);
    EXPECT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocEnable), 0);
    return event;
  };
  const int64_t function = attach(Says(kGetFuncIp, text_.address()), 1);
  const int64_t no_function = attach(Says(kGetFuncIp, 0), 2);
  const int64_t cookie = attach(Says(kGetAttachCookie, 3), 3);
  const int64_t wrong_cookie = attach(Says(kGetAttachCookie, 3), 4);
  for (uint64_t calls = 1; calls <= 5; ++calls) {
    EXPECT_EQ(add_(1, 2), 3u);
    EXPECT_EQ(CountOf(function), calls);
    EXPECT_EQ(CountOf(no_function), 0u);
    EXPECT_EQ(CountOf(cookie), calls);
    EXPECT_EQ(CountOf(wrong_cookie), 0u);
  }
}

TEST_P(AttachInfoTest, OneProgramHasTheCookieOfEachPlace) {
  const int64_t program = caller_.Load(kKprobe, Says(kGetAttachCookie, 7));
  std::vector<int64_t> events;
  for (const uint64_t cookie : {7, 8, 7}) {
    events.push_back(caller_.OpenEvent(caller_.Kprobe("add")));
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(events.back());
    attr.attach_type = kPerfEventAttach;
    attr.details[0] = cookie;
    ASSERT_GE(caller_.Call(linux_abi::kLinkCreate, attr), 0);
    ASSERT_EQ(caller_.IoctlFd(events.back(), linux_abi::kPerfIocEnable), 0);
  }
  EXPECT_EQ(add_(1, 2), 3u);
  EXPECT_EQ(CountOf(events[0]), 1u);
  EXPECT_EQ(CountOf(events[1]), 0u);
  EXPECT_EQ(CountOf(events[2]), 1u);
}

TEST_P(AttachInfoTest, WhatAProgramReturnsIsANumberOf32Bits) {
  // As Linux's runs of programs give it.
  const Code low = {LoadLow(0, 0, 0), LoadHigh(1), Exit()};
  const Code some = {LoadLow(0, 0, -1), LoadHigh(0), Exit()};
  EXPECT_FALSE(SaysYes(0, low));
  EXPECT_TRUE(SaysYes(0, some));
  EXPECT_TRUE(SaysYes(0, Returning(-1)));
  EXPECT_TRUE(SaysYes(0, Returning(3)));
  EXPECT_FALSE(SaysYes(0, Returning(2)));  // the lowest bit counts
  EXPECT_FALSE(SaysYes(0, Returning(0)));
}

TEST_P(AttachInfoTest, TheCookieIsTheEvents) {
  EXPECT_TRUE(SaysYes(0, Says(kGetAttachCookie, 0)));
  EXPECT_TRUE(SaysYes(0, Says(kGetAttachCookie, 0x1122334455667788),
                      0x1122334455667788));
  EXPECT_FALSE(SaysYes(0, Says(kGetAttachCookie, 1), 2));
}

}  // namespace
}  // namespace ebpf
