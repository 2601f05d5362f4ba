// SPDX-License-Identifier: MIT
//
// Kretprobes that come and go while threads run through them.
#include <chrono>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "core/probes/load_test_util.h"
#include "core/probes/return_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"

namespace ebpf {
namespace {

/// Calls of the function at several depths, and whether it returned what it
/// should.
struct Calls {
  std::atomic<uint64_t> count{0};
  std::atomic<uint64_t> wrong{0};

  Load::Work Of(const HostText& text) {
    return [this, function = text.As<Function>()](uint64_t i, uint32_t) {
      const uint64_t depth = i % 20;
      wrong += function(depth, 0) == depth * (depth + 1) / 2 ? 0 : 1;
      count += depth + 1;
    };
  }
};

/// A Watcher that notes on which CPUs calls return.
struct CpuWatcher final : CallConsumer {
  Watcher watcher;
  std::atomic<uint32_t> cpus{0};

  bool Entered(machine::PtRegs& regs, uint64_t& data) override {
    return watcher.Entered(regs, data);
  }
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override {
    watcher.Returned(regs, call);
    cpus |= 1u << ebpf_port_cpu_id();
  }
};

class ReturnStormTest : public ReturnHookTest {
 protected:
  ~ReturnStormTest() override {
    EXPECT_EQ(HostRendezvousTimeouts(), timeouts_);
  }
  const uint64_t timeouts_ = HostRendezvousTimeouts();
};

TEST_F(ReturnStormTest, KretprobesComeAndGoUnderLoad) {
  HostText text("sum", kSum);
  Calls calls;
  Load load(3, 64, calls.Of(text));
  constexpr int kCycles = 100;
  constexpr uint32_t kAllCpus = 0b1110;
  int on_all_cpus = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    CpuWatcher counter;
    counter.watcher.keeps_argument = true;
    ReturnHook hook(counter);
    Ref<Kprobe> probe = Follow("sum", hook);
    for (int i = 0; i < 20000 && counter.cpus != kAllCpus; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    on_all_cpus += counter.cpus == kAllCpus;
    End(probe, hook);
    counter.watcher.cancelled = true;
    EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kSum)));
    EXPECT_EQ(counter.watcher.wrong, 0u);
    EXPECT_EQ(hook.missed(), 0u);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    EXPECT_EQ(counter.watcher.late, 0u);
  }
  load.Stop();
  EXPECT_EQ(calls.wrong, 0u);
  EXPECT_GE(on_all_cpus, kCycles * 95 / 100);
}

TEST_F(ReturnStormTest, OneThatStaysSeesEveryReturnWhileOthersComeAndGo) {
  HostText text("sum", kSum);
  Watcher staying;
  staying.keeps_argument = true;
  ReturnHook hook(staying);
  Ref<Kprobe> probe = Follow("sum", hook);
  Calls calls;
  Load load(3, 64, calls.Of(text));
  for (int cycle = 0; cycle < 100; ++cycle) {
    Watcher other;
    other.keeps_argument = true;
    ReturnHook other_hook(other);
    Counter counter;
    Ref<Kprobe> other_probe = Follow("sum", other_hook);
    Ref<Kprobe> third = Attach("sum", cycle % 2 == 0 ? 0 : 5, counter);
    ASSERT_EQ(third->Enable(), Status::kOk);
    for (int i = 0; i < 1000 && other.returned == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    third->Detach();
    End(other_probe, other_hook);
    other.cancelled = true;
    EXPECT_EQ(other.wrong, 0u);
    EXPECT_EQ(other.late, 0u);
  }
  load.Stop();
  EXPECT_EQ(calls.wrong, 0u);
  EXPECT_EQ(staying.wrong, 0u);
  EXPECT_EQ(staying.returned + hook.missed() + probe->missed(), calls.count);
  EXPECT_EQ(hook.missed() + probe->missed(), 0u);
  End(probe, hook);
}

TEST_F(ReturnStormTest, AttachersDoNotDisturbEachOther) {
  HostText text("sum", kSum);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> wrong{0};
  for (uint32_t i = 1; i <= 3; ++i) {
    threads.emplace_back([&, i] {
      HostCpu cpu(i);
      for (int cycle = 0; cycle < 40; ++cycle) {
        Watcher watcher;
        watcher.keeps_argument = true;
        ReturnHook hook(watcher);
        Result<Ref<Kprobe>> probe = AttachKprobe("sum", 0, 0, hook);
        const bool enabled = probe.ok() && IsOk((*probe)->Enable());
        wrong += text.As<Function>()(i * 10, 0) == i * 5 * (i * 10 + 1) ? 0 : 1;
        wrong += enabled && watcher.returned >= i * 10 + 1 ? 0 : 1;
        if (probe.ok()) {
          (*probe)->Detach();
        }
        hook.Cancel();
        wrong += watcher.wrong;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kSum)));
}

}  // namespace
}  // namespace ebpf
