// SPDX-License-Identifier: MIT
#include "core/tracepoints/trace_ring.h"

#include <atomic>
#include <cstdio>
#include <signal.h>
#include <sys/time.h>
#include <thread>
#include <vector>

#include "core/tracepoints/trace_ring_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

std::vector<ReadRecord> TakeAll(TraceReader& reader) {
  std::vector<ReadRecord> all;
  ReadRecord read;
  while (Take(reader, &read)) {
    all.push_back(read);
  }
  return all;
}

TEST(TraceRingTest, GivesRecordsInTheirOrder) {
  const OwnedRing ring = MakeRing(4);
  for (uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(Put(*ring, 1, i, 8 + i));
  }
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_EQ(all.size(), 100u);
  for (uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(all[i].number, i);
    EXPECT_EQ(all[i].lost, 0u);
  }
  ASSERT_TRUE(Put(*ring, 1, 100));
  EXPECT_EQ(TakeAll(reader).size(), 1u);
  EXPECT_EQ(ring->written(), 101u);
  EXPECT_EQ(ring->lost(), 0u);
}

TEST(TraceRingTest, StopsWhenItIsFull) {
  const OwnedRing ring = MakeRing(3);
  ring->SetOverwrites(false);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    kept += Put(*ring, 1, i) ? 1 : 0;
  }
  EXPECT_LT(kept, 1000u);
  EXPECT_EQ(ring->lost(), 1000u - kept);
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_EQ(all.size(), kept);
  EXPECT_EQ(all.back().number, kept - 1);
  ASSERT_TRUE(Put(*ring, 1, 1000));
  const std::vector<ReadRecord> more = TakeAll(reader);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].lost, 1000u - kept);
}

TEST(TraceRingTest, OverwritesWhatIsOldest) {
  const OwnedRing ring = MakeRing(3);
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Put(*ring, 1, i));
  }
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].number, all[0].lost);
  EXPECT_EQ(all.size() + ring->lost(), 1000u);
  EXPECT_EQ(all.back().number, 999u);
}

TEST(TraceRingTest, WhatIsNotFinishedHidesWhatWasBegunAfterIt) {
  const OwnedRing ring = MakeRing(3);
  TraceReader reader(*ring, true);
  TraceRecord* outer = ring->Reserve(40, 0);
  ASSERT_NE(outer, nullptr);
  for (uint32_t i = 1; i < 100; ++i) {
    ASSERT_TRUE(Put(*ring, 1, i));  // in an interrupt, some pages of them
  }
  ReadRecord read;
  EXPECT_FALSE(Take(reader, &read) && read.number < 1);
  Fill(outer, 1, 0);
  ring->Commit(outer);
  EXPECT_TRUE(Take(reader, &read));
}

TEST(TraceRingTest, AnInterruptMayGoRoundTheRing) {
  for (const bool overwrites : {true, false}) {
    const OwnedRing ring = MakeRing(3);
    ring->SetOverwrites(overwrites);
    TraceRecord* outer = ring->Reserve(40, 0);
    for (uint32_t i = 1; i < 1000; ++i) {
      Put(*ring, 1, i);
    }
    Fill(outer, 1, 0);
    ring->Commit(outer);
    TraceReader reader(*ring, true);
    const std::vector<ReadRecord> all = TakeAll(reader);
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all[0].number, 0u) << "the interrupted one's page is nobody's";
    EXPECT_EQ(all.size() + ring->lost(), 1000u);
  }
}

TEST(TraceRingTest, WhatIsDiscardedHasNeverBeen) {
  const OwnedRing ring = MakeRing(3);
  ASSERT_TRUE(Put(*ring, 1, 0));
  ring->Discard(ring->Reserve(40, 1));
  ASSERT_TRUE(Put(*ring, 1, 2));
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].number, 2u);
  EXPECT_EQ(ring->written(), 2u);
}

TEST(TraceRingTest, WhatIsDiscardedBeforeOthersComeTakesNoRoom) {
  const OwnedRing ring = MakeRing(3);
  ring->SetOverwrites(false);
  for (uint32_t i = 0; i < 1000; ++i) {
    TraceRecord* record = ring->Reserve(400, 0);
    ASSERT_NE(record, nullptr);
    ring->Discard(record);
  }
  TraceRecord* outer = ring->Reserve(40, 0);
  ASSERT_TRUE(Put(*ring, 1, 1));  // in an interrupt
  ring->Discard(outer);
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].number, 1u);
  EXPECT_EQ(ring->written(), 1u);
  EXPECT_EQ(ring->lost(), 0u);
}

TEST(TraceRingTest, WhatIsDiscardedOnAPageThatIsClosedIsNotCounted) {
  const OwnedRing ring = MakeRing(4);
  TraceRecord* outer = ring->Reserve(40, 0);
  uint32_t others = 0;
  for (; others < 200; ++others) {
    ASSERT_TRUE(Put(*ring, 1, others));
  }
  ring->Discard(outer);
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  EXPECT_EQ(all.size(), others);
  for (const ReadRecord& read : all) {
    EXPECT_EQ(read.lost, 0u) << "before " << read.number;
  }
  EXPECT_EQ(ring->written(), others);
  EXPECT_EQ(ring->lost(), 0u);
  EXPECT_EQ(ring->Untold(), 0u);
}

/// Each interrupts the one before, and they end in either way.
TEST(TraceRingTest, WhatIsToldAsLostIsWhatWasLostWhoeverDiscards) {
  for (uint32_t discards = 0; discards < 16; ++discards) {
    for (const bool overwrites : {true, false}) {
      for (uint32_t between = 0; between < 200; between += 33) {
        const OwnedRing ring = MakeRing(6);
        ring->SetOverwrites(overwrites);
        uint32_t kept = 0;
        TraceRecord* open[4];
        for (TraceRecord*& one : open) {
          one = ring->Reserve(1000, 0);
          for (uint32_t i = 0; i < between; ++i) {
            Put(*ring, 1, i);
            ++kept;
          }
        }
        for (uint32_t i = 4; i-- > 0;) {
          const bool is_discarded = open[i] != nullptr && (discards >> i & 1);
          if (is_discarded) {
            ring->Discard(open[i]);
          } else if (open[i] != nullptr) {
            Fill(open[i], 2, 0);
            ring->Commit(open[i]);
          }
          kept += is_discarded ? 0 : 1;
        }
        TraceReader reader(*ring, true);
        ReadRecord read;
        uint64_t lost = 0;
        uint64_t count = 0;
        for (; Take(reader, &read); ++count) {
          lost += read.lost;
        }
        EXPECT_EQ(ring->written(), kept);
        EXPECT_EQ(count + ring->lost(), kept);
        EXPECT_EQ(lost + ring->Untold(), ring->lost());
        // The next one tells of the rest.
        ASSERT_TRUE(Put(*ring, 1, 0));
        ASSERT_TRUE(Take(reader, &read));
        EXPECT_EQ(lost + read.lost, ring->lost());
        ASSERT_FALSE(HasFailure())
            << discards << ", " << between << ", overwrites " << overwrites;
      }
    }
  }
}

TEST(TraceRingTest, WhoReadsAPageKeepsItAndNothingElse) {
  const OwnedRing ring = MakeRing(4);
  ASSERT_TRUE(Put(*ring, 1, 0));
  TraceReader reader(*ring, true);
  ReadRecord read;
  ASSERT_TRUE(Take(reader, &read));
  for (uint32_t i = 1; i < 1000; ++i) {
    ASSERT_TRUE(Put(*ring, 1, i)) << "a reader that never comes back";
  }
  ASSERT_TRUE(Take(reader, &read));
  EXPECT_EQ(read.number, 1u);
}

/// Each page is used, however many are full.
TEST(TraceRingTest, WhatIsFreeIsUsedBeforeAnythingIsOverwritten) {
  constexpr uint32_t kPages = 200;  // some words of bits, the last not whole
  const OwnedRing ring = MakeRing(kPages);
  uint32_t number = 0;
  uint64_t read_count = 0;
  ReadRecord read;
  for (uint32_t round = 0; round < 300; ++round) {
    TraceReader reader(*ring, true);
    const uint32_t count = round % 7 * 61 % 200;
    for (uint32_t i = 0; i < count && Take(reader, &read); ++i) {
      ++read_count;
    }
    reader.Release();
    // Large ones: each takes a page. What is read may stay in one of them.
    while (number - read_count - ring->lost() < kPages - 1) {
      ASSERT_TRUE(Put(*ring, 1, number++, 3000));
      ASSERT_EQ(ring->lost(), 0u);
    }
  }
  EXPECT_GT(number, 1000u);
}

TEST(TraceRingTest, AReaderGoesOnWhereTheLastOneWas) {
  const OwnedRing ring = MakeRing(3);
  for (uint32_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(Put(*ring, 1, i));
  }
  ReadRecord read;
  {
    TraceReader reader(*ring, true);
    ASSERT_TRUE(Take(reader, &read));
  }
  {
    TraceReader looker(*ring, false);
    EXPECT_EQ(TakeAll(looker).size(), 9u);
  }
  TraceReader reader(*ring, true);
  const std::vector<ReadRecord> all = TakeAll(reader);
  ASSERT_EQ(all.size(), 9u);
  EXPECT_EQ(all[0].number, 1u);
}

TEST(TraceRingTest, ARecordIsAtMostAPage) {
  const OwnedRing ring = MakeRing(3);
  EXPECT_TRUE(Put(*ring, 1, 0, TraceRing::max_payload_size()));
  EXPECT_TRUE(Put(*ring, 1, 1, TraceRing::max_payload_size()));
  EXPECT_FALSE(Put(*ring, 1, 2, TraceRing::max_payload_size() + 1));
  EXPECT_EQ(ring->lost(), 1u);
  TraceReader reader(*ring, true);
  EXPECT_EQ(TakeAll(reader).size(), 2u);
}

TEST(TraceRingTest, RefusesSizesAndEveryAllocationMayFail) {
  EXPECT_EQ(TraceRing::Create(2, PortAllocator()).status(), Status::kInvalid);
  EXPECT_EQ(
      TraceRing::Create(TraceRing::kMaxPages + 1, PortAllocator()).status(),
      Status::kInvalid);
  ForEachFailingAllocation("trace ring", [](FailingAllocator& allocator) {
    const Result<TraceRing*> ring = TraceRing::Create(5, allocator);
    EXPECT_EQ(ring.ok(), !allocator.failed());
    if (ring.ok()) {
      (*ring)->Destroy();
    }
  });
}

// A thread that is interrupted by signals, which write too, and one that reads.

TraceRing* interrupted_ring;
uint32_t from_signals;
constexpr uint32_t kSignalWriter = 2;

void WriteFromSignal(int) {
  for (uint32_t burst = from_signals % 7 == 0 ? 200 : 2; burst > 0; --burst) {
    Put(*interrupted_ring, kSignalWriter, from_signals++, 8 + burst % 90);
  }
}

void RunStorm(bool overwrites, size_t pages) {
  constexpr uint32_t kRecords = 2000000;
  const OwnedRing ring = MakeRing(pages);
  ring->SetOverwrites(overwrites);
  interrupted_ring = ring.get();
  from_signals = 0;
  std::atomic<bool> done{false};
  uint64_t seen = 0;
  uint64_t lost_told = 0;
  uint32_t next[3] = {};
  uint64_t disorders = 0;
  sigset_t signals;  // only this thread's
  sigemptyset(&signals);
  sigaddset(&signals, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread reader_thread([&] {
    const auto take_all = [&](TraceReader& reader) {
      ReadRecord read;
      while (Take(reader, &read)) {
        ASSERT_TRUE(read.writer == 1 || read.writer == kSignalWriter);
        disorders += read.number < next[read.writer] ? 1 : 0;
        next[read.writer] = read.number + 1;
        lost_told += read.lost;
        ++seen;
      }
    };
    for (uint32_t turn = 0; !done; ++turn) {
      TraceReader reader(*ring, true);  // comes and goes
      take_all(reader);
      if (turn % 64 == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(300));
      }
    }
    TraceReader reader(*ring, true);
    take_all(reader);
  });
  signal(SIGALRM, WriteFromSignal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const itimerval often = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);
  for (uint32_t i = 0; i < kRecords; ++i) {
    Put(*ring, 1, i, 8 + i % 120);
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  signal(SIGALRM, SIG_IGN);
  done = true;
  reader_thread.join();
  printf("%s, %zu pages: %u written, and %u in signals; %llu read, %llu lost\n",
         overwrites ? "overwriting" : "stopping", pages, kRecords, from_signals,
         static_cast<unsigned long long>(seen),
         static_cast<unsigned long long>(ring->lost()));
  EXPECT_EQ(disorders, 0u);
  EXPECT_EQ(ring->written(), uint64_t{kRecords} + from_signals);
  EXPECT_EQ(seen + ring->lost(), ring->written());
  EXPECT_LE(lost_told, ring->lost());
  EXPECT_GE(lost_told, ring->lost() * 9 / 10) << "but for what came last";
  EXPECT_GT(from_signals, 100u);
  EXPECT_GT(seen, 1000u);
}

TEST(TraceRingTest, NothingIsTornOrLostUncountedWhileOverwriting) {
  RunStorm(true, 3);
  RunStorm(true, 16);
}

TEST(TraceRingTest, NothingIsTornOrLostUncountedWhileStopping) {
  RunStorm(false, 3);
  RunStorm(false, 16);
}

}  // namespace
}  // namespace ebpf
