// SPDX-License-Identifier: MIT
#include "core/verifier/exceptions.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

/// Programs of an fentry hook, which return 0.
class ExceptionsTest : public TypedTest {
 protected:
  ExceptionsTest() { AttachTo(26, AttachType::kTraceFentry, do_exit_); }

  /// main, which has this tag, and a callback that begins at `start`.
  void SetCallback(uint32_t start, const TypeWriter::Members& params,
                   btf::Linkage linkage = btf::Linkage::kGlobal) {
    const uint32_t main = Main();
    const uint32_t callback =
        types_.Function("callback", types_.Prototype(int_, params), linkage);
    types_.Tag("exception_callback:callback", main, ~0u);
    SetFunctions({{0, main}, {start, callback}});
  }
  Code Throws(int cookie) {
    return Join({MovImm(R1, cookie), CallKernel(throw_), Return0()});
  }
};

TEST_F(ExceptionsTest, WhatIsThrownIsTheResult) {
  Accepts(Throws(0));
  Rejects(
      Throws(64), Status::kInvalid,
      "At program exit the register R1 has smin=64 smax=64 should have been "
      "in [0, 0]");
}

TEST_F(ExceptionsTest, ACallbackGivesTheResult) {
  SetCallback(4, {{"cookie", long_}});
  Accepts(Join({Throws(64), MovImm(R0, 0), Exit()}));
  Rejects(
      Join({Throws(64), MovReg(R0, R1), Exit()}), Status::kInvalid,
      "At program exit the register R0 has unknown scalar value should have "
      "been in [0, 0]");
}

TEST_F(ExceptionsTest, ACallbackTakesOneNumber) {
  SetCallback(4, {});
  Rejects(Join({Throws(64), Return0()}), Status::kInvalid,
          "exception cb only supports single integer argument");
}

TEST_F(ExceptionsTest, ACallbackIsGlobal) {
  SetCallback(4, {{"cookie", long_}}, btf::Linkage::kStatic);
  Rejects(Join({Throws(64), Return0()}), Status::kInvalid,
          "exception callback 'callback' must have global linkage");
}

TEST_F(ExceptionsTest, NobodyCallsACallback) {
  SetCallback(4, {{"cookie", long_}});
  Rejects({MovImm(R1, 0), CallLocal(2), MovImm(R0, 0), Exit(), MovImm(R0, 0),
           Exit()},
          Status::kInvalid, "insn 1 cannot call exception cb directly");
}

TEST_F(ExceptionsTest, ACallbackDoesNotThrow) {
  SetCallback(4, {{"cookie", long_}});
  Rejects(Join({Throws(64), CallKernel(throw_), Return0()}), Status::kInvalid,
          "bpf_throw kfunc (insn 4) cannot be called from callback subprog 1");
}

TEST_F(ExceptionsTest, ACallbackIsThere) {
  const uint32_t main = Main();
  types_.Tag("exception_callback:nobody", main, ~0u);
  SetFunctions({{0, main}});
  Rejects(Throws(0), Status::kInvalid,
          "exception callback 'nobody' could not be found in BTF");
}

TEST_F(ExceptionsTest, NobodyThrowsInASection) {
  Rejects(Join({CallKernel(rcu_lock_), Throws(0)}), Status::kInvalid,
          "bpf_throw cannot be used inside bpf_rcu_read_lock-ed region");
}

TEST_F(ExceptionsTest, NobodyThrowsWhatIsHeldAway) {
  const Verdict verdict =
      Judge(Join({Load(kDW, R1, R1, 0), CallKernel(from_pid_), Throws(0)}));
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_NE(verdict.log.find("Unreleased reference"), std::string::npos);
}

}  // namespace
}  // namespace ebpf::verifier
