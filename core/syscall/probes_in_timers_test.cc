// SPDX-License-Identifier: MIT
//
// Probes inside of what a timer's callback is and does: it runs in an
// interrupt, and what it uses traps. Nothing hangs, and each hit has run or is
// counted as missed.
#include <vector>

#include "core/maps/ring_buffer_map.h"
#include "testing/caller/btf_bytes.h"
#include "testing/caller/probed_programs.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

constexpr uint32_t kSchedCls = 3;

constexpr Target kTargets[] = {
    // The callback itself.
    {"_ZN4ebpf7Program11RunFunctionEmRA5_Km", 0, 0},
    {"_ZN4ebpf7helpers13MapUpdateElemEmmmmm", 2, 0},
    {"_ZN4ebpf9HashTable11TakeOrEvictEv", 0, 0},
    {"_ZN4ebpf11ElementPool4TakeEv", 0, 0},
    {"_ZN4ebpf10RingBuffer7ReserveEm", 1, 0},
    {"_ZN4ebpf8QueueMap4PushENS_4SpanIKhEEm", 1, 0},
    {"_ZN4ebpf7helpers11TracePrintkEmmmmm", 1, 0},
    {"ebpf_port_timer_start", 0, 0},
};

class ProbesInTimersTest : public ProbedProgramsTest {
 protected:
  ProbesInTimersTest()
      : btf_(LoadBtf(caller_, ProgramTypes())),
        timers_(Call(linux_abi::kMapCreate, TimedArray(btf_, 1))),
        starter_(LoadStarter()) {
    for (const Target& target : kTargets) {
      const uint64_t first = Plant(target, 0, Everything(maps_));
      Plant(target, first + 1, Everything(maps_));
    }
  }
  ~ProbesInTimersTest() override {
    starter_.program = Ref<Program>();
    probes_.clear();
    caller_.client().fds().CloseAll();
    RunHostDeferred();  // a timer lets go of its program later
  }

  /// r6 = the timer's element. Starts it, to expire at once; its callback uses
  /// everything.
  Counted LoadStarter() {
    const auto timer_in = [](uint8_t reg) {
      return Code{MovReg(reg, 6), Insn(0x07, reg, 0, 0, kTimerAt)};
    };
    Code code = ElementInR6(timers_);
    Append(code, timer_in(1));
    Append(code, Low(2, timers_));
    Append(code, {MovImm(3, 1), CallHelper(helper_id::timer_init)});
    Append(code, timer_in(1));
    const size_t callback_at = code.size();
    Append(code, {LoadLow(2, isa::kPseudoFunc, 0), LoadHigh(0),
                  CallHelper(helper_id::timer_set_callback)});
    Append(code, timer_in(1));
    Append(code,
           {MovImm(2, 0), MovImm(3, 0), CallHelper(helper_id::timer_start)});
    Append(code, Returning(0));
    const auto callback = static_cast<int32_t>(code.size());
    code[callback_at].imm = callback - static_cast<int32_t>(callback_at) - 1;
    const int64_t counts =
        caller_.CreateMap(kPerCpuArray, 4, sizeof(Counts), 1);
    Append(code, Counting(counts, Everything(maps_), 0));

    linux_abi::ProgLoadAttr attr = caller_.Program(kSchedCls, code);
    SetFunctions(
        caller_, attr, btf_,
        {{0, kFunctionType}, {static_cast<uint32_t>(callback), kStaticType}});
    attr.log_level = 1;
    attr.log_size = 1 << 16;
    attr.log_buf = caller_.Put(nullptr, 1 << 16);
    const int64_t fd = caller_.Call(linux_abi::kProgLoad, attr);
    EXPECT_GE(fd, 0) << static_cast<const char*>(caller_.At(attr.log_buf));
    return CountedOf(fd, counts);
  }

  int64_t Start() {
    linux_abi::ProgTestRunAttr attr{};
    const uint8_t packet[64] = {};
    attr.prog_fd = static_cast<uint32_t>(starter_.fd);
    attr.data_in = reinterpret_cast<uint64_t>(packet);
    attr.data_size_in = sizeof(packet);
    return Call(linux_abi::kProgTestRun, attr);
  }
  /// So that there is room for records.
  void Drain() {
    RingBuffer& ring = RingBufferMap::From(MapOf(maps_.ring))->ring();
    uint64_t record = 0;
    while (ring.Read(Bytes(reinterpret_cast<uint8_t*>(&record), sizeof(record)))
               .ok()) {
      ++records_;
    }
  }

  const int64_t btf_;
  const int64_t timers_;
  Counted starter_;
  uint64_t records_ = 0;
};

TEST_F(ProbesInTimersTest, EachHitHasRunOrIsCountedAsMissed) {
  const Watchdog watchdog(std::chrono::seconds(120));
  const HostCpu on(1);
  EnableAll();
  std::vector<uint64_t> before;
  for (const auto& probe : probes_) {
    before.push_back(HitsOf(*probe));
  }
  constexpr uint64_t kRounds = 200;
  for (uint64_t i = 0; i < kRounds; ++i) {
    ASSERT_EQ(Start(), 0);
    ASSERT_EQ(RunHostTimers(), 1u);
    Drain();
  }
  std::vector<uint64_t> hits;
  for (const auto& probe : probes_) {
    hits.push_back(HitsOf(*probe));
  }
  DisableAll();

  EXPECT_EQ(Sum(starter_).runs, kRounds) << "of the callback";
  uint64_t runs = Sum(starter_).runs;
  uint64_t wrong = Sum(starter_).wrong;
  uint64_t records = Sum(starter_).records;
  uint64_t missed = 0;
  for (const auto& probe : probes_) {
    runs += Sum(probe->counted).runs;
    wrong += Sum(probe->counted).wrong;
    records += Sum(probe->counted).records;
    missed += probe->Missed();
    EXPECT_EQ(Sum(probe->counted).runs, probe->counted.program->Stats().runs);
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(records, records_);
  EXPECT_GT(missed, 0u);
  for (size_t i = 0; i < probes_.size(); ++i) {
    const Target& target = *probes_[i]->target;
    const uint64_t more = hits[i] - before[i];
    EXPECT_EQ(more, hits[i ^ 1] - before[i ^ 1]) << target.symbol;
    EXPECT_GT(more, 0u) << target.symbol;
    if (target.calls_of_run != 0) {
      EXPECT_EQ(more, runs * target.calls_of_run) << target.symbol;
    }
  }
  // Nobody else runs functions of programs, or starts timers.
  EXPECT_EQ(hits[0] - before[0], kRounds);
  EXPECT_EQ(hits[hits.size() - 1] - before[hits.size() - 1], kRounds);
  printf("%llu callbacks: %llu runs of %zu probes' programs, %llu missed\n",
         static_cast<unsigned long long>(kRounds),
         static_cast<unsigned long long>(runs - kRounds), probes_.size(),
         static_cast<unsigned long long>(missed));
}

}  // namespace
}  // namespace ebpf
