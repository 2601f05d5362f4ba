// SPDX-License-Identifier: MIT
//
// The ring: placement, readers of both ways, wake-ups, and consumers that lie.
#include "core/maps/ring_buffer.h"

#include <cstring>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "core/maps/ring_buffer_test_util.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

using linux_abi::kRingBusyBit;
using linux_abi::kRingDiscardBit;
using linux_abi::kRingForceWakeup;
using linux_abi::kRingNoWakeup;

struct CountingListener final : Listener {
  void OnReadable() override { ++count; }
  int count = 0;
};

TEST_F(RingBufferTest, ARecordIsLaidOutAsLinuxDoes) {
  const Result<uint8_t*> record = ring_.Reserve(13);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(*record, data() + 8);
  EXPECT_EQ(LengthWordAt(0), 13 | kRingBusyBit);
  // Nobody's but the kernel's: pages up to its own, where Linux counts back.
  EXPECT_EQ(LoadUnaligned<uint32_t>(data() + 4), 1u);
  EXPECT_EQ(producer(), 24u);
  EXPECT_EQ(consumer(), 0u);

  RingBuffer::Commit(*record, 0, /*discard=*/false);

  EXPECT_EQ(LengthWordAt(0), 13u);
}

TEST_F(RingBufferTest, RecordsAreReadInTheOrderOfReserve) {
  const Result<uint8_t*> first = ring_.Reserve(8);
  const Result<uint8_t*> second = ring_.Reserve(8);
  StoreUnaligned(*first, uint64_t{1});
  StoreUnaligned(*second, uint64_t{2});
  uint64_t value = 0;

  RingBuffer::Commit(*second, 0, false);
  EXPECT_EQ(ring_.Read(Out(value)).status(), Status::kTryAgain);
  RingBuffer::Commit(*first, 0, false);

  ASSERT_TRUE(ring_.Read(Out(value)).ok());
  EXPECT_EQ(value, 1u);
  ASSERT_TRUE(ring_.Read(Out(value)).ok());
  EXPECT_EQ(value, 2u);
  EXPECT_EQ(ring_.Read(Out(value)).status(), Status::kTryAgain);
}

TEST_F(RingBufferTest, DiscardedRecordsAreSkipped) {
  const Result<uint8_t*> record = ring_.Reserve(8);
  RingBuffer::Commit(*record, 0, /*discard=*/true);
  EXPECT_EQ(LengthWordAt(0), 8 | kRingDiscardBit);
  ASSERT_EQ(ring_.Output(In(uint64_t{5}), 0), Status::kOk);

  uint64_t value = 0;
  ASSERT_TRUE(ring_.Read(Out(value)).ok());
  EXPECT_EQ(value, 5u);
}

TEST_F(RingBufferTest, ARecordOfNoBytesIsARecord) {
  ASSERT_EQ(OutputBytes(0), Status::kOk);
  const Result<size_t> size = ReadAny();
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(*size, 0u);
}

TEST_F(RingBufferTest, WhatNeverFitsIsTooBig) {
  EXPECT_EQ(ring_.Reserve(4096 - 8).status(), Status::kTooBig);
  EXPECT_EQ(ring_.Reserve(UINT32_MAX).status(), Status::kTooBig);
  EXPECT_EQ(ring_.Reserve(~uint64_t{0}).status(), Status::kTooBig);
  EXPECT_TRUE(ring_.Reserve(4096 - 16).ok());
}

TEST_F(RingBufferTest, AFullRingRefusesUntilTheReaderWentOn) {
  ASSERT_EQ(OutputBytes(2000), Status::kOk);
  ASSERT_EQ(OutputBytes(2000), Status::kOk);
  EXPECT_EQ(ring_.Reserve(2000).status(), Status::kNoSpace);
  ASSERT_TRUE(ReadAny().ok());
  ASSERT_TRUE(ReadAny().ok());
  EXPECT_EQ(OutputBytes(2000), Status::kOk);
}

TEST_F(RingBufferTest, ARecordNeverWraps) {
  ASSERT_EQ(OutputBytes(3000), Status::kOk);  // 3008 bytes
  ASSERT_TRUE(ReadAny().ok());
  const Result<uint8_t*> record = ring_.Reserve(1500);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(*record, data() + 8);
  EXPECT_EQ(LengthWordAt(3008), (4096 - 3008 - 8) | kRingDiscardBit);
  EXPECT_EQ(producer(), 4096u + 1512u);
  RingBuffer::Commit(*record, 0, false);
  EXPECT_EQ(*ReadAny(), 1500u);
  EXPECT_EQ(consumer(), 4096u + 1512u);
}

TEST_F(RingBufferTest, ALargeRecordFailsOnceAndFitsWhenThePaddingWasRead) {
  ASSERT_EQ(OutputBytes(3000), Status::kOk);
  ASSERT_TRUE(ReadAny().ok());
  // 1088 bytes before the end and 3008 are all of the ring.
  EXPECT_EQ(ring_.Reserve(3000).status(), Status::kNoSpace);
  EXPECT_EQ(producer(), 4096u);
  EXPECT_EQ(ring_.Reserve(3000).status(), Status::kNoSpace);
  EXPECT_TRUE(ring_.Readable());
  EXPECT_EQ(ReadAny().status(), Status::kTryAgain);  // the padding

  EXPECT_EQ(OutputBytes(3000), Status::kOk);
  EXPECT_EQ(*ReadAny(), 3000u);
}

TEST_F(RingBufferTest, PaddingAloneTellsASleepingReader) {
  CountingListener listener;
  ASSERT_EQ(OutputBytes(3000), Status::kOk);
  ASSERT_TRUE(ReadAny().ok());
  ring_.notifier().Add(listener);
  EXPECT_EQ(ring_.Reserve(3000).status(), Status::kNoSpace);
  RunHostDeferred();
  EXPECT_EQ(listener.count, 1);
  ring_.notifier().Remove(listener);
}

TEST_F(RingBufferTest, TheReaderIsToldWhenItHasReadAllBefore) {
  CountingListener listener;
  ring_.notifier().Add(listener);
  const auto told = [&] {
    RunHostDeferred();
    return Exchange(listener.count, 0);
  };
  ASSERT_EQ(OutputBytes(8), Status::kOk);
  EXPECT_EQ(told(), 1);
  ASSERT_EQ(OutputBytes(8), Status::kOk);  // it has not read the first one
  EXPECT_EQ(told(), 0);
  ASSERT_EQ(OutputBytes(8, kRingForceWakeup), Status::kOk);
  EXPECT_EQ(told(), 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ReadAny().ok());
  }
  ASSERT_EQ(OutputBytes(8, kRingNoWakeup), Status::kOk);
  EXPECT_EQ(told(), 0);
  ASSERT_TRUE(ReadAny().ok());
  const Result<uint8_t*> record = ring_.Reserve(8);
  EXPECT_EQ(told(), 0);
  RingBuffer::Commit(*record, 0, /*discard=*/true);
  EXPECT_EQ(told(), 1);
  ring_.notifier().Remove(listener);
}

TEST_F(RingBufferTest, TheReaderBeforePaddingIsTold) {
  CountingListener listener;
  ASSERT_EQ(OutputBytes(3000), Status::kOk);
  ASSERT_TRUE(ReadAny().ok());
  ring_.notifier().Add(listener);
  ASSERT_EQ(OutputBytes(1500), Status::kOk);  // goes behind padding
  RunHostDeferred();
  EXPECT_EQ(listener.count, 1);
  ring_.notifier().Remove(listener);
}

TEST_F(RingBufferTest, QueryTellsWhatLinuxTells) {
  ASSERT_EQ(OutputBytes(8), Status::kOk);
  ASSERT_EQ(OutputBytes(8), Status::kOk);
  ASSERT_TRUE(ReadAny().ok());
  EXPECT_EQ(ring_.Query(linux_abi::kRingAvailableData), 16u);
  EXPECT_EQ(ring_.Query(linux_abi::kRingSize), 4096u);
  EXPECT_EQ(ring_.Query(linux_abi::kRingConsumerPosition), 16u);
  EXPECT_EQ(ring_.Query(linux_abi::kRingProducerPosition), 32u);
  EXPECT_EQ(ring_.Query(4), 0u);
}

TEST_F(RingBufferTest, ABufferTooSmallLeavesTheRecord) {
  ASSERT_EQ(OutputBytes(9), Status::kOk);
  uint64_t small = 0;
  EXPECT_EQ(ring_.Read(Out(small)).status(), Status::kNoSpace);
  EXPECT_EQ(*ReadAny(), 9u);
}

TEST_F(RingBufferTest, AWrongConsumerPositionCostsItsOwnerTheRecords) {
  for (uint64_t wrong : {uint64_t{4}, uint64_t{1} << 40, ~uint64_t{0},
                         ~uint64_t{0} - 5000, uint64_t{9999}}) {
    ASSERT_EQ(OutputBytes(100), Status::kOk);
    consumer() = wrong;
    EXPECT_EQ(ReadAny().status(), Status::kBadMessage);
    EXPECT_EQ(ReadAny().status(), Status::kTryAgain);
    ASSERT_EQ(OutputBytes(64), Status::kOk);
    EXPECT_EQ(*ReadAny(), 64u);
  }
}

TEST_F(RingBufferTest, APositionInsideARecordReadsNothingOutsideTheRing) {
  for (uint64_t inside = 8; inside < 3912; inside += 8) {
    while (ReadAny().ok()) {
    }
    const uint64_t start = consumer();
    ASSERT_EQ(OutputBytes(3900), Status::kOk) << start;
    consumer() = producer() - inside;
    const Result<size_t> size = ReadAny();  // 0xabab...: a busy, huge record
    EXPECT_FALSE(size.ok());
    consumer() = producer().load();
    // Leave the ring where the next record fits without padding.
    while (consumer() % 4096 != 0) {
      const uint64_t left = 4096 - consumer() % 4096;
      ASSERT_EQ(OutputBytes(left - 8), Status::kOk);
      consumer() = producer().load();
    }
  }
}

TEST_F(RingBufferTest, AConsumerAheadNeverLetsARecordOverrunOneInFlight) {
  const Result<uint8_t*> held = ring_.Reserve(1000);
  ASSERT_TRUE(held.ok());
  memset(*held, 0x55, 1000);
  for (int i = 0; i < 1000; ++i) {
    consumer() = producer().load();  // "read" all, the held one too
    (void)OutputBytes(200);          // fails when it comes round
  }
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ((*held)[i], 0x55);
  }
  EXPECT_EQ(OutputBytes(200), Status::kNoSpace);
  RingBuffer::Commit(*held, 0, false);
  EXPECT_EQ(OutputBytes(200), Status::kOk);
}

}  // namespace
}  // namespace ebpf
