// SPDX-License-Identifier: MIT
//
// Programs that come to a tracepoint and go while threads, and signals in them,
// pass it. Means most under TSan.
#include <atomic>
#include <csignal>
#include <pthread.h>
#include <thread>
#include <vector>

#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/cpu.h"
#include "core/tracepoints/trace.h"
#include "testing/caller/insns.h"
#include "testing/caller/test_caller.h"
#include "testing/caller/test_system.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint32_t kRawTracepoint = 17;
constexpr uint32_t kThreads = 3;

/// raw_storm:stormy_event(number, check).
struct Stormy {
  static constexpr char kSystem[] = "raw_storm";
  static constexpr char kName[] = "stormy_event";
  struct Record {
    EventHeader header;
  };
  static constexpr Span<const EventField> kFields = {};
  static constexpr char kPrintFormat[] = "\"\"";
  static void Fill(Record&, uint64_t, uint64_t) {}
  static Tracepoint tracepoint;
};
EBPF_TRACEPOINT(Stormy);

std::atomic<uint64_t> g_passes{0};
thread_local volatile bool t_is_cpu = false;

void Pass(uint64_t number) {
  EBPF_TRACE(Stormy, number, ~number);
  g_passes.fetch_add(1, std::memory_order_relaxed);
}

void OnSignal(int /*signal*/) {
  if (t_is_cpu) {
    Pass(1);
  }
}

class RawTracepointStormTest : public testing::TestWithParam<bool> {
 protected:
  RawTracepointStormTest() : caller_(Origin::kKernel) {
    if (!GetParam()) {
      EXPECT_EQ(SelectEngine(false, false), Status::kOk);
    }
    struct sigaction action{};
    action.sa_handler = OnSignal;
    sigaction(SIGUSR2, &action, nullptr);
  }
  ~RawTracepointStormTest() override {
    signal(SIGUSR2, SIG_DFL);
    caller_.client().fds().CloseAll();
  }

  /// Counts in a map's words: runs, and those whose arguments were wrong.
  int64_t Counting(int64_t map) {
    return caller_.Load(
        kRawTracepoint,
        {Insn(0x79, 6, 1, 0, 0), Insn(0x79, 7, 1, 8, 0),
         Insn(0xaf, 6, 7, 0, 0),  // r6 ^= r7: all ones
         LoadLow(1, isa::kPseudoMapValue, static_cast<int32_t>(map)),
         LoadHigh(0), MovImm(2, 1), Insn(0xdb, 1, 2, 0, 0),
         Insn(0x15, 6, 0, 1, -1),  // if r6 == -1 goto +1
         Insn(0xdb, 1, 2, 8, 0), MovImm(0, 0), Exit()});
  }
  int64_t Open(int64_t program) {
    return caller_.Call(
        linux_abi::kRawTracepointOpen,
        linux_abi::RawTracepointAttr{reinterpret_cast<uint64_t>("stormy_event"),
                                     static_cast<uint32_t>(program), 0, 0});
  }
  ProgramStats Stats(int64_t program) {
    return (*caller_.client().fds().Get(static_cast<int32_t>(program)))
        ->AsProgram()
        ->program()
        ->Stats();
  }
  struct Counts {
    uint64_t runs;
    uint64_t wrong;
  };
  Counts CountsOf(int64_t map) {
    Counts counts{};
    const uint32_t key = 0;
    EXPECT_EQ(caller_.Elem(linux_abi::kMapLookupElem, map,
                           reinterpret_cast<uint64_t>(&key),
                           reinterpret_cast<uint64_t>(&counts)),
              0);
    return counts;
  }

  TestSystem system_;
  TestCaller caller_;
};

INSTANTIATE_TEST_SUITE_P(, RawTracepointStormTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) {
                           return info.param ? "Compiled" : "Interpreted";
                         });

TEST_P(RawTracepointStormTest, WhoStaysRunsOrMissesEachPassExactly) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 16, 1);
  const int64_t other_map =
      caller_.CreateMap(linux_abi::kMapTypeArray, 4, 16, 1);
  const int64_t program = Counting(map);
  const int64_t link = Open(program);
  ASSERT_GE(link, 0);
  g_passes = 0;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint32_t cpu = 1; cpu <= kThreads; ++cpu) {
    threads.emplace_back([&stop, cpu] {
      const HostCpu this_cpu(cpu);
      t_is_cpu = true;
      for (uint64_t i = 0; !stop; ++i) {
        Pass(i);
        if (i % 64 == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(5));
        }
      }
      t_is_cpu = false;
    });
  }
  uint64_t others = 0;
  for (int round = 0; round < 100; ++round) {
    const int64_t guest = Counting(other_map);
    const int64_t first = Open(guest);
    const int64_t second = Open(guest);
    ASSERT_GE(second, 0);
    for (std::thread& thread : threads) {
      pthread_kill(thread.native_handle(), SIGUSR2);
    }
    std::this_thread::yield();
    caller_.CloseFd(first);
    caller_.CloseFd(second);
    const ProgramStats stats = Stats(guest);
    others += stats.runs;
    std::this_thread::yield();
    EXPECT_EQ(Stats(guest).runs, stats.runs);
    EXPECT_EQ(Stats(guest).missed, stats.missed);
    caller_.CloseFd(guest);
    caller_.ForgetMemory();
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  const ProgramStats stats = Stats(program);
  EXPECT_EQ(stats.runs + stats.missed, g_passes);
  EXPECT_GT(stats.runs, 0u);
  EXPECT_EQ(CountsOf(map).runs, stats.runs);
  EXPECT_EQ(CountsOf(map).wrong, 0u);
  EXPECT_EQ(CountsOf(other_map).runs, others);
  EXPECT_EQ(CountsOf(other_map).wrong, 0u);
  caller_.CloseFd(link);
  EXPECT_FALSE(Stormy::tracepoint.key.enabled());
}

}  // namespace
}  // namespace ebpf
