// SPDX-License-Identifier: MIT
//
// Programs that are loaded, replaced in an array of tail calls, and unloaded by
// one CPU while another runs them: thousands of times, each result from a
// program that was there, the ledger and the page tables without a complaint.
#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "core/maps/prog_array_map.h"
#include "core/memory/allocator.h"
#include "core/sync/read_section.h"
#include "testing/guest/jit/program.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/ledger.h"
#include "testing/guest/wx/wx.h"

namespace guest {
namespace {

using ebpf::kAcquire;
using ebpf::kRelaxed;
using ebpf::kRelease;
using ebpf::ProgArrayMap;
using ebpf::Program;
using ebpf::Ref;
using ebpf::Result;
using jit::Code;

constexpr uint32_t kCycles = 1500;
constexpr uint32_t kLookEvery = 500;
constexpr uint64_t kNobody = 1'000'000'000;  // the tail call failed

/// What the two CPUs share.
struct Shared {
  Program* caller = nullptr;
  ProgArrayMap* array = nullptr;
  /// Programs have numbers. The runner may see any from the last one that was
  /// put in before it began to the last one that was before it ended; and
  /// nobody, if the array was emptied meanwhile.
  ebpf::Atomic<uint64_t> put{0};
  ebpf::Atomic<uint64_t> putting{0};
  ebpf::Atomic<uint64_t> emptied{0};
  ebpf::Atomic<bool> pause{false};
  ebpf::Atomic<bool> paused{false};
  ebpf::Atomic<bool> stop{false};
  ebpf::Atomic<uint64_t> runs{0};
  ebpf::Atomic<uint64_t> tail_calls{0};
  ebpf::Atomic<uint64_t> wrong{0};
  ebpf::Atomic<uint64_t> unclean{0};
};
constinit Shared shared;

/// r0 = kNobody, if the program at index 0 of the array is not there.
const Code& Caller(const ProgArrayMap& array) {
  Code& code = jit::NewCode();
  code.Constant(2, reinterpret_cast<uintptr_t>(&array))
      << jit::MovImm(3, 0) << jit::Make(0xf5, 0)
      << jit::MovImm(0, static_cast<int32_t>(kNobody)) << jit::Exit();
  return code;
}

/// Works for a while and returns its number.
const Code& Numbered(uint32_t number) {
  Code& code = jit::NewCode();
  code << jit::MovImm(1, static_cast<int32_t>(200 + number % 7 * 300))
       << jit::MovImm(0, 0);
  // r0 += number & r1's sign, round after round: code to be caught in.
  code << jit::Make(0x07, 0, 0, 0, 1)   // r0 += 1
       << jit::Make(0x07, 1, 0, 0, -1)  // r1 -= 1
       << jit::Make(0x55, 1, 0, -3, 0)  // if r1 != 0 goto -3
       << jit::MovImm(0, static_cast<int32_t>(number)) << jit::Exit();
  return code;
}

/// Whether this CPU may run what is in the image of `entry`.
bool IsClean(const void* entry) {
  char name[48];
  uint64_t begin = 0;
  uint64_t size = 0;
  return !ebpf_symbol_by_address(reinterpret_cast<uintptr_t>(entry), name,
                                 &begin, &size) ||
         ledger::CheckRun(begin, size);
}

void CheckImages() {
  ebpf::ReadSection reading;
  bool clean = IsClean(shared.caller->tail_call_target().entry);
  if (const ebpf::TailCallTarget* target = shared.array->At(0)) {
    clean = IsClean(target->entry) && clean;
  }
  shared.unclean.FetchAdd(clean ? 0 : 1, kRelaxed);
}

void RunOnce() {
  const uint64_t emptied = shared.emptied.Load(kAcquire);
  const uint64_t least = shared.put.Load(kAcquire);
  const uint64_t result = shared.caller->Run(nullptr);
  const uint64_t most = shared.putting.Load(kAcquire);
  const bool was_empty =
      emptied % 2 == 1 || shared.emptied.Load(kAcquire) != emptied;
  if (result == kNobody) {
    shared.wrong.FetchAdd(was_empty ? 0 : 1, kRelaxed);
  } else {
    const bool right = least <= result && result <= most;
    shared.wrong.FetchAdd(right ? 0 : 1, kRelaxed);
    shared.tail_calls.FetchAdd(1, kRelaxed);
  }
  shared.runs.FetchAdd(1, kRelaxed);
}

void Run(void* /*argument*/) {
  while (!shared.stop.Load(kRelaxed)) {
    if (shared.pause.Load(kAcquire)) {
      shared.paused.Store(true, kRelease);
      YieldOrWait();
      continue;
    }
    shared.paused.Store(false, kRelease);
    CheckImages();
    RunOnce();
    SafePoint();
  }
  shared.paused.Store(true, kRelease);
}

/// Waits until the runner has run again, where it is on another CPU.
void LetRun(uint32_t runner_cpu, uint64_t runs) {
  if (runner_cpu == machine::CpuId()) {
    Yield();
    return;
  }
  const uint64_t until = shared.runs.Load(kRelaxed) + runs;
  while (shared.runs.Load(kRelaxed) < until) {
    machine::Relax();
  }
}

/// Nobody runs, nobody patches: nothing executable can be written.
void LookAtPageTables() {
  shared.pause.Store(true, kRelease);
  while (!shared.paused.Load(kAcquire)) {
    YieldOrWait();
  }
  const wx::Findings findings = wx::Look();
  wx::Print(findings);
  GUEST_EXPECT(findings.known);
  GUEST_EXPECT(findings.pages != 0);
  GUEST_EXPECT_EQ(findings.violations, 0);
  shared.paused.Store(false, kRelease);
  shared.pause.Store(false, kRelease);
}

bool Replace(uint32_t number) {
  Result<Ref<Program>> program = jit::Load(Numbered(number), "numbered");
  if (!program.ok()) {
    return false;
  }
  shared.putting.Store(number, kRelease);
  Program* held = program->Leak();  // the array's from now on
  if (!IsOk(shared.array->Set(0, held->tail_call_target()))) {
    held->Release();
    return false;
  }
  shared.put.Store(number, kRelease);
  return true;
}

bool Empty() {
  shared.emptied.FetchAdd(1, ebpf::kAcqRel);
  return IsOk(shared.array->Clear(0));
}

struct Storm {
  uint32_t runner_cpu;
  uint32_t cycles;
};

void Replacements(void* argument) {
  auto& storm = *static_cast<Storm*>(argument);
  for (uint32_t i = 1; i <= kCycles; ++i) {
    const bool was_empty = shared.emptied.Load(kRelaxed) % 2 == 1;
    GUEST_ASSERT(Replace(i));
    if (was_empty) {
      shared.emptied.FetchAdd(1, ebpf::kAcqRel);
    }
    LetRun(storm.runner_cpu, i % 3);
    if (i % 5 == 0) {
      GUEST_ASSERT(Empty());
      LetRun(storm.runner_cpu, i % 2);
    }
    if (i % kLookEvery == 0) {
      LookAtPageTables();
    }
    ++storm.cycles;
  }
}

void Blow(uint32_t replacer_cpu, uint32_t runner_cpu) {
  GUEST_ASSERT(jit::Start());
  const uint64_t memory = Balance().bytes;
  const size_t exec_bytes = ledger::ExecBytes();
  {
    ebpf::MapSpec spec;
    spec.type = ebpf::MapType::kProgArray;
    spec.key_size = spec.value_size = 4;
    spec.max_entries = 4;
    auto map = ebpf::CreateMap(spec, ebpf::PortAllocator());
    GUEST_ASSERT(map.ok());
    auto& array = static_cast<ProgArrayMap&>(**map);
    auto caller = jit::Load(Caller(array), "caller", {.map = &array});
    GUEST_ASSERT(caller.ok());
    shared.caller = &**caller;
    shared.array = &array;
    shared.emptied.Store(1, kRelaxed);
    shared.put.Store(0, kRelaxed);
    shared.stop.Store(false, kRelaxed);
    Thread* runner = Spawn("runner", runner_cpu, Run, nullptr);
    GUEST_ASSERT(runner != nullptr);
    Storm storm = {runner_cpu, 0};
    jit::RunOn(replacer_cpu, Replacements, &storm);
    shared.stop.Store(true, kRelaxed);
    Join(runner);
    Line() << "  " << storm.cycles << " replacements by cpu " << replacer_cpu
           << ", " << shared.runs.Load(kRelaxed) << " runs on cpu "
           << runner_cpu << ", " << shared.tail_calls.Load(kRelaxed)
           << " tail calls";
    GUEST_EXPECT_EQ(storm.cycles, kCycles);
    GUEST_EXPECT(shared.tail_calls.Exchange(0, kRelaxed) > kCycles / 10);
    GUEST_EXPECT_EQ(shared.wrong.Load(kRelaxed), 0);
    GUEST_EXPECT_EQ(shared.unclean.Load(kRelaxed), 0);
    array.UserReferencesGone();
  }
  GUEST_EXPECT_EQ(ledger::ExecBytes(), exec_bytes);
  GUEST_EXPECT_EQ(Balance().bytes, memory);
}

GUEST_TEST(JitStorm, ProgramsAreReplacedWhileTheOtherCpuRunsThem) {
  Blow(0, OnlineCpus() - 1);
}

GUEST_TEST(JitStorm, AndTheOtherWayRound) {
  if (OnlineCpus() == 1) {
    SkipTest("one CPU");
    return;
  }
  Blow(OnlineCpus() - 1, 0);
}

}  // namespace
}  // namespace guest
