// SPDX-License-Identifier: MIT
//
// Perf events on trace events, by perf_event_open(2) and what follows it.
#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/perf/sample.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/ring/perf_layout.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

/// One number, and a text.
struct Note {
  static constexpr char kSystem[] = "perf_test";
  static constexpr char kName[] = "note";
  struct Record {
    EventHeader header;
    uint64_t number;
    uint32_t twice;
    uint32_t text;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("u64", number),
      EBPF_FIELD("u32", twice),
      EBPF_FIELD("__data_loc char[]", text),
  };
  static constexpr char kPrintFormat[] = "\"%llu\", REC->number";
  static size_t TextSize(uint64_t, const char* text) {
    return RecordText::RoomFor(text);
  }
  static void Fill(Record& record, RecordText& texts, uint64_t number,
                   const char* text) {
    record.number = number;
    record.twice = static_cast<uint32_t>(2 * number);
    record.text = texts.Put(text);
  }
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Note);
constexpr uint64_t kFieldsEnd = 24;

[[gnu::noinline]] void Pass(uint64_t number, const char* text = "abc") {
  EBPF_TRACE(Note, number, text);
  asm volatile("");  // no tail call
}

constexpr uint32_t kTracepointProgram = 5;
constexpr uint64_t kPage = 4096;

/// A sample of a buffer.
struct Taken {
  ring::PerfRecordHeader header;
  std::vector<uint8_t> body;

  template <typename T = uint64_t>
  T At(size_t offset) const {
    T value{};
    EXPECT_LE(offset + sizeof(T), body.size());
    memcpy(&value, body.data() + offset, sizeof(T));
    return value;
  }
};

class PerfTracepointTest : public SyscallTest {
 protected:
  ~PerfTracepointTest() override { caller_.client().fds().CloseAll(); }

  PerfEventAttr Attr(uint64_t sample_type = 0, uint64_t period = 0) {
    PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeTracepoint;
    attr.size = sizeof(attr);
    attr.config = Note::tracepoint.id;
    attr.sample_type = sample_type;
    attr.sample_period = period;
    return attr;
  }
  int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument = 0) {
    return caller_.IoctlFd(fd, command, argument);
  }
  int64_t Load(const std::vector<isa::Insn>& insns,
               uint32_t type = kTracepointProgram) {
    const int64_t program = caller_.Load(type, insns);
    EXPECT_GE(program, 0);
    return program;
  }
  int64_t SetProgram(int64_t event, int64_t program) {
    return Ioctl(event, linux_abi::kPerfIocSetBpf,
                 static_cast<uint64_t>(program));
  }
  std::vector<uint64_t> ReadWords(int64_t fd, size_t room = 64) {
    const uint64_t to = caller_.Put(nullptr, 64);
    const int64_t size = ebpf::Read(caller_.client(), static_cast<int32_t>(fd),
                                    caller_.client().Pointer(to), room);
    std::vector<uint64_t> words;
    for (int64_t at = 0; at + 8 <= size; at += 8) {
      words.push_back(caller_.Get<uint64_t>(to + static_cast<uint64_t>(at)));
    }
    return words;
  }
  uint64_t Count(int64_t fd) {
    const std::vector<uint64_t> words = ReadWords(fd);
    return words.empty() ? ~uint64_t{0} : words[0];
  }
  uint64_t IdOf(int64_t fd) {
    const uint64_t at = caller_.Put(uint64_t{0});
    EXPECT_EQ(Ioctl(fd, linux_abi::kPerfIocId, at), 0);
    return caller_.Get<uint64_t>(at);
  }
  int64_t Map(int64_t fd, uint64_t pages = 2) {
    return Mmap(caller_.client(), static_cast<int32_t>(fd), 0, pages * kPage,
                linux_abi::kProtRead | linux_abi::kProtWrite, &pages_);
  }
  uint64_t Head() const {
    return LoadUnaligned<ring::PerfPage>(pages_.address).data_head;
  }
  /// What is new in the buffer that was mapped last.
  std::vector<Taken> Samples() {
    std::vector<Taken> reads;
    const uint64_t size = pages_.size - kPage;
    while (tail_ < Head()) {
      Taken read;
      read.header = LoadUnaligned<ring::PerfRecordHeader>(pages_.address +
                                                          kPage + tail_ % size);
      for (uint64_t i = sizeof(read.header); i < read.header.size; ++i) {
        read.body.push_back(pages_.address[kPage + (tail_ + i) % size]);
      }
      tail_ += read.header.size;
      reads.push_back(read);
    }
    StoreUnaligned(pages_.address + offsetof(ring::PerfPage, data_tail), tail_);
    return reads;
  }

  MapPages pages_{};
  uint64_t tail_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, PerfTracepointTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

// --- Counting --------------------------------------------------------------

TEST_P(PerfTracepointTest, ItCountsWhileItIsEnabled) {
  PerfEventAttr attr = Attr();
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_GE(event, 0);
  Pass(1);
  EXPECT_EQ(Count(event), 0u);
  EXPECT_FALSE(Note::tracepoint.key.enabled());
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocEnable), 0);
  Pass(1);
  Pass(1);
  EXPECT_EQ(Count(event), 2u);
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocReset), 0);
  EXPECT_EQ(Count(event), 0u);
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);
  Pass(1);
  EXPECT_EQ(Count(event), 0u);
  EXPECT_EQ(Note::tracepoint.users, 0u);
}

TEST_P(PerfTracepointTest, EventsThatAreNotThereAreInvalid) {
  PerfEventAttr attr = Attr();
  for (uint64_t id : {uint64_t{0}, uint64_t{65535},
                      uint64_t{65536} + attr.config, ~uint64_t{0}}) {
    attr.config = id;
    EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid)) << id;
  }
}

TEST_P(PerfTracepointTest, EventsOfACpuOrATaskCountThereOnly) {
  SetHostTask(100, 100, "me");
  const int64_t here = caller_.OpenEvent(Attr(), -1, 0);
  const int64_t there = caller_.OpenEvent(Attr(), -1, 2);
  const int64_t mine = caller_.OpenEvent(Attr(), 0, -1);
  const int64_t mine_there = caller_.OpenEvent(Attr(), 0, 2);
  Pass(1);
  std::thread([] {
    HostCpu cpu(2);
    SetHostTask(101, 100, "other");
    Pass(1);
    Pass(1);
  }).join();
  EXPECT_EQ(Count(here), 1u);
  EXPECT_EQ(Count(there), 2u);
  EXPECT_EQ(Count(mine), 1u);
  EXPECT_EQ(Count(mine_there), 0u);
  SetHostTask(1, 1, "host");
}

TEST_P(PerfTracepointTest, AReadGivesWhatItsFormatAsksFor) {
  PerfEventAttr attr = Attr();
  for (uint64_t format = 0; format < 32; ++format) {
    attr.read_format = format;
    const int64_t event = caller_.OpenEvent(attr);
    ASSERT_GE(event, 0) << format;
    Pass(1);
    const std::vector<uint64_t> words = ReadWords(event);
    ASSERT_EQ(words.size(), size_t{1} + __builtin_popcountll(format)) << format;
    size_t at = 0;
    const bool group = (format & linux_abi::kPerfFormatGroup) != 0;
    if (group) {
      EXPECT_EQ(words[at++], 1u);
    } else {
      EXPECT_EQ(words[at++], 1u);
    }
    for (uint64_t bit :
         {linux_abi::kPerfFormatEnabled, linux_abi::kPerfFormatRunning}) {
      if ((format & bit) != 0) {
        EXPECT_GT(words[at++], 0u);
      }
    }
    if (group) {
      EXPECT_EQ(words[at++], 1u);
    }
    if ((format & linux_abi::kPerfFormatId) != 0) {
      EXPECT_EQ(words[at++], IdOf(event));
    }
    if ((format & linux_abi::kPerfFormatLost) != 0) {
      EXPECT_EQ(words[at++], 0u);
    }
    EXPECT_TRUE(ReadWords(event, words.size() * 8 - 1).empty());
    caller_.CloseFd(event);
  }
  attr.read_format = 32;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
}

// --- Samples ---------------------------------------------------------------

TEST_P(PerfTracepointTest, ASampleHasTheRecordAsLinuxLaysItOut) {
  SetHostTask(7, 5, "host");
  constexpr uint64_t kAll =
      linux_abi::kPerfSampleIdentifier | linux_abi::kPerfSampleIp |
      linux_abi::kPerfSampleTid | linux_abi::kPerfSampleTime |
      linux_abi::kPerfSampleAddress | linux_abi::kPerfSampleId |
      linux_abi::kPerfSampleStreamId | linux_abi::kPerfSampleCpu |
      linux_abi::kPerfSamplePeriod | linux_abi::kPerfSampleRead |
      linux_abi::kPerfSampleRaw;
  const int64_t event = caller_.OpenEvent(Attr(kAll, 1));
  ASSERT_GE(event, 0);
  ASSERT_EQ(Map(event), 0);
  const uint64_t before = ebpf_port_time_ns();
  Pass(0x1122334455667788, "hello");
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 1u);
  const Taken& sample = samples[0];
  EXPECT_EQ(sample.header.type, ring::kPerfRecordSample);
  EXPECT_EQ(sample.header.misc, ring::kPerfMiscKernel);
  const uint64_t id = IdOf(event);
  EXPECT_EQ(sample.At(0), id);
  EXPECT_EQ(sample.At(16), uint64_t{7} << 32 | 5);
  EXPECT_GE(sample.At(24), before);
  EXPECT_LE(sample.At(24), ebpf_port_time_ns());
  EXPECT_EQ(sample.At(32), 0u);
  EXPECT_EQ(sample.At(40), id);
  EXPECT_EQ(sample.At(48), id);
  EXPECT_EQ(sample.At(56), 0u);  // CPU
  EXPECT_EQ(sample.At(64), 1u);  // period
  EXPECT_EQ(sample.At(72), 1u);  // the count
  // The size word, the record, its text, and zeros up to 8 bytes.
  const size_t raw = 80;
  const size_t record_size = sizeof(Note::Record) + 6;
  EXPECT_EQ(sample.At<uint32_t>(raw), 36u);
  ASSERT_EQ(sample.body.size(), raw + 4 + 36);
  const auto record = sample.At<Note::Record>(raw + 4);
  EXPECT_EQ(record.header.type, Note::tracepoint.id);
  EXPECT_EQ(record.header.pid, 7);
  EXPECT_EQ(record.number, 0x1122334455667788u);
  EXPECT_EQ(record.twice, 0xaaccef10u);
  EXPECT_EQ(record.text, 6u << 16 | sizeof(Note::Record));
  EXPECT_EQ(memcmp(sample.body.data() + raw + 4 + sizeof(record), "hello", 6),
            0);
  for (size_t i = raw + 4 + record_size; i < sample.body.size(); ++i) {
    EXPECT_EQ(sample.body[i], 0);
  }
  SetHostTask(1, 1, "host");
}

TEST_P(PerfTracepointTest, ASampleTellsWhereItWasAndWhoCalled) {
  constexpr uint64_t kType =
      linux_abi::kPerfSampleIp | linux_abi::kPerfSampleCallchain;
  const int64_t event = caller_.OpenEvent(Attr(kType, 1));
  ASSERT_EQ(Map(event), 0);
  // A program sees the same.
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 64, 1);
  const int64_t program =
      Load({LoadLow(2, isa::kPseudoMapValue, static_cast<int32_t>(map)),
            LoadHigh(0), MovImm(3, 64), MovImm(4, 0),
            CallHelper(helper_id::get_stack), MovImm(0, 1), Exit()});
  ASSERT_EQ(SetProgram(event, program), 0);
  Pass(1);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 1u);
  ASSERT_GE(samples[0].At(8), 3u);  // the marker, the place, and its caller
  EXPECT_EQ(samples[0].At(16), linux_abi::kPerfContextKernel);
  EXPECT_EQ(samples[0].At(24), samples[0].At(0));
  // In what the place calls when it is on, or in the place's function itself.
  const auto pass = reinterpret_cast<uint64_t>(&Pass);
  bool found = false;
  for (size_t i = 0; i < 2; ++i) {
    const uint64_t address = samples[0].At(24 + 8 * i);
    found = found || (address > pass && address < pass + 200);
  }
  EXPECT_TRUE(found);
  struct Stack {
    uint64_t frames[8];
  };
  const uint64_t to = caller_.Put(Stack{});
  EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                         caller_.Put(uint32_t{0}), to),
            0);
  const auto stack = caller_.Get<Stack>(to);
  EXPECT_EQ(stack.frames[0], samples[0].At(0));
  EXPECT_EQ(stack.frames[1], samples[0].At(32));
}

TEST_P(PerfTracepointTest, EachSoManyRecordsAreSampled) {
  const int64_t event = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 10));
  ASSERT_EQ(Map(event), 0);
  std::vector<uint64_t> sampled;
  for (uint64_t i = 1; i <= 25; ++i) {
    Pass(i);
    for (const Taken& sample : Samples()) {
      EXPECT_EQ(sample.At<Note::Record>(4).number, i);
      sampled.push_back(i);
    }
  }
  EXPECT_EQ(sampled, (std::vector<uint64_t>{10, 20}));
  EXPECT_EQ(Count(event), 25u);
  // Another period, from now on.
  const uint64_t period = caller_.Put(uint64_t{2});
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocPeriod, period), 0);
  for (uint64_t i = 1; i <= 5; ++i) {
    Pass(i);
  }
  EXPECT_EQ(Samples().size(), 2u);
}

TEST_P(PerfTracepointTest, WithItsPeriodInTheSampleNoneIsLeftOut) {
  const int64_t event =
      caller_.OpenEvent(Attr(linux_abi::kPerfSamplePeriod, 10));
  ASSERT_EQ(Map(event), 0);
  for (uint64_t i = 1; i <= 5; ++i) {
    Pass(i);
  }
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 5u);
  EXPECT_EQ(samples[0].At(0), 1u);
}

TEST_P(PerfTracepointTest, PeriodsThatAreNoneAreRefused) {
  const int64_t counts = caller_.OpenEvent(Attr());
  const int64_t samples = caller_.OpenEvent(Attr(0, 10));
  const auto set = [&](int64_t event, uint64_t period) {
    return Ioctl(event, linux_abi::kPerfIocPeriod, caller_.Put(period));
  };
  EXPECT_EQ(set(counts, 5), Minus(Status::kInvalid));
  EXPECT_EQ(set(samples, 0), Minus(Status::kInvalid));
  EXPECT_EQ(set(samples, uint64_t{1} << 63), Minus(Status::kInvalid));
  EXPECT_EQ(Ioctl(samples, linux_abi::kPerfIocPeriod, 0),
            Minus(Status::kFault));
  EXPECT_EQ(Ioctl(counts, linux_abi::kPerfIocRefresh, 3),
            Minus(Status::kInvalid));
}

TEST_P(PerfTracepointTest, ARefreshedEventEndsAfterSoManySamples) {
  PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 2);
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  for (int round = 1; round <= 2; ++round) {
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocRefresh, 3), 0);
    for (uint64_t i = 1; i <= 20; ++i) {
      Pass(i);
    }
    EXPECT_EQ(Samples().size(), 3u);
    EXPECT_EQ(Count(event), 6u * round);
  }
}

TEST_P(PerfTracepointTest, WhatDoesNotFitIsLostAndTold) {
  PerfEventAttr attr =
      Attr(linux_abi::kPerfSampleRaw | linux_abi::kPerfSampleTid |
               linux_abi::kPerfSampleCpu | linux_abi::kPerfSampleIdentifier,
           1);
  attr.flags = linux_abi::kPerfSampleIdAll;
  attr.read_format = linux_abi::kPerfFormatLost;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  const uint64_t lost_before = 0;
  uint64_t passed = 0;
  uint64_t head = 0;
  do {
    head = Head();
    Pass(passed++);
  } while (Head() != head);
  Pass(passed++);
  const uint64_t fitted = Samples().size();
  const std::vector<uint64_t> words = ReadWords(event);
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0], passed);
  EXPECT_EQ(words[1], lost_before + 2);
  EXPECT_EQ(fitted + 2, passed);

  Pass(passed);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].header.type, ring::kPerfRecordLost);
  EXPECT_EQ(samples[0].At(0), IdOf(event));
  EXPECT_EQ(samples[0].At(8), 2u);
  // sample_id_all: tid, cpu, identifier.
  ASSERT_EQ(samples[0].body.size(), 16u + 24);
  EXPECT_EQ(samples[0].At(32), IdOf(event));
  EXPECT_EQ(samples[1].header.type, ring::kPerfRecordSample);
}

TEST_P(PerfTracepointTest, ReadersAreWokenAsTheyAsked) {
  PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 1);
  attr.wakeup_events = 3;
  const int64_t event = caller_.OpenEvent(attr);
  const auto poll = [&] {
    return Poll(caller_.client(), static_cast<int32_t>(event));
  };
  EXPECT_EQ(poll(), linux_abi::kPollHangUp);
  ASSERT_EQ(Map(event), 0);
  for (uint64_t i = 1; i <= 9; ++i) {
    Pass(i);
    EXPECT_EQ((poll() & linux_abi::kPollIn) != 0, i % 3 == 0) << i;
  }
}

TEST_P(PerfTracepointTest, SamplesThatNobodyHereCanMakeAreRefused) {
  for (uint64_t bit = 0; bit < 25; ++bit) {
    const uint64_t type = uint64_t{1} << bit;
    const int64_t event = caller_.OpenEvent(Attr(type, 1));
    if ((type & kPossibleSampleTypes) != 0) {
      EXPECT_GE(event, 0) << bit;
      caller_.CloseFd(event);
    } else {
      EXPECT_EQ(event, Minus(Status::kNotSupported)) << bit;
    }
  }
  PerfEventAttr attr = Attr(linux_abi::kPerfSampleCallchain, 1);
  attr.sample_max_stack = 127;
  EXPECT_GE(caller_.OpenEvent(attr), 0);
  attr.sample_max_stack = 128;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kOverflow));
  attr = Attr(0, linux_abi::kPerfMaxSampleRate + 1);
  attr.flags = linux_abi::kPerfFrequency;
  EXPECT_EQ(caller_.OpenEvent(attr), Minus(Status::kInvalid));
}

// --- Whose buffer ----------------------------------------------------------

TEST_P(PerfTracepointTest, EventsOfOneCpuShareABuffer) {
  const PerfEventAttr attr = Attr(linux_abi::kPerfSampleIdentifier, 1);
  const int64_t first = caller_.OpenEvent(attr);
  const int64_t second = caller_.OpenEvent(attr);
  EXPECT_EQ(
      Ioctl(second, linux_abi::kPerfIocSetOutput, static_cast<uint64_t>(first)),
      Minus(Status::kInvalid));  // not mapped
  ASSERT_EQ(Map(first), 0);
  EXPECT_EQ(
      Ioctl(second, linux_abi::kPerfIocSetOutput, static_cast<uint64_t>(first)),
      0);
  const int64_t third = caller_.OpenEvent(
      attr, -1, 0, static_cast<int32_t>(first),
      linux_abi::kPerfFlagFdOutput | linux_abi::kPerfFlagFdNoGroup);
  ASSERT_GE(third, 0);
  Pass(1);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].At(0), IdOf(first));
  EXPECT_EQ(samples[1].At(0), IdOf(second));
  EXPECT_EQ(samples[2].At(0), IdOf(third));
  // The buffer outlives the event that it was made for; a detached event has
  // none.
  EXPECT_EQ(Ioctl(third, linux_abi::kPerfIocSetOutput, ~uint64_t{0}), 0);
  MapPages pages = pages_;
  EXPECT_EQ(Map(second), 0);
  EXPECT_EQ(pages_.address, pages.address);
  caller_.CloseFd(first);
  Pass(2);
  EXPECT_EQ(Samples().size(), 1u);
}

TEST_P(PerfTracepointTest, OutputsThatLinuxRefusesAreRefused) {
  const PerfEventAttr attr = Attr(0, 1);
  const int64_t mapped = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(mapped), 0);
  const int64_t event = caller_.OpenEvent(attr);
  const int64_t elsewhere = caller_.OpenEvent(attr, -1, 1);
  const int64_t task = caller_.OpenEvent(attr, 50, -1);
  const int64_t other_task = caller_.OpenEvent(attr, 51, -1);
  const int64_t same_task = caller_.OpenEvent(attr, 50, -1);
  ASSERT_EQ(Map(task), 0);
  const auto set = [&](int64_t from, int64_t to) {
    return Ioctl(from, linux_abi::kPerfIocSetOutput, static_cast<uint64_t>(to));
  };
  EXPECT_EQ(set(event, event), Minus(Status::kInvalid));
  EXPECT_EQ(set(event, 500), Minus(Status::kBadFd));
  EXPECT_EQ(set(elsewhere, mapped), Minus(Status::kInvalid));
  EXPECT_EQ(set(task, mapped), Minus(Status::kInvalid));
  EXPECT_EQ(set(other_task, task), Minus(Status::kInvalid));
  EXPECT_EQ(set(same_task, task), 0);
  EXPECT_EQ(set(event, mapped), 0);
  EXPECT_EQ(set(mapped, event), Minus(Status::kInvalid));
  EXPECT_EQ(caller_.OpenEvent(
                attr, -1, 1, static_cast<int32_t>(mapped),
                linux_abi::kPerfFlagFdOutput | linux_abi::kPerfFlagFdNoGroup),
            Minus(Status::kInvalid));
}

TEST_P(PerfTracepointTest, APausedBufferLosesWhatComes) {
  const int64_t event = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocPauseOutput, 1),
            Minus(Status::kInvalid));
  ASSERT_EQ(Map(event), 0);
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocPauseOutput, 1), 0);
  Pass(1);
  EXPECT_TRUE(Samples().empty());
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocPauseOutput, 0), 0);
  Pass(2);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].header.type, ring::kPerfRecordLost);
  EXPECT_EQ(samples[1].At<Note::Record>(4).number, 2u);
}

// --- Filters ---------------------------------------------------------------

TEST_P(PerfTracepointTest, AFilterSaysWhatIsCounted) {
  SetHostTask(7, 7, "filtered");
  const struct {
    const char* filter;
    uint64_t count;
  } kCases[] = {
      {"number == 3", 1},           {"number > 3 && twice < 18", 5},
      {"text ~ \"a*\"", 10},        {"common_pid != 7", 0},
      {"comm == \"filtered\"", 10}, {"cpu == 0", 10},
  };
  for (const auto& c : kCases) {
    const int64_t event = caller_.OpenEvent(Attr());
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocSetFilter, caller_.Put(c.filter)),
              0)
        << c.filter;
    for (uint64_t i = 1; i <= 10; ++i) {
      Pass(i);
    }
    EXPECT_EQ(Count(event), c.count) << c.filter;
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocSetFilter, caller_.Put(c.filter)),
              Minus(Status::kExists));
    caller_.CloseFd(event);
  }
  SetHostTask(1, 1, "host");
}

TEST_P(PerfTracepointTest, FiltersThatAreNoneAreRefused) {
  const int64_t event = caller_.OpenEvent(Attr());
  const auto set = [&](const char* text) {
    return Ioctl(event, linux_abi::kPerfIocSetFilter, caller_.Put(text));
  };
  EXPECT_EQ(set("nothing == 1"), Minus(Status::kInvalid));
  EXPECT_EQ(set(""), Minus(Status::kInvalid));
  EXPECT_EQ(set("0"), Minus(Status::kInvalid));
  EXPECT_EQ(set(std::string(4095, ' ').c_str()), Minus(Status::kInvalid));
  EXPECT_EQ(set(std::string(4999, ' ').c_str()), Minus(Status::kInvalid));
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocSetFilter, 0),
            Minus(Status::kFault));
  PerfEventAttr dummy{};
  dummy.type = linux_abi::kPerfTypeSoftware;
  dummy.size = sizeof(dummy);
  dummy.config = linux_abi::kPerfDummy;
  EXPECT_EQ(Ioctl(caller_.OpenEvent(dummy), linux_abi::kPerfIocSetFilter,
                  caller_.Put("number == 1")),
            Minus(Status::kInvalid));
  EXPECT_EQ(set("number == 1"), 0);
}

// --- Programs --------------------------------------------------------------

/// r0 = the field of 8 bytes at `offset`.
Code Field(int16_t offset, uint8_t load = 0x79) {
  return {Insn(load, 0, 1, offset, 0), Exit()};
}

TEST_P(PerfTracepointTest, AProgramSeesTheRecordAndDecidesWhatIsCounted) {
  const int64_t event = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  ASSERT_EQ(Map(event), 0);
  EXPECT_EQ(SetProgram(event, Load(Field(8))), 0);
  for (uint64_t i = 0; i < 8; ++i) {
    Pass(i);
  }
  // As in Linux, a result's lowest bit is what counts.
  EXPECT_EQ(Count(event), 4u);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 4u);
  for (uint64_t i = 0; i < 4; ++i) {
    const auto record = samples[i].At<Note::Record>(4);
    EXPECT_EQ(record.number, 2 * i + 1);
    // The program found something else there.
    EXPECT_EQ(record.header.type, Note::tracepoint.id);
  }
}

TEST_P(PerfTracepointTest, ProgramsOfSeveralEventsRunOnceEach) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, 1);
  // lock *(u64 *)value += 1 << 16 * n; r0 = 1
  const auto counting = [&](int32_t step) {
    return Load({LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
                 LoadHigh(0), MovImm(2, step), Insn(0xdb, 1, 2, 0, 0),
                 MovImm(0, 1), Exit()});
  };
  const auto value = [&] {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                           caller_.Put(uint32_t{0}), to),
              0);
    return caller_.Get<uint64_t>(to);
  };
  PerfEventAttr attr = Attr();
  const int64_t first = caller_.OpenEvent(attr);
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t second = caller_.OpenEvent(attr, -1, 3);  // elsewhere, and off
  EXPECT_EQ(SetProgram(first, counting(1)), 0);
  EXPECT_EQ(SetProgram(second, counting(0x10000)), 0);
  Pass(1);
  std::thread([] {
    HostCpu cpu(2);
    Pass(1);
  }).join();
  EXPECT_EQ(value(), 0x20002u);
  EXPECT_EQ(Count(first), 1u);
  EXPECT_EQ(Count(second), 0u);
  // One that filters does so for all.
  const int64_t third = caller_.OpenEvent(attr);
  EXPECT_EQ(SetProgram(third, Load(Returning(0))), 0);
  Pass(1);
  EXPECT_EQ(Count(first), 1u);
  EXPECT_EQ(value(), 0x30003u);
  caller_.CloseFd(third);
  Pass(1);
  EXPECT_EQ(Count(first), 2u);
  caller_.CloseFd(second);
  Pass(1);
  EXPECT_EQ(value(), 0x40005u);
}

TEST_P(PerfTracepointTest, WhichProgramsItTakes) {
  const int64_t event = caller_.OpenEvent(Attr());
  const int64_t program = Load(Returning(1));
  EXPECT_EQ(SetProgram(event, 77), Minus(Status::kBadFd));
  EXPECT_EQ(SetProgram(event, event), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(event, Load(Returning(0), kKprobe)),
            Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(event, Load(Returning(0), 7)), Minus(Status::kInvalid));
  // Fields end at 24, though there is more in the record.
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd, 0x61))),
            Minus(Status::kAccess));
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd, 0x71))),
            Minus(Status::kAccess));
  EXPECT_EQ(SetProgram(event, Load(Field(kFieldsEnd - 4, 0x61))), 0);
  EXPECT_EQ(SetProgram(event, program), Minus(Status::kExists));
  // The same program twice on one tracepoint.
  const int64_t second = caller_.OpenEvent(Attr());
  const int64_t third = caller_.OpenEvent(Attr());
  EXPECT_EQ(SetProgram(second, program), 0);
  EXPECT_EQ(SetProgram(third, program), Minus(Status::kExists));
  EXPECT_EQ(SetProgram(third, Load(Returning(1))), 0);
}

TEST_P(PerfTracepointTest, NoMoreThanSixtyFourProgramsAreOnOneTracepoint) {
  std::vector<int64_t> events;
  for (uint32_t i = 0; i < linux_abi::kMaxTracePrograms; ++i) {
    const int64_t program = Load(Returning(1));
    events.push_back(caller_.OpenEvent(Attr()));
    ASSERT_EQ(SetProgram(events.back(), program), 0);
    caller_.CloseFd(program);
  }
  const int64_t event = caller_.OpenEvent(Attr());
  EXPECT_EQ(SetProgram(event, Load(Returning(1))), Minus(Status::kTooBig));
  caller_.CloseFd(events[10]);
  EXPECT_EQ(SetProgram(event, Load(Returning(1))), 0);
}

TEST_P(PerfTracepointTest, TheProgramsOfATracepointCanBeListed) {
  struct Query {
    uint32_t ids_len;
    uint32_t prog_cnt;
    uint32_t ids[4];
  };
  const int64_t first = caller_.OpenEvent(Attr());
  const int64_t second = caller_.OpenEvent(Attr());
  const auto ask = [&](uint32_t room, int64_t result) {
    const uint64_t at = caller_.Put(Query{room, 99, {}});
    EXPECT_EQ(Ioctl(first, linux_abi::kPerfIocQueryBpf, at), result);
    return caller_.Get<Query>(at);
  };
  EXPECT_EQ(ask(4, 0).prog_cnt, 0u);
  EXPECT_EQ(SetProgram(first, Load(Returning(1))), 0);
  EXPECT_EQ(SetProgram(second, Load(Returning(1))), 0);
  const Query both = ask(4, 0);
  EXPECT_EQ(both.prog_cnt, 2u);
  EXPECT_NE(both.ids[0], 0u);
  EXPECT_NE(both.ids[1], both.ids[0]);
  EXPECT_EQ(ask(0, 0).prog_cnt, 2u);
  const Query one = ask(1, Minus(Status::kNoSpace));
  EXPECT_EQ(one.prog_cnt, 2u);
  EXPECT_EQ(one.ids[0], both.ids[0]);
  EXPECT_EQ(one.ids[1], 0u);
  EXPECT_EQ(ask(65, Minus(Status::kTooBig)).prog_cnt, 99u);
  EXPECT_EQ(Ioctl(first, linux_abi::kPerfIocQueryBpf, 0),
            Minus(Status::kFault));
}

TEST_P(PerfTracepointTest, ALinkKeepsTheProgramThereAndTellsOfIt) {
  PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 1);
  const int64_t event = caller_.OpenEvent(attr);
  linux_abi::LinkCreateAttr link_attr{};
  // r0 = the cookie.
  link_attr.prog_fd = static_cast<uint32_t>(
      Load({CallHelper(helper_id::get_attach_cookie), Exit()}));
  link_attr.target_fd = static_cast<uint32_t>(event);
  link_attr.attach_type = 41;  // BPF_PERF_EVENT
  link_attr.details[0] = 0x1235;
  const int64_t link = caller_.Call(linux_abi::kLinkCreate, link_attr);
  ASSERT_GE(link, 0);
  Pass(1);
  EXPECT_EQ(Count(event), 1u);  // the cookie is odd

  const uint64_t name = caller_.Put(nullptr, 32);
  linux_abi::LinkInfo info{};
  info.tracepoint.name = name;
  info.tracepoint.name_size = 32;
  const uint64_t info_at = caller_.Put(info);
  linux_abi::ObjectInfoAttr ask{};
  ask.fd = static_cast<uint32_t>(link);
  ask.info_size = sizeof(info);
  ask.info = info_at;
  ASSERT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd, ask), 0);
  info = caller_.Get<linux_abi::LinkInfo>(info_at);
  EXPECT_EQ(info.perf_event_type, linux_abi::kPerfEventTracepoint);
  EXPECT_EQ(info.tracepoint.name_size, 5u);
  EXPECT_EQ(info.tracepoint.cookie, 0x1235u);
  EXPECT_STREQ(static_cast<const char*>(caller_.At(name)), "note");

  linux_abi::TaskFdQueryAttr query{};
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  query.pid = pid;
  query.fd = static_cast<uint32_t>(event);
  query.buf = name;
  query.buf_len = 32;
  const uint64_t query_at = caller_.Put(query);
  ASSERT_EQ(caller_.BpfAt(linux_abi::kTaskFdQuery, query_at, sizeof(query)), 0);
  query = caller_.Get<linux_abi::TaskFdQueryAttr>(query_at);
  EXPECT_EQ(query.fd_type, linux_abi::kFdTracepoint);
  EXPECT_EQ(query.buf_len, 4u);

  EXPECT_EQ(caller_.CloseFd(link), 0);
  Pass(2);
  EXPECT_EQ(Count(event), 2u);
}

// --- Storms and memory -----------------------------------------------------

TEST_P(PerfTracepointTest, EventsComeAndGoWhileItIsPassedOnAllCpus) {
  constexpr uint32_t kRunners = 3;
  constexpr uint64_t kCycles = 60;
  std::vector<int64_t> throughout;
  for (uint32_t cpu = 1; cpu <= kRunners; ++cpu) {
    throughout.push_back(
        caller_.OpenEvent(Attr(), -1, static_cast<int32_t>(cpu)));
    ASSERT_GE(throughout.back(), 0);
  }
  std::atomic<bool> stop{false};
  std::atomic<uint32_t> started{0};
  std::array<uint64_t, kRunners> passed{};
  std::vector<std::thread> runners;
  for (uint32_t i = 0; i < kRunners; ++i) {
    runners.emplace_back([&, i] {
      HostCpu here(i + 1);
      ++started;
      for (; !stop; ++passed[i]) {
        Pass(passed[i]);
      }
    });
  }
  while (started != kRunners) {
    std::this_thread::yield();
  }
  const int64_t program = Load(Returning(1));
  uint64_t samples = 0;
  for (uint64_t cycle = 0; cycle < kCycles; ++cycle) {
    const int64_t event =
        caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1 + cycle % 3), -1,
                          static_cast<int32_t>(1 + cycle % kRunners));
    ASSERT_GE(event, 0);
    ASSERT_EQ(Map(event), 0);
    tail_ = 0;
    EXPECT_EQ(SetProgram(event, program), 0);
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocEnable), 0);
    for (int tries = 0; tries < 1000 && Head() == 0; ++tries) {
      std::this_thread::yield();
    }
    samples += Samples().size();
    EXPECT_EQ(caller_.CloseFd(event), 0);
  }
  stop = true;
  for (std::thread& runner : runners) {
    runner.join();
  }
  EXPECT_GT(samples, 0u);
  for (uint32_t i = 0; i < kRunners; ++i) {
    EXPECT_GT(passed[i], 0u);
    EXPECT_EQ(Count(throughout[i]), passed[i]);
  }
}

TEST(PerfTracepointMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeTracepoint;
  attr.size = sizeof(attr);
  attr.config = Note::tracepoint.id;
  attr.sample_type = linux_abi::kPerfSampleRaw;
  attr.sample_period = 1;
  const int64_t program = caller.Load(kTracepointProgram, Returning(1));
  const uint64_t filter = caller.Put("number == 1");
  // Opens an enabled event, maps its buffer, and gives it a filter and a
  // program.
  const auto run = [&]() -> int64_t {
    const int64_t fd = caller.OpenEvent(attr);
    if (fd < 0) {
      return fd;
    }
    MapPages pages;
    int64_t result = Mmap(caller.client(), static_cast<int32_t>(fd), 0,
                          2 * kPage, 3, &pages);
    if (result == 0) {
      result = caller.IoctlFd(fd, linux_abi::kPerfIocSetFilter, filter);
    }
    if (result == 0) {
      result = caller.IoctlFd(fd, linux_abi::kPerfIocSetBpf,
                              static_cast<uint64_t>(program));
    }
    if (result < 0) {
      caller.CloseFd(fd);
      return result;
    }
    return fd;
  };
  FailEachAllocation("an event on a tracepoint", caller, run,
                     [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
  EXPECT_EQ(Note::tracepoint.users, 0u);
}

}  // namespace
}  // namespace ebpf
