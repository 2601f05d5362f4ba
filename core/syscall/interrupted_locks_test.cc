// SPDX-License-Identifier: MIT
//
// What a program gets that wants the lock which it interrupted: EBUSY, at once
// on one CPU, and in the end where two CPUs want each other's.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "testing/caller/probed_programs.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using linux_abi::kMapUpdateElem;

constexpr uint32_t kRunningCpus = 3;

using InterruptedLocksTest = ProbedProgramsTest;

TEST_F(InterruptedLocksTest, AnUpdateOfTheBucketThatWasInterruptedIsBusy) {
  const Watchdog watchdog(std::chrono::seconds(120));
  Code body = Update(maps_.hash, 0);  // key 0
  Append(body, CountResult({Status::kBusy}));
  // Where a new key gets its element, with the bucket locked.
  Plant({"_ZN4ebpf11ElementPool4TakeEv", 0, 0}, 0, body);
  EnableAll();
  std::vector<std::thread> cpus;
  std::atomic<uint64_t> wrong{0};
  for (uint32_t cpu = 1; cpu <= kRunningCpus; ++cpu) {
    cpus.emplace_back([this, cpu, &wrong] {
      const HostCpu on(cpu);
      for (int i = 0; i < 200; ++i) {
        wrong += UpdateByCall(maps_.hash, 0) == 0 ? 0 : 1;
        const int64_t status = DeleteByCall(maps_.hash, 0);
        wrong += status == 0 || status == Minus(Status::kNotFound) ? 0 : 1;
      }
    });
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  const Counts counts = Sum(probes_[0]->counted);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_GE(counts.runs, 200u);
  EXPECT_EQ(counts.refused, counts.runs);
  EXPECT_EQ(probes_[0]->Missed(), 0u);
}

TEST_F(InterruptedLocksTest, APushIntoTheQueueThatWasInterruptedIsBusy) {
  const Watchdog watchdog(std::chrono::seconds(120));
  constexpr uint64_t kPushes = 100;
  const int64_t queue = caller_.CreateMap(kQueue, 0, 8, 100000);
  Code body = {Insn(0x7a, 10, 0, -16, 1)};
  Append(body, Low(1, queue));
  Append(body, {MovReg(2, 10), Insn(0x07, 2, 0, 0, -16), MovImm(3, 0),
                CallHelper(helper_id::map_push_elem)});
  Append(body, CountResult({Status::kBusy}));
  // Called by Unlock before the lock is free: by the queue's, and by locks that
  // the programs have nothing to do with.
  Plant({"_ZN4ebpf15lock_rank_check7ReleaseENS_8LockRankE", 0, 0}, 0, body);
  EnableAll();
  const uint64_t value = 1;
  for (uint64_t i = 0; i < kPushes; ++i) {
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(queue);
    attr.value = reinterpret_cast<uint64_t>(&value);
    EXPECT_EQ(Call(kMapUpdateElem, attr), 0);
  }
  DisableAll();
  const Counts counts = Sum(probes_[0]->counted);
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_EQ(counts.refused, kPushes);
  EXPECT_GT(counts.runs, kPushes);
}

/// Each would wait for the lock that the other holds until its program ends.
TEST_F(InterruptedLocksTest, TwoCpusThatInterruptedEachOthersLocksEndInBusy) {
  const Watchdog watchdog(std::chrono::seconds(200));
  const Maps others = MakeMaps();
  const int64_t maps[] = {maps_.hash, others.hash};
  Code body = {CallHelper(helper_id::get_smp_processor_id), MovReg(7, 0)};
  for (uint32_t cpu = 1; cpu <= 2; ++cpu) {
    Code update = Update(maps[2 - cpu], 0);
    Append(update, CountResult({Status::kBusy}));
    // if r7 != cpu skip
    body.push_back(Insn(0x55, 7, 0, static_cast<int16_t>(update.size()),
                        static_cast<int32_t>(cpu)));
    Append(body, update);
  }
  Plant({"_ZN4ebpf11ElementPool4TakeEv", 0, 0}, 0, body);
  EnableAll();
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= 2; ++cpu) {
    cpus.emplace_back([this, cpu, &maps, &done, &wrong] {
      const HostCpu on(cpu);
      while (!done) {
        wrong += UpdateByCall(maps[cpu - 1], 0) == 0 ? 0 : 1;
        const int64_t status = DeleteByCall(maps[cpu - 1], 0);
        wrong += status == 0 || status == Minus(Status::kNotFound) ? 0 : 1;
      }
    });
  }
  for (int i = 0; i < 60000 && Sum(probes_[0]->counted).refused == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  done = true;
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  const Counts counts = Sum(probes_[0]->counted);
  EXPECT_GT(counts.refused, 0u);
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace ebpf
