// SPDX-License-Identifier: MIT
//
// Probes on many functions come and go while threads run through all of them:
// the table of sites grows and shrinks under their traps.
#include <atomic>
#include <chrono>
#include <thread>

#include "core/probes/load_test_util.h"
#include "core/probes/many_functions_test_util.h"

namespace ebpf {
namespace {

class ManyStormTest : public KprobeTest {};

/// Counts hits, and those that come when none may.
struct Guarded final : KprobeConsumer {
  std::atomic<bool> attached{true};
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> late{0};

  void Hit(machine::PtRegs& /*regs*/) override {
    late += attached ? 0 : 1;
    ++hits;
  }
};

TEST_F(ManyStormTest, OnesThatStayMissNothingWhileManyComeAndGo) {
  const ManyFunctions functions(3000);
  constexpr size_t kStaying = 16;  // of the first functions
  Guarded staying;
  std::vector<Ref<Kprobe>> stay(kStaying);
  ASSERT_EQ(AttachKprobes(functions.addresses().First(kStaying), staying,
                          SpanOf(stay)),
            Status::kOk);
  ASSERT_EQ(EnableKprobes(SpanOf(stay)), Status::kOk);

  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> wrong{0};
  Load load(2, 256, [&](uint64_t i, uint32_t cpu) {
    const size_t function = i * cpu % functions.size();
    wrong += functions.Call(function, i, cpu) ? 0 : 1;
    wrong += functions.Call(i % kStaying, i, cpu) ? 0 : 1;
    calls += function < kStaying ? 2 : 1;
  });
  constexpr int kCycles = 60;
  int cycles_with_hits = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    Guarded passing;
    const size_t count = cycle % 3 == 0 ? functions.size() : 400;
    std::vector<Ref<Kprobe>> probes(count);
    ASSERT_EQ(AttachKprobes(functions.addresses().First(count), passing,
                            SpanOf(probes)),
              Status::kOk);
    ASSERT_EQ(EnableKprobes(SpanOf(probes)), Status::kOk);
    for (int i = 0; i < 20000 && passing.hits == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    cycles_with_hits += passing.hits != 0 ? 1 : 0;
    DetachKprobes(SpanOf(probes));
    passing.attached = false;
    uint64_t missed = 0;
    for (const Ref<Kprobe>& probe : probes) {
      missed += probe->missed();
    }
    EXPECT_EQ(missed, 0u);
    probes.clear();
    EXPECT_EQ(passing.late, 0u);
  }
  load.Stop();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GE(cycles_with_hits, kCycles * 95 / 100);
  uint64_t missed = 0;
  for (const Ref<Kprobe>& probe : stay) {
    missed += probe->missed();
  }
  EXPECT_EQ(staying.hits + missed, calls);
  EXPECT_EQ(missed, 0u);
  DetachKprobes(SpanOf(stay));
  EXPECT_TRUE(functions.IsOriginal());
}

}  // namespace
}  // namespace ebpf
