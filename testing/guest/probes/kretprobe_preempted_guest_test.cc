// SPDX-License-Identifier: MIT
//
// A task that is preempted inside of a trampoline, between its function's
// return and its caller, while the kretprobe goes and others want instances.
#include "core/base/atomic.h"
#include "core/machine/return_stubs.h"
#include "core/probes/kprobe.h"
#include "core/sync/text_quiescence.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/follow.h"

// The product, by one instruction that a return follows.
extern "C" uint64_t followed_product(uint64_t a, uint64_t b);
extern "C" const char followed_product_return[];
#if defined(__x86_64__)
asm(R"(
        .text
        .balign 16
        .globl followed_product, followed_product_return
        .type followed_product, @function
followed_product:
        mov %rdi, %rax
        imul %rsi, %rax
followed_product_return:
        ret
        .size followed_product, . - followed_product
)");
#elif defined(__aarch64__)
asm(R"(
        .text
        .balign 16
        .globl followed_product, followed_product_return
        .type followed_product, @function
followed_product:
        mul x0, x0, x1
followed_product_return:
        ret
        .size followed_product, . - followed_product
)");
#elif defined(__riscv)
asm(R"(
        .text
        .balign 16
        .globl followed_product, followed_product_return
        .type followed_product, @function
followed_product:
        mul a0, a0, a1
followed_product_return:
        ret
        .size followed_product, . - followed_product
)");
#endif

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::KprobeConsumer;
using ebpf::machine::PtRegs;

constexpr uint64_t kSecond = 7;
uint64_t Product(uint64_t first) { return first * kSecond; }

uint64_t AddressOf(const void* place) {
  return reinterpret_cast<uintptr_t>(place);
}

/// At the return instruction: stays there with interrupts masked until a tick
/// is due, which then comes where the return leads to, in the trampoline.
class LateForTick final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {
    constexpr uint64_t kTickNs = 1'000'000'000 / kTickHertz;
    const uint64_t end = machine::Nanoseconds() + 3 * kTickNs;
    while (machine::Nanoseconds() < end) {
      machine::Relax();
    }
    hits.FetchAdd(1, ebpf::kRelease);
  }
  ebpf::Atomic<uint64_t> hits{0};
};

struct Caller {
  uint64_t result = 0;
};

void Call(void* argument) {
  static_cast<Caller*>(argument)->result = followed_product(6, kSecond);
}

/// How many interrupted tasks go on in a stub of the trampoline.
uint64_t InsideOfStubs() {
  uint64_t count = 0;
  const ebpf::Status status = ebpf::InspectText(
      {[](void* argument, uintptr_t pc) {
         const uint64_t offset =
             pc - ebpf::machine::return_stubs_begin.Load(ebpf::kRelaxed);
         constexpr uint64_t kSize = uint64_t{ebpf::machine::kReturnStubCount} *
                                    ebpf::machine::kReturnStubSize;
         *static_cast<uint64_t*>(argument) += offset < kSize ? 1 : 0;
       },
       [](void*, bool) {}, &count});
  GUEST_EXPECT(IsOk(status));
  return count;
}

/// Whether the task was in the trampoline when its kretprobe went (`ends`) or
/// did not; what its call returned is checked either way.
bool PreemptInTrampoline(bool ends) {
  Watcher watcher(Product);
  Followed followed("followed_product", watcher);
  LateForTick late;
  const uint64_t offset = AddressOf(followed_product_return) -
                          reinterpret_cast<uintptr_t>(&followed_product);
  auto at_return = AttachKprobe("followed_product", 0, offset, late);
  const bool ready =
      followed.ok() && at_return.ok() && IsOk((*at_return)->Enable());
  GUEST_EXPECT(ready);
  Caller caller;
  SetPreemptive(true);
  Thread* thread =
      ready ? Spawn("caller", machine::CpuId(), Call, &caller) : nullptr;
  if (thread == nullptr) {
    FailTest(__FILE__, __LINE__, "no probe or no memory");
    SetPreemptive(false);
    return true;
  }
  // Pairs with the release in Hit: this goes on when the task is preempted.
  while (late.hits.Load(ebpf::kAcquire) == 0) {
    YieldOrWait();
  }
  SetPreemptive(false);
  const bool inside = InsideOfStubs() != 0;
  const uint64_t returned = watcher.returned();
  if (ends) {
    followed.End();
    watcher.SetEnded();
  }
  // Others take instances and give them back, more than there are.
  Watcher others(OneMore);
  Followed other("followed_leaf", others);
  GUEST_EXPECT(other.ok());
  constexpr uint64_t kCalls = ebpf::machine::kReturnStubCount + 100;
  for (uint64_t i = 0; i < kCalls; ++i) {
    GUEST_EXPECT_EQ(followed_leaf(i), i + 1);
  }
  GUEST_EXPECT_EQ(others.returned(), kCalls);
  GUEST_EXPECT_EQ(others.wrong(), 0);
  Join(thread);
  GUEST_EXPECT_EQ(caller.result, Product(6));
  GUEST_EXPECT_EQ(watcher.wrong() + watcher.late(), 0);
  GUEST_EXPECT_EQ(watcher.returned(), ends && inside ? returned : 1);
  (*at_return)->Detach();
  return inside;
}

void ExpectFromInside(bool ends) {
  if (!personality::kCanPreempt) {
    SkipTest("this kernel does not preempt");
    return;
  }
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  constexpr int kRounds = 20;
  constexpr int kMostRounds = 500;
  int inside = 0;
  int rounds = 0;
  // On a slow machine a tick may let the task go on too early.
  for (; rounds < kMostRounds && inside < kRounds; ++rounds) {
    inside += PreemptInTrampoline(ends) ? 1 : 0;
  }
  GUEST_EXPECT_EQ(inside, kRounds);
  Line() << "  preempted in the trampoline in " << uint64_t(inside) << " of "
         << uint64_t(rounds) << " rounds";
}

GUEST_TEST(Kretprobe, ATaskInTheTrampolineReturnsToItsCaller) {
  ExpectFromInside(false);
}

GUEST_TEST(Kretprobe, ATaskInTheTrampolineReturnsThoughTheProbeIsGone) {
  ExpectFromInside(true);
}

}  // namespace
}  // namespace guest::probes
