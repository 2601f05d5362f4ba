// SPDX-License-Identifier: MIT
//
// Somebody else steps through a function, by the CPU's trap flag, while probes
// stand in it: the flag is still set behind each probe, and every stop is where
// it would be without them.
#include <vector>

#include "core/probes/kprobe.h"
#include "core/probes/kprobe_test_util.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::PtRegs;

/// Where the CPU stopped, at most this often.
constexpr size_t kMaxStops = 256;
uint64_t g_stops[kMaxStops];
size_t g_stop_count = 0;

bool NoteStop(PtRegs& regs) {
  if (g_stop_count < kMaxStops) {
    g_stops[g_stop_count++] = regs.rip;
  }
  return true;
}

/// Calls function(a, b) with the trap flag set.
uint64_t CallStepping(Function* function, uint64_t a, uint64_t b) {
  uint64_t result;
  asm volatile(
      "sub $128, %%rsp\n"  // what lies below it belongs to this function
      "pushfq\n"
      "orq $0x100, (%%rsp)\n"
      "popfq\n"
      "call *%[function]\n"
      "pushfq\n"
      "andq $~0x100, (%%rsp)\n"
      "popfq\n"
      "add $128, %%rsp\n"
      : "=a"(result), "+D"(a), "+S"(b)
      : [function] "r"(function)
      : "rcx", "rdx", "r8", "r9", "r10", "r11", "cc", "memory");
  return result;
}

/// The offsets in `text` at which CallStepping stops, in turn; what stops in a
/// slot stops at its instruction.
std::vector<uint64_t> StopsIn(const HostText& text, uint64_t result) {
  g_stop_count = 0;
  SetHostStepHook(NoteStop);
  EXPECT_EQ(CallStepping(text.As<Function>(), 6, 7), result);
  SetHostStepHook(nullptr);
  EXPECT_LT(g_stop_count, kMaxStops);
  std::vector<uint64_t> offsets;
  for (size_t i = 0; i < g_stop_count; ++i) {
    const uint64_t offset = OriginalPc(g_stops[i]) - text.address();
    if (offset < text.bytes().size()) {
      offsets.push_back(offset);
    }
  }
  return offsets;
}

struct Case {
  const char* name;
  uint64_t offset;  // of the probed instruction
  uint64_t next;    // of the one behind it
  ebpf_preemption preemption;
  size_t stops_behind;
};

class KprobeSingleStepTest : public KprobeTest,
                             public testing::WithParamInterface<Case> {
 protected:
  ~KprobeSingleStepTest() override { SetHostPreemption(EBPF_PREEMPTION_NONE); }
};

TEST_P(KprobeSingleStepTest, ItsFlagStaysAndItStopsWhereItWould) {
  SetHostPreemption(GetParam().preemption);
  const HostText text("multiply", kMultiply);
  const std::vector<uint64_t> plain = StopsIn(text, 42);
  EXPECT_EQ(plain, (std::vector<uint64_t>{0, 4, 7}));

  Counter counter;
  Ref<Kprobe> probe = Attach("multiply", GetParam().offset, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  // Behind the instruction: where the trap itself is over there, the flag takes
  // effect one later; and a slot still has its jump back.
  std::vector<uint64_t> expected;
  for (const uint64_t stop : plain) {
    const bool behind = stop == GetParam().next;
    expected.insert(expected.end(), behind ? GetParam().stops_behind : 1, stop);
  }
  EXPECT_EQ(StopsIn(text, 42), expected);
  EXPECT_EQ(counter.hits, 1u);
  probe->Detach();
  EXPECT_EQ(StopsIn(text, 42), plain);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, KprobeSingleStepTest,
    testing::Values(Case{"Emulated", 4, 7, EBPF_PREEMPTION_NONE, 0},
                    Case{"Stepped", 0, 4, EBPF_PREEMPTION_UNKNOWN, 0},
                    Case{"JumpingBack", 0, 4, EBPF_PREEMPTION_NONE, 2}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace ebpf
