// SPDX-License-Identifier: MIT
//
// A writer that is interrupted between any two of its instructions: each is
// stepped to, by x86-64's trap flag, and others write there.
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
uint64_t steps;
uint64_t interrupt_at;  // after so many steps
uint32_t burst;         // so many are written
uint32_t interrupted_writes;

void OnStep(int, siginfo_t*, void* context) {
  if (++steps == interrupt_at) {
    for (uint32_t i = 0; i < burst; ++i) {
      Put(*ring, 2, interrupted_writes++, kSize);
    }
    auto* machine = static_cast<ucontext_t*>(context);
    machine->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
  }
}

/// Writes one, stepped: Reserve, some of the filling, and Commit.
[[gnu::noinline]] void PutStepped(uint32_t number) {
  asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"i"(kTrapFlag)
               : "cc", "memory");
  TraceRecord* record = ring->Reserve(kSize, number);
  if (record != nullptr) {
    FillNumbers(record, 1, number);
    ring->Commit(record);
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
};

/// False: the writer had ended before.
bool RunCase(const Case& one, uint64_t at) {
  const OwnedRing owned = MakeRing(kPages);
  ring = owned.get();
  ring->SetOverwrites(one.overwrites);
  burst = one.burst;
  interrupted_writes = 0;
  uint32_t number = 0;
  for (; number < one.before; ++number) {
    Put(*ring, 1, number, kSize);
  }
  uint64_t seen = 0;
  uint32_t next[3] = {};
  TraceReader reader(*ring, true);
  ReadRecord read;
  const auto take = [&](uint64_t limit) {
    for (uint64_t i = 0; i < limit && Take(reader, &read); ++i) {
      EXPECT_GE(read.number, next[read.writer]);
      next[read.writer] = read.number + 1;
      ++seen;
    }
  };
  take(one.read);
  std::optional<TraceReader> looker;
  if (one.looks) {
    looker.emplace(*ring, false);
    (void)looker->Next(&read.lost);
  }
  steps = 0;
  interrupt_at = at;
  PutStepped(number++);
  const bool interrupted = interrupted_writes != 0;
  looker.reset();
  take(UINT64_MAX);
  EXPECT_EQ(seen + ring->lost(), ring->written());
  EXPECT_EQ(ring->written(), uint64_t{number} + interrupted_writes);
  // All pages are still there: with one that is read, the others fill up.
  const uint64_t seen_before = seen;
  for (uint32_t i = 0; i < 40; ++i) {
    Put(*ring, 1, number++, kSize);
  }
  take(UINT64_MAX);
  EXPECT_GE(seen - seen_before, 8u * (kPages - 2));
  EXPECT_EQ(seen + ring->lost(), ring->written());
  return interrupted;
}

TEST(TraceRingStepsTest, AnInterruptMayComeAnywhere) {
  struct sigaction action{};
  action.sa_sigaction = OnStep;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGTRAP, &action, nullptr);
  uint64_t places = 0;
  for (const bool overwrites : {true, false}) {
    for (const bool looks : {false, true}) {
      for (const uint32_t before : {8u, 24u}) {
        for (const uint32_t read : {0u, 8u}) {
          for (const uint32_t size : {9u, 60u}) {
            const Case one{overwrites, before, read, size, looks};
            uint64_t at = 1;
            while (RunCase(one, at)) {
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

}  // namespace
}  // namespace ebpf
