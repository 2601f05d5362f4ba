// SPDX-License-Identifier: MIT
#include "core/verifier/attach_target.h"
#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class TypedArgumentTest : public TypedTest {};

TEST_F(TypedArgumentTest, WordsAreAligned) {
  AttachTo(26, AttachType::kTraceRawTp, task_newtask_);
  Rejects(Join({Load(kDW, R2, R1, 4), Return0()}), Status::kAccess,
          "invalid bpf_context access off=4 size=8");
}

TEST_F(TypedArgumentTest, TracepointsGiveTrustedPointersAndFunctionsDoNot) {
  const auto acquires = [&] {
    return Join({Load(kDW, R1, R1, 8), CallKernel(acquire_),
                 JumpImm(kJeq, R0, 0, 2), MovReg(R1, R0), CallKernel(release_),
                 Return0()});
  };
  AttachTo(26, AttachType::kTraceFentry, do_exit_);
  Rejects(acquires(), Status::kInvalid, "R1 must be a rcu pointer");
  AttachTo(26, AttachType::kTraceRawTp, task_newtask_);
  Code code = acquires();
  code[0] = Load(kDW, R1, R1, 0);
  Accepts(code);
}

}  // namespace
}  // namespace ebpf::verifier
