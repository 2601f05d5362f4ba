// SPDX-License-Identifier: MIT
#include "core/sync/read_section.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using std::chrono::milliseconds;

class ReadSectionTest : public testing::Test {
 protected:
  ReadSectionTest() { EXPECT_TRUE(InitReadSections()); }
  ~ReadSectionTest() override {
    ExitReadSections();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }
};

// A thread on `cpu` that waits for readers; tells when it came back.
class Waiter {
 public:
  explicit Waiter(uint32_t cpu)
      : thread_([this, cpu] {
          const HostCpu self(cpu);
          started_ = true;
          WaitForReaders();
          done_ = true;
        }) {
    while (!started_) {
      std::this_thread::yield();
    }
  }
  ~Waiter() { Join(); }

  bool done() const { return done_; }
  void Join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  // Whether it is still waiting after a while in which it could have ended.
  bool StillWaits() {
    std::this_thread::sleep_for(milliseconds(20));
    return !done_;
  }

 private:
  std::atomic<bool> started_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

TEST_F(ReadSectionTest, WaitReturnsWhenNobodyReads) {
  WaitForReaders();
  WaitForReaders();
}

TEST_F(ReadSectionTest, WaitReturnsAfterTheReaderEnded) {
  auto reading = std::make_unique<ReadSection>();
  Waiter waiter(1);
  EXPECT_TRUE(waiter.StillWaits());

  reading.reset();

  waiter.Join();
  EXPECT_TRUE(waiter.done());
}

TEST_F(ReadSectionTest, WaitReturnsAfterTheOutermostOfNestedSections) {
  auto outer = std::make_unique<ReadSection>();
  {
    ReadSection inner;
  }
  Waiter waiter(1);
  {
    ReadSection inner;
  }
  {
    const HostTrap trap;
    ReadSection in_trap;
  }
  EXPECT_TRUE(waiter.StillWaits());
  outer.reset();
  waiter.Join();
}

class CpuSectionTest : public ReadSectionTest,
                       public testing::WithParamInterface<CpuSectionOwner> {};

TEST_P(CpuSectionTest, WaitReturnsAfterTheSectionOfACpu) {
  struct alignas(64) OfCpu {
    CpuSection section;
  };
  static OfCpu cpus[64];
  ASSERT_LE(ebpf_port_cpu_count(), 64u);
  SetCpuSections(GetParam(), &cpus[0].section, sizeof(OfCpu));
  WaitForReaders();
  for (uint32_t cpu : {0u, ebpf_port_cpu_count() - 1}) {
    CpuSection& section = cpus[cpu].section;
    EXPECT_FALSE(section.is_open());
    section.Open();
    EXPECT_TRUE(section.is_open());
    Waiter waiter(1);
    EXPECT_TRUE(waiter.StillWaits());

    section.Close();

    // The next one began too late to be waited for.
    section.Open();
    waiter.Join();
    section.Close();
  }
  SetCpuSections(GetParam(), nullptr, 0);
  cpus[0].section.Open();
  WaitForReaders();
  cpus[0].section.Close();
}

TEST_P(CpuSectionTest, WaitReturnsAfterTheOutermostOfThoseInside) {
  static CpuSection sections[64];
  SetCpuSections(GetParam(), sections, sizeof(CpuSection));
  CpuSection& section = sections[2];
  const uint64_t closed = section.mark();
  section.Enter(closed);
  const uint64_t outer = section.mark();
  EXPECT_EQ(CpuSection::DepthOf(outer), 1u);
  Waiter waiter(1);

  // One inside, and one more inside of another.
  section.Enter(outer);
  const uint64_t inner = section.mark();
  section.Enter(inner);
  EXPECT_EQ(CpuSection::DepthOf(section.mark()), 3u);
  section.Leave(inner);
  section.Leave(outer);
  EXPECT_TRUE(waiter.StillWaits());
  EXPECT_TRUE(section.is_open());

  section.Leave(closed);
  EXPECT_FALSE(section.is_open());
  section.Enter(section.mark());
  waiter.Join();
  section.Close();
  EXPECT_FALSE(section.is_open());
  SetCpuSections(GetParam(), nullptr, 0);
}

TEST_P(CpuSectionTest, WaitReturnsWhileOthersComeAndGo) {
  static CpuSection sections[64];
  SetCpuSections(GetParam(), sections, sizeof(CpuSection));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    const HostCpu self(2);
    CpuSection& section = sections[2];
    while (!stop) {
      const uint64_t closed = section.mark();
      section.Enter(closed);
      const uint64_t outer = section.mark();
      section.Enter(outer);
      section.Leave(outer);
      section.Leave(closed);
    }
  });
  for (int turn = 0; turn < 100; ++turn) {
    WaitForReaders();
  }
  stop = true;
  reader.join();
  SetCpuSections(GetParam(), nullptr, 0);
}

INSTANTIATE_TEST_SUITE_P(Owners, CpuSectionTest,
                         testing::Values(CpuSectionOwner::kProbes,
                                         CpuSectionOwner::kTracepoints,
                                         CpuSectionOwner::kRuns));

TEST_F(ReadSectionTest, AReaderMayEndOnAnotherCpu) {
  auto reading = std::make_unique<ReadSection>();
  Waiter waiter(1);
  {
    const HostCpu elsewhere(2);
    EXPECT_TRUE(waiter.StillWaits());
    reading.reset();
  }
  waiter.Join();
  WaitForReaders();  // the sums are balanced
}

TEST_F(ReadSectionTest, ReadersThatFollowOneAnotherDoNotKeepAWaiterWaiting) {
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    const HostCpu self(1);
    // There is always one open: the next begins before the last ends.
    auto reading = std::make_unique<ReadSection>();
    while (!stop) {
      auto next = std::make_unique<ReadSection>();
      reading = std::move(next);
    }
  });
  for (int i = 0; i < 20; ++i) {
    WaitForReaders();
  }
  stop = true;
  reader.join();
}

TEST_F(ReadSectionTest, SeveralWaitersTakeTurns) {
  auto reading = std::make_unique<ReadSection>();
  Waiter a(1);
  Waiter b(2);
  Waiter c(3);
  EXPECT_TRUE(a.StillWaits() && b.StillWaits() && c.StillWaits());
  reading.reset();
}

// Under TSan and ASan: the value is read without a lock and freed by the
// waiter.
TEST_F(ReadSectionTest, WhatReadersFoundIsNotFreedUnderThem) {
  struct Object {
    uint64_t value;
    uint64_t complement;
  };
  constexpr int kRounds = 300;
  std::atomic<Object*> published{new Object{0, ~uint64_t{0}}};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (uint32_t cpu = 1; cpu <= 3; ++cpu) {
    readers.emplace_back([&, cpu] {
      const HostCpu self(cpu);
      while (!stop) {
        ReadSection reading;
        const Object* object = published.load(std::memory_order_acquire);
        ASSERT_EQ(object->value, ~object->complement);
      }
    });
  }
  for (uint64_t i = 1; i <= kRounds; ++i) {
    Object* old = published.exchange(new Object{i, ~i});
    WaitForReaders();
    old->value = old->complement = 1;
    delete old;
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  delete published.load();
}

TEST(ReadSectionInitTest, SaysWhenThereIsNoMemory) {
  FailNthAllocation(1);
  EXPECT_FALSE(InitReadSections());
  EXPECT_TRUE(AllocationFailed());
  WaitForReaders();  // there can be none
  ExitReadSections();
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

}  // namespace
}  // namespace ebpf
