// SPDX-License-Identifier: MIT
//
// Clocks that sample, and programs that run at their samples: what profilers
// are made of.
#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/memory.h"
#include "core/helpers/prototype.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/symbol_name.h"
#include "core/platform/time.h"
#include "core/ring/perf_layout.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_tick.h"
#include "testing/host_port/host_timer.h"
#include "testing/host_port/host_trap.h"  // x86-64's registers

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

constexpr uint32_t kPerfEventProgram = 7;
constexpr uint64_t kPage = 4096;
// Of two that meet in one place the later one is lost.
constexpr uint32_t kStacks = 1024;
constexpr uint32_t kDepth = 16;

// What is sampled: the same loop in functions of different names, so that each
// takes time as its turns say.
#define PERF_SAMPLING_LOOP(turns)             \
  uint64_t value = 1;                         \
  for (uint64_t i = 0; i < (turns); ++i) {    \
    value = value * 3 + 1;                    \
    asm volatile("" : "+r"(value)::"memory"); \
  }                                           \
  return value
extern "C" [[gnu::noinline]] uint64_t perf_sampling_half(uint64_t scale) {
  PERF_SAMPLING_LOOP(5000 * scale);
}
extern "C" [[gnu::noinline]] uint64_t perf_sampling_third(uint64_t scale) {
  PERF_SAMPLING_LOOP(3000 * scale);
}
extern "C" [[gnu::noinline]] uint64_t perf_sampling_fifth(uint64_t scale) {
  PERF_SAMPLING_LOOP(2000 * scale);
}
extern "C" [[gnu::noinline]] uint64_t perf_sampling_work(uint64_t scale = 10) {
  const uint64_t sum = perf_sampling_half(scale) + perf_sampling_third(scale) +
                       perf_sampling_fifth(scale);
  asm volatile("");  // no tail call
  return sum;
}

class PerfSamplingTest : public SyscallTest {
 protected:
  ~PerfSamplingTest() override { caller_.client().fds().CloseAll(); }

  PerfEventAttr Attr(uint64_t period, uint64_t sample_type = 0) {
    PerfEventAttr attr{};
    attr.type = linux_abi::kPerfTypeSoftware;
    attr.size = sizeof(attr);
    attr.config = linux_abi::kPerfCpuClock;
    attr.sample_type = sample_type;
    attr.sample_period = period;
    return attr;
  }
  int64_t Ioctl(int64_t fd, uint32_t command, uint64_t argument = 0) {
    return caller_.IoctlFd(fd, command, argument);
  }
  int64_t SetProgram(int64_t event, int64_t program) {
    return Ioctl(event, linux_abi::kPerfIocSetBpf,
                 static_cast<uint64_t>(program));
  }
  int64_t Map(int64_t fd, uint64_t pages = 9) {
    return Mmap(caller_.client(), static_cast<int32_t>(fd), 0, pages * kPage,
                linux_abi::kProtRead | linux_abi::kProtWrite, &pages_);
  }
  uint64_t Head() const {
    return __atomic_load_n(
        reinterpret_cast<const uint64_t*>(pages_.address +
                                          offsetof(ring::PerfPage, data_head)),
        __ATOMIC_ACQUIRE);
  }
  /// Works until there is so much in the buffer; false: not in time.
  bool WorkUntil(uint64_t head) {
    const uint64_t end = ebpf_port_time_ns() + 20'000'000'000;
    while (Head() < head && ebpf_port_time_ns() < end) {
      perf_sampling_work();
    }
    return Head() >= head;
  }
  template <typename T>
  T Value(int64_t map, uint32_t key) {
    const uint64_t to = caller_.Put(T{});
    EXPECT_EQ(
        caller_.Elem(linux_abi::kMapLookupElem, map, caller_.Put(key), to), 0);
    return caller_.Get<T>(to);
  }
  uint64_t Count(int64_t fd) {
    const uint64_t to = caller_.Put(uint64_t{0});
    EXPECT_EQ(Read(caller_.client(), static_cast<int32_t>(fd),
                   caller_.client().Pointer(to), 8),
              8);
    return caller_.Get<uint64_t>(to);
  }

  MapPages pages_{};
};

INSTANTIATE_TEST_SUITE_P(, PerfSamplingTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

std::string NameOf(uint64_t address) {
  ebpf_symbol symbol;
  char name[kMaxSymbolName];
  if (!ebpf_port_symbol_by_address(static_cast<uintptr_t>(address), &symbol)) {
    return "?";
  }
  const StringView text = ReadSymbolName(symbol, name);
  return std::string(text.data(), text.size());
}

TEST_P(PerfSamplingTest, AClockSamplesWhereItsCpuIs) {
  SetHostTask(7, 5, "host");
  const HostTicks ticks(200);
  constexpr uint64_t kType =
      linux_abi::kPerfSampleIp | linux_abi::kPerfSampleTid |
      linux_abi::kPerfSamplePeriod | linux_abi::kPerfSampleCallchain;
  const int64_t event = caller_.OpenEvent(Attr(1'000'000, kType));
  ASSERT_GE(event, 0);
  ASSERT_EQ(Map(event), 0);
  ASSERT_TRUE(WorkUntil(4000));
  EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);
  const uint64_t end = Head();
  uint64_t in_work = 0;
  uint64_t samples = 0;
  for (uint64_t at = 0; at < end; ++samples) {
    const uint8_t* record = pages_.address + kPage + at;
    const auto header = LoadUnaligned<ring::PerfRecordHeader>(record);
    at += header.size;
    if (header.type == ring::kPerfRecordThrottle ||
        header.type == ring::kPerfRecordUnthrottle) {
      continue;  // the machine is busy
    }
    EXPECT_EQ(header.type, ring::kPerfRecordSample);
    EXPECT_EQ(header.misc, ring::kPerfMiscKernel);
    const auto ip = LoadUnaligned<uint64_t>(record + 8);
    EXPECT_EQ(LoadUnaligned<uint64_t>(record + 16), uint64_t{7} << 32 | 5);
    EXPECT_EQ(LoadUnaligned<uint64_t>(record + 24), 1'000'000u);
    const auto count = LoadUnaligned<uint64_t>(record + 32);
    ASSERT_EQ(header.size, 40 + 8 * count);
    ASSERT_GE(count, 2u);
    EXPECT_EQ(LoadUnaligned<uint64_t>(record + 40),
              linux_abi::kPerfContextKernel);
    EXPECT_EQ(LoadUnaligned<uint64_t>(record + 48), ip);
    in_work += count >= 3 && NameOf(ip).find("perf_sampling_") == 0 &&
                       NameOf(LoadUnaligned<uint64_t>(record + 56)) ==
                           "perf_sampling_work"
                   ? 1
                   : 0;
  }
  EXPECT_GT(samples, 10u);
  EXPECT_GT(in_work, samples * 8 / 10);
  // Nothing comes any more.
  perf_sampling_work();
  EXPECT_EQ(Head(), end);
  EXPECT_EQ(PendingHostTimers(), 0u);
  SetHostTask(1, 1, "host");
}

TEST_P(PerfSamplingTest, AFrequencyIsAPeriod) {
  const HostTicks ticks(200);
  PerfEventAttr attr = Attr(500, linux_abi::kPerfSamplePeriod);
  attr.flags = linux_abi::kPerfFrequency;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  ASSERT_TRUE(WorkUntil(16));
  EXPECT_EQ(LoadUnaligned<uint64_t>(pages_.address + kPage + 8), 2'000'000u);
}

TEST_P(PerfSamplingTest, CallChainsAreAsLongAndOfWhomTheAttributeSays) {
  const HostTicks ticks(200);
  PerfEventAttr attr = Attr(1'000'000, linux_abi::kPerfSampleCallchain);
  attr.sample_max_stack = 2;
  const int64_t cut = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(cut), 0);
  ASSERT_TRUE(WorkUntil(1));
  EXPECT_EQ(LoadUnaligned<uint64_t>(pages_.address + kPage + 8), 3u);
  caller_.CloseFd(cut);
  attr.flags = linux_abi::kPerfExcludeCallchainKernel;
  const int64_t none = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(none), 0);
  ASSERT_TRUE(WorkUntil(1));
  EXPECT_EQ(LoadUnaligned<uint64_t>(pages_.address + kPage + 8), 0u);
}

TEST_P(PerfSamplingTest, WhoExcludesTheKernelGetsNoneOfIt) {
  const HostTicks ticks(200);
  PerfEventAttr attr = Attr(100'000, linux_abi::kPerfSampleIp);
  attr.flags = linux_abi::kPerfExcludeKernel;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  const uint64_t end = ebpf_port_time_ns() + 20'000'000;
  while (ebpf_port_time_ns() < end) {
    perf_sampling_work();
  }
  EXPECT_EQ(Head(), 0u);
  EXPECT_GT(Count(event), 0u);
}

TEST_P(PerfSamplingTest, AnotherCpuIsSampledThere) {
  std::atomic<bool> stop{false};
  std::atomic<bool> started{false};
  std::thread worker([&] {
    HostCpu cpu(2);
    started = true;
    while (!stop) {
      perf_sampling_work();
    }
  });
  while (!started) {
    std::this_thread::yield();
  }
  {
    const HostTicks ticks(200);
    const int64_t event =
        caller_.OpenEvent(Attr(1'000'000, linux_abi::kPerfSampleCpu), -1, 2);
    ASSERT_GE(event, 0);
    ASSERT_EQ(Map(event), 0);
    ASSERT_TRUE(WorkUntil(160));
    for (uint64_t at = 0; at < 160; at += 16) {
      EXPECT_EQ(LoadUnaligned<uint64_t>(pages_.address + kPage + at + 8), 2u);
    }
    EXPECT_EQ(caller_.CloseFd(event), 0);
    // One that does not run, and a kernel that cannot start it elsewhere.
    EXPECT_EQ(caller_.OpenEvent(Attr(1'000'000), -1, 3),
              Minus(Status::kNoSuchDevice));
    SetHostTextSupport(false);
    EXPECT_EQ(caller_.OpenEvent(Attr(1'000'000), -1, 2),
              Minus(Status::kNotSupported));
    EXPECT_GE(caller_.OpenEvent(Attr(1'000'000), -1, 0), 0);
    SetHostTextSupport(true);
  }
  stop = true;
  worker.join();
}

TEST_P(PerfSamplingTest, ATaskIsSampledWhileItRuns) {
  const HostTicks ticks(200);
  SetHostTask(50, 50, "mine");
  const int64_t mine =
      caller_.OpenEvent(Attr(1'000'000, linux_abi::kPerfSampleTid), 0, -1);
  const int64_t other =
      caller_.OpenEvent(Attr(1'000'000, linux_abi::kPerfSampleTid), 51, -1);
  ASSERT_GE(mine, 0);
  ASSERT_EQ(Map(other), 0);
  const MapPages others = pages_;
  ASSERT_EQ(Map(mine), 0);
  ASSERT_TRUE(WorkUntil(64));
  EXPECT_EQ(LoadUnaligned<ring::PerfPage>(others.address).data_head, 0u);
  EXPECT_EQ(Count(other), 0u);
  EXPECT_GE(Count(mine), 4'000'000u);
  SetHostTask(51, 50, "other");
  pages_ = others;
  ASSERT_TRUE(WorkUntil(64));
  SetHostTask(1, 1, "host");
}

TEST_P(PerfSamplingTest, ARefreshedClockEndsByItself) {
  const HostTicks ticks(200);
  PerfEventAttr attr = Attr(500'000, linux_abi::kPerfSampleIp);
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  for (uint64_t round = 1; round <= 2; ++round) {
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocRefresh, 3), 0);
    ASSERT_TRUE(WorkUntil(48 * round));
    const uint64_t end = ebpf_port_time_ns() + 5'000'000;
    while (ebpf_port_time_ns() < end) {
      perf_sampling_work();
    }
    EXPECT_EQ(Head(), 48 * round);
    EXPECT_EQ(PendingHostTimers(), 0u);
  }
}

// --- Programs --------------------------------------------------------------

/// Counts in `counts` the stacks that it puts into `stacks`; 0.
Code CountingStacks(int64_t stacks, int64_t counts) {
  return {LoadLow(2, 1, static_cast<int32_t>(stacks)),
          LoadHigh(0),
          MovImm(3, 0),
          CallHelper(helper_id::get_stackid),
          Insn(0xc5, 0, 0, 9, 0),  // negative
          Insn(0x63, 10, 0, -4, 0),
          MovReg(2, 10),
          Insn(0x07, 2, 0, 0, -4),
          LoadLow(1, 1, static_cast<int32_t>(counts)),
          LoadHigh(0),
          CallHelper(helper_id::map_lookup_elem),
          Insn(0x15, 0, 0, 2, 0),
          MovImm(1, 1),
          Insn(0xdb, 0, 1, 0, 0),
          MovImm(0, 0),
          Exit()};
}

TEST_P(PerfSamplingTest, FoldedStacksNameWhatTimeIsSpentInInProportion) {
  const HostTicks ticks(100);
  const int64_t stacks =
      caller_.CreateMap(linux_abi::kMapTypeStackTrace, 4, 8 * kDepth, kStacks);
  const int64_t counts =
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, 8, kStacks);
  const int64_t program =
      caller_.Load(kPerfEventProgram, CountingStacks(stacks, counts));
  ASSERT_GE(program, 0);
  PerfEventAttr attr = Attr(150'000);
  attr.flags = linux_abi::kPerfDisabled;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(SetProgram(event, program), 0);
  ASSERT_EQ(Ioctl(event, linux_abi::kPerfIocEnable), 0);
  // The machine may have other work, and the ticks' thread little time.
  constexpr uint64_t kSamples = 1500;
  const uint64_t end = ebpf_port_time_ns() + 60'000'000'000;
  uint64_t taken = 0;
  uint32_t random = 1;
  while (taken < kSamples && ebpf_port_time_ns() < end) {
    for (int i = 0; i < 1000; ++i) {
      // In no step with the ticks, nor with the scheduler's.
      random = random * 1664525 + 1013904223;
      perf_sampling_work(1 + (random >> 16) % 32);
    }
    taken = 0;
    for (uint32_t id = 0; id < kStacks; ++id) {
      taken += Value<uint64_t>(counts, id);
    }
    caller_.ForgetMemory();
  }
  ASSERT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);

  std::map<std::string, uint64_t> folded;
  std::map<std::string, uint64_t> leaves;
  uint64_t total = 0;
  for (uint32_t id = 0; id < kStacks; ++id) {
    const auto count = Value<uint64_t>(counts, id);
    if (count == 0) {
      continue;
    }
    struct Stack {
      uint64_t frames[kDepth];
    };
    const auto stack = Value<Stack>(stacks, id);
    std::string line;
    for (const uint64_t frame : stack.frames) {
      if (frame != 0) {
        line = NameOf(frame) + (line.empty() ? "" : ";" + line);
      }
    }
    folded[line] += count;
    leaves[NameOf(stack.frames[0])] += count;
    total += count;
  }
  for (const auto& [line, count] : folded) {
    printf("%s %llu\n", line.c_str(), static_cast<unsigned long long>(count));
  }
  ASSERT_GE(total, kSamples);
  const auto percent = [&](const char* name) {
    return 100.0 * static_cast<double>(leaves[name]) /
           static_cast<double>(total);
  };
  EXPECT_NEAR(percent("perf_sampling_half"), 50, 5);
  EXPECT_NEAR(percent("perf_sampling_third"), 30, 5);
  EXPECT_NEAR(percent("perf_sampling_fifth"), 20, 5);
}

TEST_P(PerfSamplingTest, AProgramSeesTheRegistersThePeriodAndItsEvent) {
  const HostTicks ticks(200);
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 64, 1);
  constexpr auto kPeriod = static_cast<int16_t>(sizeof(x86_64::PtRegs));
  const Code code = {
      MovReg(6, 1), LoadLow(7, isa::kPseudoMapValue, static_cast<int32_t>(map)),
      LoadHigh(0), Insn(0x79, 1, 6, offsetof(x86_64::PtRegs, rip), 0),
      Insn(0x7b, 7, 1, 0, 0), Insn(0x79, 1, 6, kPeriod, 0),
      Insn(0x7b, 7, 1, 8, 0), Insn(0x79, 1, 6, kPeriod + 8, 0),
      Insn(0x7b, 7, 1, 16, 0),
      // bpf_perf_prog_read_value(ctx, value + 24, 24)
      MovReg(1, 6), MovReg(2, 7), Insn(0x07, 2, 0, 0, 24), MovImm(3, 24),
      CallHelper(helper_id::perf_prog_read_value), Insn(0x7b, 7, 0, 48, 0),
      // bpf_read_branch_records(ctx, value + 24, 8, 0)
      MovReg(1, 6), MovReg(2, 7), Insn(0x07, 2, 0, 0, 56), MovImm(3, 8),
      MovImm(4, 0), CallHelper(helper_id::read_branch_records),
      Insn(0x7b, 7, 0, 56, 0), MovImm(0, 1), Exit()};
  const int64_t program = caller_.Load(kPerfEventProgram, code);
  ASSERT_GE(program, 0);
  PerfEventAttr attr = Attr(300'000, linux_abi::kPerfSampleIp);
  attr.flags = linux_abi::kPerfDisabled;
  attr.wakeup_events = 1;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event), 0);
  ASSERT_EQ(SetProgram(event, program), 0);
  ASSERT_EQ(Ioctl(event, linux_abi::kPerfIocRefresh, 1), 0);
  ASSERT_TRUE(WorkUntil(16));
  struct Seen {
    uint64_t words[8];
  };
  const auto seen = Value<Seen>(map, 0);
  EXPECT_EQ(seen.words[0], LoadUnaligned<uint64_t>(pages_.address + kPage + 8));
  EXPECT_EQ(seen.words[1], 300'000u);
  EXPECT_EQ(seen.words[2], 0u);
  EXPECT_GE(seen.words[3], 300'000u);
  EXPECT_GE(seen.words[4], 300'000u);
  EXPECT_EQ(seen.words[5], seen.words[4]);
  EXPECT_EQ(seen.words[6], 0u);
  EXPECT_EQ(static_cast<int64_t>(seen.words[7]), Minus(Status::kNotFound));
  EXPECT_NE(
      Poll(caller_.client(), static_cast<int32_t>(event)) & linux_abi::kPollIn,
      0);
}

TEST_P(PerfSamplingTest, WhereAProgramReturnsZeroNoSampleIsTaken) {
  const HostTicks ticks(200);
  const int64_t event =
      caller_.OpenEvent(Attr(200'000, linux_abi::kPerfSampleIp));
  ASSERT_EQ(Map(event), 0);
  const int64_t program = caller_.Load(kPerfEventProgram, Returning(0));
  ASSERT_EQ(SetProgram(event, program), 0);
  const uint64_t before = Head();
  const uint64_t end = ebpf_port_time_ns() + 20'000'000;
  while (ebpf_port_time_ns() < end) {
    perf_sampling_work();
  }
  EXPECT_EQ(Head(), before);
}

TEST_P(PerfSamplingTest, WhichProgramsAnEventTakes) {
  PerfEventAttr attr = Attr(1'000'000);
  const int64_t clock = caller_.OpenEvent(attr);
  attr.config = linux_abi::kPerfDummy;
  const int64_t dummy = caller_.OpenEvent(attr);
  const int64_t program = caller_.Load(kPerfEventProgram, Returning(1));
  const int64_t tracepoint = caller_.Load(5, Returning(1));
  EXPECT_EQ(SetProgram(clock, tracepoint), Minus(Status::kInvalid));
  EXPECT_EQ(SetProgram(clock, program), 0);
  EXPECT_EQ(SetProgram(clock, tracepoint), Minus(Status::kExists));
  linux_abi::LinkCreateAttr link_attr{};
  link_attr.prog_fd = static_cast<uint32_t>(program);
  link_attr.target_fd = static_cast<uint32_t>(dummy);
  link_attr.attach_type = 41;  // BPF_PERF_EVENT
  link_attr.details[0] = 0x77;
  const int64_t link = caller_.Call(linux_abi::kLinkCreate, link_attr);
  ASSERT_GE(link, 0);
  const uint64_t info_at = caller_.Put(linux_abi::LinkInfo{});
  linux_abi::ObjectInfoAttr ask{};
  ask.fd = static_cast<uint32_t>(link);
  ask.info_size = sizeof(linux_abi::LinkInfo);
  ask.info = info_at;
  ASSERT_EQ(caller_.Call(linux_abi::kObjGetInfoByFd, ask), 0);
  const auto info = caller_.Get<linux_abi::LinkInfo>(info_at);
  EXPECT_EQ(info.perf_event_type, linux_abi::kPerfEventOther);
  EXPECT_EQ(info.event.type, linux_abi::kPerfTypeSoftware);
  EXPECT_EQ(info.event.config, linux_abi::kPerfDummy);
  EXPECT_EQ(info.event.cookie, 0x77u);
}

/// As Linux 6.18 lays it out: time, id and stream, and what sample_id_all adds.
TEST_P(PerfSamplingTest, AClockThatIsThrottledSaysSo) {
  uint64_t now = 1'000'000;
  SetHostTime(now);
  PerfEventAttr attr = Attr(10'000, linux_abi::kPerfSampleTime);
  attr.flags = linux_abi::kPerfSampleIdAll;
  attr.wakeup_events = 1'000'000;
  const int64_t event = caller_.OpenEvent(attr);
  ASSERT_EQ(Map(event, 65), 0);
  const uint64_t id_at = caller_.Put(uint64_t{0});
  ASSERT_EQ(Ioctl(event, linux_abi::kPerfIocId, id_at), 0);
  std::vector<int64_t> others;
  for (int i = 0; i < 10; ++i) {
    others.push_back(caller_.OpenEvent(attr));
    ASSERT_GE(others.back(), 0);
  }
  uint64_t at = 0;
  const auto pass_until = [&](uint32_t type) {
    for (int i = 0; i < 5000; ++i) {
      for (const uint64_t head = Head(); at < head;) {
        const uint8_t* record = pages_.address + kPage + at;
        const auto header = LoadUnaligned<ring::PerfRecordHeader>(record);
        if (header.type == type) {
          return record;
        }
        EXPECT_EQ(header.type, ring::kPerfRecordSample);
        at += header.size;
      }
      now += 10'000;
      SetHostTime(now);
      RunHostTimers();
    }
    return static_cast<const uint8_t*>(nullptr);
  };
  const auto check = [&](const uint8_t* bytes) {
    ASSERT_NE(bytes, nullptr);
    struct Expected {
      ring::PerfThrottleRecord record;
      uint64_t time;
    };
    const auto found = LoadUnaligned<Expected>(bytes);
    EXPECT_EQ(found.record.header.size, sizeof(Expected));
    EXPECT_EQ(found.record.header.misc, 0u);
    EXPECT_EQ(found.record.time, now);
    EXPECT_EQ(found.record.id, caller_.Get<uint64_t>(id_at));
    EXPECT_EQ(found.record.stream_id, found.record.id);
    EXPECT_EQ(found.time, now);
    at += sizeof(Expected);
  };
  check(pass_until(ring::kPerfRecordThrottle));
  for (const int64_t other : others) {
    EXPECT_EQ(caller_.CloseFd(other), 0);
  }
  check(pass_until(ring::kPerfRecordUnthrottle));
  caller_.client().fds().CloseAll();
  ResumeHostTime();
}

// --- Storms and memory -----------------------------------------------------

TEST_P(PerfSamplingTest, ClocksComeAndGoWhileTheyTick) {
  const HostTicks ticks(100);
  const int64_t program = caller_.Load(kPerfEventProgram, Returning(1));
  for (int cycle = 0; cycle < 200; ++cycle) {
    PerfEventAttr attr =
        Attr(10'000 + 5'000 * (cycle % 7), linux_abi::kPerfSampleCallchain);
    const int64_t event = cycle % 2 == 0 ? caller_.OpenEvent(attr)
                                         : caller_.OpenEvent(attr, 0, -1);
    ASSERT_GE(event, 0);
    ASSERT_EQ(Map(event, 2), 0);
    EXPECT_EQ(SetProgram(event, program), 0);
    perf_sampling_fifth(10);
    const uint64_t period = caller_.Put(uint64_t{20'000});
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocPeriod, period), 0);
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);
    EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocEnable), 0);
    EXPECT_EQ(caller_.CloseFd(event), 0);
  }
  EXPECT_EQ(PendingHostTimers(), 0u);
}

TEST(PerfSamplingMemoryTest, EachAllocationMayFail) {
  TestSystem system;
  TestCaller caller(Origin::kKernel);
  PerfEventAttr attr{};
  attr.type = linux_abi::kPerfTypeSoftware;
  attr.size = sizeof(attr);
  attr.config = linux_abi::kPerfCpuClock;
  attr.sample_period = 1'000'000;
  for (const int32_t cpu : {0, -1}) {
    FailEachAllocation(
        "a sampling clock", caller,
        [&] { return caller.OpenEvent(attr, cpu < 0 ? 1 : -1, cpu); },
        [&](int64_t fd) { EXPECT_EQ(caller.CloseFd(fd), 0); });
    EXPECT_EQ(PendingHostTimers(), 0u);
  }
}

}  // namespace
}  // namespace ebpf
