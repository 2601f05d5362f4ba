// SPDX-License-Identifier: MIT
//
// Perf events on trace events, by perf_event_open(2): what is counted, by whom,
// under load and without memory.
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "testing/caller/traced_notes.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_task.h"

namespace ebpf {

EBPF_TRACEPOINT(Note);

namespace {

using PerfTracepointTest = TracedNotesTest;

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
