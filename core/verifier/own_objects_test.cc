// SPDX-License-Identifier: MIT
//
// Objects that a program makes: what it may do with them. The texts are those
// of the host's kernel (6.18) where it has one for the case.
#include "core/helpers/prototype.h"
#include "core/verifier/kfunc_call.h"
#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class OwnObjectsTest : public TypedTest {
 protected:
  OwnObjectsTest() {
    TypeWriter k;
    const uint32_t word = k.Int("u64", 8);
    const uint32_t any = k.Pointer(0);
    const auto function = [&](const char* name, const char* argument,
                              uint32_t type, uint32_t result) {
      return k.Function(
          name, k.Prototype(result, {{argument, type}, {"meta__ign", any}}));
    };
    new_ = function("bpf_obj_new_impl", "local_type_id__k", word, any);
    drop_ = function("bpf_obj_drop_impl", "p__alloc", any, 0);
    acquire_object_ =
        function("bpf_refcount_acquire_impl", "p__refcounted_kptr", any, any);
    SetKernel(k);
    options_.type = FindProgramType(3);  // sched_cls
    options_.attach_type = 0;

    const uint32_t lock = types_.StructOf("bpf_spin_lock", 4, {{"v", int_, 0}});
    const uint32_t count = types_.StructOf("bpf_refcount", 4, {{"n", int_, 0}});
    const uint32_t node = types_.StructOf("bpf_list_node", 24,
                                          {{"a", long_, 0}, {"b", long_, 16}});
    plain_ = types_.Struct("plain",
                           {{"a", long_}, {"pointer", types_.Pointer(long_)}});
    counted_ = types_.StructOf(
        "counted", 16, {{"a", long_, 0}, {"lock", lock, 8}, {"n", count, 12}});
    linked_ =
        types_.StructOf("linked", 32, {{"a", long_, 0}, {"node", node, 8}});
    SetFunctions({{0, Main()}});
  }

  Code New(Reg to, uint32_t type) const {
    return Join({MovImm(R1, static_cast<int32_t>(type)), MovImm(R2, 0),
                 CallKernel(new_), JumpImm(kJne, R0, 0, 2), MovImm(R0, 0),
                 Exit(), MovReg(to, R0)});
  }
  /// A second one, while R6 is held.
  Code NewBeside(Reg to, uint32_t type) const {
    return Join({MovImm(R1, static_cast<int32_t>(type)), MovImm(R2, 0),
                 CallKernel(new_), JumpImm(kJne, R0, 0, 4), MovReg(R1, R6),
                 CallKernel(drop_), MovImm(R0, 0), Exit(), MovReg(to, R0)});
  }
  Code Drop(Reg object) const {
    return Join({MovReg(R1, object), CallKernel(drop_)});
  }
  Code Acquire(Reg object) const {
    return Join({MovReg(R1, object), CallKernel(acquire_object_)});
  }
  void RejectsAfterNew(uint32_t type, const Code& code, Status status,
                       const std::string& message) {
    Rejects(Join({New(R6, type), code, Drop(R6), Return0()}), status, message);
  }

  uint32_t new_ = 0;
  uint32_t drop_ = 0;
  uint32_t acquire_object_ = 0;
  uint32_t plain_ = 0;
  uint32_t counted_ = 0;
  uint32_t linked_ = 0;
};

TEST_F(OwnObjectsTest, AreMadeWrittenReadAndDropped) {
  for (const Profile profile : {Profile::kLinux, Profile::kPort}) {
    options_.profile = profile;
    Accepts(
        Join({New(R6, plain_), StoreImm(kDW, R6, 0, 7), Store(kDW, R6, 8, R10),
              Load(kW, R7, R6, 4), Drop(R6), Return0()}));
    Accepts(Join({New(R6, counted_), NewBeside(R7, counted_),
                  StoreImm(kDW, R7, 0, 7), Drop(R6), Load(kDW, R8, R7, 0),
                  Drop(R7), Return0()}));
  }
}

TEST_F(OwnObjectsTest, AreNotThereBeforeTheProgramHasLooked) {
  Rejects(Join({MovImm(R1, static_cast<int32_t>(plain_)), MovImm(R2, 0),
                CallKernel(new_), StoreImm(kDW, R0, 0, 1), Return0()}),
          Status::kAccess, "R0 invalid mem access 'ptr_or_null_'");
  Rejects(Join({MovImm(R1, static_cast<int32_t>(plain_)), MovImm(R2, 0),
                CallKernel(new_), Drop(R0), Return0()}),
          Status::kAccess, "Possibly NULL pointer passed to trusted arg0");
}

TEST_F(OwnObjectsTest, AreDroppedOnEachPathOnce) {
  Rejects(Join({New(R6, plain_), Return0()}), Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=2");
  Rejects(Join({New(R6, plain_), Drop(R6), Drop(R6), Return0()}),
          Status::kInvalid, "R1 must be referenced or trusted");
  Rejects(Join({New(R6, plain_), Drop(R6), Load(kDW, R7, R6, 0), Return0()}),
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(OwnObjectsTest, AreAccessedWithinTheirSize) {
  RejectsAfterNew(plain_, {StoreImm(kDW, R6, 16, 1)}, Status::kAccess,
                  "access beyond struct plain at off 16 size 8");
  RejectsAfterNew(plain_, {StoreImm(kDW, R6, 12, 1)}, Status::kAccess,
                  "access beyond struct plain at off 12 size 8");
  RejectsAfterNew(plain_, {Load(kDW, R7, R6, -8)}, Status::kAccess, "");
  // Where it points to somewhere in the object, it is no longer the object.
  RejectsAfterNew(plain_, {AluImm(kAdd, R6, 8)}, Status::kInvalid,
                  "R1 must have zero offset when passed to release func or "
                  "trusted arg to kfunc");
}

TEST_F(OwnObjectsTest, APointerInThemIsANumber) {
  RejectsAfterNew(plain_, {Load(kDW, R7, R6, 8), Load(kDW, R7, R7, 0)},
                  Status::kAccess, "R7 invalid mem access 'scalar'");
}

TEST_F(OwnObjectsTest, SpecialFieldsAreNotAccessed) {
  RejectsAfterNew(counted_, {StoreImm(kW, R6, 12, 1)}, Status::kAccess,
                  "direct access to bpf_refcount is disallowed");
  RejectsAfterNew(counted_, {Load(kW, R7, R6, 8)}, Status::kAccess,
                  "direct access to bpf_spin_lock is disallowed");
}

TEST_F(OwnObjectsTest, TypesAreStructsOfTheProgram) {
  const auto of = [&](Code type) {
    return Join({type, MovImm(R2, 0), CallKernel(new_), Return0()});
  };
  Rejects(of({MovImm(R1, static_cast<int32_t>(long_))}), Status::kInvalid,
          "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a "
          "struct");
  Rejects(of({MovImm(R1, 9999)}), Status::kInvalid,
          "bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a "
          "struct");
  Rejects(of({MovImm(R1, -1)}), Status::kInvalid,
          "local type ID argument must be in range [0, U32_MAX]");
  Rejects(of({Load(kW, R1, R1, 0)}), Status::kInvalid,
          "R1 must be a known constant");
  options_.btf = nullptr;
  options_.functions = {};
  Rejects(of({MovImm(R1, static_cast<int32_t>(plain_))}), Status::kInvalid,
          "bpf_obj_new/bpf_percpu_obj_new requires prog BTF");
}

TEST_F(OwnObjectsTest, TypesWithOtherFieldsAreNotMadeHere) {
  Rejects(Join({New(R6, linked_), Drop(R6), Return0()}),
          Status::kNotSupportedLinux,
          "calling kernel function bpf_obj_new_impl is not supported here");
}

TEST_F(OwnObjectsTest, ACountedOneIsTakenOnceMore) {
  Accepts(Join({New(R6, counted_), Acquire(R6), MovReg(R7, R0), Drop(R6),
                StoreImm(kDW, R7, 0, 1), Drop(R7), Return0()}));
  Rejects(Join({New(R6, counted_), Acquire(R6), Drop(R6), Return0()}),
          Status::kInvalid, "Unreleased reference id=3 alloc_insn=8");
  RejectsAfterNew(plain_, Acquire(R6), Status::kInvalid,
                  "arg#0 doesn't point to a type with bpf_refcount field");
  Rejects(Join({MovReg(R6, R10), Acquire(R6), Return0()}), Status::kInvalid,
          "arg#0 is neither owning or non-owning ref");
}

TEST_F(OwnObjectsTest, OnlyObjectsAreDropped) {
  Rejects(Join({Drop(R10), Return0()}), Status::kInvalid,
          "R1 must be referenced or trusted");
  Rejects(Join({MovImm(R6, 5), Drop(R6), Return0()}), Status::kInvalid,
          "R1 must be referenced or trusted");
}

TEST_F(OwnObjectsTest, ALockIsTheObjectsOwn) {
  const auto at_lock = [](Reg object, uint32_t helper) {
    return Join({MovReg(R1, object), AluImm(kAdd, R1, 8), Call(helper)});
  };
  Accepts(Join({New(R6, counted_), at_lock(R6, helper_id::spin_lock),
                StoreImm(kDW, R6, 0, 1), at_lock(R6, helper_id::spin_unlock),
                Drop(R6), Return0()}));
  Rejects(Join({New(R6, counted_), NewBeside(R7, counted_),
                at_lock(R6, helper_id::spin_lock),
                at_lock(R7, helper_id::spin_unlock), Drop(R6), Drop(R7),
                Return0()}),
          Status::kInvalid, "bpf_spin_unlock of different lock");
}

}  // namespace
}  // namespace ebpf::verifier
