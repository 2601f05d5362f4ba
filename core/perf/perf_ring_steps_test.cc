// SPDX-License-Identifier: MIT
//
// An easy writer that is interrupted at any of its instructions: each is
// stepped to, by x86-64's trap flag, and another writes there.
#include <signal.h>

#include "core/perf/perf_ring_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr uint64_t kFromSignal = 0x7777;

constexpr size_t kOwnSize = 40;

PerfRing* interrupted_ring;
volatile int steps_left;

/// Of the trap flag: writes where it is told to.
void OnStep(int /*signal*/) {
  const int left = steps_left;
  steps_left = left - 1;
  if (left == 0) {
    const Record record(kFromSignal, 2);
    if (!record.WriteEasilyTo(*interrupted_ring)) {
      EXPECT_TRUE(record.WriteTo(*interrupted_ring));
    }
    // What user space may read by now was written, all of it.
    Reader reader(*interrupted_ring);
    for (std::vector<uint8_t> read = reader.Next(); !read.empty();
         read = reader.Next()) {
      EXPECT_TRUE(read.size() != kOwnSize || WordOf(read, 3) == 2);
    }
  }
}

/// Whether it was written easily.
[[gnu::noinline]] bool WriteStepped(PerfRing& ring, const Record& record) {
  asm volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "cc", "memory");
  const bool was_easy = record.WriteEasilyTo(ring);
  asm volatile("pushfq\n\tandq $-0x101, (%%rsp)\n\tpopfq" ::: "cc", "memory");
  return was_easy;
}

/// A buffer, and what is in it: where the first try has to look how far it is
/// easy, and where it has not; where readers are woken, and where not.
struct Setting {
  bool overwrites;
  bool was_easy;
  uint32_t wakeup;
};

/// Whether there was such a step.
bool InterruptAt(int step, const Setting& setting) {
  const Ref<PerfRing> ring = *PerfRing::Create(
      2 * kPage, {.overwrites = setting.overwrites, .wakeup = setting.wakeup},
      PortAllocator());
  Reader reader(*ring);
  interrupted_ring = ring.get();
  EXPECT_TRUE(Record(1, 2).WriteTo(*ring));
  if (setting.was_easy) {
    EXPECT_TRUE(Record(1, 2).WriteEasilyTo(*ring));
  }
  steps_left = step;
  const Record record(2, 4);
  const bool was_easy = WriteStepped(*ring, record);
  const bool was_interrupted = steps_left < 0;
  EXPECT_TRUE(was_easy || record.WriteTo(*ring));
  int own = 0;
  int others = 0;
  for (std::vector<uint8_t> read = reader.Next(); !read.empty();
       read = reader.Next()) {
    own += WordOf(read, 0) == 2 && WordOf(read, 3) == 2;
    others += WordOf(read, 0) == kFromSignal;
  }
  EXPECT_EQ(own, 1);
  EXPECT_EQ(others, was_interrupted);
  const int count = 1 + setting.was_easy + own + others;
  EXPECT_EQ(ring->TakeWakeup(), count >= static_cast<int>(setting.wakeup));
  return was_interrupted;
}

TEST(PerfRingStepsTest, AtWhicheverInstructionItIsInterruptedNothingIsLost) {
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = OnStep;
  sigaction(SIGTRAP, &action, &before);
  for (const bool overwrites : {false, true}) {
    for (const bool was_easy : {false, true}) {
      for (const uint32_t wakeup : {3u, 100u}) {
        int step = 0;
        while (InterruptAt(step, {overwrites, was_easy, wakeup})) {
          ASSERT_FALSE(HasFailure()) << "at step " << step;
          ++step;
        }
        EXPECT_GT(step, 40);
      }
    }
  }
  sigaction(SIGTRAP, &before, nullptr);
}

}  // namespace
}  // namespace ebpf
