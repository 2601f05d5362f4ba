// SPDX-License-Identifier: MIT
#include "core/verifier/kfunc_args.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

class KfuncArgsTest : public TypedTest {
 protected:
  KfuncArgsTest() { AttachTo(26, AttachType::kTraceRawTp, task_newtask_); }
};

TEST_F(KfuncArgsTest, NumbersAreNumbers) {
  Rejects(Join({MovReg(R1, R10), CallKernel(from_pid_), Return0()}),
          Status::kInvalid, "R1 is not a scalar");
  Rejects(Join({CallKernel(iter_new_), Return0()}), Status::kInvalid,
          "arg#0 expected pointer to an iterator on stack");
}

TEST_F(KfuncArgsTest, ArgumentsWereWritten) {
  Rejects(Join({MovReg(R1, R10), AluImm(kAdd, R1, -8), CallKernel(iter_new_),
                Return0()}),
          Status::kAccess, "R2 !read_ok");
}

TEST_F(KfuncArgsTest, MemoryIsNoObject) {
  Rejects(Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10),
                AluImm(kAdd, R1, -8), CallKernel(acquire_), Return0()}),
          Status::kInvalid,
          "arg#0 pointer type STRUCT task_struct must point to scalar, or "
          "struct with scalar");
}

TEST_F(KfuncArgsTest, AnObjectIsOfTheTypeThatIsAskedFor) {
  AttachTo(29, AttachType::kLsmMac, file_open_);
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_), Return0()}),
          Status::kInvalid,
          "kernel function bpf_task_acquire args#0 expected pointer to STRUCT "
          "task_struct but R1 has a pointer to STRUCT file");
}

TEST_F(KfuncArgsTest, AnObjectIsPassedFromItsStart) {
  Rejects(Join({Load(kDW, R1, R1, 0), CallKernel(acquire_),
                JumpImm(kJeq, R0, 0, 3), MovReg(R1, R0), AluImm(kAdd, R1, 8),
                CallKernel(release_), Return0()}),
          Status::kInvalid,
          "R1 must have zero offset when passed to release func or trusted arg "
          "to kfunc");
}

TEST_F(KfuncArgsTest, WhatIsFollowedFromAnObjectIsNotTrusted) {
  options_.sleepable = false;
  Rejects(Join({Load(kDW, R1, R1, 0), Load(kDW, R1, R1, 16),
                CallKernel(acquire_), Return0()}),
          Status::kInvalid, "R1 must be a rcu pointer");
}

}  // namespace
}  // namespace ebpf::verifier
