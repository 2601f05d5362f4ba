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

/// int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map,
/// void *key, void *value), as Linux has it.
class ElementIteratorTest : public TypedTest {
 protected:
  ElementIteratorTest() {
    TypeWriter k;
    const uint32_t word = k.Int("u64", 8);
    const uint32_t meta = k.Pointer(k.Struct("bpf_iter_meta", {{"n", word}}));
    const uint32_t map = k.Pointer(k.Struct("bpf_map", {{"id", word}}));
    const uint32_t function =
        k.Function("bpf_iter_bpf_map_elem",
                   k.Prototype(k.Int("int", 4), {{"meta", meta},
                                                 {"map", map},
                                                 {"key", k.Pointer(0)},
                                                 {"value", k.Pointer(0)}}));
    SetKernel(k);
    AttachTo(26, AttachType::kTraceIter, function);
  }
  /// `then` has the argument in r2, which is not null.
  static Code With(int argument, const isa::Insn& then) {
    return Join({Load(kDW, R2, R1, 8 * argument), JumpImm(kJeq, R2, 0, 1), then,
                 Return0()});
  }
};
constexpr int kMap = 1;
constexpr int kKey = 2;
constexpr int kValue = 3;

TEST_F(ElementIteratorTest, KeysAreReadAndValuesWritten) {
  Accepts(With(kKey, Load(kDW, R3, R2, 16)));
  Accepts(With(kValue, Load(kDW, R3, R2, 16)));
  Accepts(With(kValue, StoreImm(kDW, R2, 16, 1)));
  Rejects(With(kKey, StoreImm(kDW, R2, 16, 1)), Status::kAccess,
          "R2 cannot write into rdonly_buf");
}

TEST_F(ElementIteratorTest, NothingLiesBeforeThem) {
  Rejects(With(kValue, Load(kW, R3, R2, -4)), Status::kAccess,
          "R2 invalid rdwr buffer access: off=-4, size=4");
}

TEST_F(ElementIteratorTest, TheyAreMissingAtTheEndButTheMapIsNot) {
  Rejects(Join({Load(kDW, R2, R1, 8 * kKey), Load(kDW, R3, R2, 0), Return0()}),
          Status::kAccess, "R2 invalid mem access 'rdonly_buf_or_null'");
  Accepts(Join({Load(kDW, R2, R1, 8 * kMap), Load(kDW, R3, R2, 0), Return0()}));
}

}  // namespace
}  // namespace ebpf::verifier
