// SPDX-License-Identifier: MIT
//
// Every way from a program to a kernel function and back, with each allocation
// of it failing in turn: the function's text is as before, and nothing is left.
// To detach takes no memory.
#include <cstring>
#include <string>
#include <tuple>

#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// imul rdi, rsi; mov rax, rdi; ret: the first needs a slot, the second does not
constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                 0x48, 0x89, 0xf8, 0xc3};
constexpr size_t kCount = 2;
constexpr const char* kNames[kCount] = {"first", "second"};

constexpr uint32_t kPerfEvent = 41;  // BPF_PERF_EVENT
constexpr uint32_t kMulti = 42;      // BPF_TRACE_KPROBE_MULTI
constexpr uint32_t kSession = 56;    // BPF_TRACE_KPROBE_SESSION

enum class Way {
  kEvent,          // perf_event_open, SET_BPF, ENABLE
  kEventInside,    // the same at an instruction that needs no slot
  kReturnEvent,    // the same where the function returns
  kLink,           // perf_event_open, LINK_CREATE
  kReturnLink,     // the same where the function returns
  kMultiLink,      // LINK_CREATE of many
  kMultiReturns,   // the same where they return
  kSessionOfMany,  // the same at both ends
};

class AttachMemoryTest
    : public testing::TestWithParam<std::tuple<Origin, Way>> {
 protected:
  AttachMemoryTest() : caller_(std::get<0>(GetParam())) {
    linux_abi::ProgLoadAttr attr = caller_.Program(kKprobe, Returning(0));
    attr.expected_attach_type = AttachType();
    program_ = caller_.Call(linux_abi::kProgLoad, attr);
    EXPECT_GE(program_, 0);
    event_ = caller_.Kprobe(kNames[0], way() == Way::kEventInside ? 4 : 0);
    event_.config = IsReturn() ? linux_abi::kPerfKprobeReturn : 0;
    const uint64_t names[kCount] = {caller_.Put(kNames[0]),
                                    caller_.Put(kNames[1])};
    const uint64_t cookies[kCount] = {1, 2};
    many_ = {IsReturn() ? linux_abi::kKprobesReturn : 0, kCount,
             caller_.Put(names), 0, caller_.Put(cookies)};
  }
  ~AttachMemoryTest() override { caller_.client().fds().CloseAll(); }

  static Way way() { return std::get<1>(GetParam()); }
  static bool IsReturn() {
    return way() == Way::kReturnEvent || way() == Way::kReturnLink ||
           way() == Way::kMultiReturns;
  }
  static uint32_t AttachType() {
    switch (way()) {
      case Way::kMultiLink:
      case Way::kMultiReturns:
        return kMulti;
      case Way::kSessionOfMany:
        return kSession;
      default:
        return 0;
    }
  }

  /// A descriptor that keeps the program attached, or a negative errno.
  int64_t Attach() {
    switch (way()) {
      case Way::kEvent:
      case Way::kEventInside:
      case Way::kReturnEvent:
        return AttachEvent();
      case Way::kLink:
      case Way::kReturnLink:
        return LinkEvent();
      default:
        break;
    }
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program_);
    attr.attach_type = AttachType();
    memcpy(attr.details, &many_, sizeof(many_));
    return caller_.Call(linux_abi::kLinkCreate, attr);
  }

  uint64_t Runs() {
    return (*caller_.client().fds().Get(static_cast<int32_t>(program_)))
        ->AsProgram()
        ->program()
        ->Stats()
        .runs;
  }
  /// How often the program runs when each function is called once.
  uint64_t RunsOfCalls() {
    const uint64_t before = Runs();
    EXPECT_EQ(first_.As<Function>()(6, 7), 42u);
    EXPECT_EQ(second_.As<Function>()(6, 7), 42u);
    return Runs() - before;
  }
  bool TextIsUntouched() const {
    return EqualBytes(first_.bytes(), ConstBytes(kMultiply)) &&
           EqualBytes(second_.bytes(), ConstBytes(kMultiply));
  }

 private:
  int64_t AttachEvent() {
    const int64_t event = caller_.OpenEvent(event_);
    if (event < 0) {
      return event;
    }
    int64_t result = caller_.IoctlFd(event, linux_abi::kPerfIocSetBpf,
                                     static_cast<uint64_t>(program_));
    if (result == 0) {
      result = caller_.IoctlFd(event, linux_abi::kPerfIocEnable);
    }
    return result == 0 ? event : CloseAndSay(event, result);
  }
  int64_t LinkEvent() {
    linux_abi::PerfEventAttr enabled = event_;
    enabled.flags = 0;
    const int64_t event = caller_.OpenEvent(enabled);
    if (event < 0) {
      return event;
    }
    linux_abi::LinkCreateAttr attr{};
    attr.prog_fd = static_cast<uint32_t>(program_);
    attr.target_fd = static_cast<uint32_t>(event);
    attr.attach_type = kPerfEvent;
    attr.details[0] = 4711;  // the cookie
    // The link keeps its event.
    return CloseAndSay(event, caller_.Call(linux_abi::kLinkCreate, attr));
  }
  int64_t CloseAndSay(int64_t fd, int64_t result) {
    EXPECT_EQ(caller_.CloseFd(fd), 0);
    return result;
  }

  TestSystem system_;
  const HostText first_{kNames[0], kMultiply};
  const HostText second_{kNames[1], kMultiply};

 protected:
  TestCaller caller_;
  int64_t program_ = -1;
  linux_abi::PerfEventAttr event_ = {};
  linux_abi::KprobesToLink many_ = {};
};

TEST_P(AttachMemoryTest, EachAllocationFailedLeavesAllAsBefore) {
  // What all returns share stays once it is there.
  ASSERT_EQ(caller_.CloseFd(Attach()), 0);
  ASSERT_TRUE(TextIsUntouched());
  FailEachAllocation(
      "attach", caller_,
      [&] {
        const int64_t attached = Attach();
        EXPECT_EQ(attached < 0, TextIsUntouched());
        return attached;
      },
      [&](int64_t attached) {
        EXPECT_GT(RunsOfCalls(), 0u);
        EXPECT_EQ(caller_.CloseFd(attached), 0);
      });
  EXPECT_TRUE(TextIsUntouched());
  EXPECT_EQ(RunsOfCalls(), 0u);
}

TEST_P(AttachMemoryTest, ToDetachTakesNoMemory) {
  for (int i = 0; i < 3; ++i) {
    const int64_t attached = Attach();
    ASSERT_GE(attached, 0);
    EXPECT_GT(RunsOfCalls(), 0u);
    FailAllocationsFrom(1);
    const int64_t closed = caller_.CloseFd(attached);
    const bool asked = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(closed, 0);
    EXPECT_FALSE(asked);
    EXPECT_TRUE(TextIsUntouched());
    EXPECT_EQ(RunsOfCalls(), 0u);
  }
}

std::string NameOf(
    const testing::TestParamInfo<AttachMemoryTest::ParamType>& info) {
  constexpr const char* kWays[] = {
      "Event",      "EventInside", "ReturnEvent",  "Link",
      "ReturnLink", "MultiLink",   "MultiReturns", "SessionOfMany"};
  return std::string(std::get<0>(info.param) == Origin::kUser ? "Process"
                                                              : "Kernel") +
         kWays[static_cast<int>(std::get<1>(info.param))];
}

INSTANTIATE_TEST_SUITE_P(
    , AttachMemoryTest,
    testing::Combine(testing::Values(Origin::kUser, Origin::kKernel),
                     testing::Values(Way::kEvent, Way::kEventInside,
                                     Way::kReturnEvent, Way::kLink,
                                     Way::kReturnLink, Way::kMultiLink,
                                     Way::kMultiReturns, Way::kSessionOfMany)),
    NameOf);

}  // namespace
}  // namespace ebpf
