// SPDX-License-Identifier: MIT
#include "core/verifier/call_chain.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class CallChainTest : public VerifierTest {
 protected:
  /// A function that uses so much of its stack and returns 0.
  static Code Using(int bytes) {
    return Join({StoreImm(kB, R10, -bytes, 0), Return0()});
  }
};

TEST_F(CallChainTest, DepthIsRoundedUpToSixteen) {
  EXPECT_EQ(Judge(Return0()).stats.stack_depth, 0u);
  EXPECT_EQ(Judge(Using(1)).stats.stack_depth, 16u);
  EXPECT_EQ(Judge(Using(16)).stats.stack_depth, 16u);
  EXPECT_EQ(Judge(Using(17)).stats.stack_depth, 32u);
  EXPECT_EQ(Judge(Using(512)).stats.stack_depth, 512u);
}

TEST_F(CallChainTest, StacksOfACallChainAddUp) {
  const auto chain = [](int outer, int inner) {
    return Join(
        {StoreImm(kB, R10, -outer, 0), CallLocal(1), Exit(), Using(inner)});
  };
  Accepts(chain(256, 256));
  EXPECT_EQ(Judge(chain(100, 50)).stats.stack_depth, 112u + 64u);
  // Linux 6.13 has stacks of their own for functions of some program types.
  Rejects(chain(256, 257), Status::kAccess,
          "combined stack size of 2 calls is 528. Too large",
          OnLinux::kAccepts);
  Rejects(chain(1, 512), Status::kAccess,
          "combined stack size of 2 calls is 528. Too large",
          OnLinux::kAccepts);
}

TEST_F(CallChainTest, StacksOfCallsInARowDoNot) {
  Accepts({CallLocal(2), CallLocal(4), Exit(), Using(512), Using(512)});
}

TEST_F(CallChainTest, ChainsThatNoPathWalksCountToo) {
  // The second function calls the third on a side that is never taken.
  Rejects({CallLocal(2), CallLocal(6), Exit(), StoreImm(kB, R10, -256, 0),
           MovImm(R0, 0), JumpImm(kJeq, R0, 0, 1), CallLocal(1), Exit(),
           Using(512)},
          Status::kAccess, "combined stack size of 3 calls is 768. Too large",
          OnLinux::kAccepts);
}

TEST_F(CallChainTest, CallersStackThatACalleeUsesIsTheCallers) {
  const Code code = Join({MovReg(R1, R10), CallLocal(1), Exit(),
                          StoreImm(kDW, R1, -512, 0), Return0()});
  const Verdict verdict = Judge(code);
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
  EXPECT_EQ(verdict.stats.stack_depth, 512u);
}

}  // namespace
}  // namespace ebpf::verifier
