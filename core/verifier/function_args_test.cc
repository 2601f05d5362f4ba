// SPDX-License-Identifier: MIT
#include "core/verifier/function_args.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

/// main calls "other" with r1 = 0; both exit with 0.
class FunctionArgsTest : public TypedTest {
 protected:
  void SetOther(const TypeWriter::Members& params,
                const std::vector<std::string>& tags = {}) {
    const uint32_t main = Main();
    other_ = Global("other", params);
    for (const std::string& tag : tags) {
      types_.Tag(tag, other_, 0);
    }
    SetFunctions({{0, main}, {6, other_}});
  }
  Code Calls() {
    return Join({MovImm(R1, 0), MovImm(R2, 0), MovImm(R3, 0), CallLocal(2),
                 Return0(), Return0()});
  }
  uint32_t other_ = 0;
};

TEST_F(FunctionArgsTest, NumbersAndPointersToMemoryAreTaken) {
  SetOther({{"n", long_}, {"p", types_.Pointer(int_)}});
  Accepts(Calls());
}

TEST_F(FunctionArgsTest, ThereAreFiveArgumentsAtMost) {
  SetOther({{"a", int_},
            {"b", int_},
            {"c", int_},
            {"d", int_},
            {"e", int_},
            {"f", int_}});
  Rejects(Calls(), Status::kInvalid,
          "Global function other() with 6 > 5 args. Buggy compiler.");
}

TEST_F(FunctionArgsTest, TheResultIsANumber) {
  const uint32_t main = Main();
  const uint32_t other = types_.Function("other", types_.Prototype(0, {}));
  SetFunctions({{0, main}, {6, other}});
  Rejects(Calls(), Status::kInvalid,
          "Global function other() doesn't return scalar. Only those are "
          "supported.");
}

TEST_F(FunctionArgsTest, StructsAreNotPassed) {
  SetOther({{"s", types_.Struct("s", {{"x", long_}})}});
  Rejects(Calls(), Status::kInvalid,
          "Arg#0 type STRUCT in other() is not supported yet.");
}

TEST_F(FunctionArgsTest, MemoryHasASize) {
  SetOther({{"p", types_.Pointer(types_.Forward("s"))}});
  Rejects(Calls(), Status::kInvalid,
          "arg#0 reference type('FWD s') size cannot be determined: -22");
}

TEST_F(FunctionArgsTest, OnlyKnownTagsAreTaken) {
  SetOther({{"p", types_.Pointer(int_)}}, {"arg:magic"});
  Rejects(Calls(), Status::kNotSupported, "arg#0 has unsupported set of tags");
}

TEST_F(FunctionArgsTest, OtherTagsSayNothing) {
  SetOther({{"p", types_.Pointer(int_)}}, {"comment:magic"});
  Accepts(Calls());
}

TEST_F(FunctionArgsTest, TagsFitTogether) {
  SetOther({{"p", types_.Pointer(int_)}}, {"arg:ctx", "arg:nonnull"});
  Rejects(Calls(), Status::kInvalid, "arg#0 has invalid combination of tags");
}

TEST_F(FunctionArgsTest, ArenaStandsAlone) {
  SetOther({{"p", types_.Pointer(int_)}}, {"arg:arena", "arg:nonnull"});
  Rejects(Calls(), Status::kInvalid,
          "arg#0 arena cannot be combined with any other tags");
}

TEST_F(FunctionArgsTest, NumbersHaveNoPointerTags) {
  SetOther({{"n", int_}}, {"arg:nonnull"});
  Rejects(Calls(), Status::kInvalid,
          "arg#0 has pointer tag, but is not a pointer type");
}

TEST_F(FunctionArgsTest, TrustedArgumentsAreOfTheKernelsTypes) {
  SetOther({{"p", types_.Pointer(types_.Struct("no_such_struct", {}))}},
           {"arg:trusted"});
  Rejects(
      Calls(), Status::kInvalid,
      "arg#0 reference type('STRUCT no_such_struct') is not in the kernel's "
      "BTF");
}

}  // namespace
}  // namespace ebpf::verifier
