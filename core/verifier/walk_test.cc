// SPDX-License-Identifier: MIT
#include "core/verifier/walk.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class WalkTest : public VerifierTest {};

TEST_F(WalkTest, StartsWithContextAndFramePointerOnly) {
  for (Reg reg : {R0, R2, R3, R4, R5, R6, R7, R8, R9}) {
    Rejects({MovReg(R0, reg), Exit()}, Status::kAccess,
            "R" + std::to_string(static_cast<int>(reg)) + " !read_ok");
  }
  Accepts({MovReg(R0, R1), Exit()});
  Accepts({MovReg(R0, R10), Exit()});
}

TEST_F(WalkTest, ResultIsSetAtTheEnd) {
  Rejects({Exit()}, Status::kAccess, "R0 !read_ok");
  Rejects({JumpImm(kJeq, R1, 0, 1), MovImm(R0, 0), Exit()}, Status::kAccess,
          "R0 !read_ok");
}

TEST_F(WalkTest, ConstantsAreKnown) {
  Accepts({LoadMapValue(R6, kArray), LoadImm64(R7, 15), AluReg(kAdd, R6, R7),
           Load(kB, R0, R6, 0), Exit()});
  Rejects({LoadMapValue(R6, kArray), LoadImm64(R7, uint64_t{1} << 32),
           AluReg(kAdd, R6, R7), Load(kB, R0, R6, 0), Exit()},
          Status::kInvalid,
          "math between map_value pointer and 4294967296 is not allowed");
}

TEST_F(WalkTest, GotoIsFollowed) {
  Accepts({Goto(1), Goto(1), Goto(-2), Return0()});
  Accepts({GotoLong(0), Return0()});
}

TEST_F(WalkTest, EachPathIsWalked) {
  // Only the last of four paths reads what was not written.
  Rejects({Load(kDW, R6, R1, 0), JumpImm(kJeq, R6, 1, 4),
           JumpImm(kJeq, R6, 2, 3), JumpImm(kJeq, R6, 3, 4), MovImm(R0, 0),
           Exit(), Return0(), MovReg(R0, R7), Exit()},
          Status::kAccess, "R7 !read_ok", OnLinux::kOtherText);
}

}  // namespace
}  // namespace ebpf::verifier
