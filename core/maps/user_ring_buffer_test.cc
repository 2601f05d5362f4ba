// SPDX-License-Identifier: MIT
//
// Rings that user space writes; testing/oracle compares them with the host's
// on random contents, honest and not.
#include "core/maps/user_ring_buffer.h"

#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

constexpr uint64_t kSize = 4096;

/// Collects samples, up to a limit.
class Collector final : public SampleVisitor {
 public:
  bool Visit(Bytes sample) override {
    samples.emplace_back(reinterpret_cast<const char*>(sample.data()),
                         sample.size());
    return samples.size() != limit;
  }

  std::vector<std::string> samples;
  size_t limit = SIZE_MAX;
};

class UserRingBufferTest : public MapTest {
 protected:
  UserRingBufferTest() : ring_(PortAllocator(), nullptr) {
    EXPECT_EQ(ring_.Init(kSize), Status::kOk);
  }

  uint64_t& consumer() {
    return *reinterpret_cast<uint64_t*>(ring_.user_memory().data());
  }
  uint64_t& producer() {
    return *reinterpret_cast<uint64_t*>(ring_.user_memory().data() + 4096);
  }
  uint64_t consumer_now() {
    return __atomic_load_n(&consumer(), __ATOMIC_RELAXED);
  }
  uint8_t* data() { return ring_.user_memory().data() + 8192; }

  /// As user space does, which has the data twice in a row.
  void Put(const std::string& payload, uint32_t flags = 0) {
    const uint64_t position = producer();
    PutHeader(position, static_cast<uint32_t>(payload.size()) | flags);
    for (size_t i = 0; i < payload.size(); ++i) {
      data()[(position + 8 + i) % kSize] = static_cast<uint8_t>(payload[i]);
    }
    producer() = position + (payload.size() + 15) / 8 * 8;
  }
  void PutHeader(uint64_t position, uint32_t length) {
    std::memcpy(data() + position % kSize, &length, sizeof(length));
  }

  UserRingBuffer ring_;
  Collector collector_;
};

TEST_F(UserRingBufferTest, RecordsComeInOrderAndOnce) {
  Put("one");
  Put("");
  Put("three");
  EXPECT_EQ(*ring_.Drain(collector_, 0), 3u);
  EXPECT_EQ(collector_.samples, (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(consumer(), producer());
  EXPECT_EQ(*ring_.Drain(collector_, 0), 0u);
}

TEST_F(UserRingBufferTest, RecordsThatWrapAreInOnePiece) {
  consumer() = producer() = 3 * kSize - 16;
  const std::string text = "this goes on at the beginning";
  Put(text);
  EXPECT_EQ(*ring_.Drain(collector_, 0), 1u);
  EXPECT_EQ(collector_.samples, std::vector<std::string>{text});
}

TEST_F(UserRingBufferTest, AVisitorThatHasEnoughLeavesTheRest) {
  Put("one");
  Put("two");
  collector_.limit = 1;
  EXPECT_EQ(*ring_.Drain(collector_, 0), 1u);
  EXPECT_EQ(consumer(), 16u) << "the one it saw is gone";
  EXPECT_EQ(*ring_.Drain(collector_, 0), 1u);
  EXPECT_EQ(collector_.samples.back(), "two");
}

TEST_F(UserRingBufferTest, DiscardedRecordsAreSkippedBusyOnesWaitedFor) {
  Put("one");
  Put("no", linux_abi::kRingDiscardBit);
  Put("two");
  const uint64_t third = producer();
  Put("later", linux_abi::kRingBusyBit);
  EXPECT_EQ(*ring_.Drain(collector_, 0), 2u);
  EXPECT_EQ(consumer(), third);
  PutHeader(third, 5);
  EXPECT_EQ(*ring_.Drain(collector_, 0), 1u);
  EXPECT_EQ(collector_.samples,
            (std::vector<std::string>{"one", "two", "later"}));
}

TEST_F(UserRingBufferTest, WrongPositionsAndSizesAreRefused) {
  producer() = 12;
  EXPECT_EQ(ring_.Drain(collector_, 0).status(), Status::kInvalid);
  producer() = 16;
  PutHeader(0, 9);
  EXPECT_EQ(ring_.Drain(collector_, 0).status(), Status::kInvalid);
  producer() = uint64_t{1} << 40;
  PutHeader(0, kSize - 7);
  EXPECT_EQ(ring_.Drain(collector_, 0).status(), Status::kTooBig);
  PutHeader(0, ~0u);
  EXPECT_EQ(ring_.Drain(collector_, 0).status(), Status::kTooBig);
  EXPECT_EQ(consumer(), 0u);
  EXPECT_TRUE(collector_.samples.empty());
  consumer() = uint64_t{1} << 41;
  EXPECT_EQ(*ring_.Drain(collector_, 0), 0u) << "a producer that went back";
  EXPECT_EQ(ring_.Drain(collector_, 4).status(), Status::kInvalid);
}

TEST_F(UserRingBufferTest, WhatCameBeforeAMistakeIsTaken) {
  Put("one");
  PutHeader(producer(), 100);
  producer() += 8;
  EXPECT_EQ(ring_.Drain(collector_, 0).status(), Status::kInvalid);
  EXPECT_EQ(collector_.samples.size(), 1u);
  EXPECT_EQ(consumer(), 16u);
}

TEST_F(UserRingBufferTest, ACallEndsWhateverTheProducerSays) {
  producer() = ~uint64_t{7};  // empty records without end
  EXPECT_EQ(*ring_.Drain(collector_, 0), UserRingBuffer::kMaxSamples);
  EXPECT_EQ(consumer(), 8u * UserRingBuffer::kMaxSamples);
}

TEST_F(UserRingBufferTest, OnlyOneAtATime) {
  class Nested final : public SampleVisitor {
   public:
    explicit Nested(UserRingBuffer& ring) : ring_(ring) {}
    bool Visit(Bytes) override {
      status_ = ring_.Drain(*this, 0).status();
      return true;
    }
    UserRingBuffer& ring_;
    Status status_ = Status::kOk;
  };
  Put("one");
  Nested nested(ring_);
  EXPECT_EQ(*ring_.Drain(nested, 0), 1u);
  EXPECT_EQ(nested.status_, Status::kBusy);
  Put("two");
  EXPECT_EQ(*ring_.Drain(collector_, 0), 1u) << "it is free again";
}

TEST_F(UserRingBufferTest, TheProducerIsToldOfRoom) {
  class Count final : public Listener {
   public:
    void OnReadable() override { ++count; }
    int count = 0;
  };
  Count listener;
  ring_.notifier().Add(listener);
  const auto drain = [&](uint64_t wakeup) {
    EXPECT_TRUE(ring_.Drain(collector_, wakeup).ok());
    RunHostDeferred();
    return Exchange(listener.count, 0);
  };
  EXPECT_EQ(drain(0), 0) << "nothing was taken";
  EXPECT_EQ(drain(linux_abi::kRingForceWakeup), 1);
  Put("one");
  EXPECT_EQ(drain(0), 1);
  Put("two");
  EXPECT_EQ(drain(linux_abi::kRingNoWakeup), 0);
  Put("no", linux_abi::kRingDiscardBit);
  EXPECT_EQ(drain(0), 1) << "discarded ones leave room, too";
  ring_.notifier().Remove(listener);
}

TEST_F(UserRingBufferTest, WritableUntilItIsFull) {
  EXPECT_TRUE(ring_.Writable());
  Put(std::string(kSize - 8, 'x'));
  EXPECT_FALSE(ring_.Writable());
  producer() = ~uint64_t{0};
  EXPECT_FALSE(ring_.Writable());
}

/// A producer that writes whatever it likes, all the time.
TEST_F(UserRingBufferTest, AHostileProducerHarmsNobody) {
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    std::mt19937_64 random(7);
    while (!stop) {
      const uint64_t at = random() % kSize / 8 * 8;
      reinterpret_cast<std::atomic<uint32_t>*>(data() + at)
          ->store(static_cast<uint32_t>(random() % 3 == 0 ? random()
                                                          : random() % 64));
      reinterpret_cast<std::atomic<uint64_t>*>(ring_.user_memory().data() +
                                               4096)
          ->store(random() % 2 == 0 ? random() : consumer_now() + 4096);
    }
  });
  class Check final : public SampleVisitor {
   public:
    bool Visit(Bytes sample) override {
      ok = ok && sample.size() <= kSize - 8;
      for (uint8_t byte : sample) {
        sum += byte;  // under ASan: it is there
      }
      return ++count % 64 != 0;
    }
    bool ok = true;
    uint64_t sum = 0;
    uint64_t count = 0;
  };
  Check check;
  for (int i = 0; i < 20000 || check.count == 0; ++i) {
    (void)ring_.Drain(check, linux_abi::kRingNoWakeup);
  }
  stop = true;
  producer.join();
  EXPECT_TRUE(check.ok);
  EXPECT_GT(check.count, 0u);
}

}  // namespace
}  // namespace ebpf
