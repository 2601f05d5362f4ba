// SPDX-License-Identifier: MIT
//
// bpf_override_return: functions of the kernel return what a program says, and
// only those that the kernel names.
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/features.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; inc qword [rdi]; lea rax, [rsi + 1]; pop rbp; ret
constexpr uint8_t kCounted[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xff, 0x07,
                                0x48, 0x8d, 0x46, 0x01, 0x5d, 0xc3};
// endbr64; then the same
constexpr uint8_t kMarked[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48,
                               0x89, 0xe5, 0x48, 0xff, 0x07, 0x48,
                               0x8d, 0x46, 0x01, 0x5d, 0xc3};

constexpr int32_t kOverrideReturn = 58;
constexpr int32_t kTailCall = 12;
constexpr uint32_t kPerfEventAttach = 41;  // BPF_PERF_EVENT
constexpr uint32_t kProgArray = 3;

/// "bpf_override_return(context, `value`); return `result`".
Code Overriding(int32_t value, int32_t result = 1) {
  return {MovImm(2, value), CallHelper(kOverrideReturn), MovImm(0, result),
          Exit()};
}

class OverrideReturnTest : public SyscallTest {
 protected:
  OverrideReturnTest()
      : text_("counted", kCounted), marked_("marked", kMarked) {
    SetHostOverridable(text_.address(), true);
    SetHostOverridable(marked_.address(), true);
  }
  ~OverrideReturnTest() override {
    caller_.client().fds().CloseAll();
    SetHostOverridable(text_.address(), false);
    SetHostOverridable(marked_.address(), false);
  }

  /// What the function returns, and how often it ran.
  struct Outcome {
    uint64_t result;
    uint64_t runs;
    bool operator==(const Outcome&) const = default;
  };
  Outcome CallOf(const HostText& text, uint64_t argument) {
    uint64_t runs = 0;
    const uint64_t result =
        text.As<Function>()(reinterpret_cast<uint64_t>(&runs), argument);
    return {result, runs};
  }

  uint64_t Count(int64_t event) {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(event),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  }
  int64_t Link(int64_t program, int64_t event) {
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEventAttach;
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }

  HostText text_;
  HostText marked_;
};

INSTANTIATE_TEST_SUITE_P(, OverrideReturnTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(OverrideReturnTest, TheFunctionReturnsTheProgramsValueWithoutHavingRun) {
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
  const int64_t event =
      caller_.Attach(caller_.Load(kKprobe, Overriding(-12)), "counted");
  ASSERT_GE(event, 0);

  EXPECT_EQ(CallOf(text_, 4), (Outcome{uint64_t{0} - 12, 0}));
  EXPECT_EQ(CallOf(text_, 5), (Outcome{uint64_t{0} - 12, 0}));

  EXPECT_EQ(Count(event), 0u) << "such hits are not for perf";
  EXPECT_EQ(caller_.CloseFd(event), 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
}

TEST_P(OverrideReturnTest, TheLastValueOfARunCounts) {
  Code insns = {MovReg(6, 1)};
  for (int32_t value : {7, 8, 9}) {
    insns = insns +
            Code{MovReg(1, 6), MovImm(2, value), CallHelper(kOverrideReturn)};
  }
  const int64_t event =
      caller_.Attach(caller_.Load(kKprobe, insns + Returning(1)), "counted");
  ASSERT_GE(event, 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{9, 0}));
}

TEST_P(OverrideReturnTest, AProgramThatDoesNotCallItLetsTheFunctionRun) {
  // If the second argument (rsi of pt_regs) is 4, override.
  constexpr int16_t kRsi = 13 * 8;
  const Code insns = {
      Insn(0x79, 3, 1, kRsi, 0),   Insn(0x55, 3, 0, 2, 4), MovImm(2, 77),
      CallHelper(kOverrideReturn), MovImm(0, 1),           Exit()};
  const int64_t event = caller_.Attach(caller_.Load(kKprobe, insns), "counted");
  ASSERT_GE(event, 0);
  EXPECT_EQ(CallOf(text_, 3), (Outcome{4, 1}));
  EXPECT_EQ(CallOf(text_, 4), (Outcome{77, 0}));
  EXPECT_EQ(CallOf(text_, 5), (Outcome{6, 1}));
  EXPECT_EQ(Count(event), 2u);
}

TEST_P(OverrideReturnTest, WhoComesBehindDoesNotGetTheHit) {
  const int64_t first =
      caller_.Attach(caller_.Load(kKprobe, Returning(1)), "counted");
  const int64_t second =
      caller_.Attach(caller_.Load(kKprobe, Overriding(3)), "counted");
  const int64_t third =
      caller_.Attach(caller_.Load(kKprobe, Returning(1)), "counted");
  ASSERT_GE(third, 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{3, 0}));
  EXPECT_EQ(Count(first), 1u);
  EXPECT_EQ(Count(third), 0u);
  EXPECT_EQ(caller_.CloseFd(second), 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
  EXPECT_EQ(Count(first), 2u);
  EXPECT_EQ(Count(third), 1u);
}

TEST_P(OverrideReturnTest, OnlyEntriesOfFunctionsThatTheKernelNames) {
  const int64_t program = caller_.Load(kKprobe, Overriding(3));
  EXPECT_EQ(caller_.Attach(program, "counted", 1), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.Attach(program, "counted", 4), Minus(Status::kInvalid));
  SetHostOverridable(text_.address(), false);
  EXPECT_EQ(caller_.Attach(program, "counted"), Minus(Status::kInvalid));
  const int64_t event = caller_.OpenEvent(caller_.Kprobe("counted"));
  EXPECT_EQ(Link(program, event), Minus(Status::kInvalid));
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));

  SetHostOverridable(text_.address(), true);
  EXPECT_GE(Link(program, event), 0);
}

TEST_P(OverrideReturnTest, WhereAFunctionHasReturnedItsCallerGetsTheValue) {
  linux_abi::PerfEventAttr attr = caller_.Kprobe("counted");
  attr.config = linux_abi::kPerfKprobeReturn;
  attr.flags = 0;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_GE(event, 0);
  const int64_t program = caller_.Load(kKprobe, Overriding(-12));
  SetHostOverridable(text_.address(), false);
  EXPECT_EQ(Link(program, event), Minus(Status::kInvalid));
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));

  SetHostOverridable(text_.address(), true);
  const int64_t link = Link(program, event);
  ASSERT_GE(link, 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{uint64_t{0} - 12, 1}));
  EXPECT_EQ(CallOf(marked_, 4), (Outcome{5, 1}));
  EXPECT_EQ(caller_.CloseFd(link), 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
}

TEST_P(OverrideReturnTest, WhoFollowsTheReturnSeesTheOverriddenValue) {
  linux_abi::PerfEventAttr attr = caller_.Kprobe("counted");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t before = caller_.OpenEvent(attr);
  // "return result (rax of pt_regs) == 3".
  constexpr int16_t kRax = 10 * 8;
  const Code is_3 = {Insn(0x79, 3, 1, kRax, 0), MovImm(0, 1),
                     Insn(0x15, 3, 0, 1, 3), MovImm(0, 0), Exit()};
  ASSERT_GE(Link(caller_.Load(kKprobe, is_3), before), 0);
  ASSERT_EQ(caller_.IoctlFd(before, linux_abi::kPerfIocEnable), 0);
  ASSERT_GE(caller_.Attach(caller_.Load(kKprobe, Overriding(3)), "counted"), 0);
  const int64_t behind = caller_.OpenEvent(attr);
  ASSERT_EQ(caller_.IoctlFd(behind, linux_abi::kPerfIocEnable), 0);

  for (uint64_t calls = 1; calls <= 100; ++calls) {
    EXPECT_EQ(CallOf(text_, 4), (Outcome{3, 0}));
    EXPECT_EQ(Count(before), calls);
  }
  EXPECT_EQ(Count(behind), 0u);
}

class OverrideManyTest : public OverrideReturnTest {
 protected:
  static constexpr uint32_t kMulti = 42;    // BPF_TRACE_KPROBE_MULTI
  static constexpr uint32_t kSession = 56;  // BPF_TRACE_KPROBE_SESSION

  int64_t LoadFor(uint32_t attach_type, const Code& insns) {
    linux_abi::ProgLoadAttr load = caller_.Program(kKprobe, insns);
    load.expected_attach_type = attach_type;
    return caller_.Call(linux_abi::kProgLoad, load);
  }
  /// To both functions.
  int64_t LinkBoth(int64_t program, uint32_t attach_type, uint32_t flags) {
    const uint64_t functions[] = {text_.address(), marked_.address()};
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program);
    attr.attach_type = attach_type;
    linux_abi::KprobesToLink many{};
    many.count = 2;
    many.flags = flags;
    many.addresses = caller_.Put(functions, sizeof(functions));
    memcpy(attr.details, &many, sizeof(many));
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }
};

INSTANTIATE_TEST_SUITE_P(, OverrideManyTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(OverrideManyTest, ALinkToManyIsForNamedFunctionsOnly) {
  const int64_t program = LoadFor(kMulti, Overriding(3));
  const int64_t session = LoadFor(kSession, Overriding(3, 0));
  SetHostOverridable(marked_.address(), false);
  for (const uint32_t flags : {0u, uint32_t{linux_abi::kKprobesReturn}}) {
    EXPECT_EQ(LinkBoth(program, kMulti, flags), Minus(Status::kInvalid));
    EXPECT_EQ(LinkBoth(session, kSession, flags), Minus(Status::kInvalid));
  }
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));

  SetHostOverridable(marked_.address(), true);
  const int64_t all = LinkBoth(program, kMulti, 0);
  ASSERT_GE(all, 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{3, 0}));
  EXPECT_EQ(CallOf(marked_, 4), (Outcome{3, 0}));
  EXPECT_EQ(caller_.CloseFd(all), 0);
  EXPECT_EQ(CallOf(marked_, 4), (Outcome{5, 1}));
}

TEST_P(OverrideManyTest, ALinkToReturnsReplacesWhatIsReturned) {
  const int64_t link = LinkBoth(LoadFor(kMulti, Overriding(3)), kMulti,
                                linux_abi::kKprobesReturn);
  ASSERT_GE(link, 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{3, 1}));
  EXPECT_EQ(CallOf(marked_, 4), (Outcome{3, 1}));
  EXPECT_EQ(caller_.CloseFd(link), 0);
  EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
}

TEST_P(OverrideManyTest, ASessionMayOverrideAtBothEnds) {
  // Each run overrides with one more than the last one of the call.
  const Code insns = {MovReg(6, 1),
                      CallKernel("bpf_session_cookie"),
                      Insn(0x79, 2, 0, 0, 0),
                      Insn(0x07, 2, 0, 0, 1),
                      Insn(0x7b, 0, 2, 0, 0),
                      MovReg(1, 6),
                      CallHelper(kOverrideReturn)};
  // At the entry only, and at both.
  for (const int32_t result : {1, 0}) {
    const int64_t link =
        LinkBoth(LoadFor(kSession, insns + Returning(result)), kSession, 0);
    ASSERT_GE(link, 0);
    const uint64_t value = result == 1 ? 1 : 2;
    for (int calls = 0; calls < 100; ++calls) {
      EXPECT_EQ(CallOf(text_, 4), (Outcome{value, 0}));
      EXPECT_EQ(CallOf(marked_, 4), (Outcome{value, 0}));
    }
    EXPECT_EQ(caller_.CloseFd(link), 0);
    EXPECT_EQ(CallOf(text_, 4), (Outcome{5, 1}));
  }
}

TEST_P(OverrideManyTest, WhoComesBehindASessionThatOverridesDoesNotGetTheHit) {
  ASSERT_GE(LinkBoth(LoadFor(kSession, Overriding(3, 1)), kSession, 0), 0);
  const int64_t behind =
      caller_.Attach(caller_.Load(kKprobe, Returning(1)), "counted");
  EXPECT_EQ(CallOf(text_, 4), (Outcome{3, 0}));
  EXPECT_EQ(Count(behind), 0u);
}

TEST_P(OverrideReturnTest, BehindTheMarkOfAnEntryIsTheEntryToo) {
  const int64_t program = caller_.Load(kKprobe, Overriding(3));
  for (const uint64_t offset : {0, 4}) {
    const int64_t event = caller_.Attach(program, "marked", offset);
    ASSERT_GE(event, 0) << offset;
    EXPECT_EQ(CallOf(marked_, 4), (Outcome{3, 0})) << offset;
    EXPECT_EQ(caller_.CloseFd(event), 0);
    EXPECT_EQ(CallOf(marked_, 4), (Outcome{5, 1})) << offset;
  }
  EXPECT_EQ(caller_.Attach(program, "marked", 5), Minus(Status::kInvalid));
  // ... also while there is a breakpoint on the mark.
  EXPECT_GE(caller_.Attach(caller_.Load(kKprobe, Returning(1)), "marked"), 0);
  EXPECT_GE(caller_.Attach(program, "marked", 4), 0);
  EXPECT_EQ(CallOf(marked_, 4), (Outcome{3, 0}));
}

TEST_P(OverrideReturnTest, NoTailCallsLeadToSuchAProgramOrAwayFromIt) {
  const int64_t array = caller_.CreateMap(kProgArray, 4, 4, 1);
  const int64_t program = caller_.Load(kKprobe, Overriding(3));
  EXPECT_EQ(
      caller_.Elem(linux_abi::kMapUpdateElem, array, caller_.Put(uint32_t{0}),
                   caller_.Put(static_cast<uint32_t>(program))),
      Minus(Status::kInvalid));
  const int64_t other = caller_.Load(kKprobe, Returning(1));
  EXPECT_EQ(
      caller_.Elem(linux_abi::kMapUpdateElem, array, caller_.Put(uint32_t{0}),
                   caller_.Put(static_cast<uint32_t>(other))),
      0);
  const Code calls = {
      MovReg(6, 1),          LoadLow(2, 1, static_cast<int32_t>(array)),
      LoadHigh(0),           MovImm(3, 0),
      CallHelper(kTailCall), MovReg(1, 6)};
  EXPECT_EQ(caller_.Load(kKprobe, calls + Overriding(3)),
            Minus(Status::kInvalid));
  EXPECT_GE(caller_.Load(kKprobe, calls + Returning(3)), 0);
}

TEST_P(OverrideReturnTest, CodeThatIsNeverReachedDoesNotMarkAProgram) {
  SetHostOverridable(text_.address(), false);
  const Code never = Code{MovImm(0, 0), Insn(0x15, 0, 0, 2, 0),
                          MovImm(2, 3), CallHelper(kOverrideReturn),
                          MovImm(0, 1), Exit()};
  EXPECT_GE(caller_.Attach(caller_.Load(kKprobe, never), "counted"), 0);
}

TEST_P(OverrideReturnTest, AKernelThatNamesNoFunctionsDoesNotHaveIt) {
  const uint32_t features = ebpf_port_features();
  SetHostFeatures(features & ~uint32_t{EBPF_PORT_OVERRIDE});
  EXPECT_EQ(caller_.Load(kKprobe, Overriding(3)), Minus(Status::kInvalid));
  SetHostFeatures(features);
  EXPECT_GE(caller_.Load(kKprobe, Overriding(3)), 0);
  constexpr uint32_t kRawTracepoint = 17;
  EXPECT_EQ(caller_.Load(kRawTracepoint, Overriding(3)),
            Minus(Status::kInvalid));
}

}  // namespace
}  // namespace ebpf
