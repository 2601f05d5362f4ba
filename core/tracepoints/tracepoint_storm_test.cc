// SPDX-License-Identifier: MIT
//
// Consumers that come and go while threads, and signals in them, pass
// tracepoints. Means most under TSan.
#include <atomic>
#include <csignal>
#include <memory>
#include <pthread.h>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

/// storm:passed_event(cpu, number, check).
struct Passed {
  static constexpr char kSystem[] = "storm";
  static constexpr char kName[] = "passed_event";
  struct Record {
    EventHeader header;
    uint32_t cpu;
    uint64_t number;
    uint64_t check;
    uint32_t text;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("u32", cpu), EBPF_FIELD("u64", number),
      EBPF_FIELD("u64", check), EBPF_FIELD("__data_loc char[]", text)};
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static size_t TextSize(uint32_t, uint64_t number, uint64_t) {
    return number % 50 + 1;
  }
  static void Fill(Record& record, RecordText& text, uint32_t cpu,
                   uint64_t number, uint64_t check) {
    constexpr char kText[] =
        "0123456789012345678901234567890123456789012345678";
    record.cpu = cpu;
    record.number = number;
    record.check = check;
    record.text = text.Put(StringView(kText, number % 50));
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Passed);

constexpr uint32_t kThreads = 3;

/// What each thread has passed, those in its signals included.
std::atomic<uint64_t> g_passes{0};

void Pass(uint32_t cpu, uint64_t number) {
  EBPF_TRACE(Passed, cpu, number, number * 3 + cpu);
  g_passes.fetch_add(1, std::memory_order_relaxed);
}

thread_local volatile bool t_is_cpu = false;

void OnSignal(int /*signal*/) {
  if (t_is_cpu) {
    Pass(ebpf_port_cpu_id(), 1);
  }
}

/// Counts, and looks for what may not be.
struct Counter {
  void Count(uint64_t cpu, uint64_t number, uint64_t check) {
    wrong += check != number * 3 + cpu ? 1 : 0;
    late += attached ? 0 : 1;
    ++count;
  }

  std::atomic<bool> attached{true};
  std::atomic<uint64_t> count{0};
  std::atomic<uint64_t> late{0};
  std::atomic<uint64_t> wrong{0};
};

struct CountingArguments final : ArgumentsConsumer, Counter {
  void Fired(const uint64_t* arguments, const EventPlace& place) override {
    wrong += place.cpu == arguments[0] ? 0 : 1;
    Count(arguments[0], arguments[1], arguments[2]);
  }
};

/// As deep as tracepoints nest, and for each CPU.
struct CountingRecords final : RecordConsumer, Counter {
  static constexpr uint32_t kDepth = 4;

  void* Reserve(size_t size, const EventPlace& /*place*/) override {
    PerCpu& mine = cpus[ebpf_port_cpu_id()];
    wrong += size > sizeof(mine.memory[0]) ? 1 : 0;
    const uint32_t depth = mine.depth;
    mine.depth = depth + 1;
    return mine.memory[depth];
  }
  void Commit(void* memory, size_t size, const EventPlace& /*place*/) override {
    const auto* const record = static_cast<const Passed::Record*>(memory);
    const size_t length = record->number % 50;
    wrong += record->header.type == Passed::tracepoint.id ? 0 : 1;
    wrong += size == sizeof(*record) + length + 1 ? 0 : 1;
    wrong += record->text == ((length + 1) << 16 | sizeof(*record)) ? 0 : 1;
    Count(record->cpu, record->number, record->check);
    PerCpu& mine = cpus[ebpf_port_cpu_id()];
    mine.depth = mine.depth - 1;
  }

  struct PerCpu {
    volatile uint32_t depth;
    alignas(8) uint8_t memory[kDepth][128];
  };
  PerCpu cpus[kThreads + 1] = {};
};

/// Threads that pass the tracepoint until they are stopped, each of which gets
/// signals meanwhile, in which it passes it too.
class Passing {
 public:
  Passing() {
    struct sigaction action{};
    action.sa_handler = OnSignal;
    sigaction(SIGUSR2, &action, nullptr);
    for (uint32_t cpu = 1; cpu <= kThreads; ++cpu) {
      threads_.emplace_back([this, cpu] {
        const HostCpu this_cpu(cpu);
        t_is_cpu = true;
        for (uint64_t i = 0; !stop_; ++i) {
          Pass(cpu, i);
          if (i % 64 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(5));
          }
        }
        t_is_cpu = false;
      });
    }
  }
  void Signal() {
    for (std::thread& thread : threads_) {
      pthread_kill(thread.native_handle(), SIGUSR2);
    }
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
    signal(SIGUSR2, SIG_DFL);
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

using TracepointStormTest = TracepointFixture;

TEST_F(TracepointStormTest, WhoStaysIsToldOfEachPassExactly) {
  const TraceEventRef event = TraceEvents::Find("storm", "passed_event");
  const uint64_t bytes = PortAllocatedBytes();
  CountingArguments arguments;
  auto records = std::make_unique<CountingRecords>();
  ASSERT_EQ(AddArgumentsConsumer(Passed::tracepoint, arguments), Status::kOk);
  ASSERT_EQ(event->AddConsumer(*records), Status::kOk);
  g_passes = 0;
  Passing passing;
  uint64_t told_while_there = 0;
  for (int round = 0; round < 300; ++round) {
    CountingArguments guest;
    auto guest_records = std::make_unique<CountingRecords>();
    ASSERT_EQ(AddArgumentsConsumer(Passed::tracepoint, guest), Status::kOk);
    passing.Signal();
    ASSERT_EQ(event->AddConsumer(*guest_records), Status::kOk);
    RemoveArgumentsConsumer(Passed::tracepoint, guest);
    guest.attached = false;
    passing.Signal();
    event->RemoveConsumer(*guest_records);
    guest_records->attached = false;
    told_while_there += guest.count + guest_records->count;
    std::this_thread::yield();
    EXPECT_EQ(guest.late + guest_records->late, 0u);
    EXPECT_EQ(guest.wrong + guest_records->wrong, 0u);
  }
  passing.Stop();
  EXPECT_EQ(arguments.count, g_passes);
  EXPECT_EQ(records->count, g_passes);
  EXPECT_EQ(arguments.wrong + records->wrong, 0u);
  EXPECT_EQ(MissedBy(Passed::tracepoint), 0u);
  EXPECT_GT(told_while_there, 0u);
  RemoveArgumentsConsumer(Passed::tracepoint, arguments);
  event->RemoveConsumer(*records);
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

TEST_F(TracepointStormTest, ItIsSwitchedOnAndOffUnderPasses) {
  const uint64_t bytes = PortAllocatedBytes();
  Passing passing;
  for (int round = 0; round < 200; ++round) {
    CountingArguments guest;
    ASSERT_EQ(AddArgumentsConsumer(Passed::tracepoint, guest), Status::kOk);
    passing.Signal();
    RemoveArgumentsConsumer(Passed::tracepoint, guest);
    guest.attached = false;
    std::this_thread::yield();
    EXPECT_EQ(guest.late + guest.wrong, 0u);
  }
  passing.Stop();
  EXPECT_EQ(PortAllocatedBytes(), bytes);
}

}  // namespace
}  // namespace ebpf
