// SPDX-License-Identifier: MIT
//
// A tracepoint that is interrupted between any two instructions of what it
// costs: each is stepped to, by x86-64's trap flag, and the same tracepoint is
// passed there.
#include <cstdio>
#include <signal.h>
#include <ucontext.h>

#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"

namespace ebpf {
namespace {

constexpr uint64_t kTrapFlag = 0x100;
constexpr uint32_t kRawTracepoint = 17;

/// raw_steps:stepped_event(number, check).
struct Stepped {
  static constexpr char kSystem[] = "raw_steps";
  static constexpr char kName[] = "stepped_event";
  struct Record {
    EventHeader header;
    uint64_t number;
    uint64_t check;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u64", number),
                                           EBPF_FIELD("u64", check)};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record& record, uint64_t number, uint64_t check) {
    record.number = number;
    record.check = check;
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Stepped);

/// Records, as deep as tracepoints nest; and arguments.
struct Counting final : RecordConsumer, ArgumentsConsumer {
  void* Reserve(size_t size, const EventPlace& /*place*/) override {
    wrong += size == sizeof(Stepped::Record) ? 0 : 1;
    const uint32_t mine = depth;
    depth = mine + 1;
    return &records[mine];
  }
  void Commit(void* memory, size_t /*size*/,
              const EventPlace& /*place*/) override {
    const auto* const record = static_cast<const Stepped::Record*>(memory);
    wrong += record->check == ~record->number ? 0 : 1;
    record_count = record_count + 1;
    depth = depth - 1;
  }
  void Fired(const uint64_t* arguments, const EventPlace& /*place*/) override {
    wrong += arguments[1] == ~arguments[0] ? 0 : 1;
    call_count = call_count + 1;
  }

  Stepped::Record records[4];
  volatile uint32_t depth = 0;
  volatile uint32_t record_count = 0;
  volatile uint32_t call_count = 0;
  uint32_t wrong = 0;
};

uint64_t steps;
uint64_t interrupt_at;  // after so many steps
bool interrupted;

void OnStep(int /*signal*/, siginfo_t* /*info*/, void* context) {
  if (++steps == interrupt_at) {
    interrupted = true;
    EBPF_TRACE(Stepped, steps, ~steps);
    auto* machine = static_cast<ucontext_t*>(context);
    machine->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
  }
}

[[gnu::noinline]] void PassStepped(uint64_t number) {
  asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"i"(kTrapFlag)
               : "cc", "memory");
  EBPF_TRACE(Stepped, number, ~number);
  asm volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq" ::"i"(~kTrapFlag)
               : "cc", "memory");
}

/// While one lives, steps come to OnStep.
class Stepping {
 public:
  Stepping() {
    struct sigaction action{};
    action.sa_sigaction = OnStep;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &before_);
  }
  ~Stepping() { sigaction(SIGTRAP, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

class RawTracepointStepsTest : public testing::Test {
 protected:
  RawTracepointStepsTest() : caller_(Origin::kKernel) {}
  ~RawTracepointStepsTest() override { caller_.client().fds().CloseAll(); }

  TestSystem system_;
  TestCaller caller_;
};

TEST_F(RawTracepointStepsTest, NobodyIsToldWronglyWhereverItIsInterrupted) {
  const int64_t fd = caller_.Load(kRawTracepoint, Returning(0));
  const int64_t link = caller_.Call(
      linux_abi::kRawTracepointOpen,
      linux_abi::RawTracepointAttr{reinterpret_cast<uint64_t>("stepped_event"),
                                   static_cast<uint32_t>(fd), 0, 0});
  ASSERT_GE(link, 0);
  const Ref<Program> program =
      (*caller_.client().fds().Get(static_cast<int32_t>(fd)))
          ->AsProgram()
          ->program();
  const TraceEventRef event = TraceEvents::Find("raw_steps", "stepped_event");
  Counting counting;
  ASSERT_EQ(event->AddConsumer(counting), Status::kOk);
  ASSERT_EQ(AddArgumentsConsumer(Stepped::tracepoint, counting), Status::kOk);
  uint64_t passes = 0;
  uint64_t at = 0;
  do {
    steps = 0;
    interrupt_at = ++at;
    interrupted = false;
    {
      const Stepping stepping;
      PassStepped(at);
    }
    passes += interrupted ? 2 : 1;
    // It would wait for a section that is left open.
    WaitForReaders();
    const ProgramStats stats = program->Stats();
    ASSERT_EQ(stats.runs + stats.missed, passes) << "step " << at;
    ASSERT_EQ(CurrentRun(), nullptr) << "step " << at;
    ASSERT_EQ(counting.record_count, passes) << "step " << at;
    ASSERT_EQ(counting.call_count, passes) << "step " << at;
    ASSERT_EQ(counting.depth, 0u) << "step " << at;
  } while (interrupted);
  std::printf("%llu steps, the program missed in %llu of them\n",
              static_cast<unsigned long long>(at),
              static_cast<unsigned long long>(program->Stats().missed));
  EXPECT_GT(at, 100u);
  EXPECT_GT(program->Stats().missed, 5u);
  EXPECT_LT(program->Stats().missed, at / 2);
  EXPECT_EQ(counting.wrong, 0u);
  EXPECT_EQ(MissedBy(Stepped::tracepoint), 0u);
  RemoveArgumentsConsumer(Stepped::tracepoint, counting);
  event->RemoveConsumer(counting);
}

}  // namespace
}  // namespace ebpf
