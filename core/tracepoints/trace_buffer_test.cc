// SPDX-License-Identifier: MIT
#include "core/tracepoints/trace_buffer.h"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "core/sync/read_section.h"
#include "core/tracepoints/trace_buffer_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

class TraceBufferTest : public testing::Test {
 protected:
  TraceBufferTest() {
    EXPECT_TRUE(InitReadSections());
    Make(8);
  }
  ~TraceBufferTest() override {
    ResumeHostTime();
    buffer_.reset();
    ExitReadSections();
  }

  void Make(size_t pages) {
    buffer_.reset();
    const Result<TraceBuffer*> buffer =
        TraceBuffer::Create(pages, PortAllocator());
    ASSERT_TRUE(buffer.ok());
    buffer_.reset(*buffer);
  }

  OwnedCursor Cursor(uint32_t cpu = kAllCpus, bool consumes = true) {
    const Result<TraceCursor*> cursor =
        TraceCursor::Create(*buffer_, cpu, consumes, PortAllocator());
    EXPECT_TRUE(cursor.ok());
    return OwnedCursor(cursor.ok() ? *cursor : nullptr);
  }

  bool Put(uint32_t cpu, uint32_t number) {
    const HostCpu on(cpu);
    return PutNumber(*buffer_, number);
  }

  OwnedBuffer buffer_;
};

TEST_F(TraceBufferTest, RecordsOfAllCpusComeInTheOrderOfTime) {
  // Where times are equal, in the order of CPUs.
  const uint32_t times[] = {5, 7, 7, 7, 9, 12, 12, 13};
  const uint32_t cpus[] = {3, 0, 1, 2, 0, 2, 3, 1};
  for (uint32_t i = 0; i < 8; ++i) {
    SetHostTime(times[i]);
    Put(cpus[i], i);
  }
  OwnedCursor cursor = Cursor();
  EXPECT_EQ(TakeNumbers(*cursor),
            (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(TakeNumbers(*cursor), std::vector<uint32_t>());
}

TEST_F(TraceBufferTest, WhoReadsOneCpuLeavesTheOthers) {
  Put(0, 1);
  Put(1, 2);
  Put(0, 3);
  EXPECT_EQ(TakeNumbers(*Cursor(0)), (std::vector<uint32_t>{1, 3}));
  EXPECT_EQ(TakeNumbers(*Cursor()), (std::vector<uint32_t>{2}));
}

TEST_F(TraceBufferTest, WhatIsLookedAtWithoutConsumingStays) {
  Put(0, 1);
  Put(0, 2);
  OwnedCursor looking = Cursor(kAllCpus, false);
  EXPECT_EQ(TakeNumbers(*looking, 1), (std::vector<uint32_t>{1}));
  OwnedCursor again = Cursor(kAllCpus, false);
  EXPECT_EQ(TakeNumbers(*again), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(TakeNumbers(*Cursor()), (std::vector<uint32_t>{1, 2}));
  Put(0, 3);
  EXPECT_EQ(TakeNumbers(*again), (std::vector<uint32_t>{3}));
  // What another consumed meanwhile is no longer there.
  EXPECT_EQ(TakeNumbers(*looking), (std::vector<uint32_t>{3}));
}

TEST_F(TraceBufferTest, OneConsumesACpuAtATime) {
  OwnedCursor all = Cursor();
  EXPECT_EQ(TraceCursor::Create(*buffer_, 1, true, PortAllocator()).status(),
            Status::kBusy);
  all.reset();
  OwnedCursor one = Cursor(1);
  EXPECT_EQ(
      TraceCursor::Create(*buffer_, kAllCpus, true, PortAllocator()).status(),
      Status::kBusy);
  EXPECT_NE(Cursor(0), nullptr);
  EXPECT_NE(Cursor(kAllCpus, false), nullptr);
}

TEST_F(TraceBufferTest, WhatIsPeekedAndNotTakenComesAgain) {
  Put(0, 1);
  OwnedCursor cursor = Cursor();
  for (int i = 0; i < 3; ++i) {
    TraceCursor::Turn turn(*cursor);
    TraceEntry entry;
    ASSERT_TRUE(turn.Peek(&entry));
    EXPECT_EQ(NumberIn(entry), 1u);
  }
  EXPECT_EQ(TakeNumbers(*cursor), (std::vector<uint32_t>{1}));
}

TEST_F(TraceBufferTest, RecordingMayPauseAndCountsNothingThen) {
  buffer_->SetRecording(false);
  EXPECT_FALSE(Put(0, 1));
  buffer_->SetRecording(true);
  EXPECT_TRUE(Put(0, 2));
  EXPECT_EQ(TakeNumbers(*Cursor()), (std::vector<uint32_t>{2}));
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.dropped + stats.overrun, 0u);
  EXPECT_EQ(stats.read, 1u);
}

TEST_F(TraceBufferTest, LossesAreToldOnceAndCounted) {
  uint32_t put = 0;
  for (; put < 3000; ++put) {
    Put(1, put);
  }
  const TraceStats stats = buffer_->Stats(1);
  EXPECT_EQ(stats.entries + stats.overrun, 3000u);
  EXPECT_GT(stats.overrun, 0u);
  EXPECT_EQ(stats.dropped, 0u);
  OwnedCursor cursor = Cursor();
  uint64_t lost = 0;
  std::vector<uint32_t> numbers = TakeNumbers(*cursor, 5, &lost);
  EXPECT_EQ(lost, stats.overrun);
  EXPECT_EQ(numbers.front(), lost);
  numbers = TakeNumbers(*cursor, SIZE_MAX, &lost);
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(numbers.back(), 2999u);
  EXPECT_EQ(buffer_->Stats(1).read, stats.entries);
  EXPECT_EQ(buffer_->Stats(1).entries, 0u);
}

TEST_F(TraceBufferTest, AFullRingThatStopsDropsWhatComes) {
  buffer_->SetOverwrites(false);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < 3000; ++i) {
    kept += Put(0, i) ? 1 : 0;
  }
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.entries, kept);
  EXPECT_EQ(stats.dropped, 3000u - kept);
  EXPECT_EQ(stats.overrun, 0u);
  OwnedCursor cursor = Cursor();
  EXPECT_EQ(TakeNumbers(*cursor).back(), kept - 1);
  Put(0, 5000);
  uint64_t lost = 0;
  EXPECT_EQ(TakeNumbers(*cursor, 1, &lost), (std::vector<uint32_t>{5000}));
  EXPECT_EQ(lost, 3000u - kept);
}

TEST_F(TraceBufferTest, ResizingKeepsWhatFits) {
  for (uint32_t i = 0; i < 100; ++i) {
    Put(0, i);
  }
  OwnedCursor looking = Cursor(kAllCpus, false);
  OwnedCursor cursor = Cursor();
  EXPECT_EQ(TakeNumbers(*cursor, 2), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(TakeNumbers(*looking, 1), (std::vector<uint32_t>{2}));
  ASSERT_EQ(buffer_->Resize(kAllCpus, 20), Status::kOk);
  EXPECT_EQ(buffer_->PagesOf(0), 20u);
  EXPECT_EQ(buffer_->Stats(0).entries, 98u);
  uint64_t lost = 0;
  EXPECT_EQ(TakeNumbers(*cursor, 1, &lost), (std::vector<uint32_t>{2}));
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(TakeNumbers(*looking), std::vector<uint32_t>());
  ASSERT_EQ(buffer_->Resize(0, 3), Status::kOk);
  EXPECT_EQ(buffer_->PagesOf(0), 3u);
  EXPECT_EQ(buffer_->PagesOf(1), 20u);
  EXPECT_EQ(TakeNumbers(*cursor).size(), 97u);
}

TEST_F(TraceBufferTest, WhatASmallerRingCannotHoldIsLostAndTold) {
  Make(20);
  for (uint32_t i = 0; i < 1500; ++i) {
    Put(0, i);
  }
  ASSERT_EQ(buffer_->Resize(0, 3), Status::kOk);
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.entries + stats.overrun, 1500u);
  uint64_t lost = 0;
  OwnedCursor cursor = Cursor();
  const std::vector<uint32_t> numbers = TakeNumbers(*cursor, SIZE_MAX, &lost);
  EXPECT_EQ(numbers.size() + lost, 1500u);
  EXPECT_EQ(numbers.back(), 1499u);
}

TEST_F(TraceBufferTest, ClearingForgetsRecordsAndCounts) {
  for (uint32_t i = 0; i < 3000; ++i) {
    Put(0, i);
  }
  Put(1, 1);
  OwnedCursor cursor = Cursor();
  TakeNumbers(*cursor, 1);
  buffer_->Clear(0);
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.entries + stats.overrun + stats.read, 0u);
  EXPECT_EQ(stats.oldest_time, 0u);
  EXPECT_EQ(TakeNumbers(*cursor), (std::vector<uint32_t>{1}));
  for (uint32_t i = 0; i < 10; ++i) {
    Put(0, i);
  }
  uint64_t lost = 0;
  EXPECT_EQ(TakeNumbers(*cursor, SIZE_MAX, &lost).size(), 10u);
  EXPECT_EQ(lost, 0u);
}

TEST_F(TraceBufferTest, EveryFailedAllocationChangesNothing) {
  ForEachFailingAllocation("trace buffer", [&](FailingAllocator& allocator) {
    const Result<TraceBuffer*> made = TraceBuffer::Create(4, allocator);
    if (!made.ok()) {
      EXPECT_TRUE(allocator.failed());
      EXPECT_EQ(made.status(), Status::kNoMemory);
      return;
    }
    OwnedBuffer buffer(*made);
    PutNumber(*buffer, 1);
    const Status resized = buffer->Resize(kAllCpus, 5);
    EXPECT_EQ(buffer->PagesOf(0), IsOk(resized) ? 5u : 4u);
    EXPECT_EQ(buffer->PagesOf(1), IsOk(resized) ? 5u : 4u);
    const Result<TraceCursor*> cursor =
        TraceCursor::Create(*buffer, kAllCpus, true, allocator);
    if (cursor.ok()) {
      EXPECT_EQ(TakeNumbers(*OwnedCursor(*cursor)), (std::vector<uint32_t>{1}));
    } else {
      EXPECT_TRUE(allocator.failed());
      EXPECT_EQ(buffer->Stats(0).entries, 1u);
      // Nobody consumes it now.
      EXPECT_TRUE(
          OwnedCursor(*TraceCursor::Create(*buffer, 0, true, PortAllocator())));
    }
  });
}

TEST_F(TraceBufferTest, ResizingUnderLoadLosesNothingUncounted) {
  std::atomic<bool> done{false};
  std::atomic<uint32_t> offered{0};
  std::thread writer([&] {
    const HostCpu cpu(1);
    while (!done) {
      PutNumber(*buffer_, offered);
      offered.store(offered + 1);
    }
  });
  OwnedCursor cursor = Cursor();
  uint64_t read = 0;
  uint64_t told = 0;
  uint32_t next = 0;
  const auto take = [&](size_t count) {
    uint64_t lost = 0;
    for (const uint32_t number : TakeNumbers(*cursor, count, &lost)) {
      ASSERT_GE(number, next) << "order";
      next = number + 1;
      ++read;
    }
    told += lost;
  };
  for (uint32_t i = 0; i < 300; ++i) {
    buffer_->SetOverwrites(i % 8 < 4);
    ASSERT_EQ(buffer_->Resize(i % 2 == 0 ? kAllCpus : 1, 3 + i * 7 % 30),
              Status::kOk);
    take(i % 5 * 50);
  }
  done = true;
  writer.join();
  take(SIZE_MAX);
  const TraceStats stats = buffer_->Stats(1);
  EXPECT_EQ(stats.read, read);
  EXPECT_EQ(read + stats.overrun + stats.dropped, offered);
  // The next one tells of what was lost at the end.
  Put(1, offered);
  take(1);
  EXPECT_EQ(told, stats.overrun + stats.dropped);
  printf("%u written, %llu read, %llu overwritten, %llu dropped\n",
         offered.load(), static_cast<unsigned long long>(read),
         static_cast<unsigned long long>(stats.overrun),
         static_cast<unsigned long long>(stats.dropped));
}

TEST_F(TraceBufferTest, WhoWaitsIsTold) {
  struct CountingListener final : Listener {
    void OnReadable() override { ++count; }
    int count = 0;
  } listener;
  EXPECT_FALSE(buffer_->IsReadable(kAllCpus));
  buffer_->notifier().Add(listener);
  {
    const HostTrap trap;
    Put(2, 1);
  }
  EXPECT_TRUE(buffer_->IsReadable(kAllCpus));
  EXPECT_TRUE(buffer_->IsReadable(2));
  EXPECT_FALSE(buffer_->IsReadable(1));
  RunHostDeferred();
  EXPECT_EQ(listener.count, 1);
  buffer_->notifier().Remove(listener);
}

}  // namespace
}  // namespace ebpf
