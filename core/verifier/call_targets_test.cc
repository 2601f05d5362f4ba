// SPDX-License-Identifier: MIT
#include "core/verifier/call_targets.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of helpers.
constexpr int kDPathHelper = 147;
constexpr int kLsm = 29;  // a type of programs
constexpr int kTracing = 26;

class CallTargetsTest : public TypedTest {
 protected:
  /// A call of bpf_d_path whose arguments are wrong.
  static Code CallDPath() { return Join({Call(kDPathHelper), Return0()}); }
};

TEST_F(CallTargetsTest, PathsAreAskedForInHooksThatMaySleep) {
  AttachTo(kLsm, AttachType::kLsmMac, file_open_);
  const Verdict verdict = Judge(CallDPath());
  // So far that it looks at what it is passed.
  EXPECT_EQ(verdict.log.find("helper call is not allowed in probe"),
            std::string::npos)
      << verdict.log;
  EXPECT_NE(verdict.log.find("R1 type=ctx expected=ptr_"), std::string::npos)
      << verdict.log;
}

TEST_F(CallTargetsTest, PathsAreNotAskedForInOtherFunctions) {
  AttachTo(kTracing, AttachType::kTraceFentry, do_exit_);
  Rejects(CallDPath(), Status::kInvalid, "helper call is not allowed in probe");
}

}  // namespace
}  // namespace ebpf::verifier
