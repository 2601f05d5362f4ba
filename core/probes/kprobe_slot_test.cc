// SPDX-License-Identifier: MIT
//
// Instructions in slots that jump back: one trap, and interrupts as they were,
// so that code can be interrupted there while the probe goes.
#include <sys/mman.h>
#include <thread>

#include "core/probes/kprobe.h"
#include "core/probes/kprobe_test_util.h"
#include "core/sync/text_quiescence.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::RegsOf;

using KprobeSlotTest = KprobeTest;

/// Breakpoints hit by a call of a function with a probe on its first
/// instruction.
uint64_t CountBreakpoints(const HostText& text, Counter& counter) {
  Result<Ref<Kprobe>> probe = AttachKprobe("", text.address(), 0, counter);
  EXPECT_EQ((*probe)->Enable(), Status::kOk);
  const uint64_t before = HostBreakpointCount();
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  return HostBreakpointCount() - before;
}

TEST_F(KprobeSlotTest, TakesOneTrapWhereThePortCanTellWhoIsInside) {
  const HostText text("multiply", kMultiply);
  Counter counter;
  EXPECT_EQ(CountBreakpoints(text, counter), 1u);
  SetHostPreemption(EBPF_PREEMPTION_LISTED);
  EXPECT_EQ(CountBreakpoints(text, counter), 1u);
  EXPECT_EQ(counter.hits, 2u);
  SetHostPreemption(EBPF_PREEMPTION_NONE);
}

TEST_F(KprobeSlotTest, StepsWhereThePortCannotTell) {
  SetHostPreemption(EBPF_PREEMPTION_UNKNOWN);
  {
    const HostText text("multiply", kMultiply);
    Counter counter;
    EXPECT_EQ(CountBreakpoints(text, counter), 2u);
    EXPECT_EQ(counter.hits, 1u);
  }
  SetHostPreemption(EBPF_PREEMPTION_NONE);
}

TEST_F(KprobeSlotTest, ReadsWhatIsRelativeToTheOriginal) {
  // mov rax, [rip + 1]; ret; .quad
  constexpr uint8_t kLoad[] = {0x48, 0x8b, 0x05, 0x01, 0,    0,    0,    0xc3,
                               0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x08};
  const HostText text("load", kLoad);
  Counter counter;
  Ref<Kprobe> probe = Attach("load", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  const uint64_t before = HostBreakpointCount();
  EXPECT_EQ(text.As<Function>()(0, 0), 0x0877665544332211u);
  EXPECT_EQ(HostBreakpointCount() - before, 1u);
}

/// A function with one instruction that takes long: it reads `size` bytes.
///
/// mov rcx, rsi; mov rsi, rdi; rep lodsb; lea rax, [rdx + rcx]; ret
constexpr uint8_t kReadAll[] = {0x48, 0x89, 0xf1, 0x48, 0x89, 0xfe, 0xf3,
                                0xac, 0x48, 0x8d, 0x04, 0x0a, 0xc3};
constexpr uint64_t kReadAllLoop = 6;

class LongMemory : public NonCopyable {
 public:
  static constexpr size_t kSize = size_t{1} << 29;
  LongMemory()
      : data_(mmap(nullptr, kSize, PROT_READ,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~LongMemory() { munmap(data_, kSize); }
  uint64_t address() const { return reinterpret_cast<uint64_t>(data_); }

 private:
  void* data_;
};

/// Another CPU that is in a slot, in the midst of its instruction.
class KprobeInterruptedTest : public KprobeSlotTest {
 protected:
  static constexpr uint64_t kRight = 12345;

  KprobeInterruptedTest() {
    probe_ = Attach("read_all", kReadAllLoop, counter_);
    keeper_ = Attach("keep", 0, other_);  // keeps the slots' page
    EXPECT_EQ(probe_->Enable(), Status::kOk);
    thread_ = std::thread([this] {
      const HostCpu self(1);
      result_ = text_.As<uint64_t(uint64_t, uint64_t, uint64_t)>()(
          memory_.address(), LongMemory::kSize, kRight);
      returned_ = true;
    });
    while (counter_.hits == 0) {
      std::this_thread::yield();
    }
  }

  /// What the other CPU's call returns.
  uint64_t Result() {
    thread_.join();
    return result_;
  }

  /// Removes the probe, and gives its slot to whoever wants one.
  void GiveSlotAway() {
    probe_->Detach();
    for (int i = 0; i < 2; ++i) {
      Ref<Kprobe> user = Attach("multiply", 0, other_);
      EXPECT_EQ(user->Enable(), Status::kOk);
      EXPECT_EQ(multiply_.As<Function>()(6, 7), 42u);
      if (i == 1) {
        user_ = Move(user);
      }
    }
  }

  /// Gives back all that was attached; the other CPU stays where it is.
  void LetGo() { probe_ = keeper_ = Ref<Kprobe>(); }

  bool returned() const { return returned_; }
  const HostText& text() const { return text_; }

 private:
  const LongMemory memory_;
  const HostText text_{"read_all", kReadAll};
  const HostText keep_{"keep", kMultiply};
  const HostText multiply_{"multiply", kMultiply};
  Counter counter_;
  Counter other_;
  Ref<Kprobe> probe_;
  Ref<Kprobe> keeper_;
  Ref<Kprobe> user_;
  std::atomic<bool> returned_{false};
  uint64_t result_ = 0;
  std::thread thread_;
};

TEST_F(KprobeInterruptedTest, ItsSlotIsNotGivenToAnother) {
  GiveSlotAway();
  EXPECT_FALSE(returned());
  EXPECT_EQ(Result(), kRight);
}

TEST_F(KprobeInterruptedTest, WithoutTheCheckItWouldRunAnothersInstruction) {
  ListHostSavedPcs(false);
  GiveSlotAway();
  EXPECT_NE(Result(), kRight);
  ListHostSavedPcs(true);
}

TEST_F(KprobeInterruptedTest, IsShownWhereItsInstructionStands) {
  struct Seen {
    uint64_t sought;
    int inside;
  } seen = {text().address() + kReadAllLoop, 0};
  EXPECT_EQ(InspectText({[](void* argument, uintptr_t pc) {
                           auto& self = *static_cast<Seen*>(argument);
                           self.inside += pc != self.sought &&
                                          OriginalPc(pc) == self.sought;
                         },
                         [](void*, bool) {}, &seen}),
            Status::kOk);
  EXPECT_EQ(seen.inside, 1);
  EXPECT_EQ(OriginalPc(seen.sought), seen.sought);
  EXPECT_EQ(Result(), kRight);
}

TEST_F(KprobeInterruptedTest, TheEndOfProbesIsRefusedAndSeenByNobody) {
  struct Seen {
    uint64_t sought;
    uint64_t pc;
  } seen = {text().address() + kReadAllLoop, 0};
  ASSERT_EQ(
      InspectText({[](void* argument, uintptr_t pc) {
                     auto& self = *static_cast<Seen*>(argument);
                     if (pc != self.sought && OriginalPc(pc) == self.sought) {
                       self.pc = pc;
                     }
                   },
                   [](void*, bool) {}, &seen}),
      Status::kOk);
  ASSERT_NE(seen.pc, 0u);
  std::atomic<bool> over{false};
  std::atomic<uint64_t> wrong{0};
  std::thread watcher([&] {
    const HostCpu self(2);
    while (!over) {
      wrong += OriginalPc(seen.pc) == seen.sought ? 0 : 1;
    }
  });
  LetGo();
  EXPECT_FALSE(ExitProbes());
  EXPECT_FALSE(ExitProbes());
  over = true;
  watcher.join();
  EXPECT_FALSE(returned());
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(Result(), kRight);
  EXPECT_TRUE(ExitProbes());
}

}  // namespace
}  // namespace ebpf
