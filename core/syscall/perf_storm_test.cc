// SPDX-License-Identifier: MIT
//
// Perf events that come and go while threads, signals in them and timers pass
// what they tell of. Means most under TSan.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <thread>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_objects.h"
#include "testing/caller/traced_notes.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_tick.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {

EBPF_TRACEPOINT(Note);

namespace {

constexpr uint32_t kCpus = 2;  // 1 and 2 pass, 0 makes events
constexpr uint64_t kFromSignal = uint64_t{1} << 63;

std::array<std::atomic<uint64_t>, kCpus + 1> g_passes;
thread_local volatile uint32_t t_cpu = 0;

void PassHere(uint64_t number) {
  static constexpr char kText[] = "abcdefghijklmnop";
  Pass(number, kText + number % 16);
  g_passes[t_cpu].fetch_add(1, std::memory_order_relaxed);
}

void OnSignal(int /*signal*/) {
  const int error = errno;
  if (t_cpu != 0) {
    PassHere(kFromSignal);
  }
  errno = error;
}

/// Threads that pass the tracepoint until they are stopped, in their signals,
/// too.
class Passing {
 public:
  Passing() {
    struct sigaction action{};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, nullptr);
    for (uint32_t cpu = 1; cpu <= kCpus; ++cpu) {
      threads_.emplace_back([this, cpu] {
        const HostCpu this_cpu(cpu);
        t_cpu = cpu;
        for (uint64_t i = 0; !stop_; ++i) {
          PassHere(i);
          if (i % 64 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(20));
          }
        }
        t_cpu = 0;
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
    threads_.clear();
    signal(SIGUSR2, SIG_DFL);
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

class PerfStormTest : public TracedNotesTest {
 protected:
  /// One that counts and samples each record of CPU 1, for as long as the test
  /// lasts; mapped.
  int64_t OpenThroughout() {
    PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 1);
    attr.flags = linux_abi::kPerfSampleIdAll;
    const int64_t event = caller_.OpenEvent(attr, -1, 1);
    EXPECT_GE(event, 0);
    EXPECT_EQ(Map(event, 9), 0);
    return event;
  }
  /// Runs that were none, since they would have been inside of another.
  uint64_t MissedRuns(int64_t program) {
    linux_abi::ProgramInfo info{};
    const uint64_t at = caller_.Put(info);
    EXPECT_EQ(
        caller_.Call(linux_abi::kObjGetInfoByFd,
                     linux_abi::ObjectInfoAttr{static_cast<uint32_t>(program),
                                               sizeof(info), at}),
        0);
    return caller_.Get<linux_abi::ProgramInfo>(at).recursion_misses;
  }
  /// Adds up what it told since the last call.
  void Drain() {
    for (const Taken& sample : Samples()) {
      if (sample.header.type == ring::kPerfRecordLost) {
        lost_ += sample.At(8);
        continue;
      }
      ++sampled_;
      const auto record = sample.At<Note::Record>(4);
      if (record.header.type != Note::tracepoint.id ||
          record.twice != static_cast<uint32_t>(2 * record.number)) {
        ++wrong_;
      }
    }
  }

  uint64_t sampled_ = 0;
  uint64_t lost_ = 0;
  uint64_t wrong_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, PerfStormTest, testing::Values(Origin::kKernel),
                         OriginName);

/// What may be asked of an event while it is busy; closes it.
void UseAndClose(TestCaller& caller, int64_t event, uint64_t step,
                 Passing& passing) {
  const auto fd = static_cast<int32_t>(event);
  MapPages pages;
  EXPECT_EQ(Mmap(caller.client(), fd, 0, 3 * kPage,
                 step % 2 == 0 ? linux_abi::kProtRead
                               : linux_abi::kProtRead | linux_abi::kProtWrite,
                 &pages),
            0);
  const uint64_t words = caller.Put(nullptr, 64);
  const uint64_t period = caller.Put(uint64_t{1 + step % 3});
  const auto ioctl = [&](uint32_t command, uint64_t argument) {
    EXPECT_EQ(caller.IoctlFd(event, command, argument), 0) << command;
  };
  for (int turn = 0; turn < 2; ++turn) {
    ioctl(linux_abi::kPerfIocEnable, 0);
    passing.Signal();
    ioctl(linux_abi::kPerfIocPauseOutput, turn == 0 ? 1 : 0);
    EXPECT_GT(Read(caller.client(), fd, caller.client().Pointer(words), 64), 0);
    ioctl(linux_abi::kPerfIocReset, 0);
    ioctl(linux_abi::kPerfIocPeriod, period);
    (void)Poll(caller.client(), fd);
    passing.Signal();
    ioctl(linux_abi::kPerfIocRefresh, 2);
    ioctl(linux_abi::kPerfIocDisable, 0);
  }
  EXPECT_EQ(caller.CloseFd(event), 0);
}

TEST_P(PerfStormTest, WhoStaysIsToldOfEachRecordWhateverComesAndGoes) {
  const HostTicks ticks(300);
  const int64_t throughout = OpenThroughout();
  const int64_t counting = caller_.OpenEvent(Attr(), -1, 2);
  ASSERT_GE(counting, 0);
  const int64_t program = Load(Returning(1));
  for (std::atomic<uint64_t>& passes : g_passes) {
    passes = 0;
  }
  Passing passing;
  std::atomic<bool> stop{false};
  // Another client, of events of its own.
  std::thread other([&] {
    const HostCpu cpu(3);
    TestCaller caller(Origin::kKernel);
    for (uint64_t step = 0; !stop; ++step) {
      PerfEventAttr attr = Attr(linux_abi::kPerfSampleRaw, 1 + step % 3);
      attr.flags = linux_abi::kPerfDisabled;
      const int64_t event =
          caller.OpenEvent(attr, -1, static_cast<int32_t>(1 + step % kCpus));
      EXPECT_GE(event, 0);
      UseAndClose(caller, event, step * 4, passing);
    }
  });
  constexpr uint64_t kSteps = 60;
  constexpr uint64_t kEnough = 1000;
  // The others may have had no time yet.
  for (uint64_t step = 0; step < kSteps || g_passes[1] < kEnough; ++step) {
    PerfEventAttr attr =
        Attr(linux_abi::kPerfSampleRaw | linux_abi::kPerfSampleTime |
                 linux_abi::kPerfSampleCallchain | linux_abi::kPerfSampleRead,
             2);
    attr.flags = linux_abi::kPerfDisabled |
                 (step % 4 == 3 ? linux_abi::kPerfFrequency : 0);
    const int64_t event =
        caller_.OpenEvent(attr, -1, static_cast<int32_t>(1 + step % kCpus));
    ASSERT_GE(event, 0);
    EXPECT_EQ(SetProgram(event, program), 0);
    if (step % 2 == 0) {
      EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocSetFilter,
                      caller_.Put("number > 5 && text ~ \"*p\"")),
                0);
    }
    UseAndClose(caller_, event, step, passing);
    Drain();
  }
  stop = true;
  other.join();
  passing.Stop();
  Drain();
  // As in Linux: where a signal comes inside of the program, its record is one
  // that nobody counts.
  EXPECT_LE(Count(throughout), g_passes[1]);
  EXPECT_LE(Count(counting), g_passes[2]);
  EXPECT_EQ(Count(throughout) + Count(counting) + MissedRuns(program),
            g_passes[1] + g_passes[2]);
  // What was lost last is told by nobody.
  EXPECT_LE(sampled_ + lost_, g_passes[1]);
  EXPECT_GT(sampled_, 0u) << "the first ones fit";
  EXPECT_EQ(wrong_, 0u);
  caller_.CloseFd(throughout);
  caller_.CloseFd(counting);
  EXPECT_EQ(Note::tracepoint.users, 0u);
}

TEST_P(PerfStormTest, ClocksComeAndGoWhereTheyTick) {
  const HostTicks ticks(300);
  const int64_t program = caller_.Load(7, Returning(1));  // PERF_EVENT
  ASSERT_GE(program, 0);
  Passing passing;
  uint64_t samples = 0;
  for (uint64_t step = 0; step < 40 || samples == 0; ++step) {
    PerfEventAttr attr =
        Attr(linux_abi::kPerfSampleIp | linux_abi::kPerfSampleCallchain |
                 linux_abi::kPerfSampleTid,
             100'000);
    attr.type = linux_abi::kPerfTypeSoftware;
    attr.config = linux_abi::kPerfCpuClock;
    const int64_t event = caller_.OpenEvent(attr, -1, 0);
    ASSERT_GE(event, 0);
    ASSERT_EQ(Map(event, 3), 0);
    tail_ = 0;
    EXPECT_EQ(SetProgram(event, program), 0);
    for (int turn = 0; turn < 3; ++turn) {
      passing.Signal();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocDisable), 0);
      EXPECT_EQ(ReadWords(event).size(), 1u);
      EXPECT_EQ(Ioctl(event, linux_abi::kPerfIocEnable), 0);
    }
    samples += Samples().size();
    EXPECT_EQ(caller_.CloseFd(event), 0);
  }
  passing.Stop();
  EXPECT_EQ(PendingHostTimers(), 0u);
}

/// Where another probe stands already, nothing but the event itself orders its
/// first return behind its making.
TEST_P(PerfStormTest, ReturnsAreCountedWhileEventsOnThemComeAndGo) {
  // push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
  constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                              0x8d, 0x04, 0x37, 0x5d, 0xc3};
  HostText text("storm_add", kAdd);
  PerfEventAttr attr = caller_.Kprobe("storm_add");
  attr.flags = 0;
  const int64_t stays = caller_.OpenEvent(attr, -1, 1);
  ASSERT_GE(stays, 0);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> wrong{0};
  std::thread calling([&] {
    const HostCpu here(1);
    auto* const add = text.As<uint64_t(uint64_t, uint64_t)>();
    while (!stop) {
      wrong += add(40, 2) != 42;
      ++calls;
    }
  });
  attr.config = linux_abi::kPerfKprobeReturn;
  uint64_t returns = 0;
  for (int i = 0; i < 30 || returns == 0; ++i) {
    const int64_t event = caller_.OpenEvent(attr, -1, 1);
    ASSERT_GE(event, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    returns += Count(event);
    EXPECT_EQ(caller_.CloseFd(event), 0);
  }
  stop = true;
  calling.join();
  EXPECT_EQ(Count(stays), calls);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(caller_.CloseFd(stays), 0);
  EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kAdd)));
}

}  // namespace
}  // namespace ebpf
