// SPDX-License-Identifier: MIT
//
// The ring under many producers, traps, and consumers that lie.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/ring_buffer_test_util.h"
#include "core/maps/shared_bytes.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

using linux_abi::kRingBusyBit;
using linux_abi::kRingDiscardBit;

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
