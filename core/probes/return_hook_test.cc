// SPDX-License-Identifier: MIT
//
// What a followed call's return is told to, and what the caller sees of it.
#include "core/probes/return_hook.h"

#include <array>
#include <cstring>
#include <vector>

#include "core/machine/return_stubs.h"
#include "core/platform/cpu.h"
#include "core/platform/stack.h"
#include "core/probes/return_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_log.h"

namespace ebpf {
namespace {

using x86_64::RegsOf;

TEST_F(ReturnHookTest, TheReturnIsToldWithTheResultAndWhatWasKept) {
  HostText text("add", kAdd);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("add", hook);
  for (uint64_t i = 1; i <= 5; ++i) {
    watcher.keep_data = i << 40;
    EXPECT_EQ(text.As<Function>()(i, 3), i + 3);
    EXPECT_EQ(watcher.returned, i);
    EXPECT_EQ(watcher.result, i + 3);
    EXPECT_EQ(watcher.function, text.address());
  }
  EXPECT_EQ(watcher.entered, 5u);
  EXPECT_EQ(watcher.wrong, 0u);
  EXPECT_EQ(hook.missed(), 0u);
  EXPECT_FALSE(HostIrqsMasked());
  End(probe, hook);
  EXPECT_EQ(text.As<Function>()(1, 2), 3u);
  EXPECT_EQ(watcher.returned, 5u);
}

TEST_F(ReturnHookTest, WhoIsNotInterestedAtTheEntryIsNotToldOfTheReturn) {
  HostText text("add", kAdd);
  Watcher watcher;
  watcher.interested = false;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("add", hook);
  for (uint32_t i = 0; i < 2 * machine::kReturnStubCount; ++i) {
    EXPECT_EQ(text.As<Function>()(1, 2), 3u);
  }
  EXPECT_EQ(watcher.entered, 2 * machine::kReturnStubCount);
  EXPECT_EQ(watcher.returned, 0u);
  EXPECT_EQ(hook.missed(), 0u);  // each instance was given back
  End(probe, hook);
}

/// Everything that a caller may look at behind a call.
struct CallersView {
  std::array<uint64_t, 15> registers;  // all but rsp
  uint64_t flags;
  uint64_t sp_change;
};

/// Calls `function` with a value of its own in each register. Below its frame
/// nothing may be in use: no red zone.
[[gnu::noinline]] CallersView CallWithPatterns(uint64_t function) {
  CallersView view;
  struct {
    uint64_t function;
    CallersView* view;
    uint64_t before;
  } block = {function, &view, 0};
  auto* at = &block;
  asm volatile(
      "sub $256, %%rsp\n push %%rbx\n push %%rbp\n push %%rax\n"
      "mov %%rsp, 16(%%rax)\n"
      "mov $0x1111, %%rbx\n mov $0x2222, %%rcx\n mov $0x3333, %%rdx\n"
      "mov $0x4444, %%rsi\n mov $0x5555, %%rdi\n mov $0x6666, %%rbp\n"
      "mov $0x7777, %%r8\n mov $0x8888, %%r9\n mov $0x9999, %%r10\n"
      "mov $0xaaaa, %%r11\n mov $0xbbbb, %%r12\n mov $0xcccc, %%r13\n"
      "mov $0xdddd, %%r14\n mov $0xeeee, %%r15\n"
      "push $0xad7\n popfq\n"  // carry, parity, adjust, zero, sign, overflow
      "call *(%%rax)\n"
      "pushfq\n push %%rax\n mov 16(%%rsp), %%rax\n mov 8(%%rax), %%rax\n"
      "mov %%rbx, 8(%%rax)\n mov %%rcx, 16(%%rax)\n mov %%rdx, 24(%%rax)\n"
      "mov %%rsi, 32(%%rax)\n mov %%rdi, 40(%%rax)\n mov %%rbp, 48(%%rax)\n"
      "mov %%r8, 56(%%rax)\n mov %%r9, 64(%%rax)\n mov %%r10, 72(%%rax)\n"
      "mov %%r11, 80(%%rax)\n mov %%r12, 88(%%rax)\n mov %%r13, 96(%%rax)\n"
      "mov %%r14, 104(%%rax)\n mov %%r15, 112(%%rax)\n"
      "pop (%%rax)\n pop 120(%%rax)\n"
      "mov %%rsp, %%rbx\n pop %%rcx\n sub 16(%%rcx), %%rbx\n"
      "mov %%rbx, 128(%%rax)\n pop %%rbp\n pop %%rbx\n add $256, %%rsp\n"
      : "+a"(at)
      :
      : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
        "r14", "r15", "memory", "cc");
  return view;
}

TEST_F(ReturnHookTest, TheCallerSeesEveryRegisterAsTheFunctionLeftIt) {
  constexpr uint8_t kReturn[] = {0xc3};
  HostText text("nothing", kReturn);
  const CallersView before = CallWithPatterns(text.address());
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("nothing", hook);
  const CallersView followed = CallWithPatterns(text.address());
  EXPECT_EQ(watcher.returned, 1u);
  // rax is the address of a block on the stack, the same for both.
  EXPECT_EQ(followed.registers, before.registers);
  EXPECT_EQ(followed.flags, before.flags);
  EXPECT_EQ(followed.sp_change, 0u);
  End(probe, hook);
}

/// Changes what the caller gets, and notes what it was told.
struct Changer final : ReturnConsumer {
  x86_64::PtRegs seen = {};
  ReturnedCall call = {};
  bool masked = false;
  void Returned(machine::PtRegs& regs, const ReturnedCall& returned) override {
    seen = RegsOf(regs);
    call = returned;
    masked = HostIrqsMasked();
    RegsOf(regs).rax = 0x1234;
    RegsOf(regs).rdx = 0x5678;
  }
};

struct Pair {
  uint64_t low;
  uint64_t high;
};

TEST_F(ReturnHookTest, TheConsumerSeesTheCallerAndMayChangeTheResult) {
  HostText text("add", kAdd);
  Changer changer;
  ReturnHook hook(changer);
  Ref<Kprobe> probe = Follow("add", hook);
  const Pair result = text.As<Pair(uint64_t, uint64_t)>()(20, 3);
  EXPECT_EQ(changer.seen.rax, 23u);
  EXPECT_EQ(result.low, 0x1234u);
  EXPECT_EQ(result.high, 0x5678u);
  EXPECT_TRUE(changer.masked);
  // It is as right behind the call: sp is the caller's, and so is pc.
  EXPECT_EQ(changer.seen.rip, changer.call.return_address);
  const auto sp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  EXPECT_LT(changer.seen.rsp, sp);
  EXPECT_GT(changer.seen.rsp, sp - 4096);
  EXPECT_NE(changer.seen.cs, 0u);
  EXPECT_NE(changer.seen.rflags & x86_64::kFlagInterrupt, 0u);
  End(probe, hook);
}

TEST_F(ReturnHookTest, RecursionIsMatchedCallByCall) {
  HostText text("sum", kSum);
  Watcher watcher;
  watcher.keeps_argument = true;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("sum", hook);
  EXPECT_EQ(text.As<Function>()(1000, 0), 500500u);
  EXPECT_EQ(watcher.entered, 1001u);
  EXPECT_EQ(watcher.returned, 1001u);
  EXPECT_EQ(watcher.wrong, 0u);
  EXPECT_EQ(hook.missed(), 0u);
  End(probe, hook);
}

TEST_F(ReturnHookTest, CallsThatFindNoInstanceAreMissedAndCounted) {
  HostText text("sum", kSum);
  Watcher watcher;
  watcher.keeps_argument = true;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("sum", hook);
  constexpr uint64_t kDepth = machine::kReturnStubCount + 500;
  for (uint64_t round = 1; round <= 3; ++round) {
    EXPECT_EQ(text.As<Function>()(kDepth - 1, 0), kDepth * (kDepth - 1) / 2);
    EXPECT_EQ(watcher.returned, round * machine::kReturnStubCount);
    EXPECT_EQ(hook.missed(), round * kDepth - watcher.returned);
  }
  EXPECT_EQ(watcher.wrong, 0u);
  EXPECT_EQ(probe->missed(), 0u);
  End(probe, hook);
}

TEST_F(ReturnHookTest, WithoutInstancesEveryReturnIsMissed) {
  // As if nobody had called Prepare.
  ASSERT_TRUE(ExitProbes());
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
  HostText text("add", kAdd);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("add", hook);
  EXPECT_EQ(text.As<Function>()(2, 3), 5u);
  EXPECT_EQ(watcher.entered, 0u);
  EXPECT_EQ(hook.missed(), 1u);
  ASSERT_EQ(ReturnHook::Prepare(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(2, 3), 5u);
  EXPECT_EQ(watcher.returned, 1u);
  End(probe, hook);
}

TEST_F(ReturnHookTest, ATailCallReturnsFromBothToTheCaller) {
  HostText inner("add", kAdd);
  // mov rax, inner; jmp rax
  uint8_t code[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
  const uint64_t address = inner.address();
  memcpy(code + 2, &address, sizeof(address));
  HostText outer("jumps", code);
  Watcher inner_watcher;
  Watcher outer_watcher;
  ReturnHook inner_hook(inner_watcher);
  ReturnHook outer_hook(outer_watcher);
  Ref<Kprobe> inner_probe = Follow("add", inner_hook);
  Ref<Kprobe> outer_probe = Follow("jumps", outer_hook);
  EXPECT_EQ(outer.As<Function>()(4, 5), 9u);
  EXPECT_EQ(inner_watcher.returned, 1u);
  EXPECT_EQ(outer_watcher.returned, 1u);
  EXPECT_EQ(inner_watcher.address, outer_watcher.address);  // never a stub
  EXPECT_EQ(inner_watcher.wrong + outer_watcher.wrong, 0u);
  EXPECT_EQ(inner.As<Function>()(4, 5), 9u);
  EXPECT_EQ(inner_watcher.returned, 2u);
  EXPECT_EQ(outer_watcher.returned, 1u);
  End(inner_probe, inner_hook);
  End(outer_probe, outer_hook);
}

TEST_F(ReturnHookTest, AKprobeAndTwoKretprobesShareAFunction) {
  HostText text("add", kAdd);
  Counter counter;
  Watcher first;
  Watcher second;
  second.keep_data = 2;
  ReturnHook first_hook(first);
  ReturnHook second_hook(second);
  Ref<Kprobe> entry = Attach("add", 0, counter);
  ASSERT_EQ(entry->Enable(), Status::kOk);
  Ref<Kprobe> first_probe = Follow("add", first_hook);
  Ref<Kprobe> second_probe = Follow("add", second_hook);
  for (uint64_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(text.As<Function>()(i, 1), i + 1);
    EXPECT_EQ(counter.hits, i);
    EXPECT_EQ(first.returned, i);
    EXPECT_EQ(second.returned, i);
  }
  EXPECT_EQ(first.wrong + second.wrong, 0u);
  EXPECT_EQ(first.address, second.address);
  first_probe->Disable();
  EXPECT_EQ(text.As<Function>()(1, 1), 2u);
  EXPECT_EQ(first.returned, 10u);
  EXPECT_EQ(second.returned, 11u);
  End(first_probe, first_hook);
  End(second_probe, second_hook);
}

TEST_F(ReturnHookTest, OneHookFollowsManyFunctions) {
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probes[] = {Follow("add", hook), Follow("multiply", hook)};
  EXPECT_EQ(add.As<Function>()(3, 4), 7u);
  EXPECT_EQ(watcher.function, add.address());
  EXPECT_EQ(multiply.As<Function>()(3, 4), 12u);
  EXPECT_EQ(watcher.function, multiply.address());
  EXPECT_EQ(watcher.returned, 2u);
  probes[0]->Detach();
  probes[1]->Detach();
  hook.Cancel();
}

/// Calls a followed function, at the entry and at the return.
struct Nester final : CallConsumer {
  Function* inner = nullptr;
  uint64_t right = 0;
  bool Entered(machine::PtRegs& /*regs*/, uint64_t& /*data*/) override {
    right += inner(6, 7) == 42 ? 1 : 0;
    return true;
  }
  void Returned(machine::PtRegs& /*regs*/,
                const ReturnedCall& /*call*/) override {
    right += inner(6, 7) == 42 ? 1 : 0;
  }
};

TEST_F(ReturnHookTest, HitsInsideOfAConsumerAreMissed) {
  HostText outer("add", kAdd);
  HostText inner("multiply", kMultiply);
  Nester nester;
  nester.inner = inner.As<Function>();
  Watcher watcher;
  ReturnHook outer_hook(nester);
  ReturnHook inner_hook(watcher);
  Ref<Kprobe> outer_probe = Follow("add", outer_hook);
  Ref<Kprobe> inner_probe = Follow("multiply", inner_hook);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outer.As<Function>()(2, 3), 5u);
  }
  EXPECT_EQ(nester.right, 20u);
  EXPECT_EQ(watcher.entered, 0u);
  EXPECT_EQ(inner_probe->missed(), 20u);  // at the entry, as kprobes are
  EXPECT_EQ(inner_hook.missed(), 0u);
  EXPECT_EQ(inner.As<Function>()(6, 7), 42u);
  EXPECT_EQ(watcher.returned, 1u);
  End(outer_probe, outer_hook);
  End(inner_probe, inner_hook);
}

TEST_F(ReturnHookTest, WhatRunsTheConsumersMayBeFollowed) {
  HostText text("add", kAdd);
  Watcher inner;
  ReturnHook inner_hook(inner);
  Ref<Kprobe> probes[] = {
      Follow("ebpf_port_time_ns", inner_hook),
      Follow("ebpf_probe_run", inner_hook),
      Follow("ebpf_return_run", inner_hook),
  };
  Watcher watcher;
  ReturnHook hook(watcher);
  Ref<Kprobe> probe = Follow("add", hook);
  for (uint64_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(text.As<Function>()(2, 3), 5u);
    EXPECT_EQ(watcher.returned, i);
  }
  EXPECT_EQ(probes[1]->missed(), 5u);
  EXPECT_EQ(probes[2]->missed(), 5u);
  for (Ref<Kprobe>& each : probes) {
    each->Detach();
  }
  inner_hook.Cancel();
  End(probe, hook);
}

TEST_F(ReturnHookTest, OnlyEntriesOfWhatReturnsOnceAreFollowed) {
  HostText text("add", kAdd);
  HostText twice("setjmp", kAdd);
  HostText named("switch_stacks", kAdd);
  SetHostFollowable(named.address(), false);
  Watcher watcher;
  ReturnHook hook(watcher);
  Counter counter;
  ClearHostLog();
  // In the middle of an instruction, too, as Linux: it is no entry.
  for (const uint64_t offset : {kAddMove, kAddMove + 1, kAddLea}) {
    EXPECT_EQ(AttachKprobe("add", 0, offset, hook).status(), Status::kInvalid);
  }
  EXPECT_NE(HostLog().find("followed from the function's entry"),
            std::string::npos);
  for (const char* name : {"setjmp", "switch_stacks"}) {
    EXPECT_EQ(AttachKprobe(name, 0, 0, hook).status(), Status::kInvalid);
    EXPECT_TRUE(AttachKprobe(name, 0, 0, counter).ok());
  }
  EXPECT_NE(HostLog().find("setjmp+0x0: not each of its calls returns once"),
            std::string::npos);
  EXPECT_TRUE(AttachKprobe("add", 0, 0, hook).ok());
  SetHostFollowable(named.address(), true);
}

TEST_F(ReturnHookTest, WhatRunsBeforeTheGuardCannotBeFollowed) {
  Watcher watcher;
  ReturnHook hook(watcher);
  for (const char* name :
       {"ebpf_return_hit", "ebpf_return_stubs", "ebpf_port_irq_save",
        "ebpf_port_irq_restore", "ebpf_port_cpu_id"}) {
    EXPECT_EQ(AttachKprobe(name, 0, 0, hook).status(), Status::kInvalid)
        << name;
  }
}

uint64_t LookAtReturnAddress(void* seen, uint64_t* return_address) {
  auto* addresses = static_cast<uint64_t*>(seen);
  addresses[0] = *return_address;
  addresses[1] = machine::RealReturnAddress(*return_address);
  return 0;
}

TEST_F(ReturnHookTest, AStackWalkIsToldTheRealReturnAddress) {
  HostText text("call_back", kCallBack);
  auto* function = text.As<CallBack>();
  Watcher first;
  Watcher second;
  ReturnHook first_hook(first);
  ReturnHook second_hook(second);
  Ref<Kprobe> first_probe = Follow("call_back", first_hook);
  Ref<Kprobe> second_probe = Follow("call_back", second_hook);
  uint64_t seen[2] = {};
  EXPECT_EQ(function(LookAtReturnAddress, seen), 1u);
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_EQ(seen[1], first.address);
  EXPECT_EQ(machine::RealReturnAddress(seen[1]), seen[1]);
  EXPECT_EQ(machine::RealReturnAddress(0), 0u);
  End(first_probe, first_hook);
  End(second_probe, second_hook);
}

TEST_F(ReturnHookTest, EveryAllocationMayFail) {
  ASSERT_TRUE(ExitProbes());
  EXPECT_EQ(ReturnHook::Prepare(), Status::kNotSupported);
  HostText text("add", kAdd);
  const uint64_t n =
      ForEachFailingAllocation("follow", [&](Allocator& failing) {
        if (!IsOk(InitProbes(HostMachineOps(), failing))) {
          return;
        }
        Watcher watcher;
        ReturnHook hook(watcher);
        const Status prepared = ReturnHook::Prepare();
        EXPECT_TRUE(IsOk(prepared) || prepared == Status::kNoMemory);
        if (IsOk(prepared)) {
          Result<Ref<Kprobe>> probe = AttachKprobe("add", 0, 0, hook);
          const bool enabled = probe.ok() && IsOk((*probe)->Enable());
          EXPECT_EQ(text.As<Function>()(2, 3), 5u);
          EXPECT_EQ(watcher.returned, enabled ? 1u : 0u);
          if (probe.ok()) {
            End(*probe, hook);
          }
        }
        EXPECT_TRUE(EqualBytes(text.bytes(), ConstBytes(kAdd)));
        EXPECT_TRUE(ExitProbes());
      });
  EXPECT_GT(n, 4u);
  ASSERT_EQ(InitProbes(HostMachineOps(), allocator_), Status::kOk);
}

}  // namespace
}  // namespace ebpf
