// SPDX-License-Identifier: MIT
#include "core/verifier/kfunc_call.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class KfuncCallTest : public TypedTest {
 protected:
  KfuncCallTest() { AttachTo(26, AttachType::kTraceRawTp, task_newtask_); }
};

TEST_F(KfuncCallTest, AFunctionOfTheKernelIsCalledByItsType) {
  Accepts(
      Join({Load(kDW, R1, R1, 0), CallKernel(acquire_), JumpImm(kJeq, R0, 0, 2),
            MovReg(R1, R0), CallKernel(release_), Return0()}));
}

TEST_F(KfuncCallTest, WhatIsAcquiredMayBeNull) {
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_), MovReg(R1, R0),
                CallKernel(release_), Return0()}),
          Status::kAccess, "Possibly NULL pointer passed to trusted arg0");
}

TEST_F(KfuncCallTest, WhatIsAcquiredIsReleased) {
  const Verdict verdict =
      Judge(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_), Return0()}));
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_NE(verdict.log.find("Unreleased reference"), std::string::npos);
}

TEST_F(KfuncCallTest, OnlyWhatIsHeldIsReleased) {
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(release_), Return0()}),
          Status::kInvalid,
          "release kernel function bpf_task_release expects refcounted "
          "PTR_TO_BTF_ID");
}

TEST_F(KfuncCallTest, WhatWasReleasedIsGone) {
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_),
                JumpImm(kJeq, R0, 0, 4), MovReg(R6, R0), MovReg(R1, R0),
                CallKernel(release_), Load(kDW, R0, R6, 0), Return0()}),
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(KfuncCallTest, NullIsNoTrustedObject) {
  Rejects(Join({MovImm(R1, 0), CallKernel(acquire_), Return0()}),
          Status::kAccess, "Possibly NULL pointer passed to trusted arg0");
}

TEST_F(KfuncCallTest, TheCookieOfASessionIsWritten) {
  TypeWriter k;
  const uint32_t word = k.Int("u64", 8);
  const uint32_t cookie =
      k.Function("bpf_session_cookie", k.Prototype(k.Pointer(word), {}));
  SetKernel(k);
  options_.type = FindProgramType(2);  // kprobe
  options_.attach_type = static_cast<uint32_t>(AttachType::kTraceKprobeSession);
  Accepts(Join({CallKernel(cookie), StoreImm(kDW, R0, 0, 1), Return0()}));
  Rejects(Join({CallKernel(cookie), StoreImm(kDW, R0, 8, 1), Return0()}),
          Status::kAccess, "invalid access to memory, mem_size=8 off=8 size=8");
}

TEST_F(KfuncCallTest, IteratorsWalkTheTasksOfACgroup) {
  TypeWriter k;
  const uint32_t integer = k.Int("int", 4);
  const uint32_t word = k.Int("u64", 8);
  const uint32_t state =
      k.Pointer(k.Struct("bpf_iter_css_task", {{"__opaque", word}}));
  const uint32_t css =
      k.Pointer(k.Struct("cgroup_subsys_state", {{"n", word}}));
  const uint32_t begin = k.Function(
      "bpf_iter_css_task_new",
      k.Prototype(integer, {{"it", state}, {"css", css}, {"flags", word}}));
  const uint32_t shown =
      k.Function("bpf_iter_css", k.Prototype(integer, {{"css", css}}));
  const uint32_t traced =
      k.Function("do_exit", k.Prototype(integer, {{"css", css}}));
  SetKernel(k);
  const Code code =
      Join({Load(kDW, R2, R1, 0), MovReg(R1, R10), AluImm(kAdd, R1, -8),
            MovImm(R3, 0), CallKernel(begin), Return0()});
  AttachTo(26, AttachType::kTraceIter, shown);
  Rejects(code, Status::kInvalid, "Unreleased reference id=1 alloc_insn=4");
  AttachTo(26, AttachType::kTraceFentry, traced);
  Rejects(code, Status::kInvalid,
          "css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable "
          "progs");
}

TEST_F(KfuncCallTest, OnlyListedFunctionsAreCalled) {
  Rejects(Join({CallKernel(no_kfunc_), Return0()}), Status::kAccess,
          "calling kernel function schedule is not allowed");
  Rejects(Join({CallKernel(task_), Return0()}), Status::kInvalid,
          "kernel btf_id " + std::to_string(task_) + " is not a function");
}

TEST_F(KfuncCallTest, OnlySomeTypesOfProgramsCallThem) {
  options_.type = FindProgramType(2);
  options_.attach_type = 0;
  Rejects(Join({MovImm(R1, 0), CallKernel(acquire_), Return0()}),
          Status::kAccess,
          "calling kernel function bpf_task_acquire is not allowed");
}

TEST_F(KfuncCallTest, OnlyGplProgramsCallTheKernel) {
  options_.gpl_compatible = false;
  Rejects(Join({CallKernel(rcu_lock_), Return0()}), Status::kInvalid,
          "cannot call kernel function from non-GPL compatible program");
}

TEST_F(KfuncCallTest, AFunctionThatIsNotThereMayStandWhereNobodyComes) {
  Accepts({MovImm(R0, 0), JumpImm(kJeq, R0, 0, 1), CallKernel(0), Exit()});
  Rejects({CallKernel(0), MovImm(R0, 0), Exit()}, Status::kInvalid,
          "invalid kernel function call not eliminated in verifier pass");
}

TEST_F(KfuncCallTest, PortsHaveWhatIsImplemented) {
  options_.profile = Profile::kPort;
  options_.type = FindProgramType(5);
  options_.attach_type = 0;
  Accepts(Join({CallKernel(rcu_lock_), CallKernel(rcu_unlock_), Return0()}));
  Rejects(Join({MovImm(R1, 0), CallKernel(acquire_), Return0()}),
          Status::kAccess,
          "calling kernel function bpf_task_acquire is not allowed");
}

TEST_F(KfuncCallTest, PortsWithoutTypesHaveNone) {
  options_.profile = Profile::kPort;
  options_.type = FindProgramType(2);
  options_.kernel_btf = nullptr;
  Rejects(Join({CallKernel(rcu_lock_), Return0()}), Status::kNotSupportedLinux,
          "calling kernel function is not supported without "
          "CONFIG_DEBUG_INFO_BTF");
}

TEST_F(KfuncCallTest, ArgumentsAreGoneAfterwards) {
  Rejects(Join({MovImm(R2, 0), CallKernel(rcu_lock_), CallKernel(rcu_unlock_),
                MovReg(R0, R2), Exit()}),
          Status::kAccess, "R2 !read_ok");
}

}  // namespace
}  // namespace ebpf::verifier
