// SPDX-License-Identifier: MIT
#include "core/sync/text_quiescence.h"

#include <atomic>
#include <thread>

#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"

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

/// A CPU that runs a piece of text, with interrupts on, until it is told to
/// leave it.
class CpuInText {
 public:
  CpuInText(uint32_t cpu, const HostText& text)
      : thread_([this, cpu, &text] {
          const HostCpu self(cpu);
          text.As<void(std::atomic<bool>*, std::atomic<bool>*)>()(&inside_,
                                                                  &leave_);
          left_ = true;
          while (!end_) {
            std::this_thread::yield();
          }
        }) {
    while (!inside_) {
      std::this_thread::yield();
    }
  }
  ~CpuInText() {
    Leave();
    end_ = true;
    thread_.join();
  }

  void Leave() {
    leave_ = true;
    while (!left_) {
      std::this_thread::yield();
    }
  }

 private:
  std::atomic<bool> inside_{false};
  std::atomic<bool> leave_{false};
  std::atomic<bool> left_{false};
  std::atomic<bool> end_{false};
  std::thread thread_;
};

// movb [rdi], 1; again: pause; cmpb [rsi], 0; je again; ret
constexpr uint8_t kStay[] = {0xc6, 0x07, 0x01, 0xf3, 0x90, 0x80,
                             0x3e, 0x00, 0x74, 0xf9, 0xc3};

TEST(TextQuiescenceTest, NobodyInsideIsQuiet) {
  EXPECT_EQ(WaitForMaskedText(), Status::kOk);
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kOk);
}

TEST(TextQuiescenceTest, WaitsForACpuThatIsInAStep) {
  CpuInSlot cpu(1);
  std::thread leaver([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cpu.Leave();
  });
  EXPECT_EQ(WaitForMaskedText(), Status::kOk);
  EXPECT_TRUE(cpu.left());
  leaver.join();
}

TEST(TextQuiescenceTest, IsBusyWhenACpuDoesNotCome) {
  SetHostRendezvousTimeout(20);
  {
    const CpuInSlot cpu(1);
    EXPECT_EQ(WaitForMaskedText(), Status::kBusy);
    EXPECT_EQ(WaitForText(0x1000, 32), Status::kBusy);
    EXPECT_EQ(CanWaitForText(), Status::kBusy);
  }
  SetHostRendezvousTimeout(10000);
}

TEST(TextQuiescenceTest, SeesTheCpuThatWasInterruptedInside) {
  const HostText text("stay", kStay);
  CpuInText cpu(1, text);
  EXPECT_EQ(WaitForText(text.address(), sizeof(kStay)), Status::kBusy);
  EXPECT_EQ(WaitForText(text.address() + 3, 7), Status::kBusy);
  // Around it nobody is, nor where it was before.
  EXPECT_EQ(WaitForText(text.address() - 32, 32), Status::kOk);
  EXPECT_EQ(WaitForText(text.address(), 3), Status::kOk);
  EXPECT_EQ(WaitForText(text.address() + 10, 100), Status::kOk);
  EXPECT_EQ(WaitForText(0, 0), Status::kOk);
  cpu.Leave();
  EXPECT_EQ(WaitForText(text.address(), sizeof(kStay)), Status::kOk);
}

TEST(TextQuiescenceTest, DependsOnWhatThePortTells) {
  const HostText text("stay", kStay);
  const CpuInText cpu(1, text);
  ListHostSavedPcs(false);
  EXPECT_EQ(WaitForText(text.address(), sizeof(kStay)), Status::kOk);
  ListHostSavedPcs(true);
  EXPECT_EQ(WaitForText(text.address(), sizeof(kStay)), Status::kBusy);
}

TEST(TextQuiescenceTest, CannotBeHadWhereThePortCannotTell) {
  EXPECT_EQ(CanWaitForText(), Status::kOk);
  SetHostPreemption(EBPF_PREEMPTION_UNKNOWN);
  EXPECT_EQ(CanWaitForText(), Status::kNotSupported);
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kNotSupported);
  EXPECT_EQ(WaitForMaskedText(), Status::kOk);
  SetHostPreemption(EBPF_PREEMPTION_LISTED);
  EXPECT_EQ(CanWaitForText(), Status::kOk);
  SetHostPreemption(EBPF_PREEMPTION_NONE);
}

TEST(TextQuiescenceTest, CannotBeHadWithoutARendezvous) {
  SetHostTextSupport(false);
  EXPECT_EQ(WaitForMaskedText(), Status::kNotSupported);
  EXPECT_EQ(WaitForText(0x1000, 32), Status::kNotSupported);
  EXPECT_EQ(CanWaitForText(), Status::kNotSupported);
  SetHostTextSupport(true);
}

}  // namespace
}  // namespace ebpf
