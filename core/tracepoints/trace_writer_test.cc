// SPDX-License-Identifier: MIT
#include "core/tracepoints/trace_writer.h"

#include <memory>
#include <string>
#include <vector>

#include "core/base/memory.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace_buffer_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

constexpr uint16_t kId = 7;

struct Record {
  EventHeader header;
  uint64_t number;
};

class TraceWriterTest : public testing::Test {
 protected:
  TraceWriterTest() {
    EXPECT_TRUE(InitReadSections());
    buffer_.reset(*TraceBuffer::Create(8, PortAllocator()));
    cmdlines_.reset(*SavedCmdlines::Create(16, PortAllocator()));
    writer_.SetBuffer(*buffer_);
    writer_.SetCmdlines(cmdlines_.get());
    SetHostTime(1000);
    SetHostTask(5, 4, "five");
  }
  ~TraceWriterTest() override {
    ResumeHostTime();
    SetHostTask(1, 1, "host");
    buffer_.reset();
    cmdlines_.reset();
    ExitReadSections();
  }

  void Write(uint64_t number, uint32_t cpu = 0) {
    const HostCpu on(cpu);
    const ReadSection reading;
    writer_.Write(
        kId, sizeof(Record), {cpu, ThisContext(cpu, 1)},
        [&](void* record) { static_cast<Record*>(record)->number = number; });
  }
  /// If it is wanted, after `meanwhile()`.
  template <typename Meanwhile>
  void WriteIf(bool is_wanted, uint64_t number, const Meanwhile& meanwhile) {
    const ReadSection reading;
    writer_.WriteWanted(
        kId, sizeof(Record), {0, ThisContext(0, 1)},
        [&](void* record) {
          static_cast<Record*>(record)->number = number;
          meanwhile();
        },
        [&](const uint8_t* record) {
          EXPECT_EQ(LoadUnaligned<Record>(record).header.type, kId);
          EXPECT_EQ(LoadUnaligned<Record>(record).number, number);
          return is_wanted;
        });
  }
  void WriteIf(bool is_wanted, uint64_t number) {
    WriteIf(is_wanted, number, [] {});
  }
  /// By the two steps.
  void Make(uint64_t number, uint32_t cpu = 0) {
    const HostCpu on(cpu);
    const ReadSection reading;
    if (void* room = writer_.Reserve(sizeof(Record), cpu)) {
      const Record record = {MakeEventHeader(kId, cpu), number};
      memcpy(room, &record, sizeof(record));
      writer_.Commit(room, cpu);
    }
  }
  std::vector<uint64_t> Numbers() {
    OwnedCursor cursor(
        *TraceCursor::Create(*buffer_, kAllCpus, true, PortAllocator()));
    std::vector<uint64_t> numbers;
    TraceCursor::Turn turn(*cursor);
    TraceEntry entry;
    while (turn.Peek(&entry)) {
      EXPECT_EQ(entry.record->payload_size, sizeof(Record));
      EXPECT_EQ(entry.record->time, 1000u);
      Record record;
      memcpy(&record, entry.record->payload(), sizeof(record));
      EXPECT_EQ(record.header.type, kId);
      EXPECT_EQ(record.header.pid, 5);
      numbers.push_back(record.number);
      turn.Take();
    }
    return numbers;
  }
  std::string NameOf(uint32_t pid) {
    char comm[kCommSize];
    cmdlines_->Find(pid, comm);
    return comm;
  }

  OwnedBuffer buffer_;
  std::unique_ptr<SavedCmdlines, DestroyOwned> cmdlines_;
  TraceWriter writer_;
};

TEST_F(TraceWriterTest, ARecordIsMadeByEitherWay) {
  Write(1);
  Make(2);
  Write(3, 2);
  EXPECT_EQ(Numbers(), (std::vector<uint64_t>{1, 2, 3}));
}

TEST_F(TraceWriterTest, TheTaskIsNotedIfNamesAreKept) {
  writer_.SetCmdlines(nullptr);
  Write(1);
  Make(2);
  EXPECT_EQ(NameOf(5), "<...>");
  writer_.SetCmdlines(cmdlines_.get());
  Write(3);
  EXPECT_EQ(NameOf(5), "five");
  SetHostTask(6, 6, "six");
  Make(4);
  EXPECT_EQ(NameOf(6), "six");
}

TEST_F(TraceWriterTest, WhatIsNotWantedHasNeverBeen) {
  WriteIf(true, 1);
  SetHostTask(6, 6, "six");
  for (uint64_t i = 0; i < 5000; ++i) {
    WriteIf(false, 2);  // in all they would be more than there is room
  }
  SetHostTask(5, 4, "five");
  WriteIf(true, 3);
  EXPECT_EQ(Numbers(), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(NameOf(6), "<...>");
  EXPECT_EQ(NameOf(5), "five");
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.overrun, 0u);
  EXPECT_EQ(stats.dropped, 0u);
  EXPECT_EQ(stats.read, 2u);
}

TEST_F(TraceWriterTest, WhatComesMeanwhileStays) {
  WriteIf(false, 1, [&] {
    WriteIf(true, 2, [&] { WriteIf(false, 3); });
    WriteIf(false, 4, [&] { Write(5); });
  });
  WriteIf(true, 6, [&] {
    for (uint64_t i = 0; i < 200; ++i) {
      WriteIf(i % 2 == 0, 100 + i);  // some pages of them
    }
  });
  std::vector<uint64_t> wanted = {2, 5, 6};
  for (uint64_t i = 0; i < 200; i += 2) {
    wanted.push_back(100 + i);
  }
  EXPECT_EQ(Numbers(), wanted);
  EXPECT_EQ(buffer_->Stats(0).read, wanted.size());
  EXPECT_EQ(buffer_->Stats(0).entries, 0u);
}

TEST_F(TraceWriterTest, WhatHappensWhileNothingIsRecordedIsNotCounted) {
  buffer_->SetRecording(false);
  Write(1);
  Make(2);
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.dropped, 0u);
}

TEST_F(TraceWriterTest, AFullRingDropsWhatComesAndCountsIt) {
  buffer_->SetOverwrites(false);
  for (uint64_t i = 0; i < 2000; ++i) {
    Write(i);
  }
  const TraceStats stats = buffer_->Stats(0);
  EXPECT_GT(stats.dropped, 0u);
  EXPECT_EQ(stats.entries + stats.dropped, 2000u);
  EXPECT_EQ(Numbers().size(), stats.entries);
}

}  // namespace
}  // namespace ebpf
