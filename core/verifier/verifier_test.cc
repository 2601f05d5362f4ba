// SPDX-License-Identifier: MIT
#include "core/verifier/verifier.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

TEST_F(VerifierTest, SmallestProgramIsAccepted) {
  const Verdict verdict = Judge(Return0());
  EXPECT_EQ(verdict.status, Status::kOk);
  EXPECT_EQ(verdict.log,
            "processed 2 insns (limit 1000000) max_states_per_insn 0 "
            "total_states 0 peak_states 0 mark_read 0\n");
}

TEST_F(VerifierTest, MapValueIsUsedAfterANullCheck) {
  Accepts({LookupOrExit(kArray), Load(kDW, R1, R0, 8), Return0()});
}

TEST_F(VerifierTest, MissingNullCheckIsRefused) {
  Rejects({Lookup(kArray), Load(kDW, R1, R0, 8), Return0()}, Status::kAccess,
          "R0 invalid mem access 'map_value_or_null'");
}

}  // namespace
}  // namespace ebpf::verifier
