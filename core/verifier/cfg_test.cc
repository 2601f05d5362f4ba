// SPDX-License-Identifier: MIT
#include "core/verifier/cfg.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class CfgTest : public VerifierTest {};

TEST_F(CfgTest, InstructionsThatNoPathReachesAreRefused) {
  Rejects({Return0(), Return0()}, Status::kInvalid, "unreachable insn 2");
  Rejects({Goto(1), MovImm(R0, 1), Return0()}, Status::kInvalid,
          "unreachable insn 1");
  Rejects({Goto(2), LoadImm64(R0, 1), Return0()}, Status::kInvalid,
          "unreachable insn 1");
}

TEST_F(CfgTest, LoopsWithoutEntryAreUnreachable) {
  Rejects({Return0(), MovImm(R1, 0), Goto(-2)}, Status::kInvalid,
          "unreachable insn 2");
}

TEST_F(CfgTest, FunctionsThatNobodyCallsAreUnreachable) {
  // Insn 3 calls itself and nobody calls it.
  Rejects({Return0(), MovImm(R0, 0), CallLocal(-2), Exit()}, Status::kInvalid,
          "unreachable insn 2");
}

TEST_F(CfgTest, CodeBehindADecidedJumpIsReachable) {
  Accepts({MovImm(R0, 0), JumpImm(kJeq, R0, 0, 1), MovImm(R0, 1), Exit()});
}

TEST_F(CfgTest, CalledFunctionsAreReachable) {
  Accepts({CallLocal(1), Exit(), Return0()});
}

}  // namespace
}  // namespace ebpf::verifier
