// SPDX-License-Identifier: MIT
//
// Samples of trace events: what they hold, which are taken, and whose buffer
// they go to.
#include <cstring>
#include <string>
#include <vector>

#include "core/helpers/prototype.h"
#include "core/perf/sample.h"
#include "core/platform/time.h"
#include "testing/caller/traced_notes.h"
#include "testing/host_port/host_task.h"

namespace ebpf {

EBPF_TRACEPOINT(Note);

namespace {

using PerfRecordTest = TracedNotesTest;

INSTANTIATE_TEST_SUITE_P(, PerfRecordTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

// --- Samples ---------------------------------------------------------------

TEST_P(PerfRecordTest, ASampleHasTheRecordAsLinuxLaysItOut) {
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

/// One event alone on its CPU writes them itself; another beside it or not.
class PerfEasyRecordTest : public PerfRecordTest {
 protected:
  void ExpectTheSame(uint64_t types) {
    const int64_t event = caller_.OpenEvent(Attr(types, 1));
    ASSERT_EQ(Map(event), 0);
    const std::string longest(200, 'x');
    std::vector<Taken> samples[2];
    for (std::vector<Taken>& taken : samples) {
      for (const char* text :
           {"", "a", "ab", "abc", "abcd", "abcdefg", longest.c_str()}) {
        Pass(5, text);
      }
      taken = Samples();
      ASSERT_EQ(taken.size(), 7u);
      // From here on it is not alone.
      ASSERT_GE(caller_.OpenEvent(Attr()), 0);
    }
    for (size_t i = 0; i < samples[0].size(); ++i) {
      EXPECT_EQ(samples[0][i].body, samples[1][i].body) << i;
      EXPECT_EQ(samples[0][i].header.misc, samples[1][i].header.misc);
    }
    EXPECT_EQ(Count(event), 14u);
  }
};
INSTANTIATE_TEST_SUITE_P(, PerfEasyRecordTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(PerfEasyRecordTest, ARecordIsTheSameWhoeverElseCounts) {
  ExpectTheSame(linux_abi::kPerfSampleRaw);
}

TEST_P(PerfEasyRecordTest, ASampleIsTheSameWhoeverElseCounts) {
  ExpectTheSame(linux_abi::kPerfSampleIdentifier | linux_abi::kPerfSampleTid |
                linux_abi::kPerfSampleAddress | linux_abi::kPerfSampleId |
                linux_abi::kPerfSampleStreamId | linux_abi::kPerfSampleCpu |
                linux_abi::kPerfSamplePeriod | linux_abi::kPerfSampleRaw);
}

TEST_P(PerfRecordTest, ATasksEventIsToldBesideACpus) {
  SetHostTask(77, 77, "mine");
  const int64_t of_task =
      caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1), 77, -1);
  ASSERT_EQ(Map(of_task), 0);
  const int64_t of_cpu = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  ASSERT_GE(of_cpu, 0);
  Pass(11);
  const std::vector<Taken> samples = Samples();
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].At<Note::Record>(4).number, 11u);
  EXPECT_EQ(Count(of_task), 1u);
  EXPECT_EQ(Count(of_cpu), 1u);
  SetHostTask(78, 78, "other");
  Pass(12);
  EXPECT_EQ(Count(of_task), 1u);
  EXPECT_EQ(Count(of_cpu), 2u);
  SetHostTask(1, 1, "host");
}

TEST_P(PerfRecordTest, ASampleTellsWhereItWasAndWhoCalled) {
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

TEST_P(PerfRecordTest, EachSoManyRecordsAreSampled) {
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

TEST_P(PerfRecordTest, WithItsPeriodInTheSampleNoneIsLeftOut) {
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

TEST_P(PerfRecordTest, PeriodsThatAreNoneAreRefused) {
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

TEST_P(PerfRecordTest, ARefreshedEventEndsAfterSoManySamples) {
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

TEST_P(PerfRecordTest, WhatDoesNotFitIsLostAndTold) {
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

TEST_P(PerfRecordTest, ReadersAreWokenAsTheyAsked) {
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

TEST_P(PerfRecordTest, SamplesThatNobodyHereCanMakeAreRefused) {
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

TEST_P(PerfRecordTest, EventsOfOneCpuShareABuffer) {
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

TEST_P(PerfRecordTest, OutputsThatLinuxRefusesAreRefused) {
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

TEST_P(PerfRecordTest, APausedBufferLosesWhatComes) {
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

}  // namespace
}  // namespace ebpf
