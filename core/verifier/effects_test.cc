// SPDX-License-Identifier: MIT
#include "core/verifier/effects.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class EffectsTest : public TypedTest {
 protected:
  EffectsTest() { AttachTo(26, AttachType::kTraceFentry, do_exit_); }
};

TEST_F(EffectsTest, GlobalFunctionsRunWithPreemption) {
  const uint32_t main = Main();
  const uint32_t other = Global("other", {});
  SetFunctions({{0, main}, {5, other}});
  Rejects(Join({CallKernel(preempt_disable_), CallLocal(3),
                CallKernel(preempt_enable_), MovImm(R0, 0), Exit(), Return0()}),
          Status::kInvalid,
          "global function calls are not allowed with preemption disabled,");
}

TEST_F(EffectsTest, WhatSleepsSomewhereIsNotCalledUnderRcu) {
  options_.sleepable = true;
  const uint32_t main = Main();
  const uint32_t first = Global("first", {});
  const uint32_t second = Global("second", {});
  SetFunctions({{0, main}, {5, first}, {7, second}});
  // second calls bpf_copy_from_user, or not.
  const auto program = [&](const isa::Insn& insn) {
    return Join({CallKernel(rcu_lock_), CallLocal(3), CallKernel(rcu_unlock_),
                 MovImm(R0, 0), Exit(), CallLocal(1), Exit(),
                 StoreImm(kDW, R10, -8, 0), MovReg(R1, R10),
                 AluImm(kAdd, R1, -8), MovImm(R2, 8), MovImm(R3, 0), insn,
                 Return0()});
  };
  constexpr int kCopyFromUser = 148;
  Rejects(program(Call(kCopyFromUser)), Status::kInvalid,
          "global functions that may sleep are not allowed in non-sleepable "
          "context,");
  Accepts(program(MovImm(R4, 0)));
}

}  // namespace
}  // namespace ebpf::verifier
