// SPDX-License-Identifier: MIT
//
// A consumer of returns that checks each against its call, and functions whose
// calls it follows, for tests.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/probes/kprobe_test_util.h"
#include "core/probes/return_hook.h"
#include "core/probes/return_pool.h"

namespace ebpf {

/// rec(n): n + rec(n - 1), or 0; at its return rdi is n again.
/// test rdi, rdi; je; push rdi; dec rdi; call rec; pop rdi; add rax, rdi; ret;
/// nop; xor eax, eax; ret
inline constexpr uint8_t kSum[] = {
    0x48, 0x85, 0xff, 0x74, 0x0f, 0x57, 0x48, 0xff, 0xcf, 0xe8, 0xf2, 0xff,
    0xff, 0xff, 0x5f, 0x48, 0x01, 0xf8, 0xc3, 0x90, 0x31, 0xc0, 0xc3};

/// call_back(function, argument): function(argument, &return address) + 1, with
/// a frame pointer.
/// push rbp; mov rbp, rsp; mov rax, rdi; mov rdi, rsi; lea rsi, [rbp + 8];
/// call rax; inc rax; pop rbp; ret
inline constexpr uint8_t kCallBack[] = {
    0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48,
    0x8d, 0x75, 0x08, 0xff, 0xd0, 0x48, 0xff, 0xc0, 0x5d, 0xc3};
using CallBack = uint64_t(uint64_t (*)(void*, uint64_t*), void*);

/// Keeps the argument of each call, and counts returns where rdi is not that
/// again, or sp, or the return address is not what it was.
struct Watcher final : CallConsumer {
  std::atomic<uint64_t> entered{0};
  std::atomic<uint64_t> returned{0};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> late{0};
  std::atomic<bool> cancelled{false};
  std::atomic<uint64_t> result{0};
  std::atomic<uint64_t> function{0};
  std::atomic<uint64_t> address{0};
  uint64_t keep_data = 1;
  bool keeps_argument = false;
  bool interested = true;

  bool Entered(machine::PtRegs& regs, uint64_t& data) override {
    ++entered;
    data = keeps_argument ? x86_64::RegsOf(regs).rdi : keep_data;
    return interested;
  }
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override {
    const x86_64::PtRegs& at = x86_64::RegsOf(regs);
    ++returned;
    late += cancelled ? 1 : 0;
    wrong += call.data == (keeps_argument ? at.rdi : keep_data) ? 0 : 1;
    wrong += at.rip == call.return_address ? 0 : 1;
    result = at.rax;
    function = call.function;
    address = call.return_address;
  }
};

class ReturnHookTest : public KprobeTest {
 protected:
  ReturnHookTest() { EXPECT_EQ(ReturnHook::Prepare(), Status::kOk); }
  ~ReturnHookTest() override {
    EXPECT_EQ(ReturnPool::Get().CountInFlight(), 0u);
  }

  Ref<Kprobe> Follow(StringView symbol, ReturnHook& hook) {
    Ref<Kprobe> probe = Attach(symbol, 0, hook);
    EXPECT_TRUE(probe && IsOk(probe->Enable()));
    return probe;
  }
  void End(Ref<Kprobe>& probe, ReturnHook& hook) {
    probe->Detach();
    hook.Cancel();
  }
};

}  // namespace ebpf
