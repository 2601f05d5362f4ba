// SPDX-License-Identifier: MIT
#include "core/syscall/perf_event_open.h"

#include <atomic>
#include <thread>

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/probes/kprobe.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

extern "C" [[gnu::noinline]] uint64_t perf_event_open_test_function(
    uint64_t x) {
  asm volatile("" : "+r"(x));
  return 2 * x + 1;
}

class PerfEventOpenTest : public SyscallTest {
 protected:
  PerfEventOpenTest() : text_("add", kAdd), add_(text_.As<Function>()) {}
  ~PerfEventOpenTest() override {
    caller_.client().fds().CloseAll();  // before the text goes
  }

  int64_t Ioctl(int64_t fd, uint32_t command, int64_t argument = 0) {
    return ebpf::Ioctl(caller_.client(), static_cast<int32_t>(fd), command,
                       static_cast<uint64_t>(argument));
  }
  int64_t Enable(int64_t fd) { return Ioctl(fd, linux_abi::kPerfIocEnable); }
  int64_t Disable(int64_t fd) { return Ioctl(fd, linux_abi::kPerfIocDisable); }
  int64_t SetProgram(int64_t fd, int64_t program) {
    return Ioctl(fd, linux_abi::kPerfIocSetBpf, program);
  }
  /// What read(2) gives.
  uint64_t Count(int64_t fd) {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(fd),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  }
  bool TextIsUntouched() const {
    return EqualBytes(text_.bytes(), ConstBytes(kAdd));
  }

  HostText text_;
  Function* add_;
};

INSTANTIATE_TEST_SUITE_P(, PerfEventOpenTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(PerfEventOpenTest, AnEventCountsHitsWhileItIsEnabled) {
  const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"));
  ASSERT_EQ(fd, 3);
  EXPECT_TRUE(TextIsUntouched());
  add_(1, 2);
  EXPECT_EQ(Count(fd), 0u);

  EXPECT_EQ(Enable(fd), 0);
  EXPECT_FALSE(TextIsUntouched());
  EXPECT_EQ(add_(1, 2), 3u);
  EXPECT_EQ(add_(2, 2), 4u);
  EXPECT_EQ(Count(fd), 2u);
  EXPECT_EQ(Ioctl(fd, linux_abi::kPerfIocReset), 0);
  EXPECT_EQ(Count(fd), 0u);
  add_(1, 2);
  EXPECT_EQ(Count(fd), 1u);

  EXPECT_EQ(Disable(fd), 0);
  EXPECT_TRUE(TextIsUntouched());
  add_(1, 2);
  EXPECT_EQ(Count(fd), 1u);
  EXPECT_EQ(Enable(fd), 0);
  EXPECT_EQ(Enable(fd), 0);
  add_(1, 2);
  EXPECT_EQ(Count(fd), 2u);

  EXPECT_EQ(caller_.CloseFd(fd), 0);
  EXPECT_TRUE(TextIsUntouched());
}

TEST_P(PerfEventOpenTest, AnEventThatIsNotDisabledCountsAtOnce) {
  PerfEventAttr attr = caller_.Kprobe("add", 1);
  attr.flags = 0;
  const int64_t fd = caller_.OpenEvent(attr);
  ASSERT_GE(fd, 0);

  add_(1, 2);

  EXPECT_EQ(Count(fd), 1u);
}

TEST_P(PerfEventOpenTest, TheLastDescriptorEndsTheProbe) {
  const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"));
  EXPECT_EQ(Enable(fd), 0);
  const int64_t twin = Dup(caller_.client(), static_cast<int32_t>(fd));
  EXPECT_EQ(caller_.CloseFd(fd), 0);
  add_(1, 2);
  EXPECT_EQ(Count(twin), 1u);
  EXPECT_EQ(caller_.CloseFd(twin), 0);
  EXPECT_TRUE(TextIsUntouched());
}

// --- The attribute ---------------------------------------------------------

TEST_P(PerfEventOpenTest, EverySizeFromTheFirstOnIsTaken) {
  PerfEventAttr attr = caller_.Kprobe("add");
  const uint64_t at = caller_.Put(nullptr, linux_abi::kMaxAttrSize);
  for (uint32_t size = 0; size <= linux_abi::kMaxAttrSize; ++size) {
    attr.size = size;
    memcpy(caller_.At(at), &attr, sizeof(attr));
    const int64_t fd = PerfEventOpen(
        caller_.client(), caller_.client().Pointer(at), -1, 0, -1, 0);
    const uint32_t after = caller_.Get<PerfEventAttr>(at).size;
    if (size == 0 || size >= linux_abi::kPerfAttrSizeVer0) {
      ASSERT_GE(fd, 0) << size;
      ASSERT_EQ(after, size);
      caller_.CloseFd(fd);
    } else {
      ASSERT_EQ(fd, Minus(Status::kTooBig)) << size;
      ASSERT_EQ(after, sizeof(PerfEventAttr));
    }
  }
}

TEST_P(PerfEventOpenTest, ATailMustBeZeroOrTheKnownSizeIsWrittenBack) {
  PerfEventAttr attr = caller_.Kprobe("add");
  attr.size = 200;
  const uint64_t at = caller_.Put(nullptr, 200);
  for (uint32_t i = sizeof(attr); i < 200; ++i) {
    memcpy(caller_.At(at), &attr, sizeof(attr));
    static_cast<uint8_t*>(caller_.At(at))[i] = 1;

    EXPECT_EQ(PerfEventOpen(caller_.client(), caller_.client().Pointer(at), -1,
                            0, -1, 0),
              Minus(Status::kTooBig));

    EXPECT_EQ(caller_.Get<PerfEventAttr>(at).size, sizeof(attr));
    static_cast<uint8_t*>(caller_.At(at))[i] = 0;
  }
  for (uint32_t size : {linux_abi::kMaxAttrSize + 1, UINT32_MAX}) {
    attr.size = size;
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kTooBig));
  }
}

TEST_P(PerfEventOpenTest, PointersThatAreWrongFault) {
  PerfEventAttr attr = caller_.Kprobe("add");
  EXPECT_EQ(PerfEventOpen(caller_.client(), caller_.client().Pointer(0), -1, 0,
                          -1, 0),
            Minus(Status::kFault));
  if (GetParam() == Origin::kUser) {
    attr.config1 = 0x1000;
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kFault));
    EXPECT_EQ(PerfEventOpen(caller_.client(), caller_.client().Pointer(0x1000),
                            -1, 0, -1, 0),
              Minus(Status::kFault));
    attr.config1 = reinterpret_cast<uint64_t>("add");  // the kernel's
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kFault));
  }
}

TEST_P(PerfEventOpenTest, UnknownTypesAreNotFound) {
  for (uint32_t type : {0u, 3u, 4u, 5u, 7u, 1000u, UINT32_MAX}) {
    PerfEventAttr attr = caller_.Kprobe("add");
    attr.type = type;
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kNotFound)) << type;
  }
}

TEST_P(PerfEventOpenTest, AnEventCountsReturns) {
  PerfEventAttr attr = caller_.Kprobe("add");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t fd = caller_.OpenEvent(attr);
  ASSERT_GE(fd, 0);
  add_(1, 2);
  EXPECT_EQ(Count(fd), 0u);
  EXPECT_EQ(Enable(fd), 0);
  EXPECT_EQ(add_(1, 2), 3u);
  EXPECT_EQ(add_(1, 2), 3u);
  EXPECT_EQ(Count(fd), 2u);
  EXPECT_EQ(Disable(fd), 0);
  EXPECT_TRUE(TextIsUntouched());
  EXPECT_EQ(add_(1, 2), 3u);
  EXPECT_EQ(Count(fd), 2u);
  caller_.CloseFd(fd);
}

// r0 = *(u64*)(ctx + offset of rax) == what it returns of it
TEST_P(PerfEventOpenTest, AProgramSeesWhatTheFunctionReturns) {
  PerfEventAttr attr = caller_.Kprobe("add");
  attr.config = linux_abi::kPerfKprobeReturn;
  const int64_t fd = caller_.OpenEvent(attr);
  ASSERT_GE(fd, 0);
  // Counted are the returns of what is not 0: the program returns the result.
  const int64_t program =
      caller_.Load(kKprobe, {Insn(0x79, 0, 1, 80, 0), Exit()});
  ASSERT_GE(program, 0);
  ASSERT_EQ(SetProgram(fd, program), 0);
  ASSERT_EQ(Enable(fd), 0);
  add_(1, 2);
  add_(0, 0);
  add_(5, 0);
  EXPECT_EQ(Count(fd), 2u);
  caller_.CloseFd(fd);
}

TEST_P(PerfEventOpenTest, OnlyFunctionsReturn) {
  PerfEventAttr attr = caller_.Kprobe("add", 1);
  attr.config = linux_abi::kPerfKprobeReturn;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
  attr = caller_.Kprobe("no_such_function");
  attr.config = linux_abi::kPerfKprobeReturn;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kNotFound));
  EXPECT_TRUE(TextIsUntouched());
}

TEST_P(PerfEventOpenTest, AnEventMayGoWhileCallsAreUnderWay) {
  // f(g): g() + 1, and g closes the event.
  // push rbp; mov rbp, rsp; call rdi; inc rax; pop rbp; ret
  constexpr uint8_t kCalls[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7,
                                0x48, 0xff, 0xc0, 0x5d, 0xc3};
  HostText text("calls", kCalls);
  PerfEventAttr attr = caller_.Kprobe("calls");
  attr.config = linux_abi::kPerfKprobeReturn;
  static TestCaller* caller;
  static int64_t event;
  caller = &caller_;
  event = caller_.OpenEvent(attr);
  ASSERT_GE(event, 0);
  ASSERT_EQ(Enable(event), 0);
  const auto close = []() -> uint64_t {
    caller->CloseFd(event);
    return 41;
  };
  EXPECT_EQ(text.As<uint64_t(uint64_t (*)())>()(close), 42u);
  EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kCalls)));
}

TEST_P(PerfEventOpenTest, WhatIsNotHereYetIsRefused) {
  PerfEventAttr attr = caller_.Kprobe("add");
  attr.config = 2;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
  attr = caller_.Kprobe("add");
  attr.read_format = 32;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
  attr = caller_.Kprobe("add");
  attr.reserved_2 = 1;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
  attr = caller_.Kprobe("add");
  attr.sample_type = uint64_t{1} << 25;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
}

TEST_P(PerfEventOpenTest, WhomAnEventIsFor) {
  const PerfEventAttr attr = caller_.Kprobe("add");
  const auto cpus = static_cast<int32_t>(ebpf_port_cpu_count());
  const auto open = [&](int32_t pid, int32_t cpu, int32_t group = -1,
                        uint64_t flags = 0) {
    const int64_t fd = caller_.OpenEvent(attr, pid, cpu, group, flags);
    if (fd >= 0) {
      caller_.CloseFd(fd);
    }
    return fd < 0 ? fd : 0;
  };
  EXPECT_EQ(open(-1, 0), 0);
  EXPECT_EQ(open(-1, cpus - 1), 0);
  EXPECT_EQ(open(0, -1), 0);
  EXPECT_EQ(open(0, 0), 0);
  EXPECT_EQ(open(-1, -1), Minus(Status::kInvalid));
  EXPECT_EQ(open(-1, cpus), Minus(Status::kInvalid));
  EXPECT_EQ(open(-1, -2), Minus(Status::kInvalid));
  EXPECT_EQ(open(-2, 0), Minus(Status::kNoSuchTask));
  EXPECT_EQ(open(-1, 0, 77), Minus(Status::kBadFd));
  EXPECT_EQ(open(-1, 0, -1, 16), Minus(Status::kInvalid));
  EXPECT_EQ(open(-1, 0, -1, linux_abi::kPerfFlagPidCgroup),
            Minus(Status::kInvalid));
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 4, 1);
  EXPECT_EQ(open(-1, 0, static_cast<int32_t>(map)), Minus(Status::kBadFd));
  const int64_t leader = caller_.OpenEvent(attr);
  EXPECT_EQ(open(-1, 0, static_cast<int32_t>(leader)), Minus(Status::kInvalid));
}

/// Of what is wrong, which is told: as seen on Linux 6.18, with a pid that is
/// not there.
TEST_P(PerfEventOpenTest, WhatIsWrongIsToldInLinuxsOrder) {
  constexpr int32_t kNoTask = -2;
  constexpr int32_t kNoCpu = 1000000;
  PerfEventAttr good{};
  good.type = linux_abi::kPerfTypeSoftware;
  good.size = sizeof(good);
  PerfEventAttr bad_period = good;
  bad_period.sample_period = uint64_t{1} << 63;
  PerfEventAttr bad_type = good;
  bad_type.type = 99;
  PerfEventAttr bad_event = good;
  bad_event.type = linux_abi::kPerfTypeTracepoint;
  bad_event.config = 999999;
  PerfEventAttr bad_clock = good;
  bad_clock.flags = linux_abi::kPerfUseClockId;
  bad_clock.clockid = 77;
  const auto leader = static_cast<int32_t>(caller_.OpenEvent(good));
  const struct {
    const PerfEventAttr& attr;
    int32_t cpu;
    int32_t group;
    uint64_t flags;
    Status status;
  } cases[] = {
      {bad_period, -1, -1, 0, Status::kInvalid},
      {good, -1, -1, linux_abi::kPerfFlagPidCgroup, Status::kInvalid},
      {good, -1, 999, 0, Status::kBadFd},
      {good, -1, leader, 0, Status::kNoSuchTask},
      {good, kNoCpu, -1, 0, Status::kNoSuchTask},
      {bad_type, -1, -1, 0, Status::kNoSuchTask},
      {bad_event, -1, -1, 0, Status::kNoSuchTask},
      {bad_clock, -1, -1, 0, Status::kNoSuchTask},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(
        caller_.OpenEvent(one.attr, kNoTask, one.cpu, one.group, one.flags),
        Minus(one.status))
        << &one - cases;
  }
  // What is to be done by nobody without rights is not looked at.
  if (GetParam() == Origin::kUser) {
    SetHostCapabilities(0);
    for (const auto& one : cases) {
      EXPECT_EQ(
          caller_.OpenEvent(one.attr, kNoTask, one.cpu, one.group, one.flags),
          Minus(Status::kAccess))
          << &one - cases;
    }
    SetHostCapabilities(~uint64_t{0});
  }
}

TEST_P(PerfEventOpenTest, AnEventOfOneCpuCountsThereOnly) {
  const int64_t here = caller_.OpenEvent(
      caller_.Kprobe("add"), -1, static_cast<int32_t>(ebpf_port_cpu_id()));
  const int64_t there = caller_.OpenEvent(caller_.Kprobe("add"), -1, 2);
  EXPECT_EQ(Enable(here), 0);
  EXPECT_EQ(Enable(there), 0);

  add_(1, 2);
  std::thread([this] {
    HostCpu cpu(2);
    add_(1, 2);
    add_(1, 2);
  }).join();

  EXPECT_EQ(Count(here), 1u);
  EXPECT_EQ(Count(there), 2u);
}

TEST_P(PerfEventOpenTest, AnEventOfOneThreadCountsItOnly) {
  SetHostTask(100, 100, "me");
  const int64_t mine = caller_.OpenEvent(caller_.Kprobe("add"), 0, -1);
  const int64_t other = caller_.OpenEvent(caller_.Kprobe("add"), 101, -1);
  EXPECT_EQ(Enable(mine), 0);
  EXPECT_EQ(Enable(other), 0);

  add_(1, 2);
  SetHostTask(101, 100, "other");
  add_(1, 2);
  add_(1, 2);
  SetHostTask(1, 1, "host");

  EXPECT_EQ(Count(mine), 1u);
  EXPECT_EQ(Count(other), 2u);
}

// --- The place -------------------------------------------------------------

TEST_P(PerfEventOpenTest, APlaceMayBeAnAddress) {
  PerfEventAttr attr = caller_.Kprobe("");
  attr.config2 = text_.address() + 4;
  const int64_t fd = caller_.OpenEvent(attr);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(Enable(fd), 0);
  add_(1, 2);
  EXPECT_EQ(Count(fd), 1u);
  attr.config1 = 0;
  attr.config2 = text_.address() + 1;
  EXPECT_GE(caller_.OpenEvent(attr), 0);
}

TEST_P(PerfEventOpenTest, PlacesThatCannotBeProbedAreRefusedAndLogged) {
  struct {
    const char* symbol;
    uint64_t offset;
    Status status;
    const char* log;
  } const kCases[] = {
      {"no_such_function", 0, Status::kNotFound, "no_such_function"},
      {"add", 2, Status::kBadSequence, "add+0x2"},
      {"add", 5, Status::kBadSequence, "add+0x5"},
      {"add", sizeof(kAdd), Status::kInvalid, "add+0xa"},
      {"add", UINT64_MAX, Status::kInvalid, "add+0xffffffffffffffff"},
      {"", 16, Status::kNotFound, "not in a function"},
      {"", UINT64_MAX, Status::kNotFound, "not in a function"},
  };
  for (const auto& c : kCases) {
    ClearHostLog();
    EXPECT_EQ(caller_.OpenEvent(caller_.Kprobe(c.symbol, c.offset)),
              Minus(c.status))
        << c.symbol << " " << c.offset;
    EXPECT_NE(HostLog().find(c.log), std::string::npos)
        << c.symbol << " " << c.offset << ": " << HostLog();
  }
  EXPECT_TRUE(TextIsUntouched());
}

TEST_P(PerfEventOpenTest, AFunctionOfTheProgramItselfCanBeProbed) {
  const int64_t fd =
      caller_.OpenEvent(caller_.Kprobe("perf_event_open_test_function"));
  ASSERT_GE(fd, 0);
  EXPECT_EQ(Enable(fd), 0);
  EXPECT_EQ(perf_event_open_test_function(20), 41u);
  EXPECT_EQ(Count(fd), 1u);
  EXPECT_EQ(caller_.CloseFd(fd), 0);
  EXPECT_EQ(perf_event_open_test_function(21), 43u);
}

TEST_P(PerfEventOpenTest, TheWayOfABreakpointCannotBeProbed) {
  const auto refuses = [&](uint64_t address) {
    ClearHostLog();
    PerfEventAttr attr = caller_.Kprobe("", address);
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
    EXPECT_NE(HostLog().find("breakpoint's own way"), std::string::npos)
        << HostLog();
  };
  refuses(reinterpret_cast<uint64_t>(&OnBreakpoint));
  refuses(reinterpret_cast<uint64_t>(&OnFault));
}

TEST_P(PerfEventOpenTest, ANameMayHaveFiveHundredElevenCharacters) {
  const std::string longest(511, 'x');
  EXPECT_EQ(caller_.OpenEvent(caller_.Kprobe(longest.c_str())),
            Minus(Status::kNotFound));
  const std::string longer(512, 'x');
  EXPECT_EQ(caller_.OpenEvent(caller_.Kprobe(longer.c_str())),
            Minus(Status::kTooBig));
}

TEST_P(PerfEventOpenTest, AKernelWithoutTheServicesForProbesHasNone) {
  SetHostTextSupport(false);
  EXPECT_EQ(caller_.OpenEvent(caller_.Kprobe("add")),
            Minus(Status::kNotSupported));
  SetHostTextSupport(true);
}

TEST_P(PerfEventOpenTest, ACpuThatDoesNotComeMakesItBusyAndChangesNothing) {
  std::atomic<int> stage{0};
  std::thread deaf([&stage] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    stage = 1;
    while (stage != 2) {
      std::this_thread::yield();
    }
    ebpf_port_irq_restore(irq);
  });
  while (stage != 1) {
    std::this_thread::yield();
  }
  SetHostRendezvousTimeout(20);
  PerfEventAttr attr = caller_.Kprobe("add");
  const int64_t fd = caller_.OpenEvent(attr);
  EXPECT_EQ(fd, 3);
  EXPECT_EQ(Enable(fd), Minus(Status::kBusy));
  attr.flags = 0;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kBusy));
  EXPECT_TRUE(TextIsUntouched());
  SetHostRendezvousTimeout(10000);
  stage = 2;
  deaf.join();

  EXPECT_EQ(Enable(fd), 0);
  add_(1, 2);
  EXPECT_EQ(Count(fd), 1u);
  EXPECT_EQ(caller_.OpenEvent(attr), 4);
}

// --- Programs --------------------------------------------------------------

TEST_P(PerfEventOpenTest, AProgramSeesTheHitsAndDecidesWhatIsCounted) {
  const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"));
  // r0 = the first argument, rdi
  const int64_t program =
      caller_.Load(kKprobe, {Insn(0x79, 0, 1, 112, 0), Exit()});
  ASSERT_GE(program, 0);
  EXPECT_EQ(SetProgram(fd, program), 0);
  EXPECT_EQ(Enable(fd), 0);
  // The event keeps its program.
  EXPECT_EQ(caller_.CloseFd(program), 0);

  add_(0, 5);
  EXPECT_EQ(Count(fd), 0u);
  add_(1, 5);
  add_(7, 5);
  EXPECT_EQ(Count(fd), 2u);
}

TEST_P(PerfEventOpenTest, ProgramsRunOnAllCpusWhateverTheEventsScope) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  // lock *(u64 *)value += 1; r0 = 0
  const int64_t program = caller_.Load(
      kKprobe,
      {LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)), LoadHigh(0),
       MovImm(2, 1), Insn(0xdb, 1, 2, 0, 0), MovImm(0, 0), Exit()});
  const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"), -1, 3);
  EXPECT_EQ(SetProgram(fd, program), 0);
  EXPECT_EQ(Enable(fd), 0);

  add_(1, 2);
  std::thread([this] {
    HostCpu cpu(2);
    add_(1, 2);
  }).join();

  const uint64_t value = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), value),
            0);
  EXPECT_EQ(caller_.Get<uint64_t>(value), 2u);
}

TEST_P(PerfEventOpenTest, AnEventTakesOneProgramForKprobes) {
  const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"));
  const int64_t program = caller_.Load(kKprobe, Returning(0));
  const int64_t other = caller_.Load(kKprobe, Returning(1));
  const int64_t filter = caller_.Load(kSocketFilter, Returning(0));
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);

  EXPECT_EQ(SetProgram(fd, 77), Minus(Status::kBadFd));
  EXPECT_EQ(SetProgram(fd, -1), Minus(Status::kBadFd));
  EXPECT_EQ(SetProgram(fd, map), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(fd, fd), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(fd, filter), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(fd, program), 0);
  EXPECT_EQ(SetProgram(fd, program), Minus(Status::kExists));
  EXPECT_EQ(SetProgram(fd, other), Minus(Status::kExists));
  EXPECT_EQ(SetProgram(fd, filter), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(map, program), Minus(Status::kNotTty));
  EXPECT_EQ(SetProgram(program, program), Minus(Status::kNotTty));
  EXPECT_EQ(SetProgram(77, program), Minus(Status::kBadFd));
}

TEST_P(PerfEventOpenTest, EventsComeAndGoWhileTheFunctionRuns) {
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::thread runner([&] {
    HostCpu cpu(1);
    for (uint64_t i = 0; !stop; ++i) {
      wrong += add_(i, 1) != i + 1 ? 1 : 0;
    }
  });
  const int64_t program = caller_.Load(kKprobe, Returning(1));
  uint64_t cycles_with_hits = 0;
  constexpr int kCycles = 100;
  for (int i = 0; i < kCycles; ++i) {
    const int64_t fd = caller_.OpenEvent(caller_.Kprobe("add"), -1, 1);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(SetProgram(fd, program), 0);
    EXPECT_EQ(Enable(fd), 0);
    for (int tries = 0; tries < 1000 && Count(fd) == 0; ++tries) {
      std::this_thread::yield();
    }
    cycles_with_hits += Count(fd) != 0 ? 1 : 0;
    EXPECT_EQ(caller_.CloseFd(fd), 0);
  }
  stop = true;
  runner.join();

  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(cycles_with_hits, kCycles / 2u);
  EXPECT_TRUE(TextIsUntouched());
}

// --- Rights and memory -----------------------------------------------------

TEST(PerfEventRightsTest, ProbesAskForPerfmon) {
  TestSystem system;
  HostText text("add", kAdd);
  TestCaller caller(Origin::kUser);
  SetHostCapabilities(~(uint64_t{1} << linux_abi::kCapPerfmon |
                        uint64_t{1} << linux_abi::kCapSysAdmin));
  EXPECT_EQ(caller.OpenEvent(caller.Kprobe("add")), Minus(Status::kAccess));
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapPerfmon);
  EXPECT_GE(caller.OpenEvent(caller.Kprobe("add")), 0);
  SetHostCapabilities(uint64_t{1} << linux_abi::kCapSysAdmin);
  EXPECT_GE(caller.OpenEvent(caller.Kprobe("add")), 0);
}

TEST(PerfEventMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  // imul rdi, rsi; mov rax, rdi; ret: the first needs a slot to be stepped in
  constexpr uint8_t kMultiply[] = {0x48, 0x0f, 0xaf, 0xfe,
                                   0x48, 0x89, 0xf8, 0xc3};
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  TestCaller caller(Origin::kKernel);
  for (const char* name : {"add", "multiply"}) {
    for (uint64_t flags : {linux_abi::kPerfDisabled, uint64_t{0}}) {
      PerfEventAttr attr = caller.Kprobe(name);
      attr.flags = flags;
      FailEachAllocation(
          flags != 0 ? "open an event" : "open an enabled event", caller,
          [&] { return caller.OpenEvent(attr); },
          [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
      EXPECT_TRUE(EqualBytes(add.bytes(), ConstBytes(kAdd)));
      EXPECT_TRUE(EqualBytes(multiply.bytes(), ConstBytes(kMultiply)));
    }
  }
}

}  // namespace
}  // namespace ebpf
