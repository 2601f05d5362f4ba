// SPDX-License-Identifier: MIT
//
// Four CPUs write to the trace buffer, each in a task, in interrupts and in
// traps inside of both; others read it, fast, slowly, or until they die. Every
// record is read whole and in its CPU's order, or told as lost, exactly once.
// EBPF_TRACE_STORM_RECORDS says how many each CPU's task writes.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace_buffer.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_signal_timer.h"

namespace ebpf {
namespace {

constexpr uint32_t kCpus = 4;
constexpr uint32_t kReaderCpu = kCpus;

/// Where a record was written: a task, an interrupt, a trap.
constexpr uint32_t kLevels = 3;

uint64_t RecordsOfEach() {
  const char* text = getenv("EBPF_TRACE_STORM_RECORDS");
  return text == nullptr ? 150'000 : strtoull(text, nullptr, 10);
}

struct Record {
  uint32_t level;
  uint32_t unused;
  uint64_t number;  // of this level's
  uint64_t check;
};

uint64_t CheckOf(uint32_t level, uint64_t number) {
  return number * 0x9e37'79b9'7f4a'7c15 + level;
}

TraceBuffer* buffer;

struct Producer {
  std::atomic<uint64_t> offered[kLevels];
  std::atomic<uint64_t> discarded;
  std::atomic<bool> ends{false};
};
std::array<Producer, kCpus> producers;
thread_local Producer* this_producer;

void Write(uint32_t level) {
  Producer& producer = *this_producer;
  const uintptr_t preemption = ebpf_port_preempt_disable();
  {
    const ReadSection reading;
    const uint64_t number =
        producer.offered[level].load(std::memory_order_relaxed);
    // Each third record is larger, so that pages end anywhere.
    const size_t size = sizeof(Record) + (number % 3 == 0 ? 40 : 0);
    const uint32_t cpu = ebpf_port_cpu_id();
    if (void* room = buffer->Reserve(size, cpu)) {
      const Record record = {level, 0, number, CheckOf(level, number)};
      memcpy(room, &record, sizeof(record));
      if (number % 7 == 0) {
        TraceBuffer::Discard(
            room);  // as by a filter: never there, and not counted
        ++producer.discarded;
      } else {
        buffer->Commit(room);
      }
    }  // else it is counted as dropped
    producer.offered[level].store(number + 1, std::memory_order_relaxed);
  }
  ebpf_port_preempt_enable(preemption);
}

void OnInterrupt(int) {
  if (this_producer != nullptr) {
    const HostTrap trap;
    Write(1);
  }
}
void OnTrap(int) {
  if (this_producer != nullptr) {
    const HostTrap trap;
    Write(2);
  }
}

void Produce(uint32_t number, uint64_t count) {
  const HostCpu cpu(number);
  Producer& producer = producers[number];
  this_producer = &producer;
  {
    const HostSignalTimer interrupts(SIGUSR1, 61'000);
    const HostSignalTimer traps(SIGUSR2, 37'000);
    for (uint64_t i = 0; i < count; ++i) {
      Write(0);
    }
  }
  producer.ends = true;
}

/// What was read, and what it should be.
class Seen {
 public:
  void Add(const TraceEntry& entry) {
    Record record;
    ASSERT_LE(sizeof(record), entry.record->payload_size);
    memcpy(&record, entry.record->payload(), sizeof(record));
    ASSERT_LT(entry.cpu, kCpus);
    ASSERT_LT(record.level, kLevels);
    ASSERT_EQ(record.check, CheckOf(record.level, record.number)) << "torn";
    ASSERT_NE(record.number % 7, 0u) << "it was discarded";
    uint64_t& next = next_[entry.cpu][record.level];
    ASSERT_GE(record.number, next) << "order, or twice";
    next = record.number + 1;
    ASSERT_GE(entry.record->time, time_[entry.cpu] - kNestingNs);
    time_[entry.cpu] = std::max(time_[entry.cpu], entry.record->time);
    ++read;
    lost += entry.lost;
  }

  uint64_t read = 0;
  uint64_t lost = 0;

 private:
  /// Who is interrupted between taking the time and its place stands behind.
  static constexpr uint64_t kNestingNs = 2'000'000'000;

  uint64_t next_[kCpus][kLevels] = {};
  uint64_t time_[kCpus] = {kNestingNs, kNestingNs, kNestingNs, kNestingNs};
};

struct DestroyOwned {
  template <typename T>
  void operator()(T* object) const {
    object->Destroy();
  }
};
using OwnedCursor = std::unique_ptr<TraceCursor, DestroyOwned>;

OwnedCursor MakeCursor() {
  const Result<TraceCursor*> cursor =
      TraceCursor::Create(*buffer, kAllCpus, true, PortAllocator());
  EXPECT_TRUE(cursor.ok());
  return OwnedCursor(cursor.ok() ? *cursor : nullptr);
}

/// At most `count` records.
uint64_t Take(TraceCursor& cursor, uint64_t count, Seen* seen) {
  TraceCursor::Turn turn(cursor);
  TraceEntry entry;
  uint64_t taken = 0;
  while (taken < count && turn.Peek(&entry)) {
    seen->Add(entry);
    turn.Take();
    ++taken;
  }
  return taken;
}

struct Reader {
  const char* name;
  uint64_t at_once;
  uint32_t pause_us;
  bool dies;  // in the middle, and another comes
};

struct Mode {
  const char* name;
  bool overwrites;
};

class TraceStormTest : public testing::TestWithParam<std::tuple<Mode, Reader>> {
 protected:
  TraceStormTest() {
    SetHostCpuCount(kCpus + 1);
    EXPECT_TRUE(InitReadSections());
    buffer = *TraceBuffer::Create(32, PortAllocator());
    struct sigaction action = {};
    action.sa_handler = OnInterrupt;
    sigaction(SIGUSR1, &action, nullptr);
    action.sa_handler = OnTrap;
    sigaction(SIGUSR2, &action, nullptr);
    for (Producer& producer : producers) {
      for (std::atomic<uint64_t>& offered : producer.offered) {
        offered = 0;
      }
      producer.discarded = 0;
      producer.ends = false;
    }
  }
  ~TraceStormTest() override {
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    buffer->Destroy();
    ExitReadSections();
    SetHostCpuCount(4);
  }
};

TEST_P(TraceStormTest, EveryRecordIsReadOrToldAsLost) {
  const auto& [mode, reader] = GetParam();
  buffer->SetOverwrites(mode.overwrites);
  const auto begin = std::chrono::steady_clock::now();
  std::optional<HostCpu> reader_cpu(kReaderCpu);
  std::vector<std::thread> threads;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    threads.emplace_back(Produce, cpu, RecordsOfEach());
  }
  Seen seen;
  uint64_t deaths = 0;
  {
    OwnedCursor cursor = MakeCursor();
    const auto all_end = [] {
      return std::all_of(producers.begin(), producers.end(),
                         [](const Producer& one) { return one.ends.load(); });
    };
    while (!all_end()) {
      const uint64_t taken = Take(*cursor, reader.at_once, &seen);
      if (reader.dies && taken == reader.at_once) {
        cursor.reset();  // in the middle of a page, mostly
        ++deaths;
        cursor = MakeCursor();
      }
      if (reader.pause_us != 0 || taken == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(reader.pause_us));
      }
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    while (Take(*cursor, UINT64_MAX, &seen) != 0) {
    }
  }
  reader_cpu.reset();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();

  // What was lost behind the last record that was read, nobody was told yet.
  TraceStats all = {};
  uint64_t offered[kLevels] = {};
  uint64_t discarded = 0;
  for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
    const TraceStats stats = buffer->Stats(cpu);
    all.entries += stats.entries;
    all.overrun += stats.overrun;
    all.dropped += stats.dropped;
    all.read += stats.read;
    for (uint32_t level = 0; level < kLevels; ++level) {
      const uint64_t count = producers[cpu].offered[level];
      offered[level] += count;
    }
    discarded += producers[cpu].discarded;
  }
  const uint64_t sum = offered[0] + offered[1] + offered[2];
  EXPECT_EQ(all.entries, 0u);
  EXPECT_EQ(all.read, seen.read);
  EXPECT_EQ(all.read + all.overrun + all.dropped + discarded, sum);
  EXPECT_LE(seen.lost, all.overrun + all.dropped);
  {
    // One more of each CPU tells of the rest.
    const uint64_t read_before = seen.read;
    uint64_t more = 0;
    for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
      const HostCpu on(cpu);
      this_producer = &producers[cpu];
      while (producers[cpu].offered[0] % 7 == 0) {
        producers[cpu].offered[0]++;
      }
      Write(0);
      ++more;
      this_producer = nullptr;
    }
    const HostCpu cpu(kReaderCpu);
    OwnedCursor cursor = MakeCursor();
    EXPECT_EQ(Take(*cursor, UINT64_MAX, &seen), more);
    EXPECT_EQ(seen.read, read_before + more);
  }
  EXPECT_EQ(seen.lost, all.overrun + all.dropped);
  EXPECT_GT(offered[1], 0u);
  EXPECT_GT(offered[2], 0u);
  printf("%-10s %-6s %11llu %9llu %9llu %11llu %11llu %11llu %8llu %6.1f\n",
         mode.name, reader.name, static_cast<unsigned long long>(offered[0]),
         static_cast<unsigned long long>(offered[1]),
         static_cast<unsigned long long>(offered[2]),
         static_cast<unsigned long long>(seen.read),
         static_cast<unsigned long long>(all.overrun),
         static_cast<unsigned long long>(all.dropped),
         static_cast<unsigned long long>(deaths), seconds);
}

INSTANTIATE_TEST_SUITE_P(
    , TraceStormTest,
    testing::Combine(testing::Values(Mode{"overwrite", true},
                                     Mode{"stop", false}),
                     testing::Values(Reader{"fast", 4096, 0, false},
                                     Reader{"slow", 64, 1000, false},
                                     Reader{"dying", 37, 100, true})),
    [](const auto& one) {
      return std::string(std::get<0>(one.param).name) + "_" +
             std::get<1>(one.param).name;
    });

}  // namespace
}  // namespace ebpf
