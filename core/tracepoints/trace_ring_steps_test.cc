// SPDX-License-Identifier: MIT
//
// A writer that is interrupted between any two of its instructions: each is
// stepped to, by x86-64's trap flag, and others write there.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <signal.h>
#include <ucontext.h>

#include "core/tracepoints/trace_ring.h"
#include "core/tracepoints/trace_ring_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint64_t kTrapFlag = 0x100;
constexpr size_t kSize = 480;  // eight of them are a page
constexpr size_t kPages = 3;

TraceRing* ring;
uint32_t level;            // how many are interrupted
uint64_t steps[2];         // of the first one, and of who interrupts it
uint64_t interrupt_at[2];  // after so many steps; 0: never
uint32_t burst;            // so many are written then
uint32_t writes[3];        // by each
bool discards;             // the first one discards what it makes

void PutStepped(uint32_t writer);

void OnStep(int, siginfo_t*, void* context) {
  if (++steps[level] != interrupt_at[level]) {
    return;
  }
  ++level;
  if (level == 1 && interrupt_at[1] != 0) {
    PutStepped(1);
  }
  for (uint32_t i = 0; i < burst; ++i) {
    Put(*ring, level, writes[level]++, kSize);
  }
  --level;
  auto* machine = static_cast<ucontext_t*>(context);
  machine->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
}

/// Writes one, stepped: Reserve, some of the filling, and Commit or Discard.
[[gnu::noinline]] void PutStepped(uint32_t writer) {
  const uint32_t number = writes[writer]++;
  asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"i"(kTrapFlag)
               : "cc", "memory");
  TraceRecord* record = ring->Reserve(kSize, number);
  if (record != nullptr) {
    FillNumbers(record, writer, number);
    if (discards && writer == 0) {
      ring->Discard(record);
      --writes[writer];
    } else {
      ring->Commit(record);
    }
  }
  asm volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq" ::"i"(~kTrapFlag)
               : "cc", "memory");
}

struct Case {
  bool overwrites;
  uint32_t before;  // records that are there
  uint32_t read;    // and how many of them were read
  uint32_t burst;
  bool looks;  // another page is pinned, too
  bool discards = false;
};

/// The most instructions that one of `count` records took, of which eight are a
/// page.
uint64_t MostSteps(uint32_t count) {
  uint64_t most = 0;
  interrupt_at[0] = 0;
  for (uint32_t i = 0; i < count; ++i) {
    steps[0] = 0;
    PutStepped(0);
    most = std::max(most, steps[0]);
  }
  return most;
}

/// How many were interrupted before they had ended.
uint32_t RunCase(const Case& one, uint64_t at, uint64_t inner_at = 0) {
  const OwnedRing owned = MakeRing(kPages);
  ring = owned.get();
  ring->SetOverwrites(one.overwrites);
  burst = one.burst;
  writes[0] = writes[1] = writes[2] = 0;
  while (writes[0] < one.before) {
    Put(*ring, 0, writes[0]++, kSize);
  }
  uint64_t seen = 0;
  uint64_t told = 0;
  uint32_t next[3] = {};
  TraceReader reader(*ring, true);
  ReadRecord read;
  const auto take = [&](uint64_t limit) {
    for (uint64_t i = 0; i < limit && Take(reader, &read); ++i) {
      EXPECT_GE(read.number, next[read.writer]);
      next[read.writer] = read.number + 1;
      told += read.lost;
      ++seen;
    }
  };
  take(one.read);
  std::optional<TraceReader> looker;
  if (one.looks) {
    looker.emplace(*ring, false);
    (void)looker->Next(&read.lost);
  }
  steps[0] = steps[1] = 0;
  interrupt_at[0] = at;
  interrupt_at[1] = inner_at;
  discards = one.discards;
  PutStepped(0);
  discards = false;
  const uint32_t interrupted = (writes[1] != 0) + (writes[2] != 0);
  looker.reset();
  take(UINT64_MAX);
  EXPECT_EQ(seen + ring->lost(), ring->written());
  EXPECT_EQ(ring->written(), uint64_t{writes[0]} + writes[1] + writes[2]);
  EXPECT_EQ(told + ring->Untold(), ring->lost());
  // All pages are still there: with one that is read, the others fill up.
  const uint64_t seen_before = seen;
  for (uint32_t i = 0; i < 40; ++i) {
    Put(*ring, 0, writes[0]++, kSize);
  }
  take(UINT64_MAX);
  EXPECT_GE(seen - seen_before, 8u * (kPages - 2));
  EXPECT_EQ(seen + ring->lost(), ring->written());
  return interrupted;
}

void StepHere() {
  struct sigaction action{};
  action.sa_sigaction = OnStep;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGTRAP, &action, nullptr);
}

TEST(TraceRingStepsTest, AnInterruptMayComeAnywhereOfWhoDiscards) {
  StepHere();
  uint64_t places = 0;
  for (const bool overwrites : {true, false}) {
    for (const uint32_t before : {1u, 7u, 24u}) {
      for (const uint32_t size : {1u, 9u, 60u}) {
        const Case one{overwrites, before, 8, size, false, true};
        uint64_t at = 1;
        while (RunCase(one, at) != 0) {
          ++at;
        }
        places += at - 1;
        ASSERT_GT(at, 20u);
        ASSERT_FALSE(HasFailure())
            << "overwrites " << overwrites << ", before " << before
            << ", burst " << size << ", at " << at;
      }
    }
  }
  signal(SIGTRAP, SIG_DFL);
  printf("interrupted at %llu places\n",
         static_cast<unsigned long long>(places));
}

TEST(TraceRingStepsTest, AnInterruptMayComeAnywhere) {
  StepHere();
  uint64_t places = 0;
  for (const bool overwrites : {true, false}) {
    for (const bool looks : {false, true}) {
      for (const uint32_t before : {8u, 24u}) {
        for (const uint32_t read : {0u, 8u}) {
          for (const uint32_t size : {9u, 60u}) {
            const Case one{overwrites, before, read, size, looks};
            uint64_t at = 1;
            while (RunCase(one, at) != 0) {
              ++at;
            }
            places += at - 1;
            ASSERT_GT(at, 20u);
            ASSERT_FALSE(HasFailure())
                << "overwrites " << overwrites << ", looks " << looks
                << ", before " << before << ", read " << read << ", burst "
                << size;
          }
        }
      }
    }
  }
  signal(SIGTRAP, SIG_DFL);
  printf("interrupted at %llu places\n",
         static_cast<unsigned long long>(places));
}

/// At each place of the first one, and at some of the second, others for each.
TEST(TraceRingStepsTest, AnInterruptMayBeInterruptedAnywhere) {
  StepHere();
  uint64_t places = 0;
  for (const bool overwrites : {true, false}) {
    for (const uint32_t before : {3u, 16u}) {
      const Case one{overwrites, before, 8, 5, false};
      uint32_t interrupted = 1;
      for (uint64_t at = 1; interrupted != 0; ++at) {
        uint64_t inner_at = 1 + at % 31;
        while ((interrupted = RunCase(one, at, inner_at)) == 2) {
          inner_at += 31;
          ++places;
        }
        ASSERT_FALSE(HasFailure())
            << "overwrites " << overwrites << ", before " << before << ", at "
            << at << ", " << inner_at;
      }
    }
  }
  EXPECT_GT(places, 300u);
  signal(SIGTRAP, SIG_DFL);
  printf("interrupted at %llu pairs of places\n",
         static_cast<unsigned long long>(places));
}

/// Interrupts, or other tasks, wait for who begins a page.
TEST(TraceRingStepsTest, BeginningAPageTakesTheSameInALargeRing) {
  StepHere();
  constexpr uint32_t kManyPages = 4096;
  const OwnedRing owned = MakeRing(kManyPages);
  ring = owned.get();
  writes[0] = 0;
  const uint64_t usual = MostSteps(24);
  while (writes[0] < 8 * kManyPages) {
    Put(*ring, 0, writes[0]++, kSize);
  }
  EXPECT_LE(MostSteps(24), usual + 50);
  // A reader is in what is oldest; the one behind it is not as old as it could
  // be.
  TraceReader slow(*ring, true);
  ReadRecord read;
  ASSERT_TRUE(Take(slow, &read));
  EXPECT_LE(MostSteps(80), usual + 1000);
  EXPECT_EQ(ring->lost(), read.lost + 80) << "the oldest that are nobody's";
  EXPECT_EQ(ring->refused(), 0u);
  signal(SIGTRAP, SIG_DFL);
}

TEST(TraceRingStepsTest, TheOnlyFreePageIsFoundWhereverItIs) {
  StepHere();
  constexpr uint32_t kManyPages = 4096;
  const OwnedRing owned = MakeRing(kManyPages);
  ring = owned.get();
  ring->SetOverwrites(false);
  writes[0] = 0;
  const uint64_t usual = MostSteps(24);
  while (writes[0] < 8 * kManyPages) {
    ASSERT_TRUE(Put(*ring, 0, writes[0]++, kSize));
  }
  ReadRecord read;
  {
    TraceReader looker(*ring, false);
    ASSERT_TRUE(Take(looker, &read));
    // Behind the one that is looked at: the next page is the second.
    TraceReader reader(*ring, true);
    for (int i = 0; i < 9; ++i) {
      ASSERT_TRUE(Take(reader, &read));
    }
  }
  ASSERT_TRUE(Put(*ring, 0, writes[0]++, kSize));
  while (writes[0] % 8 != 0) {
    ASSERT_TRUE(Put(*ring, 0, writes[0]++, kSize));
  }
  ASSERT_FALSE(Put(*ring, 0, writes[0], kSize));
  TraceReader reader(*ring, true);
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(Take(reader, &read));
  }
  // The first page is free, all round the ring.
  EXPECT_LE(MostSteps(8), usual + kManyPages / 64 * 24);
  EXPECT_EQ(ring->refused(), 1u);
  signal(SIGTRAP, SIG_DFL);
}

}  // namespace
}  // namespace ebpf
