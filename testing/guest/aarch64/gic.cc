// SPDX-License-Identifier: MIT
//
// Registers and bits: [arm/gicv3: GICD, GICR and ICC registers]. One security
// state, all interrupts in group 1, affinity routing.
#include "testing/guest/aarch64/gic.h"

#include "testing/guest/aarch64/registers.h"

namespace guest::aarch64 {
namespace {

constexpr uintptr_t kDistributor = 0x08000000;
constexpr uintptr_t kRedistributors = 0x080a0000;
constexpr uintptr_t kRedistributorStride = 0x20000;
constexpr uintptr_t kSgiFrame = 0x10000;  // within a redistributor

constexpr uintptr_t kDistributorControl = 0x000;
constexpr uint32_t kEnableGroup1 = 1 << 1;
constexpr uint32_t kAffinityRouting = 1 << 4;

constexpr uintptr_t kTyper = 0x008;
constexpr uint32_t kTyperLast = 1 << 4;
constexpr uintptr_t kWaker = 0x014;
constexpr uint32_t kProcessorSleep = 1 << 1;
constexpr uint32_t kChildrenAsleep = 1 << 2;

constexpr uintptr_t kGroup = kSgiFrame + 0x080;
constexpr uintptr_t kSetEnable = kSgiFrame + 0x100;

volatile uint32_t& Distributor(uintptr_t reg) {
  return *reinterpret_cast<volatile uint32_t*>(kDistributor + reg);
}

volatile uint32_t& Redistributor(uint32_t cpu, uintptr_t reg) {
  return *reinterpret_cast<volatile uint32_t*>(
      kRedistributors + cpu * kRedistributorStride + reg);
}

}  // namespace

uint32_t GicCpuCount() {
  uint32_t count = 1;
  while ((Redistributor(count - 1, kTyper) & kTyperLast) == 0) {
    ++count;
  }
  return count;
}

void InitGicDistributor() {
  Distributor(kDistributorControl) = kAffinityRouting;
  Distributor(kDistributorControl) = kAffinityRouting | kEnableGroup1;
}

void InitGicCpu(uint32_t cpu) {
  Redistributor(cpu, kWaker) = Redistributor(cpu, kWaker) & ~kProcessorSleep;
  while ((Redistributor(cpu, kWaker) & kChildrenAsleep) != 0) {
  }
  Redistributor(cpu, kGroup) = ~0u;
  Redistributor(cpu, kSetEnable) = 1u << kIpiInterrupt | 1u << kTimerInterrupt;
  constexpr uint64_t kSystemRegisters = 1;
  GUEST_WRITE_REGISTER("icc_sre_el1",
                       GUEST_READ_REGISTER("icc_sre_el1") | kSystemRegisters);
  asm volatile("isb" : : : "memory");
  GUEST_WRITE_REGISTER("icc_pmr_el1", 0xff);  // any priority
  GUEST_WRITE_REGISTER("icc_igrpen1_el1", 1);
  asm volatile("isb" : : : "memory");
}

uint32_t TakeInterrupt() {
  const auto id =
      static_cast<uint32_t>(GUEST_READ_REGISTER("icc_iar1_el1") & 0xffffff);
  if (id >= 1020) {
    return kNoInterrupt;
  }
  GUEST_WRITE_REGISTER("icc_eoir1_el1", id);
  return id;
}

void SendGicIpi(uint32_t cpu) {
  // What was stored before is seen by the CPU that takes the interrupt.
  asm volatile("dsb ishst" : : : "memory");
  GUEST_WRITE_REGISTER("icc_sgi1r_el1",
                       uint64_t{kIpiInterrupt} << 24 | uint64_t{1} << cpu);
  asm volatile("isb" : : : "memory");
}

}  // namespace guest::aarch64
