// SPDX-License-Identifier: MIT
//
// Probes that come and go while threads run through them.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/probes/kprobe.h"
#include "core/probes/load_test_util.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using Function = uint64_t(uint64_t, uint64_t);

// push rbp; mov rbp, rsp; imul rdi, rsi; lea rax, [rdi + 5]; pop rbp; ret
constexpr uint8_t kFunction[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x0f, 0xaf,
                                 0xfe, 0x48, 0x8d, 0x47, 0x05, 0x5d, 0xc3};
constexpr uint64_t kOffsets[] = {0, 1, 4, 8, 12, 13};

/// Counts the hits of one attachment, each CPU for itself; dies if it is hit
/// when it may not be.
struct Counter final : KprobeConsumer {
  std::atomic<bool> attached{true};
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> late{0};
  std::atomic<uint32_t> cpus{0};

  void Hit(machine::PtRegs& /*regs*/) override {
    late += attached ? 0 : 1;
    ++hits;
    cpus |= 1u << ebpf_port_cpu_id();
  }
};

/// Calls of the function, and whether it returned what it should.
struct Calls {
  std::atomic<uint64_t> count{0};
  std::atomic<uint64_t> wrong{0};

  Load::Work Of(const HostText& text) {
    return [this, function = text.As<Function>()](uint64_t i, uint32_t cpu) {
      wrong += function(i, cpu) == i * cpu + 5 ? 0 : 1;
      ++count;
    };
  }
};

/// With breakpoints, and with jumps where there can be some.
class ProbeStormTest : public testing::TestWithParam<bool> {
 protected:
  ProbeStormTest() {
    SetHostDetours(GetParam());
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
  }
  ~ProbeStormTest() override {
    ExitProbes();
    ExitReadSections();
    SetHostDetours(false);
    EXPECT_EQ(HostExecBytes(), 0u);
    EXPECT_EQ(HostRendezvousTimeouts(), timeouts_);
  }

  const uint64_t timeouts_ = HostRendezvousTimeouts();
  FailingAllocator allocator_;  // panics if something is not given back
  HostTraps traps_;
};

TEST_P(ProbeStormTest, ProbesComeAndGoUnderLoad) {
  HostText text("storm", kFunction);
  Calls calls;
  Load load(2, 256, calls.Of(text));
  constexpr int kCycles = 100;
  int hit_on_all_cpus = 0;
  int jumps = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    Counter counter;
    {
      const uint64_t offset = kOffsets[cycle % 6];
      Result<Ref<Kprobe>> probe = AttachKprobe("storm", 0, offset, counter);
      ASSERT_TRUE(probe.ok());
      ASSERT_EQ((*probe)->Enable(), Status::kOk);
      jumps += text.bytes()[offset] == 0xe9 ? 1 : 0;
      for (int i = 0; i < 20000 && counter.cpus != 6; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
      hit_on_all_cpus += counter.cpus == 6;
      (*probe)->Detach();
      counter.attached = false;
      EXPECT_TRUE(EqualBytes(text.bytes(), kFunction));  // all CPUs came
      EXPECT_EQ((*probe)->missed(), 0u);
    }
    EXPECT_EQ(counter.late, 0u);
  }
  load.Stop();
  EXPECT_EQ(calls.wrong, 0u);
  EXPECT_GE(hit_on_all_cpus, kCycles * 95 / 100);
  // Often somebody is inside of the window.
  EXPECT_EQ(jumps >= 10, GetParam()) << jumps;
  EXPECT_TRUE(EqualBytes(text.bytes(), kFunction));
}

TEST_P(ProbeStormTest, OneThatStaysMissesNothingWhileOthersComeAndGo) {
  HostText text("storm", kFunction);
  Counter staying;
  Result<Ref<Kprobe>> probe = AttachKprobe("storm", 0, 4, staying);
  ASSERT_TRUE(probe.ok());
  ASSERT_EQ((*probe)->Enable(), Status::kOk);
  Calls calls;
  Load load(2, 256, calls.Of(text));
  Counter counter;
  for (int cycle = 0; cycle < 100; ++cycle) {
    Result<Ref<Kprobe>> other =
        AttachKprobe("storm", 0, kOffsets[cycle % 6], counter);
    ASSERT_TRUE(other.ok());
    ASSERT_EQ((*other)->Enable(), Status::kOk);
    const uint64_t hits = counter.hits;
    for (int i = 0; i < 100 && counter.hits == hits; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (cycle % 3 == 0) {
      (*other)->Disable();
      ASSERT_EQ((*other)->Enable(), Status::kOk);
    }
  }
  load.Stop();
  EXPECT_EQ(calls.wrong, 0u);
  EXPECT_GT(counter.hits, 0u);
  EXPECT_EQ(staying.hits + (*probe)->missed(), calls.count);
  EXPECT_EQ((*probe)->missed(), 0u);
}

TEST_P(ProbeStormTest, AttachersDoNotDisturbEachOther) {
  HostText text("storm", kFunction);
  constexpr uint32_t kAttachers = 3;
  std::vector<std::thread> threads;
  std::atomic<uint64_t> wrong{0};
  for (uint32_t i = 1; i <= kAttachers; ++i) {
    threads.emplace_back([&, i] {
      HostCpu cpu(i);
      for (int cycle = 0; cycle < 40; ++cycle) {
        Counter counter;
        Result<Ref<Kprobe>> probe =
            AttachKprobe("storm", 0, kOffsets[(cycle + i) % 6], counter);
        const bool enabled = probe.ok() && IsOk((*probe)->Enable());
        wrong += text.As<Function>()(i, 3) == i * 3 + 5 ? 0 : 1;
        wrong += enabled && counter.hits >= 1 ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(EqualBytes(text.bytes(), kFunction));
}

INSTANTIATE_TEST_SUITE_P(Each, ProbeStormTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) {
                           return info.param ? "Detours" : "Breakpoints";
                         });

}  // namespace
}  // namespace ebpf
