// SPDX-License-Identifier: MIT
#include "core/perf/perf_ring.h"

#include <random>
#include <signal.h>
#include <sys/time.h>
#include <vector>

#include "core/base/memory.h"
#include "core/perf/perf_ring_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

class PerfRingTest : public testing::Test {
 protected:
  PerfRing& Make(uint64_t pages, PerfRing::Options options = {}) {
    ring_ = *PerfRing::Create((1 + pages) * kPage, options, PortAllocator());
    return *ring_;
  }
  Ref<PerfRing> ring_;
};

TEST_F(PerfRingTest, ThePageTellsWhereTheDataIs) {
  PerfRing& ring = Make(2);
  const auto page = LoadUnaligned<ring::PerfPage>(ring.memory().data());
  EXPECT_EQ(page.data_offset, kPage);
  EXPECT_EQ(page.data_size, 2 * kPage);
  EXPECT_EQ(page.data_head, 0u);
}

TEST_F(PerfRingTest, RecordsComeOutAsTheyWentInAlsoOverTheEnd) {
  PerfRing& ring = Make(1);
  Reader reader(ring);
  std::mt19937_64 random(1);
  for (uint64_t i = 0; i < 20'000; ++i) {
    const size_t words = 1 + random() % 40;
    ASSERT_TRUE(Record(i, words).WriteTo(ring));
    const std::vector<uint8_t> record = reader.Next();
    ASSERT_EQ(record.size(), 8 + 8 * words);
    for (size_t w = 0; w < words; ++w) {
      ASSERT_EQ(WordOf(record, w), i);
    }
    reader.Release();
  }
}

TEST_F(PerfRingTest, WhatDoesNotFitIsCountedAndTold) {
  PerfRing& ring = Make(1);
  Reader reader(ring);
  uint64_t written = 0;
  while (Record(written, 15).WriteTo(ring)) {
    ++written;
  }
  EXPECT_EQ(written, 31u);  // 31 * 128 < 4096; one byte stays free
  EXPECT_FALSE(Record(0, 15).WriteTo(ring));
  for (uint64_t i = 0; i < written; ++i) {
    ASSERT_EQ(WordOf(reader.Next(), 0), i);
  }
  EXPECT_TRUE(reader.Next().empty());
  reader.Release();
  ASSERT_TRUE(Record(99, 1).WriteTo(ring));
  const std::vector<uint8_t> lost = reader.Next();
  ASSERT_EQ(lost.size(), sizeof(ring::PerfLostRecord));
  EXPECT_EQ(LoadUnaligned<ring::PerfRecordHeader>(lost.data()).type,
            ring::kPerfRecordLost);
  EXPECT_EQ(WordOf(lost, 0), 0u);
  EXPECT_EQ(WordOf(lost, 1), 2u);
  EXPECT_EQ(WordOf(reader.Next(), 0), 99u);
}

TEST_F(PerfRingTest, WhoTellsOfLossesSaysWhoseTheyAreAndAddsItsFields) {
  PerfRing& ring = Make(1);
  Reader reader(ring);
  ring.Pause(true);
  EXPECT_FALSE(Record(1, 1).WriteTo(ring));
  EXPECT_FALSE(Record(2, 1).WriteTo(ring));
  ring.Pause(false);
  EXPECT_TRUE(ring.has_losses());
  const uint64_t trailer[] = {0x11, 0x22};
  EXPECT_TRUE(Record(5, 1).WriteTellingNothing(ring));
  EXPECT_TRUE(ring.has_losses());
  EXPECT_TRUE(Record(5, 1).WriteTo(ring, {9, BytesOf(trailer)}));
  EXPECT_FALSE(ring.has_losses());

  EXPECT_EQ(WordOf(reader.Next(), 0), 5u);
  const std::vector<uint8_t> lost = reader.Next();
  ASSERT_EQ(lost.size(), sizeof(ring::PerfLostRecord) + 16);
  EXPECT_EQ(WordOf(lost, 0), 9u);
  EXPECT_EQ(WordOf(lost, 1), 2u);
  EXPECT_EQ(WordOf(lost, 2), 0x11u);
  EXPECT_EQ(WordOf(lost, 3), 0x22u);
  EXPECT_EQ(WordOf(reader.Next(), 0), 5u);
}

TEST_F(PerfRingTest, NoTailHarms) {
  PerfRing& ring = Make(1);
  Reader reader(ring);
  std::mt19937_64 random(2);
  int fitted = 0;
  for (int i = 0; i < 100'000; ++i) {
    reader.SetTail(i % 3 == 0 ? random() : random() % 10'000);
    fitted += Record(1, random() % 100).WriteTo(ring);
  }
  EXPECT_GT(fitted, 0);
}

TEST_F(PerfRingTest, OverwritingNeverRunsOutOfRoom) {
  PerfRing& ring = Make(1, {.overwrites = true});
  for (uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Record(i, 20).WriteTo(ring));
  }
}

TEST_F(PerfRingTest, ReadersAreWokenEachSoManySamples) {
  PerfRing& ring = Make(1, {.wakeup = 3});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(ring.TakeWakeup());
      ASSERT_TRUE(Record(0, 1).WriteTo(ring));
    }
    EXPECT_TRUE(ring.TakeWakeup());
  }
  EXPECT_FALSE(ring.TakeWakeup());
}

TEST_F(PerfRingTest, WhatIsNoSampleIsNotCountedForThem) {
  PerfRing& ring = Make(1, {.wakeup = 1});
  ASSERT_TRUE(
      Record(0, 1).WriteTellingNothing(ring, PerfRing::RecordKind::kOther));
  EXPECT_FALSE(ring.TakeWakeup());
}

TEST_F(PerfRingTest, ReadersAreWokenWhenHalfOfItIsFull) {
  PerfRing& ring = Make(1);
  int written = 0;
  while (!ring.TakeWakeup()) {
    ASSERT_TRUE(Record(0, 15).WriteTo(ring));
    ++written;
  }
  EXPECT_EQ(written, 17);  // more than 2048 bytes
}

TEST_F(PerfRingTest, WhatIsEasyComesOutAsWhatIsNot) {
  for (const bool overwrites : {false, true}) {
    PerfRing& ring = Make(1, {.overwrites = overwrites});
    Reader reader(ring);
    std::mt19937_64 random(3);
    int easy = 0;
    for (uint64_t i = 0; i < 20'000; ++i) {
      const size_t words = 1 + random() % 40;
      const Record record(i, words);
      const bool was_easy = i % 5 != 0 && record.WriteEasilyTo(ring);
      ASSERT_TRUE(was_easy || record.WriteTo(ring));
      easy += was_easy;
      const std::vector<uint8_t> read = reader.Next();
      ASSERT_EQ(read.size(), 8 + 8 * words);
      for (size_t w = 0; w < words; ++w) {
        ASSERT_EQ(WordOf(read, w), i);
      }
      reader.Release();
    }
    // All but those over the buffer's end, and those that wake.
    EXPECT_GT(easy, 14'000);
  }
}

TEST_F(PerfRingTest, WhereThereIsNoRoomNothingIsEasy) {
  PerfRing& ring = Make(1, {.wakeup = 4096, .by_bytes = true});
  Reader reader(ring);
  int written = 0;
  while (Record(7, 15).WriteEasilyTo(ring)) {
    ++written;
  }
  EXPECT_EQ(written, 31);
  EXPECT_FALSE(Record(7, 15).WriteTo(ring));
  while (!reader.Next().empty()) {
  }
  reader.Release();
  // Losses are told first.
  EXPECT_FALSE(Record(8, 15).WriteEasilyTo(ring));
  EXPECT_TRUE(Record(8, 15).WriteTo(ring));
  EXPECT_EQ(WordOf(reader.Next(), 1), 1u);
  EXPECT_EQ(WordOf(reader.Next(), 0), 8u);
  reader.Release();
  EXPECT_TRUE(Record(9, 15).WriteEasilyTo(ring));
  ring.Pause(true);
  EXPECT_FALSE(Record(9, 15).WriteEasilyTo(ring));
  ring.Pause(false);
  EXPECT_TRUE(Record(9, 15).WriteEasilyTo(ring));
  // Whatever tail there is.
  std::mt19937_64 random(4);
  for (int i = 0; i < 100'000; ++i) {
    reader.SetTail(i % 3 == 0 ? random() : random() % 10'000);
    const Record record(1, random() % 100);
    (void)(record.WriteEasilyTo(ring) || record.WriteTo(ring));
  }
  // A page alone has no room at all.
  EXPECT_FALSE(Record(1, 1).WriteEasilyTo(Make(0)));
}

TEST_F(PerfRingTest, ReadersAreWokenForWhatIsEasyToo) {
  PerfRing& ring = Make(1, {.wakeup = 3});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(ring.TakeWakeup());
      ASSERT_TRUE(Record(0, 1).WriteEasilyTo(ring));
    }
    EXPECT_TRUE(ring.TakeWakeup());
  }
  PerfRing& half = Make(1);
  int written = 0;
  while (!half.TakeWakeup()) {
    const Record record(0, 15);
    ASSERT_TRUE(record.WriteEasilyTo(half) || record.WriteTo(half));
    ++written;
  }
  EXPECT_EQ(written, 17);
}

TEST_F(PerfRingTest, EachFailedAllocationIsNoMemory) {
  ForEachFailingAllocation("a ring", [](FailingAllocator& allocator) {
    const Result<Ref<PerfRing>> ring =
        PerfRing::Create(3 * kPage, {}, allocator);
    EXPECT_EQ(ring.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

// --- What interrupts a writer ----------------------------------------------

PerfRing* interrupted_ring;
volatile uint64_t from_signals;
volatile uint64_t lost_in_signals;

void WriteFromSignal(int) {
  const uint64_t value = (uint64_t{1} << 63) | from_signals;
  const ring::PerfRecordHeader header = {ring::kPerfRecordSample, 0, 24};
  PerfRing::Cursor cursor;
  if (uint64_t* const room = interrupted_ring->BeginEasy(24)) {
    room[0] = LoadUnaligned<uint64_t>(&header);
    room[1] = room[2] = value;
    interrupted_ring->EndEasy();
    from_signals = from_signals + 1;
    return;
  }
  if (interrupted_ring->BeginAfterLosses(24, {}, cursor)) {
    cursor.Put(LoadUnaligned<uint64_t>(&header));
    cursor.Put(value);
    cursor.Put(value);
    interrupted_ring->End();
    from_signals = from_signals + 1;
  } else {
    lost_in_signals = lost_in_signals + 1;
  }
}

TEST_F(PerfRingTest, WritersThatInterruptEachOtherLoseNothingUncounted) {
  PerfRing& ring = Make(4);
  Reader reader(ring);
  interrupted_ring = &ring;
  from_signals = 0;
  lost_in_signals = 0;
  signal(SIGALRM, WriteFromSignal);
  const itimerval often = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);
  uint64_t written = 0;
  uint64_t lost = 0;
  uint64_t next = 0;
  uint64_t next_from_signals = 0;
  uint64_t told_lost = 0;
  const auto read_all = [&] {
    for (std::vector<uint8_t> record = reader.Next(); !record.empty();
         record = reader.Next()) {
      const auto header = LoadUnaligned<ring::PerfRecordHeader>(record.data());
      if (header.type == ring::kPerfRecordLost) {
        told_lost += WordOf(record, 1);
        continue;
      }
      const uint64_t value = WordOf(record, 0);
      for (size_t w = 0; w < record.size() / 8 - 1; ++w) {
        ASSERT_EQ(WordOf(record, w), value);
      }
      if (value >> 63 != 0) {
        ASSERT_EQ(value & ~(uint64_t{1} << 63), next_from_signals++);
      } else {
        ASSERT_EQ(value, next++);
      }
    }
    reader.Release();
  };
  for (int i = 0; i < 300'000; ++i) {
    const Record record(written, 1 + i % 30);
    if ((i % 4 != 0 && record.WriteEasilyTo(ring)) || record.WriteTo(ring)) {
      ++written;
    } else {
      ++lost;
    }
    if (i % 64 == 0) {
      read_all();
    }
  }
  const itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  read_all();
  while (!Record(written, 1).WriteTo(ring)) {
    ++lost;
  }
  ++written;
  read_all();
  EXPECT_EQ(next, written);
  EXPECT_EQ(next_from_signals, from_signals);
  EXPECT_EQ(told_lost, lost + lost_in_signals);
  EXPECT_GT(from_signals, 0u);
}

}  // namespace
}  // namespace ebpf
