// SPDX-License-Identifier: MIT
//
// The place that a sample of a trace event tells of: also where it was passed
// inside of another, and where the event is made of another.
#include <cstdint>
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/events/raw_syscalls.h"
#include "core/tracepoints/events/syscall_events.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_context.h"

namespace ebpf {
namespace {

struct Inner {
  static constexpr char kSystem[] = "place_test";
  static constexpr char kName[] = "inner";
  struct Record {
    EventHeader header;
    uint64_t number;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static void Fill(Record& record, uint64_t number) { record.number = number; }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Inner);

struct Outer : Inner {
  static constexpr char kName[] = "outer";
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Outer);

[[gnu::noinline]] void PassInner() {
  EBPF_TRACE(Inner, uint64_t{1});
  asm volatile("");  // no tail call
}
[[gnu::noinline]] void PassOuter() {
  EBPF_TRACE(Outer, uint64_t{1});
  asm volatile("");
}
/// As other languages do.
[[gnu::noinline]] void PassByCall() {
  const uint64_t words[] = {1};
  ebpf_tracepoint_fire(&Inner::tracepoint, words);
  asm volatile("");
}

/// Is told of one event, and passes the other.
struct Passing final : ArgumentsConsumer {
  void Fired(const uint64_t* /*arguments*/,
             const EventPlace& /*place*/) override {
    PassInner();
  }
};

constexpr int64_t kClose = 3;  // on x86-64
constexpr uint32_t kTracepointProgram = 5;

[[gnu::noinline]] void PassCall(const x86_64::PtRegs* regs) {
  const uint64_t arguments[kSyscallArguments] = {5};
  EBPF_TRACE(RawSyscallsSysEnter, regs, kClose, arguments);
  EBPF_TRACE(RawSyscallsSysExit, regs, int64_t{0}, kClose);
  asm volatile("");
}

class PerfPlaceTest : public SyscallTest {
 protected:
  ~PerfPlaceTest() override { caller_.client().fds().CloseAll(); }

  /// An event that samples each occurrence's place.
  int64_t Sample(uint16_t id, uint64_t flags = 0) {
    linux_abi::PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = id;
    attr.flags = flags;
    attr.sample_type = linux_abi::kPerfSampleIp;
    attr.sample_period = 1;
    const int64_t event = caller_.OpenEvent(attr);
    EXPECT_GE(event, 0);
    EXPECT_EQ(Mmap(caller_.client(), static_cast<int32_t>(event), 0, 8192,
                   linux_abi::kProtRead | linux_abi::kProtWrite, &pages_),
              0);
    return event;
  }
  bool HasSample() {
    return LoadUnaligned<ring::PerfPage>(pages_.address).data_head != 0;
  }
  /// Of the only sample.
  uint64_t Place(uint16_t misc = ring::kPerfMiscKernel) {
    EXPECT_EQ(LoadUnaligned<ring::PerfPage>(pages_.address).data_head, 16u);
    const auto header =
        LoadUnaligned<ring::PerfRecordHeader>(pages_.address + 4096);
    EXPECT_EQ(header.misc, misc);
    return LoadUnaligned<uint64_t>(pages_.address + 4096 + 8);
  }
  template <typename Function>
  static bool IsIn(uint64_t place, Function* function) {
    const auto begin = reinterpret_cast<uint64_t>(function);
    return place > begin && place < begin + 200;
  }

  MapPages pages_{};
};

INSTANTIATE_TEST_SUITE_P(, PerfPlaceTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(PerfPlaceTest, AnEventInsideOfAnotherHasAPlaceOfItsOwn) {
  Passing passing;
  ASSERT_EQ(AddArgumentsConsumer(Outer::tracepoint, passing), Status::kOk);
  Sample(Inner::tracepoint.id);
  PassOuter();
  EXPECT_TRUE(IsIn(Place(), &PassInner));
  RemoveArgumentsConsumer(Outer::tracepoint, passing);
}

TEST_P(PerfPlaceTest, ItIsWhereTheEventWasPassedHoweverItWas) {
  Sample(Inner::tracepoint.id);
  PassInner();
  EXPECT_TRUE(IsIn(Place(), &PassInner));
  caller_.client().fds().CloseAll();
  Sample(Inner::tracepoint.id);
  PassByCall();
  EXPECT_TRUE(IsIn(Place(), &PassByCall));
}

/// They are made of raw_syscalls:*, so the place is there.
class PerfCallPlaceTest : public PerfPlaceTest {
 protected:
  PerfCallPlaceTest() {
    EXPECT_EQ(InitSyscallEvents(PortAllocator(), SyscallNumbers::kX86_64),
              Status::kOk);
  }
  ~PerfCallPlaceTest() override {
    caller_.client().fds().CloseAll();
    ExitSyscallEvents();
  }
  static uint16_t IdOf(const char* name) {
    return TraceEvents::Find("syscalls", name)->id();
  }
};

INSTANTIATE_TEST_SUITE_P(, PerfCallPlaceTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(PerfCallPlaceTest, ACallIsWhereTheKernelPassedIt) {
  for (const char* name : {"sys_enter_close", "sys_exit_close"}) {
    Sample(IdOf(name));
    PassCall(nullptr);
    EXPECT_TRUE(IsIn(Place(), &PassCall)) << name;
    caller_.client().fds().CloseAll();
  }
}

/// As on Linux 6.18, where a sample of a call is of the process.
TEST_P(PerfCallPlaceTest, ACallIsWhereItsProcessIsIfTheKernelTells) {
  x86_64::PtRegs regs{};
  regs.rip = 0x401234;
  for (const char* name : {"sys_enter_close", "sys_exit_close"}) {
    Sample(IdOf(name));
    PassCall(&regs);
    EXPECT_EQ(Place(ring::kPerfMiscUser), regs.rip) << name;
    caller_.client().fds().CloseAll();
  }
}

TEST_P(PerfCallPlaceTest, ACallIsNotTheKernelsOwn) {
  x86_64::PtRegs regs{};
  Sample(IdOf("sys_enter_close"), linux_abi::kPerfExcludeKernel);
  PassCall(nullptr);
  EXPECT_FALSE(HasSample());
  PassCall(&regs);
  EXPECT_TRUE(HasSample());
}

/// get_stack is of the kernel, as on Linux.
TEST_P(PerfCallPlaceTest, AProgramOnACallSeesTheKernelsStack) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  const int64_t program =
      caller_.Load(kTracepointProgram,
                   {LoadLow(2, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                    LoadHigh(0), MovImm(3, 8), MovImm(4, 0),
                    CallHelper(helper_id::get_stack), MovImm(0, 1), Exit()});
  ASSERT_GE(program, 0);
  const int64_t event = Sample(IdOf("sys_enter_close"));
  ASSERT_EQ(caller_.IoctlFd(event, linux_abi::kPerfIocSetBpf,
                            static_cast<uint64_t>(program)),
            0);
  x86_64::PtRegs regs{};
  regs.rip = 0x401234;
  PassCall(&regs);
  EXPECT_EQ(Place(ring::kPerfMiscUser), regs.rip);
  const uint64_t to = caller_.Put(uint64_t{0});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), to),
            0);
  EXPECT_TRUE(IsIn(caller_.Get<uint64_t>(to), &PassCall));
}

}  // namespace
}  // namespace ebpf
