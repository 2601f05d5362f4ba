// SPDX-License-Identifier: MIT
#include "core/sync/text_quiescence.h"

#include <atomic>
#include <thread>

#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"

namespace ebpf {
namespace {

// A CPU "in a slot": interrupts masked until it is told to leave.
class CpuInSlot {
 public:
  explicit CpuInSlot(uint32_t cpu)
      : thread_([this, cpu] {
          const HostCpu self(cpu);
          const uintptr_t irq = ebpf_port_irq_save();
          inside_ = true;
          while (!leave_) {
            std::this_thread::yield();
          }
          left_ = true;
          ebpf_port_irq_restore(irq);
        }) {
    while (!inside_) {
      std::this_thread::yield();
    }
  }
  ~CpuInSlot() {
    Leave();
    thread_.join();
  }

  void Leave() { leave_ = true; }
  bool left() const { return left_; }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> leave_{false};
  std::atomic<bool> left_{false};
  std::thread thread_;
};

TEST(TextQuiescenceTest, NobodyInsideIsQuiet) {
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kOk);
}

TEST(TextQuiescenceTest, WaitsForACpuThatIsInASlot) {
  CpuInSlot cpu(1);
  std::thread leaver([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cpu.Leave();
  });
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kOk);
  EXPECT_TRUE(cpu.left());
  leaver.join();
}

TEST(TextQuiescenceTest, IsBusyWhenACpuDoesNotCome) {
  SetHostRendezvousTimeout(20);
  {
    const CpuInSlot cpu(1);
    EXPECT_EQ(WaitForText(0x1000, 32), Status::kBusy);
  }
  SetHostRendezvousTimeout(10000);
}

TEST(TextQuiescenceTest, CannotBeHadWithoutARendezvous) {
  SetHostTextSupport(false);
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kNotSupported);
  SetHostTextSupport(true);
}

}  // namespace
}  // namespace ebpf
