// SPDX-License-Identifier: MIT
#include "core/verifier/context_type.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

/// main passes its context to "other".
class ContextTypeTest : public TypedTest {
 protected:
  void SetOther(uint32_t pointee, bool tagged) {
    const uint32_t main = Main();
    const uint32_t other = Global("other", {{"ctx", types_.Pointer(pointee)}});
    if (tagged) {
      types_.Tag("arg:ctx", other, 0);
    }
    SetFunctions({{0, main}, {3, other}});
  }
  Code Passes() { return Join({CallLocal(2), Return0(), Return0()}); }
};

TEST_F(ContextTypeTest, ItIsKnownByTheNameOfItsStruct) {
  SetOther(types_.Struct("pt_regs", {}), false);
  Accepts(Passes());
}

TEST_F(ContextTypeTest, ItIsKnownByItsTypedef) {
  SetOther(types_.Typedef("bpf_user_pt_regs_t",
                          types_.Struct("anything", {{"x", long_}})),
           false);
  Accepts(Passes());
}

TEST_F(ContextTypeTest, OtherStructsAreMemory) {
  SetOther(types_.Struct("anything", {{"x", long_}}), false);
  Rejects(Passes(), Status::kAccess,
          "Caller passes invalid args into func#1 ('other')");
}

TEST_F(ContextTypeTest, ATaggedPointerToVoidIsIt) {
  SetOther(0, true);
  Accepts(Passes());
}

TEST_F(ContextTypeTest, ATaggedPointerToAnotherStructIsRefused) {
  SetOther(types_.Struct("anything", {{"x", long_}}), true);
  Rejects(Passes(), Status::kInvalid, "arg#0 should be `struct pt_regs *`");
}

TEST_F(ContextTypeTest, ATaggedStructHasAName) {
  SetOther(types_.Struct("", {{"x", long_}}), true);
  Rejects(Passes(), Status::kInvalid, "arg#0 type doesn't have a name");
}

TEST_F(ContextTypeTest, ContextsWithoutAStructAreWordsOrVoid) {
  AttachTo(26, AttachType::kTraceFentry, do_exit_);
  SetOther(long_, true);
  Accepts(Passes());
}

TEST_F(ContextTypeTest, ContextsWithoutAStructAreNoStructs) {
  AttachTo(26, AttachType::kTraceFentry, do_exit_);
  SetOther(types_.Struct("pt_regs", {{"x", long_}}), true);
  Rejects(Passes(), Status::kInvalid, "arg#0 should be void pointer");
}

}  // namespace
}  // namespace ebpf::verifier
