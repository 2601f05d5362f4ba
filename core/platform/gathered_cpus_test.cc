// SPDX-License-Identifier: MIT
//
// Without the host port: CPUs are threads, which look for interrupts.
#include "core/platform/gathered_cpus.h"

#include <atomic>
#include <chrono>
#include <stdlib.h>
#include <thread>
#include <vector>

#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "gtest/gtest.h"

namespace {

constexpr uint32_t kCpus = 3;

thread_local uint32_t this_cpu = 0;
thread_local int masked = 0;

std::atomic<bool> is_interrupted[kCpus];
std::atomic<bool> is_ending{false};
std::atomic<int> prepared{0};
std::atomic<int> entered{0};
std::atomic<bool> can_go_on{false};
std::vector<std::thread> threads;

void Idle(uint32_t cpu) {
  while (!is_ending) {
    if (is_interrupted[cpu].exchange(false)) {
      ++masked;
      ebpf::StandStill(0x1000 + cpu);
      --masked;
    }
    std::this_thread::yield();
  }
}

bool StartOn(uint32_t cpu, void (*function)(uintptr_t unused)) {
  threads.emplace_back([cpu, function] {
    this_cpu = cpu;
    function(0);
    EXPECT_TRUE(can_go_on);
    Idle(cpu);
  });
  return true;
}

}  // namespace

constinit const ebpf::GatheredCpus ebpf::gathered_cpus = {
    .start_on = &StartOn,
    .wait = [] { std::this_thread::sleep_for(std::chrono::milliseconds(10)); },
    .prepare =
        [] {
          EXPECT_NE(masked, 0);
          ++prepared;
          return true;
        },
    .enter =
        [] {
          EXPECT_NE(masked, 0);
          ++entered;
        },
    .interrupt = [](uint32_t cpu) { is_interrupted[cpu] = true; }};

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uint32_t ebpf_port_cpu_id() { return this_cpu; }
uintptr_t ebpf_port_irq_save() { return static_cast<uintptr_t>(masked++); }
void ebpf_port_irq_restore(uintptr_t state) {
  masked = static_cast<int>(state);
}
uint64_t ebpf_port_time_ns() {
  return static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // extern "C"

namespace ebpf {
namespace {

std::vector<uintptr_t> Stopped() {
  std::vector<uintptr_t> pcs;
  ListStopped(
      [](void* list, uintptr_t pc) {
        static_cast<std::vector<uintptr_t>*>(list)->push_back(pc);
      },
      &pcs);
  return pcs;
}

/// One after another: CPUs are gathered once.
TEST(GatheredCpusTest, CpusComeStandStillAndTakePart) {
  EXPECT_EQ(ebpf_port_cpu_count(), 1u);
  int result = 0;
  EXPECT_EQ(
      ebpf_port_stop_machine([](void*) { return masked; }, nullptr, &result),
      0);
  EXPECT_EQ(result, 1);

  ASSERT_TRUE(GatherCpus(kCpus));
  EXPECT_EQ(ebpf_port_cpu_count(), kCpus);
  EXPECT_EQ(prepared, 2);
  EXPECT_EQ(entered, 0);
  // None goes on before it is let go.
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  can_go_on = true;
  ReleaseCpus(true);
  EXPECT_EQ(entered, 3);
  EXPECT_EQ(masked, 0);

  std::vector<uintptr_t> pcs;
  int status;
  do {  // on a busy host a CPU may not come in time
    status = ebpf_port_stop_machine(
        [](void* list) {
          *static_cast<std::vector<uintptr_t>*>(list) = Stopped();
          return masked;
        },
        &pcs, &result);
  } while (status == -16);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(result, 1);
  EXPECT_EQ(pcs, (std::vector<uintptr_t>{0x1001, 0x1002}));

  is_ending = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(Stopped().empty());
}

}  // namespace
}  // namespace ebpf
