// SPDX-License-Identifier: MIT
//
// ebpf_port_selftest on the host port, with core behind it: right, without what
// a kernel may leave out, and broken.
#include "core/selftest/selftest.h"

#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "core/capi/ebpf.h"
#include "core/machine/trap_check.h"
#include "core/platform/features.h"
#include "core/probes/kprobe.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_files.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_stack.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_timer.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

// CPU 0 and 1 are for the tasks that the test starts.
constexpr uint32_t kDeferCpu = 2;
constexpr uint32_t kOwnCpu = 3;

std::vector<std::thread> g_tasks;
uint32_t g_next_id = 100;

bool StartTask(uint32_t cpu, void (*body)(void* argument), void* argument) {
  if (cpu >= kDeferCpu) {
    return false;
  }
  const uint32_t id = g_next_id++;
  g_tasks.emplace_back([=] {
    HostCpu self(cpu);
    SetHostTask(id, id, "selftest");
    body(argument);
  });
  return true;
}

void JoinTasks() {
  for (std::thread& task : g_tasks) {
    task.join();
  }
  g_tasks.clear();
}

void Yield() {
  RunHostTimers();
  std::this_thread::yield();
}

using x86_64::PtRegs;

extern "C"
    [[gnu::visibility("hidden")]] const uint8_t ebpf_copy_nofault_load1[];

constinit PtRegs the_frame = {};

uintptr_t UnmappedPage() {
  constexpr size_t kPage = 4096;
  static char* const pages = [] {
    void* memory = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(static_cast<char*>(memory) + kPage, kPage, PROT_NONE);
    return static_cast<char*>(memory);
  }();
  return reinterpret_cast<uintptr_t>(pages) + kPage;
}

// The kernel's own write that it survives, and where it then goes on.
extern "C" const uint8_t selftest_own_write[], selftest_own_write_failed[];
extern "C" bool SelftestOwnWrite(uintptr_t address);
asm(R"(
  .text
  .globl SelftestOwnWrite, selftest_own_write, selftest_own_write_failed
SelftestOwnWrite:
  movl $1, %eax
selftest_own_write:
  .byte 0x88, 0x07  # movb %al, (%rdi)
  ret
selftest_own_write_failed:
  xorl %eax, %eax
  ret
)");

uint64_t AddressOf(const uint8_t* label) {
  return reinterpret_cast<uintptr_t>(label);
}

bool HelpOut(PtRegs& regs) {
  if (regs.rip != AddressOf(selftest_own_write)) {
    return false;
  }
  regs.rip = AddressOf(selftest_own_write_failed);
  return true;
}

constexpr ebpf_selftest_kernel kKernel = {
    .start_task = StartTask,
    .join_tasks = JoinTasks,
    .yield = Yield,
    .unmapped_page = UnmappedPage,
    .try_write = SelftestOwnWrite,
    .allocated_bytes = HostAllocatedBytes,
    .interrupts_masked = HostIrqsMasked,
    .before_call = nullptr,
    .patches = 20,
    .tiers = 0,
    .timers_wait_for_yield = true,
    .writes_what_runs = false,
    .close_fd = HostClose,
    .duplicate_fd = HostDuplicate,
    .open_own = HostOpenOwn,
};

class SelftestTest : public testing::Test {
 public:
  SelftestTest() : cpu_(kOwnCpu), worker_(kDeferCpu) {
    SetHostTextSupport(true);
    SetHostFeatures(EBPF_PORT_TIMERS);
    SetHostRendezvousTimeout(1000);
    SetHostFaultHook(HelpOut);
    ClearHostLog();
  }
  ~SelftestTest() override {
    SetHostFaultHook(nullptr);
    SetHostTextSupport(false);
  }

  void StartCore() {
    ASSERT_EQ(
        ebpf_init(reinterpret_cast<const ebpf_machine*>(&HostMachineOps()),
                  nullptr),
        0);
    KeepASlotPage();
  }

 private:
  HostCpu cpu_;
  HostDeferWorker worker_;
  HostTraps traps_;
};

/// A kernel's stack for the main thread, of an end that is told, and another
/// one for its signals: of the first a trap then takes nothing.
class SmallStack : public NonCopyable {
 public:
  SmallStack() : signals_(kSize) {
    const stack_t own = {
        .ss_sp = signals_.data(), .ss_flags = 0, .ss_size = kSize};
    EXPECT_EQ(sigaltstack(&own, &before_), 0);
  }
  ~SmallStack() { sigaltstack(&before_, nullptr); }

 private:
  static constexpr size_t kSize = 256 << 10;

  static uintptr_t Here() {
    return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  }

  HostStack bounds_{Here() - kSize, Here() + (16 << 10)};
  std::vector<uint8_t> signals_;
  stack_t before_ = {};
};

TEST_F(SelftestTest, TheHostPortPassesTwiceAndTheLogHasTheScore) {
  StartCore();

  EXPECT_EQ(ebpf_port_selftest(&kKernel), 0u) << HostLog();
  ClearHostLog();
  EXPECT_EQ(ebpf_port_selftest(&kKernel), 0u) << HostLog();

  const std::string log = HostLog();
  EXPECT_EQ(log.find("FAIL"), std::string::npos) << log;
  EXPECT_NE(log.find("ebpf: selftest: contract 3, T0 "), std::string::npos);
  EXPECT_EQ(log.find("no breakpoint trap"), std::string::npos) << log;
  // Of a process's stack it takes what the host's signals do.
  EXPECT_EQ(log.find("skip Trap."),
            log.find("skip Trap.TakesLittleOfTheInterruptedStack: "))
      << log;
  EXPECT_EQ(log.find("skip Nofault.A"), std::string::npos) << log;
  EXPECT_EQ(log.find("skip Files."), std::string::npos) << log;
  ebpf_exit();
}

TEST_F(SelftestTest, WhatATrapTakesOfAKernelsStackIsTold) {
  StartCore();
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 2;
  const SmallStack stack;

  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u) << HostLog();

  EXPECT_NE(HostLog().find("ebpf: selftest: a breakpoint takes "),
            std::string::npos)
      << HostLog();
  ebpf_exit();
}

TEST_F(SelftestTest, BeforeTheStartNothingRunsInATrap) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;

  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u) << HostLog();
  EXPECT_EQ(HostLog().find(", T1 "), std::string::npos);

  EXPECT_NE(
      HostLog().find("ebpf: selftest: skip Log.TakesLinesInATrap: no breakpoint"
                     " trap\n"),
      std::string::npos);
}

TEST_F(SelftestTest, AKernelMayGiveNothing) {
  ebpf_selftest_kernel nothing = {};
  nothing.tiers = 3;  // the host's timers wait for a yield
  // A process cannot ask its CPU.
  nothing.interrupts_masked = HostIrqsMasked;

  EXPECT_EQ(ebpf_port_selftest(&nothing) & 3, 0u) << HostLog();
}

TEST_F(SelftestTest, AClockThatStandsStillIsToldAndNothingWaitsForIt) {
  SetHostTime(1);

  EXPECT_EQ(ebpf_port_selftest(&kKernel), 1u);

  ResumeHostTime();
  EXPECT_NE(HostLog().find("FAIL ebpf_port_time_ns stands still"),
            std::string::npos);
}

TEST_F(SelftestTest, WhatFailsIsToldWithItsPlaceAndTier) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;
  kernel.allocated_bytes = [] {
    static uint64_t bytes = 0;
    return ++bytes;  // a port that gives nothing back
  };

  EXPECT_EQ(ebpf_port_selftest(&kernel), 1u);

  const std::string log = HostLog();
  EXPECT_NE(log.find("ebpf: selftest: FAIL Memory.TakesAllBack "
                     "core/selftest/memory_port_test.cc:"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find(": environment.AllocatedBytes() == before\n"),
            std::string::npos);
}

TEST_F(SelftestTest, ALoopThatFailsDoesNotFillTheLog) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;
  kernel.interrupts_masked = [] { return false; };

  EXPECT_EQ(ebpf_port_selftest(&kernel), 1u);

  const std::string log = HostLog();
  size_t count = 0;
  for (size_t at = 0;
       (at = log.find("FAIL Cpu.InterruptsNest", at)) != std::string::npos;
       ++at) {
    ++count;
  }
  EXPECT_GE(count, 1u);
  EXPECT_LE(count, 4u);
}

// --- Mistakes of a trap, and the cases that find them ------------------------

struct FoundMistake {
  const char* name;
  HostTrapMistake mistake;
  const char* found_by;  // the beginning of a line
};

const uint8_t* PlaceOf(const PtRegs& regs) {
  return reinterpret_cast<const uint8_t*>(regs.rip - 1);
}

/// Whether it is the trap that the cases have, and not another's.
bool IsChecked(const PtRegs& interrupted) {
  return PlaceOf(interrupted) == ebpf_trap_check_place;
}

template <uint64_t PtRegs::* kRegister>
void Forget(const PtRegs& interrupted, PtRegs& regs) {
  if (IsChecked(interrupted)) {
    regs.*kRegister = interrupted.*kRegister;
  }
}

template <uint64_t PtRegs::* kRegister>
void Lose(const PtRegs& interrupted, PtRegs& regs) {
  if (IsChecked(interrupted)) {
    regs.*kRegister = 0x1057;
  }
}

constexpr FoundMistake kMistakes[] = {
    {"NoRegisterComesBack",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              const uint64_t pc = regs.rip;
              regs = interrupted;
              regs.rip = pc;
            }
          }},
     "Trap.EachRegisterIsAsTheHookLeavesIt core/selftest/"},
    {"R15DoesNotComeBack",
     {.after = Forget<&PtRegs::r15>},
     "Trap.EachRegisterIsAsTheHookLeavesIt core/selftest/trap_port_test.cc:"},
    {"RdiDoesNotComeBack",
     {.after = Forget<&PtRegs::rdi>},
     "Trap.EachRegisterIsAsTheHookLeavesIt core/selftest/trap_port_test.cc:"},
    {"R9IsLost",
     {.after = Lose<&PtRegs::r9>},
     "Trap.EachRegisterComesBackOnEachCpu core/selftest/trap_port_test.cc:"},
    {"TwoAreTakenForEachOther",
     {.before = [](PtRegs& regs) { std::swap(regs.r12, regs.r13); },
      .after = [](const PtRegs& /*interrupted*/,
                  PtRegs& regs) { std::swap(regs.r12, regs.r13); }},
     "Trap.TheHookIsToldEachRegister core/selftest/trap_port_test.cc:"},
    {"FlagsAreLost",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              regs.rflags = (regs.rflags & ~uint64_t{0x8d5}) |
                            (interrupted.rflags & 0x8d5);
            }
          }},
     "Trap.FlagsAreAsTheHookLeavesThem core/selftest/trap_port_test.cc:"},
    {"PcIsForgotten",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              regs.rip = AddressOf(ebpf_trap_check_next);
            }
          }},
     "Trap.GoesOnWhereTheHookSays core/selftest/trap_port_test.cc:"},
    {"TheStackIsWrittenTo",
     {.after =
          [](const PtRegs& interrupted, PtRegs& /*regs*/) {
            if (IsChecked(interrupted)) {
              reinterpret_cast<uint64_t*>(interrupted.rsp)[3] = 0x1057;
            }
          }},
     "Trap.TheInterruptedStackIsUntouched core/selftest/trap_port_test.cc:"},
    {"InterruptsAreOnInTheHandler",
     {.lets_interrupts_in = true},
     "Trap.InterruptsAreOffInTheHookAndThenAsTheyWere core/selftest/"},
    {"InterruptsStayMasked",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              regs.rflags &= ~x86_64::kFlagInterrupt;
            }
          }},
     "Trap.InterruptsAreOffInTheHookAndThenAsTheyWere core/selftest/"},
    {"InterruptsComeOn",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              regs.rflags |= x86_64::kFlagInterrupt;
            }
          }},
     "Trap.InterruptsAreOffInTheHookAndThenAsTheyWere core/selftest/"},
    {"TheStackPointerIsNotSet",
     {.after = Forget<&PtRegs::rsp>},
     "Trap.TheStackPointerIsAsTheHookLeavesIt core/selftest/trap_port_test.cc"},
    {"ThereIsNoGap",
     {.after =
          [](const PtRegs& interrupted, PtRegs& /*regs*/) {
            if (IsChecked(interrupted)) {
              // Where the frame would be, and its first word restored.
              reinterpret_cast<uint64_t*>(interrupted.rsp)[-1] = 0x1057;
            }
          }},
     "Trap.WhatTheHookPushesIsThere core/selftest/trap_port_test.cc:"},
    {"ATrapTakesMuchOfTheStack",
     {.after =
          [](const PtRegs& interrupted, PtRegs& /*regs*/) {
            if (IsChecked(interrupted)) {
              reinterpret_cast<uint64_t*>(interrupted.rsp)[-300] = 0x1057;
            }
          }},
     "Trap.TakesLittleOfTheInterruptedStack core/selftest/"},
    {"AllTrapsHaveOneFrame",
     {.before = [](PtRegs& regs) { the_frame = regs; },
      .after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (IsChecked(interrupted)) {
              regs.rbx = the_frame.rbx;
              regs.rsp = the_frame.rsp;
            }
          }},
     "Trap.ATrapMayComeInsideOfAnother core/selftest/trap_port_test.cc:"},
    {"AFaultLosesRegisters",
     {.after =
          [](const PtRegs& /*interrupted*/, PtRegs& regs) {
            // None but the case's: the test has to live on.
            constexpr uint64_t kHeld = 0x5e1f'7e57;
            for (uint64_t PtRegs::* const one :
                 {&PtRegs::rbx, &PtRegs::r12, &PtRegs::r13, &PtRegs::r14,
                  &PtRegs::r15}) {
              if (regs.*one >> 16 == kHeld) {
                regs.*one = 0x1057;
              }
            }
          },
      .in_faults = true},
     "Nofault.AFaultLeavesItsCallersRegistersAlone core/selftest/"},
    {"AFaultMasksInterrupts",
     {.after =
          [](const PtRegs& interrupted, PtRegs& regs) {
            if (interrupted.rsi == UnmappedPage()) {  // a read of it
              regs.rflags &= ~x86_64::kFlagInterrupt;
            }
          },
      .in_faults = true},
     "Nofault.InterruptsAreAfterAFaultAsBefore core/selftest/"},
    {"EachFaultIsOurs",
     {.in_faults = true, .takes_all_faults = true},
     "Nofault.AFaultOfTheKernelsOwnIsLeftToIt core/selftest/"},
};

class SelftestMistakeTest : public SelftestTest {
 public:
  explicit SelftestMistakeTest(const FoundMistake& mistake)
      : mistake_(mistake) {}

  void TestBody() override {
    StartCore();
    ebpf_selftest_kernel kernel = kKernel;
    kernel.tiers = 2;
    const SmallStack stack;
    SetHostTrapMistake(&mistake_.mistake);

    EXPECT_EQ(ebpf_port_selftest(&kernel), 2u) << HostLog();

    SetHostTrapMistake(nullptr);
    ebpf_exit();
    EXPECT_NE(HostLog().find(std::string("ebpf: selftest: FAIL ") +
                             mistake_.found_by),
              std::string::npos)
        << HostLog();
  }

 private:
  const FoundMistake& mistake_;
};

const bool registered = [] {
  for (const FoundMistake& mistake : kMistakes) {
    testing::RegisterTest("SelftestMistakeTest", mistake.name, nullptr, nullptr,
                          __FILE__, __LINE__, [&mistake]() -> SelftestTest* {
                            return new SelftestMistakeTest(mistake);
                          });
  }
  return true;
}();

// --- Mistakes of a table of descriptors --------------------------------------

struct FoundFileMistake {
  const char* name;
  HostFileMistake mistake;
  const char* found_by;
};

constexpr FoundFileMistake kFileMistakes[] = {
    {"InstallKeepsOneMore", HostFileMistake::kInstallKeepsOneMore,
     "Files.ANumberStandsForItsFile "},
    {"GetKeepsNothing", HostFileMistake::kGetKeepsNothing,
     "Files.ANumberStandsForItsFile "},
    {"OneNumberForAll", HostFileMistake::kOneNumberForAll,
     "Files.EachFileHasANumberOfItsOwn "},
    {"CopiesAreUnknown", HostFileMistake::kCopiesAreUnknown,
     "Files.ItGoesWithItsLastNumber "},
    {"CopiesKeepNothing", HostFileMistake::kCopiesKeepNothing,
     "Files.ItGoesWithItsLastNumber "},
    {"CloseKeepsTheFile", HostFileMistake::kCloseKeepsTheFile,
     "Files.ItGoesWithItsLastNumber "},
    {"GetLetsItGoAtTheClose", HostFileMistake::kGetKeepsNothing,
     "Files.WhoKeepsItHasItBehindItsClose "},
    {"CloseKeepsTheNumber", HostFileMistake::kCloseKeepsTheNumber,
     "Files.ANumberThatIsNotOpenIsNothing "},
    {"AnyNumberIsOurs", HostFileMistake::kAnyNumberIsOurs,
     "Files.ANumberThatIsNotOpenIsNothing "},
    {"AnyFileIsOurs", HostFileMistake::kAnyFileIsOurs,
     "Files.AFileOfTheKernelsOwnIsNothing "},
    {"AFullTableTakesTheReference",
     HostFileMistake::kFullTableTakesTheReference,
     "Files.AFullTableTakesNoReference "},
};

class SelftestFileMistakeTest : public SelftestTest {
 public:
  explicit SelftestFileMistakeTest(const FoundFileMistake& mistake)
      : mistake_(mistake) {}

  void TestBody() override {
    StartCore();
    ebpf_selftest_kernel kernel = kKernel;
    kernel.tiers = 4;
    SetHostFileMistake(mistake_.mistake);

    EXPECT_EQ(ebpf_port_selftest(&kernel), 4u) << HostLog();

    SetHostFileMistake(HostFileMistake::kNone);
    ebpf_exit();
    EXPECT_NE(HostLog().find(std::string("ebpf: selftest: FAIL ") +
                             mistake_.found_by + "core/selftest/"),
              std::string::npos)
        << HostLog();
  }

 private:
  const FoundFileMistake& mistake_;
};

const bool file_mistakes_registered = [] {
  for (const FoundFileMistake& mistake : kFileMistakes) {
    testing::RegisterTest("SelftestFileMistakeTest", mistake.name, nullptr,
                          nullptr, __FILE__, __LINE__,
                          [&mistake]() -> SelftestTest* {
                            return new SelftestFileMistakeTest(mistake);
                          });
  }
  return true;
}();

TEST_F(SelftestTest, WithoutItsWaysToCloseFilesAreSkippedWithTheReason) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 4;
  kernel.close_fd = nullptr;

  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u);

  EXPECT_NE(HostLog().find("ebpf: selftest: skip Files.ANumberStandsForItsFile:"
                           " no files of core's, or no way to close a number"),
            std::string::npos)
      << HostLog();
  EXPECT_NE(HostLog().find(", T2 4 of 4 (7 skipped)"), std::string::npos)
      << HostLog();
}

TEST_F(SelftestTest, ARegisterThatIsLostIsNamedWithItsValues) {
  StartCore();
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 2;
  const HostTrapMistake mistake = {.after = Lose<&PtRegs::r9>};
  SetHostTrapMistake(&mistake);

  EXPECT_EQ(ebpf_port_selftest(&kernel), 2u);

  SetHostTrapMistake(nullptr);
  ebpf_exit();
  EXPECT_NE(HostLog().find(": r9 is 0x1057, not 0x"), std::string::npos)
      << HostLog();
}

TEST_F(SelftestTest, WhereT1FailedProbesAreRefusedUntilItIsRight) {
  StartCore();
  struct Nobody final : KprobeConsumer {
    void Hit(machine::PtRegs& /*regs*/) override {}
  } nobody;
  const auto place = reinterpret_cast<uintptr_t>(&ebpf_trap_check);
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 2;
  const HostTrapMistake mistake = {.after = Forget<&PtRegs::r9>};

  SetHostTrapMistake(&mistake);
  EXPECT_EQ(ebpf_port_selftest(&kernel), 2u);
  SetHostTrapMistake(nullptr);
  ClearHostLog();
  EXPECT_EQ(AttachKprobe("", place, 0, nobody).status(), Status::kNotSupported);
  EXPECT_EQ(HostLog(),
            "ebpf: no kprobes: this kernel's port fails its self-test of T1; "
            "what fails is in its lines above\n");
  kernel.tiers = 1;  // says nothing of them
  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u);
  EXPECT_EQ(AttachKprobe("", place, 0, nobody).status(), Status::kNotSupported);

  kernel.tiers = 2;
  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u);
  EXPECT_TRUE(AttachKprobe("", place, 0, nobody).ok());
  ebpf_exit();
}

TEST_F(SelftestTest, TheLastLineOfAKernelThatDiesNamesTheCase) {
  StartCore();

  EXPECT_EQ(ebpf_port_selftest(&kKernel), 0u);

  ebpf_exit();
  // Before its case, and so of all that may be the end.
  const std::string log = HostLog();
  EXPECT_NE(log.find("ebpf: selftest: try Trap.GoesOnWhereTheHookSays\n"),
            std::string::npos);
  EXPECT_EQ(log.find("ebpf: selftest: try Memory."), std::string::npos);
}

}  // namespace
}  // namespace ebpf

// Asked for too much, AddressSanitizer is to say no as a kernel would.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
