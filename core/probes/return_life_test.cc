// SPDX-License-Identifier: MIT
//
// Calls that take their time before they return, return elsewhere or never.
#include <chrono>
#include <csetjmp>
#include <functional>
#include <memory>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>
#include <vector>

#include "core/machine/return_stubs.h"
#include "core/probes/return_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_stack.h"

namespace ebpf {
namespace {

using ReturnLifeTest = ReturnHookTest;
using machine::kReturnStubCount;

/// A context of its own stack that is inside of a followed call.
class Sleeper {
 public:
  explicit Sleeper(CallBack* function)
      : function_(function), stack_(new char[kStackSize]) {
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_.get();
    inside_.uc_stack.ss_size = kStackSize;
    inside_.uc_link = nullptr;
    // makecontext passes ints only.
    t_starting = this;
    makecontext(&inside_, &Sleeper::Start, 0);
  }

  /// Goes on until it sleeps again, or has returned.
  void Run() {
    t_starting = this;
    swapcontext(&outside_, &inside_);
  }
  uint64_t result() const { return result_; }
  uintptr_t begin() const { return reinterpret_cast<uintptr_t>(stack_.get()); }
  uintptr_t end() const { return begin() + kStackSize; }

 private:
  static constexpr size_t kStackSize = 65536;

  static void Start() {
    Sleeper* self = t_starting;
    self->result_ = self->function_(&Sleeper::Sleep, self);
    swapcontext(&self->inside_, &self->outside_);
  }
  static uint64_t Sleep(void* self, uint64_t* /*return_address*/) {
    auto* sleeper = static_cast<Sleeper*>(self);
    swapcontext(&sleeper->inside_, &sleeper->outside_);
    return 41;
  }

  static thread_local Sleeper* t_starting;

  CallBack* function_;
  std::unique_ptr<char[]> stack_;
  ucontext_t inside_ = {};
  ucontext_t outside_ = {};
  uint64_t result_ = 0;
};
thread_local Sleeper* Sleeper::t_starting = nullptr;

TEST_F(ReturnLifeTest, CallsReturnInAnyOrder) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  constexpr size_t kCount = 50;
  for (size_t i = 0; i < kCount; ++i) {
    sleepers.push_back(std::make_unique<Sleeper>(text.As<CallBack>()));
    sleepers.back()->Run();
  }
  EXPECT_EQ(watcher.entered, kCount);
  EXPECT_EQ(watcher.returned, 0u);
  EXPECT_EQ(ReturnPool::Get().CountInFlight(), kCount);
  for (size_t i = 0; i < kCount; ++i) {
    Sleeper& sleeper = *sleepers[i * 7 % kCount];
    sleeper.Run();
    EXPECT_EQ(sleeper.result(), 42u);
    EXPECT_EQ(watcher.returned, i + 1);
  }
  EXPECT_EQ(watcher.wrong, 0u);
  End(probe, hook);
}

TEST_F(ReturnLifeTest, ACallMayReturnOnAnotherCpu) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  constexpr uint32_t kCalls = 200;
  uint32_t right = 0;
  for (uint32_t i = 0; i < kCalls; ++i) {
    Sleeper sleeper(text.As<CallBack>());
    std::thread([&] {
      HostCpu cpu(1);
      sleeper.Run();
    }).join();
    std::thread([&] {
      HostCpu cpu(2);
      sleeper.Run();
    }).join();
    right += sleeper.result() == 42 ? 1 : 0;
  }
  EXPECT_EQ(right, kCalls);
  EXPECT_EQ(watcher.returned, kCalls);
  EXPECT_EQ(watcher.wrong, 0u);
  End(probe, hook);
}

TEST_F(ReturnLifeTest, ACallThatReturnsAfterTheEndIsNobodys) {
  HostText text("call_back", kCallBack);
  Sleeper sleeper(text.As<CallBack>());
  {
    Watcher watcher;
    ReturnHook hook(watcher);
    Ref<Kprobe> probe = Follow("call_back", hook);
    sleeper.Run();
    EXPECT_EQ(watcher.entered, 1u);
    End(probe, hook);
    EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kCallBack)));
    EXPECT_EQ(watcher.returned, 0u);
  }
  EXPECT_EQ(ReturnPool::Get().CountInFlight(), 1u);
  EXPECT_FALSE(ExitProbes());  // what it needs stays
  sleeper.Run();
  EXPECT_EQ(sleeper.result(), 42u);
}

uint64_t Unregister(void* life, uint64_t* /*return_address*/) {
  (*static_cast<std::function<void()>*>(life))();
  return 41;
}

TEST_F(ReturnLifeTest, AFollowedCallMayEndItsOwnHook) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  std::function<void()> end = [&] { End(probe, hook); };
  EXPECT_EQ(text.As<CallBack>()(Unregister, &end), 42u);
  EXPECT_EQ(watcher.entered, 1u);
  EXPECT_EQ(watcher.returned, 0u);
}

/// Takes its time to be told.
struct SlowConsumer final : ReturnConsumer {
  std::atomic<bool> begun{false};
  std::atomic<bool> cancelled{false};
  std::atomic<int> late{0};
  std::atomic<int> returned{0};

  void Returned(machine::PtRegs& /*regs*/,
                const ReturnedCall& /*call*/) override {
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    late += cancelled ? 1 : 0;
    ++returned;
  }
};

uint64_t WaitForEnd(void* ended, uint64_t* /*return_address*/) {
  while (!*static_cast<std::atomic<bool>*>(ended)) {
    std::this_thread::yield();
  }
  return 41;
}

TEST_F(ReturnLifeTest, CancelWaitsForTheConsumerThatIsBeingTold) {
  HostText text("call_back", kCallBack);
  SlowConsumer consumer;
  ReturnHook hook(consumer);
  Ref<Kprobe> probe = Follow("call_back", hook);
  std::atomic<bool> detached{false};
  std::thread caller([&] {
    const HostCpu self(1);
    EXPECT_EQ(text.As<CallBack>()(WaitForEnd, &detached), 42u);
  });
  while (ReturnPool::Get().CountInFlight() == 0) {
    std::this_thread::yield();
  }
  probe->Detach();
  detached = true;
  while (!consumer.begun) {
    std::this_thread::yield();
  }
  hook.Cancel();
  EXPECT_EQ(consumer.returned, 1);
  consumer.cancelled = true;
  caller.join();
  EXPECT_EQ(consumer.late, 0);
  EXPECT_EQ(consumer.returned, 1);
}

TEST_F(ReturnLifeTest, ATasksEndGivesBackItsCalls) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  // More in all than there are instances.
  for (uint32_t i = 0; i < kReturnStubCount + 10; ++i) {
    Sleeper ends(text.As<CallBack>());
    ends.Run();
    EXPECT_EQ(ReturnHook::ForgetCalls(ends.begin(), ends.end()), 1u);
    EXPECT_EQ(ReturnHook::ForgetCalls(ends.begin(), ends.end()), 0u);
  }
  Sleeper lives(text.As<CallBack>());
  lives.Run();
  {
    Sleeper ends(text.As<CallBack>());
    ends.Run();
    EXPECT_EQ(ReturnHook::ForgetCalls(ends.begin(), ends.end()), 1u);
  }
  lives.Run();
  EXPECT_EQ(lives.result(), 42u);
  EXPECT_EQ(watcher.returned, 1u);
  EXPECT_EQ(hook.missed(), 0u);
  End(probe, hook);
}

std::jmp_buf g_out;

uint64_t JumpOut(void* /*argument*/, uint64_t* /*return_address*/) {
  longjmp(g_out, 1);
}

/// Leaves `function` by a jump.
[[gnu::noinline]] void CallAndJumpOut(CallBack* function) {
  if (setjmp(g_out) == 0) {
    function(JumpOut, nullptr);
  }
}

TEST_F(ReturnLifeTest, CallsThatWereLeftByAJumpAreFoundWhenInstancesRunOut) {
  HostText text("call_back", kCallBack);
  HostText sum("sum", kSum);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  const HostStack stack;
  for (uint32_t i = 0; i < 2 * kReturnStubCount + 1; ++i) {
    CallAndJumpOut(text.As<CallBack>());
  }
  EXPECT_EQ(watcher.entered, 2 * kReturnStubCount + 1);
  EXPECT_EQ(watcher.returned, 0u);
  EXPECT_EQ(hook.missed(), 0u);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  ReturnHook::ForgetCalls(here - 65536, here);
  End(probe, hook);
}

/// As CallAndJumpOut, at a depth of its own.
[[gnu::noinline]] void CallDeeperAndJumpOut(CallBack* function,
                                            uint64_t depth) {
  volatile char room[16];
  room[0] = static_cast<char>(depth);
  if (depth == 0) {
    CallAndJumpOut(function);
  } else {
    CallDeeperAndJumpOut(function, depth - 1);
  }
  room[1] = room[0];
}

TEST_F(ReturnLifeTest, CallsThatWereLeftByAJumpMayLieAnywhereBelow) {
  HostText text("call_back", kCallBack);
  Watcher first;
  Watcher second;
  ReturnHook hooks[] = {ReturnHook(first), ReturnHook(second)};
  Ref<Kprobe> probes[] = {Follow("call_back", hooks[0]),
                          Follow("call_back", hooks[1])};
  const HostStack stack;
  for (uint64_t i = 0; i < 2 * kReturnStubCount + 1; ++i) {
    CallDeeperAndJumpOut(text.As<CallBack>(), i * 7 % 100);
  }
  // The deepest hold out until somebody comes from less deep.
  EXPECT_EQ(hooks[0].missed() + hooks[1].missed(), 0u);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  ReturnHook::ForgetCalls(here - 65536, here);
  for (size_t i = 0; i < 2; ++i) {
    End(probes[i], hooks[i]);
  }
}

TEST_F(ReturnLifeTest, CallsThatWillReturnAreNotTakenForLeftOnes) {
  HostText text("sum", kSum);
  Watcher watcher;
  watcher.keeps_argument = true;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("sum", hook);
  const HostStack stack;
  constexpr uint64_t kDepth = kReturnStubCount + 500;
  EXPECT_EQ(text.As<Function>()(kDepth - 1, 0), kDepth * (kDepth - 1) / 2);
  EXPECT_EQ(watcher.returned, kReturnStubCount);
  EXPECT_EQ(hook.missed(), 500u);
  EXPECT_EQ(watcher.wrong, 0u);
  End(probe, hook);
}

TEST_F(ReturnLifeTest, CallsOfOtherStacksAreNotTakenForLeftOnes) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  const HostStack stack;
  for (uint32_t i = 0; i < kReturnStubCount; ++i) {
    sleepers.push_back(std::make_unique<Sleeper>(text.As<CallBack>()));
    sleepers.back()->Run();
  }
  Sleeper missed(text.As<CallBack>());
  missed.Run();
  EXPECT_EQ(hook.missed(), 1u);
  missed.Run();
  EXPECT_EQ(missed.result(), 42u);
  for (const std::unique_ptr<Sleeper>& sleeper : sleepers) {
    sleeper->Run();
    EXPECT_EQ(sleeper->result(), 42u);
  }
  EXPECT_EQ(watcher.returned, kReturnStubCount);
  End(probe, hook);
}

/// Calls from `depth` frames down.
[[gnu::noinline]] void CallFromBelow(Function* function, uint64_t depth) {
  volatile char room[16];
  room[0] = static_cast<char>(depth);
  if (depth != 0) {
    CallFromBelow(function, depth - 1);
  } else {
    function(2, 3);
  }
  room[1] = room[0];
}

TEST_F(ReturnLifeTest, CallsThatCannotBeProvedLeftAreNotSoughtByEachOne) {
  HostText text("call_back", kCallBack);
  HostText add("add", kAdd);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  const HostStack stack;
  for (uint32_t i = 0; i < kReturnStubCount - 1; ++i) {
    sleepers.push_back(std::make_unique<Sleeper>(text.As<CallBack>()));
    sleepers.back()->Run();
  }
  CallAndJumpOut(text.As<CallBack>());  // the last one
  Watcher calls;
  ReturnHook other_hook(calls);
  Ref<Kprobe> other = Follow("add", other_hook);
  // From deeper than the one that was left, which proves nothing.
  for (int i = 0; i < 1000; ++i) {
    CallFromBelow(add.As<Function>(), 100);
  }
  EXPECT_EQ(calls.entered, 0u);
  EXPECT_EQ(other_hook.missed(), 1000u);
  // Now each could find it, but not each looks.
  uint64_t missed = 0;
  while (calls.entered == 0 && missed < 1000) {
    add.As<Function>()(2, 3);
    missed += calls.entered == 0 ? 1 : 0;
  }
  EXPECT_GT(missed, 0u);
  EXPECT_LT(missed, 64u);
  EXPECT_EQ(calls.returned, 1u);
  for (const std::unique_ptr<Sleeper>& sleeper : sleepers) {
    sleeper->Run();
  }
  End(other, other_hook);
  End(probe, hook);
}

/// Memory that nobody may look at any more when it was given back.
class GuardedAllocator final : public Allocator {
 public:
  void* Allocate(size_t size, size_t /*align*/) override {
    return mmap(nullptr, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  void Free(void* memory, size_t size, size_t /*align*/) override {
    mprotect(memory, size, PROT_NONE);
    madvise(memory, size, MADV_DONTNEED);
  }
};

TEST_F(ReturnLifeTest, TasksMayEndWhileProbesDo) {
  ASSERT_TRUE(ExitProbes());
  std::atomic<bool> over{false};
  std::atomic<uint64_t> ended{0};
  std::thread tasks([&] {
    const HostCpu self(1);
    while (!over) {
      ended += 1 + ReturnHook::ForgetCalls(0x1000, 0x2000);
    }
  });
  GuardedAllocator allocator;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(InitProbes(HostMachineOps(), allocator), Status::kOk);
    HostText text("multiply", kMultiply);
    Watcher watcher;
    ReturnHook hook(watcher);
    ASSERT_EQ(ReturnHook::Prepare(), Status::kOk);
    Ref<Kprobe> probe = Follow("multiply", hook);
    EXPECT_EQ(text.As<Function>()(6, 7), 42u);
    End(probe, hook);
    probe = Ref<Kprobe>();
    ASSERT_TRUE(ExitProbes());
  }
  over = true;
  tasks.join();
  EXPECT_GT(ended, 100u);
}

/// Lets another context return from its call while the CPU's guard is set.
struct Switcher final : KprobeConsumer {
  Sleeper* sleeper = nullptr;
  void Hit(machine::PtRegs& /*regs*/) override { sleeper->Run(); }
};

TEST_F(ReturnLifeTest, AReturnInsideOfAHitIsMissed) {
  HostText text("call_back", kCallBack);
  HostText add("add", kAdd);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("call_back", hook);
  Sleeper sleeper(text.As<CallBack>());
  sleeper.Run();
  Switcher switcher;
  switcher.sleeper = &sleeper;
  Ref<Kprobe> other = Attach("add", 0, switcher);
  ASSERT_EQ(other->Enable(), Status::kOk);
  EXPECT_EQ(add.As<Function>()(2, 3), 5u);
  EXPECT_EQ(sleeper.result(), 42u);
  EXPECT_EQ(watcher.returned, 0u);
  EXPECT_EQ(hook.missed(), 1u);
  EXPECT_EQ(ReturnPool::Get().CountInFlight(), 0u);
  other->Detach();
  End(probe, hook);
}

// save(buffer): as setjmp; again(buffer): returns from save a second time.
asm(R"(
        .text
        .globl ebpf_return_test_save
        .type ebpf_return_test_save, @function
ebpf_return_test_save:
        mov (%rsp), %rax
        mov %rax, (%rdi)
        lea 8(%rsp), %rax
        mov %rax, 8(%rdi)
        mov %rbx, 16(%rdi)
        mov %rbp, 24(%rdi)
        mov %r12, 32(%rdi)
        mov %r13, 40(%rdi)
        mov %r14, 48(%rdi)
        mov %r15, 56(%rdi)
        xor %eax, %eax
        ret
        .size ebpf_return_test_save, . - ebpf_return_test_save
        .globl ebpf_return_test_again
        .type ebpf_return_test_again, @function
ebpf_return_test_again:
        mov 8(%rdi), %rsp
        mov 16(%rdi), %rbx
        mov 24(%rdi), %rbp
        mov 32(%rdi), %r12
        mov 40(%rdi), %r13
        mov 48(%rdi), %r14
        mov 56(%rdi), %r15
        mov $1, %eax
        jmp *(%rdi)
        .size ebpf_return_test_again, . - ebpf_return_test_again
)");
extern "C" {
[[gnu::returns_twice]] uint64_t ebpf_return_test_save(uint64_t* buffer);
[[noreturn]] void ebpf_return_test_again(const uint64_t* buffer);
}

/// Returns twice from a followed call, with `between` called meanwhile.
[[gnu::noinline]] int ReturnTwice(const std::function<void()>& between) {
  static uint64_t buffer[8];
  volatile int returns = 0;
  const uint64_t again = ebpf_return_test_save(buffer);
  returns = returns + 1;
  if (again == 0) {
    between();
    ebpf_return_test_again(buffer);
  }
  return returns;
}

using ReturnLifeDeathTest = ReturnLifeTest;

TEST_F(ReturnLifeDeathTest, ASecondReturnIsKnownWhileItsInstanceIsUnused) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("ebpf_return_test_save", hook);
  EXPECT_EQ(ReturnTwice([] {}), 2);
  EXPECT_EQ(watcher.returned, 1u);
  EXPECT_EQ(watcher.wrong, 0u);
  End(probe, hook);
}

TEST_F(ReturnLifeDeathTest, ASecondReturnIsNotThatOfACallInBetween) {
  HostText text("add", kAdd);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("ebpf_return_test_save", hook);
  Ref<Kprobe> other = Follow("add", hook);
  // On the same stack, and over: its instance is the first return's. No jump,
  // which would have the very same sp as the call of save.
  const auto call = [&] {
    volatile uint64_t sum = text.As<Function>()(2, 3);
    (void)sum;
  };
  EXPECT_DEATH(ReturnTwice(call), "returns twice");
  End(other, hook);
  End(probe, hook);
}

TEST_F(ReturnLifeDeathTest, ASecondReturnIsNeverAnotherCallsReturn) {
  HostText text("call_back", kCallBack);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("ebpf_return_test_save", hook);
  Ref<Kprobe> other = Follow("call_back", hook);
  Sleeper sleeper(text.As<CallBack>());
  EXPECT_DEATH(ReturnTwice([&] { sleeper.Run(); }), "returns twice");
  End(other, hook);
  End(probe, hook);
}

}  // namespace
}  // namespace ebpf
