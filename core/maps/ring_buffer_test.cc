// SPDX-License-Identifier: MIT
//
// The ring: placement, readers of both ways, wake-ups, many producers, and
// consumers that lie.
#include "core/maps/ring_buffer.h"

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "core/maps/shared_bytes.h"
#include "core/ring/ring_layout.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_signal_traps.h"

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

class RingBufferTest : public MapTest {
 protected:
  explicit RingBufferTest(uint32_t size = 4096)
      : ring_(PortAllocator(), nullptr) {
    EXPECT_EQ(ring_.Init(size), Status::kOk);
  }

  /// The words that user space maps.
  std::atomic<uint64_t>& consumer() { return WordAt(0); }
  std::atomic<uint64_t>& producer() { return WordAt(4096); }
  std::atomic<uint64_t>& WordAt(size_t offset) {
    return *reinterpret_cast<std::atomic<uint64_t>*>(
        ring_.user_memory().data() + offset);
  }
  uint8_t* data() { return ring_.user_memory().data() + 8192; }
  uint32_t LengthWordAt(uint64_t position) {
    return LoadUnaligned<uint32_t>(data() + position % ring_.data_size());
  }

  Status OutputBytes(size_t size, uint64_t wakeup = 0) {
    const std::vector<uint8_t> record(size, 0xab);
    return ring_.Output(In(record), wakeup);
  }
  Result<size_t> ReadAny() {
    std::vector<uint8_t> to(ring_.data_size());
    return ring_.Read(Out(to));
  }

  RingBuffer ring_;
};

TEST_F(RingBufferTest, ARecordIsLaidOutAsLinuxDoes) {
  const Result<uint8_t*> record = ring_.Reserve(13);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(*record, data() + 8);
  EXPECT_EQ(LengthWordAt(0), 13 | kRingBusyBit);
  // Pages from the ring's first (private) one to the header's.
  EXPECT_EQ(LoadUnaligned<uint32_t>(data() + 4), 3u);
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

/// What a producer writes: who it is, which of its records, and a filling that
/// follows from both.
struct Message {
  uint32_t producer;
  uint32_t number;
};

size_t FillingSize(const Message& message) {
  return message.number * 7 % 61 + (message.number % 97 == 0 ? 600 : 0);
}

bool FillingIsRight(const Message& message, const uint8_t* filling,
                    size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (filling[i] != static_cast<uint8_t>(message.number + i)) {
      return false;
    }
  }
  return true;
}

/// One record, checked before it is committed; whether there was room. Written
/// by relaxed atomic stores, since a hostile consumer may look at any time.
bool Produce(RingBuffer& ring, const Message& message, bool& intact) {
  const size_t size = sizeof(message) + FillingSize(message);
  uint8_t record[1024];
  StoreUnaligned(record, message);
  for (size_t i = sizeof(message); i < size; ++i) {
    record[i] = static_cast<uint8_t>(message.number + i - sizeof(message));
  }
  const Result<uint8_t*> room = ring.Reserve(size);
  if (!room.ok()) {
    return false;
  }
  shared_bytes::Store(*room, ConstBytes(record, size));
  intact = shared_bytes::Equal(*room, ConstBytes(record, size));
  RingBuffer::Commit(*room, 0, message.number % 11 == 0);
  return true;
}

class RingStressTest : public RingBufferTest {
 protected:
  static constexpr uint32_t kProducers = 4;
  /// Of each producer; EBPF_RING_RECORDS=25000000 for the long run.
  static uint32_t Records() {
    const char* wanted = getenv("EBPF_RING_RECORDS");
    return wanted == nullptr
               ? 50'000
               : static_cast<uint32_t>(strtoul(wanted, nullptr, 0));
  }

  RingStressTest() : RingBufferTest(8192) {}

  struct Consumed {
    uint64_t count = 0;
    uint32_t next[kProducers] = {};

    void Take(const uint8_t* record, size_t size) {
      Message message;
      ASSERT_GE(size, sizeof(message));
      memcpy(&message, record, sizeof(message));
      ASSERT_LT(message.producer, kProducers);
      ASSERT_GE(message.number, next[message.producer]);
      next[message.producer] = message.number + 1;
      ASSERT_EQ(size, sizeof(message) + FillingSize(message));
      ASSERT_TRUE(FillingIsRight(message, record + sizeof(message),
                                 size - sizeof(message)));
      ASSERT_NE(message.number % 11, 0u) << "a discarded record";
      ++count;
    }
  };

  /// Produce from a task, an interrupt handler or a trap.
  bool ProduceIn(uint32_t context, const Message& message, bool& intact) {
    if (context == 0) {
      return Produce(ring_, message, intact);
    }
    if (context == 1) {
      const uintptr_t irq = ebpf_port_irq_save();
      const bool produced = Produce(ring_, message, intact);
      ebpf_port_irq_restore(irq);
      return produced;
    }
    const HostTrap trap;
    return Produce(ring_, message, intact);
  }

  /// Runs the producers while `consume` is called again and again, and once
  /// after they ended; what was dropped and what was discarded is added up.
  template <typename Consume>
  void Run(Consume consume) {
    std::atomic<uint32_t> running{kProducers};
    std::vector<std::thread> threads;
    for (uint32_t producer = 0; producer < kProducers; ++producer) {
      threads.emplace_back([&, producer] {
        const HostCpu cpu(producer + 1);
        for (uint32_t number = 0; number < records_; ++number) {
          bool intact = true;
          if (!ProduceIn(producer % 3, {producer, number}, intact)) {
            ++dropped_;
            std::this_thread::yield();
          } else if (number % 11 == 0) {
            ++discarded_;
          }
          EXPECT_TRUE(intact);
        }
        --running;
      });
    }
    while (running != 0) {
      consume();
      std::this_thread::yield();
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    consume();
  }

  const uint32_t records_ = Records();
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> discarded_{0};
};

TEST_F(RingStressTest, EveryRecordIsReadDroppedOrDiscardedInOrder) {
  Consumed consumed;
  std::vector<uint8_t> to(1024);
  Run([&] {
    for (;;) {
      const Result<size_t> size = ring_.Read(Out(to));
      if (!size.ok()) {
        ASSERT_EQ(size.status(), Status::kTryAgain);
        return;
      }
      consumed.Take(to.data(), *size);
      if (HasFatalFailure()) {
        return;
      }
    }
  });
  EXPECT_EQ(consumed.count + dropped_ + discarded_,
            uint64_t{kProducers} * records_);
  EXPECT_GT(consumed.count, 0u);
  printf("read %llu, dropped %llu, discarded %llu\n",
         static_cast<unsigned long long>(consumed.count),
         static_cast<unsigned long long>(dropped_.load()),
         static_cast<unsigned long long>(discarded_.load()));
}

TEST_F(RingStressTest, UserSpaceReadsTheMappedPagesAsLibbpfDoes) {
  Consumed consumed;
  uint64_t position = 0;
  Run([&] {
    const uint64_t end = producer().load(std::memory_order_acquire);
    while (position < end) {
      uint8_t* header = data() + position % ring_.data_size();
      const uint32_t length =
          reinterpret_cast<std::atomic<uint32_t>*>(header)->load(
              std::memory_order_acquire);
      if ((length & kRingBusyBit) != 0) {
        return;
      }
      if ((length & kRingDiscardBit) == 0) {
        consumed.Take(header + 8, length);
        if (HasFatalFailure()) {
          return;
        }
      }
      position += AlignUp<uint64_t>((length & ~kRingDiscardBit) + 8, 8);
      consumer().store(position, std::memory_order_release);
    }
  });
  EXPECT_EQ(consumed.count + dropped_ + discarded_,
            uint64_t{kProducers} * records_);
  EXPECT_EQ(position, producer());
}

TEST_F(RingStressTest, AHostileConsumerHarmsNoProducer) {
  std::mt19937_64 random(7);
  std::vector<uint8_t> to(8192);
  Run([&] {
    const uint64_t at = producer();
    const uint64_t choices[] = {random(),
                                at,
                                at - 8,
                                at + 8,
                                at - 8192,
                                at - random() % 8192,
                                at + random() % 8192,
                                at - random() % 1024 * 8};
    consumer() = choices[random() % 8];
    (void)ring_.Read(Out(to));  // whatever it finds
  });
  // The ring goes on: read it empty, then write and read one record.
  consumer() = producer().load();
  ASSERT_EQ(ring_.Output(In(uint64_t{77}), 0), Status::kOk);
  uint64_t value = 0;
  ASSERT_TRUE(ring_.Read(Out(value)).ok());
  EXPECT_EQ(value, 77u);
}

/// The ring that a signal handler, our trap, writes to.
struct TrapState {
  RingBuffer* ring;
  uint32_t number;
  uint64_t written;
  uint64_t refused;
  bool intact;
};
TrapState g_trap;

void OnTrap() {
  bool intact = true;
  if (Produce(*g_trap.ring, {1, g_trap.number++}, intact)) {
    ++g_trap.written;
  } else {
    ++g_trap.refused;
  }
  g_trap.intact = g_trap.intact && intact;
}

TEST_F(RingStressTest, TrapsInTheMiddleOfReserveAndCommitLoseOnlyTheirOwn) {
  g_trap = {&ring_, 0, 0, 0, true};
  std::optional<SignalTraps> traps(OnTrap);

  Consumed consumed;
  uint64_t written = 0;
  uint64_t refused = 0;
  std::vector<uint8_t> to(1024);
  for (uint32_t number = 0; number < 4 * records_; ++number) {
    bool intact = true;
    if (Produce(ring_, {0, number}, intact)) {
      ++written;
    } else {
      ++refused;
    }
    ASSERT_TRUE(intact);
    for (Result<size_t> size = ring_.Read(Out(to)); size.ok();
         size = ring_.Read(Out(to))) {
      consumed.Take(to.data(), *size);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  traps.reset();

  EXPECT_TRUE(g_trap.intact);
  EXPECT_GT(g_trap.written, 0u);
  EXPECT_EQ(written + refused, 4 * records_);
  printf("traps: %llu wrote, %llu were refused\n",
         static_cast<unsigned long long>(g_trap.written),
         static_cast<unsigned long long>(g_trap.refused));
}

}  // namespace
}  // namespace ebpf
