// SPDX-License-Identifier: MIT
#include "core/tracepoints/tracepoint.h"

#include <climits>

#include "core/platform/cpu.h"
#include "core/tracepoints/trace.h"
#include "core/tracepoints/tracepoint_test_util.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_machine.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_task.h"

namespace ebpf {

EBPF_TRACEPOINT(Sample);

namespace {

/// One with more room than text, or less.
struct Roomy {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "roomy_event";
  struct Record {
    EventHeader header;
    uint32_t first;
    uint32_t second;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", first),
      EBPF_FIELD("__data_loc char[]", second)};
  static constexpr char kPrintFormat[] = "\"\"";
  static size_t TextSize(uint32_t room, const char*, const char*) {
    return room;
  }
  static void Fill(Record& record, RecordText& text, uint32_t,
                   const char* first, const char* second) {
    record.first = text.Put(first);
    record.second = text.Put(second);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Roomy);

/// One without arguments or fields.
struct Bare {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "bare_event";
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Bare);

/// Holes between its fields, and behind the last.
struct Holey {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "holey_event";
  struct Record {
    EventHeader header;
    uint8_t first;
    uint64_t second;
    uint16_t last;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("u8", first),
                                           EBPF_FIELD("u64", second),
                                           EBPF_FIELD("u16", last)};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record& record) {
    record.first = 1;
    record.second = 2;
    record.last = 3;
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Holey);

/// As many arguments as there may be, of each width and sign; the first is a
/// buffer that may be written.
struct Wide {
  static constexpr char kSystem[] = "sample";
  static constexpr char kName[] = "wide_event";
  static constexpr uint32_t kWritableSize = 8;
  struct Record {
    EventHeader header;
    int64_t sum;
  };
  static constexpr EventField kFields[] = {EBPF_FIELD("s64", sum)};
  static constexpr char kPrintFormat[] = "\"%lld\", REC->sum";
  static void Fill(Record& record, uint64_t* buffer, int8_t b, int16_t c,
                   int32_t d, int64_t e, uint8_t f, uint16_t g, uint32_t h,
                   uint64_t i, bool j, const char* k, Mood l) {
    record.sum = static_cast<int64_t>(*buffer) + b + c + d + e + f + g + h +
                 static_cast<int64_t>(i) + j + *k + static_cast<int>(l);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Wide);

/// Another of a name that there is.
struct Again : Bare {
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Again);

class TracepointTest : public TracepointFixture {
 protected:
  TracepointTest() : event_(TraceEvents::Find("sample", "sample_event")) {}

  TraceEventRef event_;
};

TEST_F(TracepointTest, IsFoundByNameAndById) {
  ASSERT_TRUE(event_);
  EXPECT_NE(event_->id(), 0u);
  EXPECT_EQ(TraceEvents::FindById(event_->id()).get(), event_.get());
  EXPECT_EQ(FindTracepoint("sample_event"), &Sample::tracepoint);
  EXPECT_EQ(FindTracepoint("bare_event"), &Bare::tracepoint);
  EXPECT_EQ(FindTracepoint("sample_even"), nullptr);
  EXPECT_FALSE(TraceEvents::Find("sampl", "sample_event"));
}

TEST_F(TracepointTest, OfTwoOfANameTheFirstIsThere) {
  EXPECT_NE(Bare::tracepoint.id, 0u);
  EXPECT_EQ(Again::tracepoint.id, 0u);
}

TEST_F(TracepointTest, EvaluatesNothingWhileNobodyAsks) {
  int evaluated = 0;
  EBPF_TRACE(Sample, ++evaluated, 1, "", Mood::kGood);

  EXPECT_EQ(evaluated, 0);
}

TEST_F(TracepointTest, MakesARecordForEachConsumer) {
  SetHostTask(17, 15, "task");
  KeptRecords first;
  KeptRecords second;
  ASSERT_EQ(event_->AddConsumer(first), Status::kOk);
  ASSERT_EQ(event_->AddConsumer(second), Status::kOk);
  const char path[] = "/a/path";

  EBPF_TRACE(Sample, -7, 1ull << 40, path, Mood::kBad);
  event_->RemoveConsumer(second);
  EBPF_TRACE(Sample, 8, 9, "", Mood::kGood);
  event_->RemoveConsumer(first);
  EBPF_TRACE(Sample, 10, 11, "", Mood::kGood);

  ASSERT_EQ(first.records.size(), 2u);
  ASSERT_EQ(second.records.size(), 1u);
  EXPECT_EQ(first.records[0], second.records[0]);
  EXPECT_EQ(first.records[0].size(), sizeof(Sample::Record) + sizeof(path));
  const auto record = first.At<Sample::Record>(0);
  EXPECT_EQ(record.header.type, event_->id());
  EXPECT_EQ(record.header.flags, 0u);
  EXPECT_EQ(record.header.preempt_count, 0u);
  EXPECT_EQ(record.header.pid, 17);
  EXPECT_EQ(record.tiny, -3);
  EXPECT_EQ(record.small, 0xfffe);
  EXPECT_EQ(record.number, -7);
  EXPECT_EQ(record.large, 1ull << 40);
  EXPECT_STREQ(record.comm, "a name that is ");
  EXPECT_EQ(record.args[2], (1ull << 40) + 2);
  EXPECT_EQ(record.where, path);
  EXPECT_EQ(record.mood, Mood::kBad);
  EXPECT_FALSE(record.good);
  EXPECT_EQ(record.path, sizeof(path) << 16 | sizeof(Sample::Record));
  EXPECT_STREQ(first.records[0].c_str() + (record.path & 0xffff), path);
  EXPECT_EQ(first.At<Sample::Record>(1).number, 8);
}

TEST_F(TracepointTest, ARecordThatIsNotWantedIsNotMade) {
  KeptRecords refuses(false);
  KeptRecords takes;
  ASSERT_EQ(event_->AddConsumer(refuses), Status::kOk);
  ASSERT_EQ(event_->AddConsumer(takes), Status::kOk);

  EBPF_TRACE(Sample, 1, 2, "x", Mood::kGood);

  EXPECT_EQ(refuses.reserved, 1u);
  EXPECT_TRUE(refuses.records.empty());
  EXPECT_EQ(takes.records.size(), 1u);
  event_->RemoveConsumer(refuses);
  event_->RemoveConsumer(takes);
}

TEST_F(TracepointTest, TextIsCutWhereARecordWouldBecomeTooLong) {
  KeptRecords records;
  ASSERT_EQ(event_->AddConsumer(records), Status::kOk);
  const std::string path(3000, 'p');

  EBPF_TRACE(Sample, 1, 2, path.c_str(), Mood::kGood);

  ASSERT_EQ(records.records.size(), 1u);
  const std::string& bytes = records.records[0];
  EXPECT_EQ(bytes.size(), kMaxEventRecord);
  const uint32_t location = records.At<Sample::Record>(0).path;
  EXPECT_EQ((location & 0xffff) + (location >> 16), kMaxEventRecord);
  EXPECT_EQ(bytes.back(), '\0');
  EXPECT_EQ(bytes[bytes.size() - 2], 'p');
  event_->RemoveConsumer(records);
}

TEST_F(TracepointTest, TextIsCutToItsRoomAndZerosFollowIt) {
  const TraceEventRef event = TraceEvents::Find("sample", "roomy_event");
  KeptRecords kept;
  ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
  EBPF_TRACE(Roomy, 12, "ab", "cde");
  EBPF_TRACE(Roomy, 6, "ab", "cdef");
  EBPF_TRACE(Roomy, 3, "ab", "c");
  EBPF_TRACE(Roomy, 0, "ab", "c");
  event->RemoveConsumer(kept);

  constexpr uint32_t kBegin = sizeof(Roomy::Record);
  const struct {
    std::string text;
    uint32_t first;
    uint32_t second;
  } kExpected[] = {
      {std::string("ab\0cde\0\0\0\0\0\0", 12), 3 << 16 | kBegin,
       4 << 16 | (kBegin + 3)},
      {std::string("ab\0cd\0", 6), 3 << 16 | kBegin, 3 << 16 | (kBegin + 3)},
      {std::string("ab\0", 3), 3 << 16 | kBegin, kBegin + 3},
      {"", kBegin, kBegin},
  };
  ASSERT_EQ(kept.records.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(kept.records[i].substr(kBegin), kExpected[i].text) << i;
    EXPECT_EQ(kept.At<Roomy::Record>(i).first, kExpected[i].first) << i;
    EXPECT_EQ(kept.At<Roomy::Record>(i).second, kExpected[i].second) << i;
  }
}

/// Memory for records held others before: a reader of raw ones would see them.
TEST_F(TracepointTest, HolesOfARecordAreZeros) {
  const TraceEventRef event = TraceEvents::Find("sample", "holey_event");
  ASSERT_TRUE(event);
  KeptRecords kept;
  ASSERT_EQ(event->AddConsumer(kept), Status::kOk);
  EBPF_TRACE(Holey);
  event->RemoveConsumer(kept);
  ASSERT_EQ(kept.records.size(), 1u);
  Holey::Record expected;
  memset(&expected, 0, sizeof(expected));
  expected.header = kept.At<Holey::Record>(0).header;
  expected.first = 1;
  expected.second = 2;
  expected.last = 3;
  EXPECT_EQ(
      kept.records[0],
      std::string(reinterpret_cast<const char*>(&expected), sizeof(expected)));
}

TEST_F(TracepointTest, ArgumentsAreWordsWithZerosAboveThem) {
  KeptArguments all(12);
  KeptRecords records;
  ASSERT_EQ(AddArgumentsConsumer(Wide::tracepoint, all), Status::kOk);
  const TraceEventRef event = TraceEvents::Find("sample", "wide_event");
  ASSERT_EQ(event->AddConsumer(records), Status::kOk);
  uint64_t buffer = 1000;
  const char* text = "A";

  EBPF_TRACE(Wide, &buffer, -1, -2, -3, -4, 5, 6, 7, 8, true, text, Mood::kBad);

  const std::vector<uint64_t> expected = {reinterpret_cast<uint64_t>(&buffer),
                                          0xff,
                                          0xfffe,
                                          0xffff'fffd,
                                          UINT64_MAX - 3,
                                          5,
                                          6,
                                          7,
                                          8,
                                          1,
                                          reinterpret_cast<uint64_t>(text),
                                          2};
  EXPECT_EQ(all.calls, std::vector<std::vector<uint64_t>>{expected});
  EXPECT_EQ(records.At<Wide::Record>(0).sum, 1000 - 10 + 26 + 1 + 'A' + 2);
  EXPECT_EQ(Wide::tracepoint.info->argument_count, 12u);
  EXPECT_EQ(Wide::tracepoint.info->writable_size, 8u);
  EXPECT_EQ(Sample::tracepoint.info->writable_size, 0u);
  RemoveArgumentsConsumer(Wide::tracepoint, all);
  event->RemoveConsumer(records);
}

TEST_F(TracepointTest, HasNoArgumentsIfItNeedsNone) {
  KeptArguments none(0);
  ASSERT_EQ(AddArgumentsConsumer(Bare::tracepoint, none), Status::kOk);

  EBPF_TRACE(Bare);

  EXPECT_EQ(none.calls.size(), 1u);
  RemoveArgumentsConsumer(Bare::tracepoint, none);
}

/// Notes in a list that is another's, too, who was told when.
struct Noting final : ArgumentsConsumer, RecordConsumer {
  Noting(std::string& to, char what) : list(to), name(what) {}
  void Fired(const uint64_t*, const EventPlace& place) override {
    EXPECT_EQ(place.cpu, ebpf_port_cpu_id());
    EXPECT_TRUE(HostPreemptionOff());
    list += name;
  }
  void* Reserve(size_t, const EventPlace&) override {
    EXPECT_TRUE(HostPreemptionOff());
    list += name;
    return nullptr;
  }
  void Commit(void*, size_t, const EventPlace&) override {}

  std::string& list;
  char name;
};

TEST_F(TracepointTest, ArgumentsComeBeforeRecordsInTheOrderOfTheirConsumers) {
  std::string list;
  Noting a(list, 'a'), b(list, 'b'), c(list, 'c'), d(list, 'd');
  ASSERT_EQ(event_->AddConsumer(a), Status::kOk);
  ASSERT_EQ(AddArgumentsConsumer(Sample::tracepoint, b), Status::kOk);
  ASSERT_EQ(event_->AddConsumer(c), Status::kOk);
  ASSERT_EQ(AddArgumentsConsumer(Sample::tracepoint, d), Status::kOk);
  EBPF_TRACE(Sample, 0, 0, "", Mood::kGood);
  EXPECT_EQ(list, "bdac");

  event_->RemoveConsumer(a);
  RemoveArgumentsConsumer(Sample::tracepoint, b);
  ASSERT_EQ(event_->AddConsumer(a), Status::kOk);
  EBPF_TRACE(Sample, 0, 0, "", Mood::kGood);
  EXPECT_EQ(list, "bdacdca");

  event_->RemoveConsumer(a);
  event_->RemoveConsumer(c);
  RemoveArgumentsConsumer(Sample::tracepoint, d);
  EXPECT_FALSE(Sample::tracepoint.key.enabled());
}

TEST_F(TracepointTest, AConsumerIsToldAsOftenAsItWasAdded) {
  KeptRecords records;
  ASSERT_EQ(event_->AddConsumer(records), Status::kOk);
  ASSERT_EQ(event_->AddConsumer(records), Status::kOk);
  EBPF_TRACE(Sample, 1, 2, "", Mood::kGood);
  EXPECT_EQ(records.records.size(), 2u);

  event_->RemoveConsumer(records);
  EBPF_TRACE(Sample, 1, 2, "", Mood::kGood);
  EXPECT_EQ(records.records.size(), 3u);

  event_->RemoveConsumer(records);
  event_->RemoveConsumer(records);  // once too often
  EXPECT_FALSE(Sample::tracepoint.key.enabled());
  EXPECT_EQ(Sample::tracepoint.users, 0u);
}

/// Passes a tracepoint when it is told of one.
struct Recursing final : ArgumentsConsumer {
  void Fired(const uint64_t*, const EventPlace&) override {
    ++calls;
    EBPF_TRACE(Sample, 0, 0, "", Mood::kGood);
  }
  uint32_t calls = 0;
};

TEST_F(TracepointTest, TracepointsInTheirConsumersEndAtADepth) {
  Recursing recursing;
  ASSERT_EQ(AddArgumentsConsumer(Sample::tracepoint, recursing), Status::kOk);
  const uint64_t before = MissedBy(Sample::tracepoint);

  EBPF_TRACE(Sample, 0, 0, "", Mood::kGood);

  EXPECT_EQ(recursing.calls, 4u);
  EXPECT_EQ(MissedBy(Sample::tracepoint), before + 1);
  RemoveArgumentsConsumer(Sample::tracepoint, recursing);
}

TEST(TracepointMemoryTest, EveryAllocationMayFail) {
  ASSERT_TRUE(InitReadSections());
  ASSERT_EQ(InitStaticKeys(ThisMachine(), PortAllocator()), Status::kOk);
  const uint64_t allocations =
      ForEachFailingAllocation("tracepoint", [](FailingAllocator& allocator) {
        const Status started = InitTracepoints(allocator);
        if (!IsOk(started)) {
          EXPECT_EQ(started, Status::kNoMemory);
          EXPECT_EQ(FindTracepoint("sample_event"), nullptr);
          return;
        }
        KeptRecords records;
        KeptArguments arguments(1);
        {
          const TraceEventRef event =
              TraceEvents::Find("sample", "sample_event");
          const Status first = event->AddConsumer(records);
          EXPECT_EQ(Sample::tracepoint.key.enabled(), IsOk(first));
          const Status second =
              AddArgumentsConsumer(Sample::tracepoint, arguments);
          EBPF_TRACE(Sample, 1, 2, "", Mood::kGood);
          EXPECT_EQ(records.records.size(), IsOk(first) ? 1u : 0u);
          EXPECT_EQ(arguments.calls.size(), IsOk(second) ? 1u : 0u);
          if (IsOk(first)) {
            event->RemoveConsumer(records);
          }
          if (IsOk(second)) {
            RemoveArgumentsConsumer(Sample::tracepoint, arguments);
          }
          EXPECT_FALSE(Sample::tracepoint.key.enabled());
        }
        ExitTracepoints();
      });
  EXPECT_EQ(allocations, 5u);
  ExitStaticKeys();
  ExitReadSections();
}

}  // namespace
}  // namespace ebpf
